"""Phone numbers: what a person types becomes E.164, or nothing (ITU-T E.164, CLDR for names).

The knowledge is libphonenumber's and Babel's (`pip install babel phonenumbers`), which are imported
when they are first asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

LONGEST: Final = 40
"""No number is typed with more characters, however it is grouped."""
_A: Final = 0x1F1E6
"""The first of the symbols that spell a flag by a region's two letters (Unicode, UTS 51)."""


class Kind(StrEnum):
    """What a number reaches."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    EITHER = "either"
    """A country that numbers both alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number that is in use somewhere, as E.164 writes it: `+491701234567`."""

    e164: str
    country: int
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """One line of the list that a person chooses from."""

    region: str
    name: str
    flag: str
    dial: int
    example: str


def read(typed: str, region: str = "") -> Number | None:
    """Return the number a person meant, None where it is none that takes an ordinary message.

    `region` (two letters, ISO 3166) says how a number without a country's code is read; one that
    begins with `+` needs none. Premium, shared-cost, toll-free and satellite numbers are none, and
    neither is an extension.
    """
    import phonenumbers

    text = typed.strip()
    if not text or len(text) > LONGEST or not text.isprintable():
        return None
    try:
        parsed = phonenumbers.parse(text, region.upper() or None)
    except phonenumbers.NumberParseException:
        return None
    kind = _kinds().get(phonenumbers.number_type(parsed))
    if kind is None or parsed.extension or not phonenumbers.is_valid_number(parsed):
        return None
    if parsed.country_code is None or not _has_region(parsed):
        return None
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return Number(e164=written, country=parsed.country_code, kind=kind)


def masked(number: Number) -> str:
    r"""Return a number so that its owner knows it and nobody else learns it.

    It stays on one line.

    >>> masked(Number(e164="+491701234567", country=49, kind=Kind.MOBILE))
    '+49\xa0•••\xa067'
    """
    return f"+{number.country}\u00a0•••\u00a0{number.e164[-2:]}"


@cache
def countries(locale: str = "en") -> Sequence[Country]:
    """Return every country that has numbers, by its name in a language, in that language's order.

    A language that is not known is told in English.
    """
    import phonenumbers

    names = _names(locale)
    found = [
        Country(
            region=region,
            name=names.get(region, region),
            flag="".join(chr(_A + ord(letter) - ord("A")) for letter in region),
            dial=phonenumbers.country_code_for_region(region),
            example=_example(region),
        )
        for region in phonenumbers.SUPPORTED_REGIONS
        if len(region) == len("DE") and region.isalpha()
    ]
    return sorted(found, key=lambda country: _sorted_as(country.name))


def _names(locale: str) -> Any:
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(locale.replace("-", "_")).territories
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en").territories


def _sorted_as(name: str) -> str:
    """Return a name as a list is ordered by: an accent is no letter of its own."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", name)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def _example(region: str) -> str:
    import phonenumbers

    kind = phonenumbers.PhoneNumberType.MOBILE
    number = phonenumbers.example_number_for_type(region, kind)
    if number is None:
        number = phonenumbers.example_number(region)
    if number is None:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


def _has_region(parsed: Any) -> bool:
    """Say whether a number belongs to a country; those of satellites and the like to none."""
    import phonenumbers

    return phonenumbers.region_code_for_number(parsed) in phonenumbers.SUPPORTED_REGIONS


@cache
def _kinds() -> dict[int, Kind]:
    from phonenumbers import PhoneNumberType

    return {
        PhoneNumberType.MOBILE: Kind.MOBILE,
        PhoneNumberType.FIXED_LINE: Kind.LANDLINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE: Kind.EITHER,
    }
