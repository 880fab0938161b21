import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core.model import Message, Notice
from vestibule.delivery.render import render
from vestibule.languages import Language, Languages
from vestibule.testing.clock import START

NOTICE = Message(
    id="m",
    realm="default",
    channel="email",
    text="enrolment_confirmed",
    subject="ada",
    created_at=START,
    not_after=START + timedelta(days=7),
    details={"factor": "totp"},
)
CODE = replace(NOTICE, text="code", details={"digits": 6}, challenge_id="c")


def test_a_code_comes_first_and_with_its_site() -> None:
    """A code's text begins with the code, names the site and says to tell nobody."""
    said = render(CODE, site="Site", code="012345")

    assert said.text.startswith("012345 ")
    assert "Site" in said.text
    assert "Never tell" in said.text
    assert said.subject is not None
    assert "012345" not in said.subject


@pytest.mark.row("SMS-05")
def test_a_code_fits_one_segment() -> None:
    """Even with the longest name a code's text fits one text message of 160 characters."""
    said = render(CODE, site="W" * 200, code="12345678")

    assert said.text.isascii()
    assert len(said.text) <= 160


@pytest.mark.row("ATK-59", "SMS-06", "ATK-46")
@given(st.text(max_size=80))
def test_a_sites_name_starts_no_line_and_no_second_code(site: str) -> None:
    """Whatever a site is called, a code's text is one line without a mark that autofill reads."""
    said = render(CODE, site=site, code="123456")

    assert said.text.isprintable()
    assert "@" not in said.text
    assert "#" not in said.text
    assert said.text.startswith("123456 is your code for ")


ALARMS = [notice for notice in Notice if notice is not Notice.OBLIGED]


def test_what_is_needed_from_when_on_is_no_alarm() -> None:
    """Who must have a second step is told from when, and nothing about anybody else."""
    notice = replace(NOTICE, text=Notice.OBLIGED, details={"time": "2026-01-02T03:04:00+00:00"})
    said = render(notice, site="Site", code=None)

    assert said.subject == "Site: Two-step login is needed from 2026-01-02, 03:04 UTC on"
    assert "From 2026-01-02, 03:04 UTC on you sign in at Site in two steps" in said.text
    assert "password" not in said.text


@pytest.mark.row("ASVS-6.3.7", "NIST-43")
@pytest.mark.parametrize("text", ALARMS)
def test_each_notice_says_what_happened_and_what_to_do(text: Notice) -> None:
    """Each notice has a subject, the site's name, and what to do if it was somebody else."""
    said = render(replace(NOTICE, text=text), site="{site} & {way}", code=None)

    assert said.subject is not None
    assert said.subject.startswith("{site} & {way}: ")
    assert "change your password" in said.text.lower()
    assert "None" not in said.text
    assert "http" not in said.text


@pytest.mark.parametrize(
    ("notice", "other"),
    [
        (Notice.FACTOR_DISABLED, "a browser you have used before"),
        (Notice.FACTOR_DISABLED_KNOWN, "not used before"),
    ],
)
def test_a_way_that_is_off_is_so_for_some_browsers_only(notice: Notice, other: str) -> None:
    """A notice that a way is off speaks of the browsers it is off for, and not of the others."""
    text = render(replace(NOTICE, text=notice), site="Site", code=None, way="codes").text

    assert "used before" in text
    assert other not in text


def test_a_way_is_called_by_its_plain_name() -> None:
    """A notice calls a factor what people call it."""
    text = render(NOTICE, site="Site", code=None, way="authenticator app").text

    assert "(authenticator app)" in text
    assert "totp" not in text


def test_a_text_that_is_none_of_ours_is_not_made_up() -> None:
    """A message whose text has no words is refused."""
    with pytest.raises(KeyError):
        render(replace(NOTICE, text="unheard_of"), site="Site", code=None)


GERMAN = Languages().of("de")
GSM = re.compile(r"[A-Za-z0-9 .,:%+/()?!'\"&;\-äöüÄÖÜß\n]*")
"""Of the characters that a text message of 160 takes (GSM 03.38), those that German needs."""


@pytest.mark.row("SMS-05")
def test_a_german_code_fits_one_segment() -> None:
    """Even with the longest name a German code comes first, and fits one message of 160."""
    said = render(CODE, site="W" * 200, code="12345678", language=GERMAN)

    assert said.text.startswith("12345678 ")
    assert "Sagen Sie ihn niemandem" in said.text
    assert GSM.fullmatch(said.text)
    assert len(said.text) <= 160


def test_a_german_call_says_the_code_twice() -> None:
    """A call in German says each digit alone, and all of them twice."""
    call = replace(CODE, channel="call")

    assert render(call, site="Site", code="0123", language=GERMAN).text.count("0, 1, 2, 3") == 2


@pytest.mark.parametrize("text", ALARMS)
def test_each_notice_is_told_in_german(text: Notice) -> None:
    """Each notice is in German from its subject to what to do, and the way by its German name."""
    notice = replace(NOTICE, text=text)
    said = render(notice, site="Site", code=None, way="recovery codes", language=GERMAN)
    english = render(notice, site="Site", code=None, way="recovery codes")

    assert "ändern Sie sofort Ihr Passwort" in said.text
    assert said.subject != english.subject
    assert "recovery" not in said.text
    assert "None" not in said.text


@pytest.mark.row("ATK-59")
@pytest.mark.parametrize("language", [Languages().of("en"), GERMAN], ids=["en", "de"])
@pytest.mark.parametrize(
    "text", [Notice.ENROLMENT_CONFIRMED, Notice.RECOVERY_CODES_MADE, Notice.RESET_REQUESTED]
)
def test_a_link_stands_alone(text: Notice, language: Language) -> None:
    """A link has a line of its own, after a sentence that says what it is for."""
    notice = replace(NOTICE, text=text, details={"time": START.isoformat()})
    link = "https://site.test/two-step/not-me/abc"
    with_link = render(notice, site="Site", code=None, language=language, link=link).text
    without = render(notice, site="Site", code=None, language=language).text

    told, leading, line, what_to_do = with_link.split("\n\n")
    assert line == link
    assert leading.endswith(":")
    assert f"{told}\n\n{what_to_do}" == without
