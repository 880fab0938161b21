"""How many segments a text message takes (3GPP TS 23.038, 6.2.1; TS 23.040, 9.2.3.24)."""

from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
GSM: Final = _BASIC | _EXTENDED
"""What a text message can hold without being told that it holds more."""
ONE_OF_SEPTETS: Final = 160
ONE_OF_UNITS: Final = 70


def fits_one(text: str) -> bool:
    """Say whether a text is sent, and charged for, as one message.

    It is written in the alphabet of GSM, where a few characters count twice, or where one of it is
    not of that alphabet in the 16-bit units of UCS-2, where an emoji counts twice.

    >>> fits_one("a" * 160), fits_one("a" * 161), fits_one("ą" * 71)
    (True, False, False)
    """
    if GSM.issuperset(text):
        return len(text) + sum(c in _EXTENDED for c in text) <= ONE_OF_SEPTETS
    return len(text.encode("utf-16-be")) // 2 <= ONE_OF_UNITS
