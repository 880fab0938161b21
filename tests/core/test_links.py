"""Links in mails: sealed for one realm and one errand, good until a moment."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core.links import LONGEST, Errand, Link, read, written
from vestibule.secretbox import KeyRing, SecretBox
from vestibule.testing import FixedRandom
from vestibule.testing.clock import START

BOX = SecretBox(KeyRing({1: b"k" * 32}), FixedRandom().bytes)
WEEK = timedelta(days=7)
LINK = Link(errand=Errand.NOT_ME, subject="ada", about="0a" * 16, until=START + WEEK)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_a_link_says_what_it_was_made_for(subject: str) -> None:
    """What is read from a link is what was written, whoever it is about."""
    link = replace(LINK, subject=subject)

    assert read(BOX, "default", Errand.NOT_ME, written(BOX, "default", link), START) == link


@pytest.mark.row("ATK-47", "ASVS-14.2.1")
def test_an_address_tells_nothing() -> None:
    """A link is plain letters of an address, and holds no id that could be read from it."""
    text = written(BOX, "default", replace(LINK, subject="ada@site.test"))

    assert text.isascii()
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    assert "ada" not in text
    assert LINK.about not in text


@pytest.mark.row("ATK-30", "ATK-63")
@pytest.mark.parametrize(
    ("realm", "errand"), [("other", Errand.NOT_ME), ("default", Errand.CANCEL_RESET)]
)
def test_a_link_is_for_one_realm_and_errand(realm: str, errand: Errand) -> None:
    """A link of another realm, or for something else, says nothing."""
    assert read(BOX, realm, errand, written(BOX, "default", LINK), START) is None


def test_a_link_ends() -> None:
    """A link is good to the second before its end, and not at it."""
    text, end = written(BOX, "default", LINK), LINK.until

    assert read(BOX, "default", Errand.NOT_ME, text, end - timedelta(seconds=1)) == LINK
    assert read(BOX, "default", Errand.NOT_ME, text, end) is None


@pytest.mark.row("ATK-04", "ATK-73")
@pytest.mark.parametrize(
    "text", ["", "x", "é", "a" * 60, "a" * LONGEST, "a" * (LONGEST + 1), "..", "%00", "a b", "ab\n"]
)
def test_what_nobody_wrote_is_no_link(text: str) -> None:
    """Text that was not sealed here says nothing, whatever it is."""
    assert read(BOX, "default", Errand.NOT_ME, text, START) is None


@pytest.mark.row("ATK-04")
@given(st.integers(0, 10_000), st.integers(1, 7))
def test_an_altered_link_is_none(place: int, by: int) -> None:
    """A link with another sign anywhere, or with signs left out, says nothing."""
    signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    text = written(BOX, "default", LINK)
    at = place % (len(text) - 1)  # the last sign has bits that nobody reads
    other = signs[(signs.index(text[at]) + by) % len(signs)]

    altered = text[:at] + other + text[at + 1 :]
    assert read(BOX, "default", Errand.NOT_ME, altered, START) is None
    assert read(BOX, "default", Errand.NOT_ME, text[:at], START) is None


def test_a_link_of_other_keys_is_none() -> None:
    """A link sealed by another installation's keys says nothing."""
    elsewhere = SecretBox(KeyRing({1: b"e" * 32}), FixedRandom().bytes)

    text = written(elsewhere, "default", LINK)
    assert read(BOX, "default", Errand.NOT_ME, text, START) is None
