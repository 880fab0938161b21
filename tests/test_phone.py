import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule import phone
from vestibule.phone import Kind, Number

MOBILE = Number(e164="+491701234567", country=49, region="DE", kind=Kind.MOBILE)


@pytest.mark.parametrize(
    ("typed", "region"),
    [
        ("0170 1234567", "DE"),
        ("0170/123-4567", "de"),
        ("+49 170 1234567", ""),
        ("+49 (0) 170 1234567", "US"),
        ("0049 170 1234567", "FR"),
        ("  +491701234567 ", "XX"),
    ],
)
def test_a_number_is_read_however_it_is_grouped(typed: str, region: str) -> None:
    """As it is dialled at home, from abroad, or with its country's code: it is the same number."""
    assert phone.read(typed, region) == MOBILE


@pytest.mark.parametrize(
    ("typed", "region", "kind"),
    [
        ("030 901820", "DE", Kind.LANDLINE),
        ("07911 123456", "GB", Kind.MOBILE),
        ("(201) 555-0123", "US", Kind.EITHER),
    ],
)
def test_it_is_known_what_a_number_reaches(typed: str, region: str, kind: Kind) -> None:
    """A landline is told from a mobile phone where its country numbers them apart."""
    number = phone.read(typed, region)

    assert number is not None
    assert number.kind is kind


@pytest.mark.parametrize(
    ("typed", "region"),
    [
        ("", "DE"),
        ("call me", "DE"),
        ("0170 1", "DE"),
        ("0170 1234567", ""),
        ("0170 1234567", "XX"),
        ("0170 1234567 ext. 5", "DE"),
        ("110", "DE"),
        ("0900 1234567", "DE"),  # premium rate
        ("0180 2 123456", "DE"),  # shared cost
        ("0800 1234567", "DE"),  # toll-free: it costs whoever is called
        ("+881 612345678", ""),  # satellite
        ("+883 5100 1234567", ""),  # no country's
        ("+49 170 1234567\n+1 900 555 1234", ""),
        ("1" * 500, "DE"),
        ("+4917012345\x0067", ""),
    ],
)
def test_what_no_ordinary_message_reaches_is_no_number(typed: str, region: str) -> None:
    """Too short, without a country, an extension, or costly to somebody: there is no number."""
    assert phone.read(typed, region) is None


@given(typed=st.text(), region=st.text(max_size=3))
def test_anything_is_read_without_an_error(typed: str, region: str) -> None:
    """Whatever is typed is a number in E.164 or none."""
    number = phone.read(typed, region)

    assert number is None or (number.e164[0] == "+" and number.e164[1:].isdecimal())


def test_a_masked_number_shows_its_country_and_two_digits() -> None:
    """A number's owner knows it by its end; nobody else learns it."""
    shown = phone.masked(MOBILE)

    assert shown.startswith("+49")
    assert shown.endswith("67")
    assert "12345" not in shown
    assert " " not in shown


def test_countries_bear_names_flags_codes_and_examples() -> None:
    """A country is listed with all that a person knows it by."""
    germany = next(one for one in phone.countries("de") if one.region == "DE")

    assert (germany.name, germany.dial, germany.flag) == ("Deutschland", 49, "🇩🇪")
    example = phone.read(germany.example, "DE")
    assert example is not None
    assert example.kind is Kind.MOBILE


def test_countries_are_ordered_as_their_language_reads_them() -> None:
    """An accent does not put a country behind the Z."""
    names = [one.name for one in phone.countries("de")]

    assert names.index("Ägypten") < names.index("Brasilien")
    assert names.index("Österreich") < names.index("Polen")
    assert len(names) == len(set(names)) > 200


def test_a_language_nobody_knows_is_told_in_english() -> None:
    """Countries have English names for whoever asks in a language that is none."""
    assert [one.name for one in phone.countries("qq")] == [
        one.name for one in phone.countries("en")
    ]


@pytest.mark.parametrize(
    ("e164", "dialled"),
    [
        ("+491701234567", "01701234567"),
        ("+12015550123", "2015550123"),
        ("+390612345678", "0612345678"),
    ],
)
def test_a_number_is_written_as_it_is_dialled_at_home(e164: str, dialled: str) -> None:
    """Within its country a number has the digit that dialling there begins with, if one does."""
    assert phone.national(e164) == dialled
