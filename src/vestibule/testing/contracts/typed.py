"""What people and programs type where a code is asked for: texts that have broken programs."""

from collections.abc import Iterator
from typing import Final

from vestibule.core.spelling import ALPHABET
from vestibule.testing.randomness import FixedRandom

DRAWN: Final = 40
"""How many texts of each sort are drawn."""
ODD: Final = (
    "",
    " ",
    "-",
    "\0",
    "\n123456\n",
    "123456\0",
    "12345",
    "1234567",
    "+12345",
    "-12345",
    "12_345",
    "0x1234",
    "1e5000",
    "12345.",
    "NaN",
    "123,456",
    "１２３４５６",
    "٠١٢٣٤٥",
    "²²²²²²",
    "①②③④⑤⑥",
    "1\u200b23456",
    "123\u00a0456",
    "\u202e123456",
    "ﬀ" * 10,
    "é" * 20,
    "e\u0301" * 20,
    "ı" * 16,
    "\ud800" * 6,
    "🚪" * 6,
    "%(digits)s",
    "{0}",
    "'; DROP TABLE enrolment; --",
    "0" * 10_000,
    "A" * 10_000,
)
_SORTS: Final = ("0123456789", "0123456789 -", ALPHABET, f"{ALPHABET.lower()}-")
_LENGTHS: Final = (6, 7, 8, 9, 10, 16, 20, 23, 40)


def texts(right: str) -> Iterator[str]:
    """Return texts of every sort, the same in each run; some are near to `right`."""
    yield from ODD
    yield from (right, f" {right} ", f"{right}\n", right * 2, right[:-1], right.lower())
    yield from (f"{right[:3]}{between}{right[3:]}" for between in (" ", "-", "\u2013", "\u00a0"))
    draw = FixedRandom("typed").bytes
    for symbols in _SORTS:
        for nth in range(DRAWN):
            length = _LENGTHS[nth % len(_LENGTHS)]
            yield "".join(symbols[byte % len(symbols)] for byte in draw(length))
    for nth in range(DRAWN):
        yield draw(4 * (nth % 8 + 1)).decode("utf-32-le", "replace")
        yield draw(nth).decode("latin-1")
