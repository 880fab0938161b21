import pytest

from vestibule.core.factor import Applicant, Env
from vestibule.core.model import Enrolment, EnrolmentStatus
from vestibule.factors.phone import Phone
from vestibule.testing import FixedRandom
from vestibule.testing.clock import START

PHONE = Phone()


def env(channel: str | None = None) -> Env:
    """The world, with the channel that was asked for."""
    return Env(
        now=START,
        random=FixedRandom().bytes,
        code_for=lambda _, digits: "0" * digits,
        channel=channel,
    )


def enrolment(country: str, number: str) -> Enrolment:
    """A number that was typed and taken."""
    answers = {"country": country, "number": number}
    assert PHONE.check(answers) is None
    applicant = Applicant(subject="ada", account="ada", issuer="Site", answers=answers)
    data = PHONE.begin(applicant, env())
    return Enrolment(
        id="e",
        realm="default",
        subject="ada",
        factor="phone",
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
        state=data.state,
        secret=data.secret,
    )


def test_a_text_message_is_the_usual_way() -> None:
    """To a mobile phone a code goes by text message."""
    opening = PHONE.open(enrolment("DE", "0170 1234567"), env())

    assert (opening.channel, opening.destination) == ("sms", "+491701234567")


def test_a_call_is_made_where_it_is_asked_for() -> None:
    """To whoever asks to be called a code is read out."""
    assert PHONE.open(enrolment("DE", "0170 1234567"), env("call")).channel == "call"


def test_a_landline_is_called() -> None:
    """A number that takes no text message is called unasked."""
    assert PHONE.open(enrolment("DE", "030 901820"), env()).channel == "call"


def test_the_state_names_no_number() -> None:
    """What rests in clear says a country and two digits; the number itself is sealed."""
    found = enrolment("DE", "0170 1234567")

    assert "1234567" not in repr(found.state)
    assert PHONE.describe(found) == "+49\u00a0•••\u00a067"


def test_a_number_is_refused_with_a_word_on_how_to_type_it() -> None:
    """What is no number is refused at its question."""
    refused = PHONE.check({"country": "DE", "number": "0900 1234567"})

    assert refused is not None
    assert refused.question == "number"


@pytest.mark.parametrize(("field", "value"), [("digits", 4), ("country", "XX"), ("country", "de")])
def test_settings_that_cannot_be_are_refused(field: str, value: object) -> None:
    """Too short a code and a country that is none are refused at the start."""
    with pytest.raises(ValueError, match=field):
        Phone(**{field: value})  # type: ignore[arg-type]
