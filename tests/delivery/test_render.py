import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.arabic import bring

from vestibule.core.model import Message, Notice, Purpose
from vestibule.delivery.codetext import LiveCode
from vestibule.delivery.render import render, site_name
from vestibule.delivery.segment import fits_one
from vestibule.languages import Language, Languages
from vestibule.testing.clock import START

LANGUAGES = Languages()
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


TEXT = replace(CODE, channel="sms")
CALL = replace(CODE, channel="call")


def live(digits: str = "123456", purpose: Purpose = Purpose.LOGIN, minutes: int = 10) -> LiveCode:
    """A code that is about to be sent."""
    return LiveCode(digits=digits, purpose=purpose, minutes=minutes)


@pytest.mark.row("SMS-04")
@pytest.mark.parametrize("channel", ["sms", "email", "whatsapp"])
@pytest.mark.parametrize(
    ("purpose", "does"),
    [
        (Purpose.LOGIN, "to sign in"),
        (Purpose.ENROL, "to set up two-step login"),
        (Purpose.FRESH, "to confirm that it is you"),
        (Purpose.TRY, "to confirm that it is you"),
    ],
)
def test_a_code_comes_first_and_says_what_it_is_for(
    channel: str, purpose: Purpose, does: str
) -> None:
    """A code's text begins with it, and says whose, what for, how long, and to tell nobody."""
    said = render(replace(CODE, channel=channel), site="Shop", code=live("012345", purpose, 7))

    assert said.text.startswith(f"012345 is your code {does} at Shop.")
    assert " 7 min" in said.text
    assert "Never tell" in said.text
    assert "012345" not in (said.subject or "")
    assert "http" not in said.text


ORIGIN_BOUND = re.compile(r"(?s).*\n@[a-z0-9.-]+ #[0-9]+\Z")


@pytest.mark.row("SMS-01", "SMS-02", "ATK-46")
@pytest.mark.parametrize("name", LANGUAGES.names)
@pytest.mark.parametrize("purpose", [Purpose.LOGIN, Purpose.ENROL, Purpose.FRESH])
def test_the_last_line_is_for_browsers(name: str, purpose: Purpose) -> None:
    """In every language the last line binds the code to the host of the login, and nothing else."""
    said = render(
        TEXT,
        site="Shop",
        code=live(purpose=purpose),
        language=LANGUAGES.of(name),
        host="login.shop.example",
    )

    assert ORIGIN_BOUND.fullmatch(said.text)
    assert said.text.splitlines()[-1] == "@login.shop.example #123456"
    assert said.text.count("@") == said.text.count("#") == 1


@pytest.mark.row("SMS-01", "SMS-02")
@pytest.mark.parametrize("channel", ["email", "whatsapp", "call"])
def test_no_other_channel_has_that_line(channel: str) -> None:
    """Only a text message has the line; nor has it where no host is configured."""
    message = replace(CODE, channel=channel)
    assert "@" not in render(message, site="Shop", code=live(), host="shop.example").text
    assert "@" not in render(TEXT, site="Shop", code=live()).text


@pytest.mark.row("SMS-05")
@pytest.mark.parametrize("name", [*LANGUAGES.names, "ar"])
@pytest.mark.parametrize("purpose", [Purpose.LOGIN, Purpose.ENROL, Purpose.FRESH])
@pytest.mark.parametrize("digits", ["123456", "1234567890"])
@pytest.mark.parametrize("host", [None, "shop.example", "sign-in.accounts.a-long-name.example"])
def test_a_text_message_is_one_segment(
    name: str, purpose: Purpose, digits: str, host: str | None, tmp_path: Path
) -> None:
    """With the longest name, host and code a text message is one, in every language."""
    bring(tmp_path)
    language = Languages(folder=tmp_path).of(name)
    for site in ("Shop", "W" * 200, "\u0421" * 200):
        code = live(digits, purpose)
        said = render(TEXT, site=site, code=code, language=language, host=host)

        assert fits_one(said.text)
        assert digits in said.text


@pytest.mark.row("SMS-04", "SMS-05")
@pytest.mark.parametrize("name", LANGUAGES.names)
@pytest.mark.parametrize("purpose", [Purpose.LOGIN, Purpose.ENROL, Purpose.FRESH])
def test_an_ordinary_name_leaves_room_for_all_that_is_said(name: str, purpose: Purpose) -> None:
    """With a name of 24 letters and a host of 30 nothing of the text is left out."""
    language = LANGUAGES.of(name)
    said = render(TEXT, site="W" * 24, code=live(purpose=purpose), language=language, host="h" * 30)

    care = language.gettext("Valid %(minutes)s min. Never tell anyone.", minutes=10)
    assert care in said.text
    assert said.text.endswith(f"\n@{'h' * 30} #123456")


@pytest.mark.row("ATK-59", "SMS-06", "ATK-46")
@given(st.text(max_size=80))
def test_a_sites_name_starts_no_line_and_no_second_code(site: str) -> None:
    """Whatever a site is called, a code's text is one line without a mark that autofill reads."""
    said = render(TEXT, site=site, code=live())

    assert said.text.isprintable()
    assert "@" not in said.text
    assert "#" not in said.text
    assert said.text.startswith("123456 is your code ")
    assert re.findall(r"\d{4,}", said.text) == ["123456"]


@pytest.mark.row("ATK-59", "SMS-06")
@pytest.mark.parametrize(
    ("site", "told"),
    [
        ("evil.example/now", "evil example now"),
        ("Shop https://evil.example", "Shop https evil example"),
        ("www.evil.example", "evil example"),
        ("Shop\n@evil.example #999999", "Shopevil example"),
        ("Your code is 987654", "Your code is"),
        ("Dr. Ada & Sons", "Dr. Ada & Sons"),
    ],
)
def test_a_sites_name_is_no_link(site: str, told: str) -> None:
    """A name that phones would make a link of, or that holds a code, is told without."""
    assert site_name(site) == told


def test_a_site_may_be_called_as_its_host() -> None:
    """The host that the settings name is no foreign link."""
    assert site_name("shop.example", "shop.example") == "shop.example"


@pytest.mark.row("ATK-59")
def test_a_mail_brings_no_markup_along() -> None:
    """What a site is called stands in the page of a mail as text."""
    said = render(CODE, site='Ada & "Sons"', code=live())

    assert said.html is not None
    assert "Ada &amp; &quot;Sons&quot;" in said.html
    assert '<html lang="en" dir="ltr">' in said.html
    assert ">123456</p>" in said.html
    assert "src=" not in said.html
    assert "http" not in said.html


def test_a_notices_link_is_one_in_both_forms() -> None:
    """A link stands on a line of its own in the text, and leads where it says in the page."""
    link = "https://shop.example/two-step/not-me/abc"
    said = render(NOTICE, site="Shop", code=None, way="app", link=link)

    assert said.html is not None
    assert f"\n\n{link}\n\n" in said.text
    assert f'href="{link}"' in said.html


@pytest.mark.row("SMS-08", "C18")
def test_a_call_says_no_digit_before_a_key() -> None:
    """No digit is said before a key is pressed, nor where none is; after it all are, twice."""
    said = render(CALL, site="Shop", code=live("908172"))

    assert said.speech is not None
    assert not any(c.isdigit() for c in said.speech.ask + said.speech.farewell)
    assert said.speech.say.count("9, 0, 8, 1, 7, 2") == 2


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


def test_a_german_call_says_the_code_twice() -> None:
    """A call in German says each digit alone, and all of them twice."""
    call = replace(CODE, channel="call")

    assert (
        render(call, site="Site", code=live("0123"), language=GERMAN).text.count("0, 1, 2, 3") == 2
    )


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


SET_UP = "%(code)s is your code to set up two-step login at %(site)s."
CARE = "Valid %(minutes)s min. Never tell anyone."
IN_MAIL = "It works once, within %(minutes)s minutes."
IN_CALL = (
    "%(digits)s is your code for %(site)s. Once more: %(digits)s. "
    "It works once. Never tell it to anybody. Goodbye."
)


def told(message: Message, language: Language) -> str:
    """All that a code's message says, in every one of its parts."""
    said = render(message, site="Shop", code=live(purpose=Purpose.ENROL), language=language)
    return f"{said.subject} {said.text} {said.html} {said.speech and said.speech.say}"


@pytest.mark.parametrize(
    ("message", "text", "own", "place"),
    [
        (TEXT, SET_UP, "%(site)s: your code to set up is below.", "%(code)s"),
        (TEXT, CARE, "Tell nobody.", "%(minutes)s"),
        (replace(CODE, channel="whatsapp"), SET_UP, "At %(site)s: %(kode)s", "%(code)s"),
        (CODE, SET_UP, "%(site)s: your code to set up is below.", "%(code)s"),
        (CODE, IN_MAIL, "It works once.", "%(minutes)s"),
        (CALL, IN_CALL, "Hello from %(site)s. Goodbye.", "%(digits)s"),
    ],
)
def test_a_text_that_lost_a_place_is_not_sent(
    message: Message,
    text: str,
    own: str,
    place: str,
    *,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A host's text without the code, or without another place, gives way to the house's."""
    bring(tmp_path, "en", {text: own})
    theirs = Languages(folder=tmp_path).of("en")

    said = [told(message, theirs) for _ in range(2)]

    assert said == [told(message, Language())] * 2
    (warning,) = caplog.messages
    assert f"The words in en for {text[:20]!r}"[:-1] in warning
    assert f"{place} missing" in warning
    assert "123456" not in warning


def test_a_text_that_is_too_long_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a host's text fits into no segment, a shorter one is sent, and the log says so once."""
    bring(tmp_path, "en", {SET_UP: f"%(code)s for %(site)s: {'this is very long ' * 9}"})
    theirs = Languages(folder=tmp_path).of("en")

    for _ in range(2):
        text = told(TEXT, theirs)
        assert "123456 is your code for Shop. Valid 10 min." in text

    (warning,) = caplog.messages
    assert "The words in en for '%(code)s is your code to set up" in warning
    assert "too long for one text message" in warning


def test_words_of_the_house_are_left_out_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    """That a long name leaves less room for our own words is nothing an operator has to mend."""
    site, host = "Shop of the great many things", f"{'shop.' * 15}example"

    text = render(TEXT, site=site, code=live(), host=host).text

    assert "Never tell" not in text
    assert not caplog.messages
