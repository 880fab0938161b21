"""What a text message can be from: a number, or a name (3GPP TS 23.040, 9.1.2.5)."""

import re
from typing import Final

LONGEST: Final = 11
"""The letters that a name may have; a longer one is refused or cut off, as carriers like."""
_NUMBER: Final = re.compile(r"\+?[0-9]{3,15}")


def check_sender(setting: str, sender: str) -> None:
    """Refuse with `ValueError` what is neither a number or short code, nor a name that fits."""
    is_name = any(c.isalpha() for c in sender) and sender.isprintable() and sender == sender.strip()
    if _NUMBER.fullmatch(sender) or (is_name and len(sender) <= LONGEST):
        return
    raise ValueError(
        f"{setting} is a number as +15017122661 is written, without spaces, a short code, or a "
        "name of at most eleven characters"
    )
