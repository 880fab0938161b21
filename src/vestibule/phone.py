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
    """The digits that call its country, which several may share."""
    region: str
    """Its country by two letters (ISO 3166)."""
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
    where = _region(parsed)
    if parsed.country_code is None or where is None:
        return None
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return Number(e164=written, country=parsed.country_code, region=where, kind=kind)


def obstacle(typed: str) -> str | None:
    """Return why a number that begins with `+` gets no message, None where it is an ordinary one.

    >>> obstacle("+498001234567"), obstacle("+49170")
    ('it is toll-free', 'no network has a number like that')
    """
    import phonenumbers

    if read(typed) is not None:
        return None
    try:
        parsed = phonenumbers.parse(typed.strip())
    except phonenumbers.NumberParseException:
        return "no network has a number like that"
    if not phonenumbers.is_valid_number(parsed):
        return "no network has a number like that"
    if parsed.extension:
        return "it has an extension"
    if _region(parsed) is None:
        return "it is of no country, as those of satellites are"
    return _costly().get(phonenumbers.number_type(parsed), "nobody knows of what kind it is")


def masked(number: Number) -> str:
    r"""Return a number so that its owner knows it and nobody else learns it.

    It stays on one line.

    >>> masked(Number(e164="+491701234567", country=49, region="DE", kind=Kind.MOBILE))
    '+49\xa0•••\xa067'
    """
    return f"+{number.country}\u00a0•••\u00a0{number.e164[-2:]}"


def national(e164: str) -> str:
    """Return a number as it is dialled within its country, in digits alone.

    >>> national("+491701234567")
    '01701234567'
    """
    import phonenumbers

    number = phonenumbers.parse(e164)
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return "".join(c for c in written if c.isdigit())


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


def calling_code(number: str) -> str:
    """Return the code that a number's country is called by; no number begins with two.

    >>> calling_code("+4917012"), calling_code("+12015550123")
    ('+49', '+1')
    """
    import phonenumbers

    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    digits = number[1:]
    return next(
        (f"+{digits[:n]}" for n in (1, 2, 3) if digits[:n] and int(digits[:n]) in codes), number
    )


def regions() -> frozenset[str]:
    """Return every country that has numbers, by its two letters."""
    import phonenumbers

    return frozenset(one for one in phonenumbers.SUPPORTED_REGIONS if one.isalpha())


def nearest_region(text: str) -> str | None:
    """Return the country somebody meant who wrote its name, or other letters for it.

    >>> nearest_region("UK"), nearest_region("Germany")
    ('GB', 'DE')
    """
    from difflib import get_close_matches

    from babel.core import get_global

    known = sorted(regions())
    also = next(iter(get_global("territory_aliases").get(text.upper(), ())), "")
    if also in known:
        return str(also)
    named = {one.name.casefold(): one.region for one in countries()}
    near = get_close_matches(text.casefold(), list(named), 1) or [""]
    return named.get(near[0]) or next(iter(get_close_matches(text.upper(), known, 1)), None)


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


def _region(parsed: Any) -> str | None:
    """Return the country a number belongs to; those of satellites and the like are of none."""
    import phonenumbers

    found: str | None = phonenumbers.region_code_for_number(parsed)
    return found if found in phonenumbers.SUPPORTED_REGIONS else None


@cache
def _kinds() -> dict[int, Kind]:
    from phonenumbers import PhoneNumberType

    return {
        PhoneNumberType.MOBILE: Kind.MOBILE,
        PhoneNumberType.FIXED_LINE: Kind.LANDLINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE: Kind.EITHER,
    }


@cache
def _costly() -> dict[int, str]:
    """Return what is said of numbers that are there, and take no ordinary message."""
    from phonenumbers import PhoneNumberType

    return {
        PhoneNumberType.TOLL_FREE: "it is toll-free",
        PhoneNumberType.PREMIUM_RATE: "it is a premium-rate number",
        PhoneNumberType.SHARED_COST: "it is a shared-cost number",
        PhoneNumberType.VOIP: "it is a number on the internet",
        PhoneNumberType.PERSONAL_NUMBER: "it is a personal number, which may lead anywhere",
        PhoneNumberType.PAGER: "it is a pager's",
        PhoneNumberType.UAN: "it is a company's, which may lead anywhere",
        PhoneNumberType.VOICEMAIL: "it is a voicemail's",
    }
