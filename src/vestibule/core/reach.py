"""Which phone numbers get codes at all: ordinary ones, of countries that were named. Pure.

Numbers are sold that earn money whenever they are called or written to. So each is looked at again
before every send, whatever it was when it was added: numbering plans change, settings do, and a row
may have been written by somebody else (ATK-56, ATK-57 of the checklist).

Three words say which numbers are meant. A *prefix* is digits that an operator wrote in a setting,
of any length (`sms:+49`). A *range* is what one number begins with, always cut alike
(`caps.range_of`). An *area* is what is watched: a country's code, or a range
(`conversion.areas_of`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vestibule import phone

PHONES: Final = frozenset({"sms", "call", "whatsapp"})
"""The channels that reach a number, and cost something."""
CALL: Final = "call"


class Barrier(StrEnum):
    """Why a number gets no code."""

    KIND = "kind"
    """It is none, or none that takes an ordinary message: premium, satellite, toll-free."""
    COUNTRY = "country"
    """It is of a country that was not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The countries whose numbers get codes, each by its two letters; all where none is named.

    `first` is the one that was named first, empty where none was.
    """

    countries: frozenset[str] = frozenset()
    first: str = ""

    def barrier(self, channel: str, destination: str) -> Barrier | None:
        """Return why no code goes there, None where one may; what is no phone is not looked at."""
        if channel not in PHONES:
            return None
        number = phone.read(destination)
        # What reads as a number, but is not written as one, was kept by nobody here.
        if number is None or number.e164 != destination:
            return Barrier.KIND
        return None if self.allows(number.region) else Barrier.COUNTRY

    def allows(self, region: str) -> bool:
        """Say whether numbers of a country get codes."""
        return not self.countries or region in self.countries

    def chosen(self, *wanted: str) -> str:
        """Return the first of these countries that gets codes, else the one that was named first.

        >>> Reach(countries=frozenset({"AT", "DE"}), first="DE").chosen("", "US")
        'DE'
        """
        return next((one for one in wanted if one and self.allows(one)), self.first)
