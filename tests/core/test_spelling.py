import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core.spelling import ALPHABET, LONGEST, digits_only, symbols_only

LOOK_ALIKES = [
    "１２３４５６",  # full-width
    "١٢٣٤٥٦",  # Arabic-Indic
    "۱۲۳۴۵۶",  # extended Arabic-Indic
    "१२३४५६",  # Devanagari
    "①②③④⑤⑥",
    "¹²³⁴⁵⁶",
    "𝟏𝟐𝟑𝟒𝟓𝟔",
    "1２3456",
    "+123456",
    "-123456".replace("-", "−"),
    "123_456",
    "1_2_3_4_5_6",
    "1234e2",
    "0x1e240",
    "123456.0",
    "123,456",
    "123456\n",
    "\t123456",
    "123\u00a0456",
    "123\u2010456",
    "\u200b123456",
    "123456\x00",
    "12345l",
]


@pytest.mark.row("ATK-72", "ATK-29")
@pytest.mark.parametrize("answer", LOOK_ALIKES)
def test_look_alike_digits_are_no_digits(answer: str) -> None:
    """Digits of other scripts, signs, underscores, exponents and white space are no code."""
    assert digits_only(answer, 6) is None


@pytest.mark.row("ATK-72")
@pytest.mark.parametrize("answer", ["123456", "123 456", "123-456", " 12 34-56 ", "1-2-3-4-5-6-"])
def test_spaces_and_hyphens_are_grouping(answer: str) -> None:
    """ASCII spaces and hyphens may stand anywhere in a code, as people and apps group it."""
    assert digits_only(answer, 6) == "123456"


@pytest.mark.row("ATK-71", "C10")
def test_the_count_is_exact() -> None:
    """A code with a digit too few or too many is none; leading zeros count."""
    assert digits_only("000000", 6) == "000000"
    assert digits_only("012345", 6) == "012345"
    assert digits_only("12345", 6) is None
    assert digits_only("0012345", 6) is None
    assert digits_only("", 6) is None


@pytest.mark.row("ATK-72", "ATK-73", "ASVS-2.2.1/2.2.2")
@given(st.text(), st.integers(6, 8))
def test_whatever_is_read_is_ascii_digits(answer: str, count: int) -> None:
    """What any text is read as is either exactly so many ASCII digits or nothing."""
    found = digits_only(answer, count)

    assert found is None or (len(found) == count and set(found) <= set("0123456789"))


@pytest.mark.row("ATK-29")
@given(st.text("0123456789", min_size=6, max_size=6), st.data())
def test_all_spellings_of_a_code_are_read_alike(code: str, data: st.DataObject) -> None:
    """However a code is grouped, it is read as one spelling."""
    gaps = data.draw(st.lists(st.text(" -", max_size=3), min_size=7, max_size=7))
    spelled = gaps[0] + "".join(digit + gap for digit, gap in zip(code, gaps[1:], strict=True))

    assert digits_only(spelled, 6) == code


@pytest.mark.row("ATK-72", "ATK-73")
@given(st.text())
def test_whatever_is_read_is_in_the_alphabet(answer: str) -> None:
    """What any text is read as is either exactly twenty symbols of the alphabet or nothing."""
    found = symbols_only(answer, 20)

    assert found is None or (len(found) == 20 and set(found) <= set(ALPHABET))


@pytest.mark.row("ATK-29")
@given(st.text(ALPHABET, min_size=20, max_size=20))
def test_a_symbol_that_is_easily_misread_is_read_as_meant(code: str) -> None:
    """Small letters, the letter O for zero and I or L for one all spell the same code."""
    misread = code.lower().replace("0", "o").replace("1", "l")

    assert symbols_only(misread, 20) == code
    assert symbols_only(code.replace("1", "I"), 20) == code


@pytest.mark.parametrize("answer", ["ſ" * 20, "ı" * 20, "Ａ" * 20, "u" * 20, "ß" * 10])
def test_symbols_of_other_scripts_are_none(answer: str) -> None:
    """A letter that becomes one of ours only by changing its case or form is not one of ours."""
    assert symbols_only(answer, 20) is None


@pytest.mark.row("ATK-73")
@pytest.mark.parametrize("fill", ["1", " ", "-", "\x00", "٣", "A"])
def test_what_is_too_long_is_not_looked_at(fill: str) -> None:
    """A megabyte for an answer is put aside at once, whatever it is filled with."""
    answer = fill * 1_000_000

    began = time.process_time()
    assert digits_only(answer, 6) is None
    assert symbols_only(answer, 20) is None
    assert time.process_time() - began < 0.05
    assert digits_only(" " * (LONGEST - 5) + "123456", 6) is None
    assert digits_only(" " * (LONGEST - 6) + "123456", 6) == "123456"
