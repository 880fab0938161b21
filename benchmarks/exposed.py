"""Codes that stand in what was written down: in a row, in a log, in what was told to a queue."""

import re
from typing import Final

ALONE: Final = re.compile(r"(?<![\w.])\d{6}(?!\w)")
"""Six digits that are a word: ids, moments and sealed values hold six in a row by chance."""


def codes_in(written: object) -> set[str]:
    """Return everything in a text, in bytes, or in what a value is written as that may be a code.

    >>> sorted(codes_in("text: 951721. @shop.example #271828, at 1767225600.123456 of a1b123456"))
    ['271828', '951721']
    """
    text = written.decode("latin-1") if isinstance(written, bytes) else str(written)
    return set(ALONE.findall(text))
