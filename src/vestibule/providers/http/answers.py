"""What stands in a carrier's answer, wherever it stands."""

import re
from typing import Any, Final

_CODE: Final = re.compile(r"[0-9]{1,3}|[14][0-9]{4}|[A-Z][A-Z_]{2,60}")
"""What may be told of an answer: short numbers and capitals. A code of ours is neither."""


def found(said: Any, path: str) -> Any:
    """Return what stands at a path, None where nothing does.

    >>> found({"messages": [{"status": "0"}]}, "messages.0.status")
    '0'
    """
    for step in path.split("."):
        if isinstance(said, dict):
            said = said.get(step)
        elif isinstance(said, list) and step.isdecimal() and int(step) < len(said):
            said = said[int(step)]
        else:
            return None
    return said


def written(value: Any) -> str:
    """Return a value as JSON writes it, a text without its marks; empty for what is not there.

    >>> written(True), written(0), written("0"), written(None)
    ('true', '0', '0', '')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def tellable(value: Any) -> str:
    """Return a carrier's own code where it is one, else nothing: errors quote no message."""
    text = written(value)
    return text if _CODE.fullmatch(text) else ""
