"""What a call says and does."""

import string
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.parcels import CODE, SCRIPT, SPEECH

from vestibule.delivery.laml import asking, telling
from vestibule.delivery.laml.scripts import voice_of
from vestibule.delivery.provider import Speech

APART = ", ".join(CODE)


def read(script: str) -> ET.Element:
    """A script as a carrier reads it."""
    return ET.fromstring(script)  # noqa: S314 -- our own, a moment ago


@pytest.mark.row("SMS-08", "ATK-60")
def test_a_call_begins_without_its_code() -> None:
    """What is said before a key is pressed, and where none is, holds no digit of the code."""
    script = asking(SPEECH, "en", SCRIPT)

    assert not any(digit in "".join(read(script).itertext()) for digit in CODE)
    assert SPEECH.say not in script


def test_a_call_asks_for_any_key_and_then_says_farewell() -> None:
    """A key is gathered while it is asked for, and where none comes the call says so and ends."""
    gather, farewell, hangup = read(asking(SPEECH, "de", SCRIPT))

    assert gather.tag == "Gather"
    assert gather.attrib == {
        "input": "dtmf",
        "numDigits": "1",
        "finishOnKey": "",
        "timeout": "10",
        "method": "POST",
        "action": SCRIPT,
    }
    assert [(say.tag, say.text, say.attrib) for say in gather] == [
        ("Say", SPEECH.ask, {"language": "de-DE"})
    ]
    assert (farewell.tag, farewell.text) == ("Say", SPEECH.farewell)
    assert hangup.tag == "Hangup"


@pytest.mark.row("SMS-08", "C18")
def test_after_a_key_the_digits_are_said_apart_and_twice() -> None:
    """The second script says each digit alone, all of them twice, and hangs up."""
    say, hangup = read(telling(SPEECH, "en"))

    assert (say.tag, say.attrib) == ("Say", {"language": "en-US"})
    assert (say.text or "").count(APART) == 2
    assert CODE not in (say.text or "")
    assert hangup.tag == "Hangup"


@pytest.mark.row("ATK-59")
@given(st.text(), st.text(string.printable.strip()))
def test_no_text_becomes_a_command(text: str, address: str) -> None:
    """Whatever a text and an address hold, a script has the same few elements."""
    speech = Speech(ask=text, say=text, farewell=text)

    asked = read(asking(speech, "en", address))
    told = read(telling(speech, "en"))

    assert [element.tag for element in asked.iter()] == [
        "Response",
        "Gather",
        "Say",
        "Say",
        "Hangup",
    ]
    assert [element.tag for element in told.iter()] == ["Response", "Say", "Hangup"]


@pytest.mark.parametrize(
    ("language", "voice"),
    [
        ("en", "en-US"),
        ("de", "de-DE"),
        ("de-at", "de-AT"),
        ("pt_BR", "pt-BR"),
        ("zh-Hant", "zh-CN"),
        ("eo", ""),
        ("", ""),
    ],
)
def test_a_voice_is_of_a_language_and_a_country(language: str, voice: str) -> None:
    """A language is read by a voice that carriers have, and by their own where they have none."""
    assert voice_of(language) == voice
    assert ("language=" in telling(SPEECH, language)) is bool(voice)
