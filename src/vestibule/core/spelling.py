"""How typed answers are spelled before anything is compared: one spelling, or none.

Only ASCII spaces and hyphens are taken out. Python's `isdigit` and `int` accept digits of other
scripts, signs and underscores, which would make many spellings of one code: they are not used.
"""

from typing import Final

LONGEST: Final = 64
"""No answer we ask for is longer, however it is grouped; what is longer is not looked at."""

_DIGITS: Final = frozenset("0123456789")
_GROUPING: Final = str.maketrans("", "", " -")
# Crockford's base 32: what is easily misread is read as what was meant.
_MISREAD: Final = str.maketrans("ILO", "110")
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SYMBOLS: Final = frozenset(ALPHABET)


def digits_only(answer: str, count: int) -> str | None:
    """Return exactly `count` ASCII digits, or None.

    >>> digits_only("012 345", 6)
    '012345'
    >>> digits_only("٠١٢٣٤٥", 6) is None
    True
    """
    if len(answer) > LONGEST:
        return None
    bare = answer.translate(_GROUPING)
    return bare if len(bare) == count and _DIGITS.issuperset(bare) else None


def symbols_only(answer: str, count: int) -> str | None:
    """Return exactly `count` symbols of Crockford's base 32, upper case, or None.

    >>> symbols_only("7k3q-lo", 6)
    '7K3Q10'
    """
    if len(answer) > LONGEST or not answer.isascii():
        return None
    bare = answer.translate(_GROUPING).upper().translate(_MISREAD)
    return bare if len(bare) == count and _SYMBOLS.issuperset(bare) else None
