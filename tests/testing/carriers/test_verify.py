from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from tests.testing.carriers.customer import TO
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from vestibule.testing import FakeClock
from vestibule.testing.carriers import Carriers, accounts

MAILBOX = "ada@post.example"


@pytest.fixture
def service(twilio: Client) -> Any:
    """The service: Any, as Twilio's own client knows it."""
    return twilio.verify.v2.services(accounts.VERIFY)


def refusal(call: Callable[..., Any], **named: str) -> tuple[int, int]:
    """The status and the number that a call is refused with."""
    with pytest.raises(TwilioRestException) as refused:
        call(**named)
    return refused.value.status, refused.value.code


def test_a_code_is_sent_and_judged(carriers: Carriers, service: Any) -> None:
    """Twilio's own client has a code sent, which is right once, and another is wrong."""
    made = service.verifications.create(to=TO, channel="sms")
    code = carriers.recipient(TO).code()
    wrong = service.verification_checks.create(to=TO, code="000000")
    right = service.verification_checks.create(to=TO, code=code)

    assert (made.status, made.valid, made.sid[:2], len(made.sid)) == ("pending", False, "VE", 34)
    assert isinstance(made.date_created, datetime)
    assert (wrong.status, wrong.valid) == ("pending", False)
    assert (right.status, right.valid, right.sid) == ("approved", True, made.sid)
    assert refusal(service.verification_checks.create, to=TO, code=code) == (404, 20404)
    assert refusal(service.verifications(made.sid).fetch) == (404, 20404)


def test_one_verification_for_a_number(carriers: Carriers, service: Any) -> None:
    """While one is pending, another request sends the same code, over another channel if asked."""
    first = service.verifications.create(to=TO, channel="sms")
    second = service.verifications.create(to=TO, channel="call")

    assert first.sid == second.sid
    assert [sent["channel"] for sent in second.send_code_attempts] == ["SMS", "CALL"]
    by_call, by_text = carriers.messages
    assert (by_call.channel, by_text.channel) == ("call", "sms")
    code = by_text.text[-6:]
    assert ", ".join(code) in by_call.text
    assert carriers.recipient(TO).code() == code


def test_five_are_sent(carriers: Carriers, service: Any) -> None:
    """The sixth sending is refused as one too many."""
    for _ in range(5):
        service.verifications.create(to=TO, channel="sms")

    assert refusal(service.verifications.create, to=TO, channel="sms") == (429, 60203)
    assert len(carriers.messages) == 5


def test_five_are_checked(carriers: Carriers, service: Any) -> None:
    """The sixth check is refused even of the right code, and the next code is another."""
    first = service.verifications.create(to=TO, channel="sms")
    code = carriers.recipient(TO).code()
    for _ in range(5):
        service.verification_checks.create(to=TO, code="000000")

    assert refusal(service.verification_checks.create, to=TO, code=code) == (429, 60202)
    assert service.verifications(first.sid).fetch().status == "max_attempts_reached"
    assert service.verifications.create(to=TO, channel="sms").sid != first.sid
    assert carriers.recipient(TO).code() != code


def test_a_cancelled_one(carriers: Carriers, service: Any) -> None:
    """What was cancelled is found as such, judges nothing, and makes room for another."""
    first = service.verifications.create(to=TO, channel="sms")

    assert service.verifications(first.sid).update(status="canceled").status == "canceled"
    assert service.verifications(TO).fetch().status == "canceled"
    code = carriers.recipient(TO).code()
    assert refusal(service.verification_checks.create, to=TO, code=code) == (404, 20404)
    assert refusal(service.verifications(first.sid).update, status="canceled") == (404, 20404)
    assert service.verifications.create(to=TO, channel="sms").sid != first.sid


def test_ten_minutes(carriers: Carriers, service: Any, clock: FakeClock) -> None:
    """After ten minutes a code is right no more, and the next one is another."""
    first = service.verifications.create(to=TO, channel="sms")
    code = carriers.recipient(TO).code()
    clock.move(minutes=10)

    assert refusal(service.verification_checks.create, to=TO, code=code) == (404, 20404)
    assert service.verifications.create(to=TO, channel="sms").sid != first.sid


def test_by_mail_and_whatsapp(carriers: Carriers, service: Any) -> None:
    """Codes come by mail and by WhatsApp, too, each as its own channel."""
    mail = service.verifications.create(to=MAILBOX, channel="email")
    whatsapp = service.verifications.create(to=TO, channel="whatsapp")

    assert service.verifications(MAILBOX).fetch().sid == mail.sid
    assert [sent["channel"] for sent in mail.send_code_attempts] == ["EMAIL"]
    assert [sent["channel"] for sent in whatsapp.send_code_attempts] == ["whatsapp"]
    message = carriers.recipient(MAILBOX).messages[0]
    assert (message.channel, message.subject) == ("email", "Your Stand-in verification code")


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"to": "+905", "channel": "sms"}, (400, 60200)),
        ({"to": TO, "channel": "pigeon"}, (400, 60200)),
        ({"to": MAILBOX, "channel": "sms"}, (400, 60200)),
        ({"to": TO, "channel": "sna"}, (400, 60223)),
        ({"to": TO, "channel": "sms", "custom_code": "1234"}, (400, 60204)),
    ],
)
def test_what_cannot_be_sent(
    carriers: Carriers, service: Any, asked: dict[str, str], refused: tuple[int, int]
) -> None:
    """What Twilio does not send is refused with its number, and nothing arrives."""
    assert refusal(service.verifications.create, **asked) == refused
    assert carriers.messages == ()


def test_a_landline(carriers: Carriers, service: Any) -> None:
    """A landline is refused a text with 60205, and is called all the same."""
    carriers.fault("twilio_verify", landlines=["+4930"])
    number = "+493012345678"

    assert refusal(service.verifications.create, to=number, channel="sms") == (403, 60205)
    assert service.verifications.create(to=number, channel="call").status == "pending"


def test_a_machine_is_told_no_code(carriers: Carriers, service: Any) -> None:
    """Where a machine answers, a call tells no code."""
    carriers.fault("twilio_verify", answers="machine")
    service.verifications.create(to=TO, channel="call")

    assert carriers.messages[0].text == ""


def test_a_fault_before_it_changes_nothing(carriers: Carriers, service: Any) -> None:
    """A check that fails before it is judged costs none of the five, and neither does a sending."""
    service.verifications.create(to=TO, channel="sms")
    carriers.fault("twilio_verify", status=503)
    for _ in range(6):
        assert refusal(service.verifications.create, to=TO, channel="sms") == (503, 20500)
        assert refusal(service.verification_checks.create, to=TO, code="000000") == (503, 20500)
    carriers.heal()

    code = carriers.recipient(TO).code()
    assert service.verification_checks.create(to=TO, code=code).valid


def test_who_asks_for_nothing_that_is_there(
    as_twilio: Callable[..., Client], twilio: Client, service: Any
) -> None:
    """Another service: Any, a number that was sent nothing, and a wrong token are refused."""
    other = twilio.verify.v2.services(f"VA{'0' * 32}")
    stranger = as_twilio(accounts.TWILIO, "wrong")

    assert refusal(other.verifications.create, to=TO, channel="sms") == (404, 20404)
    assert refusal(service.verification_checks.create, to=TO, code="123456") == (404, 20404)
    assert refusal(service.verification_checks.create, code="123456") == (400, 60221)
    strangers = stranger.verify.v2.services(accounts.VERIFY)
    assert refusal(strangers.verifications.create, to=TO, channel="sms") == (401, 20003)
