"""The numbers of errors, in an answer and in a receipt."""

import re
from typing import Any, Final

CANNOT_RECEIVE: Final = frozenset({"21614", "21635", "30006"})
"""No mobile number; a landline; a landline or a network that cannot be reached, which is found out
after a message was taken and so stands in receipts alone."""
_CODE: Final = re.compile(r"[0-9]{1,5}")


def error_code(told: Any) -> str:
    """Return the number of an error as text, empty where that is none: a code of ours is longer.

    >>> error_code(21614), error_code("0"), error_code("951721"), error_code(None)
    ('21614', '', '', '')
    """
    found = str(told)
    return found if _CODE.fullmatch(found) and int(found) else ""
