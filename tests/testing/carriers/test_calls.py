from collections.abc import Callable

import pytest
from tests.testing.carriers.customer import TO, Customer
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Gather, VoiceResponse

from vestibule.testing.carriers import Carriers, accounts
from vestibule.testing.carriers.calls import BROKEN

TWILIO = "twilio_messaging"
SCRIPT = "https://shop.example/two-step/calls/1"
RECEIPTS = "https://shop.example/two-step/receipts/twilio"
EVENTS = ["initiated", "ringing", "answered", "completed"]

Call = Callable[..., str]


def asking(action: str = SCRIPT) -> str:
    """What a call says first, as the vendor's own library writes it."""
    response = VoiceResponse()
    gather = Gather(num_digits=1, action=action, timeout=8)
    gather.pause(length=1)
    gather.say("You asked Shop & Co for a code. Press any key.", language="en-GB")
    response.append(gather)
    response.say("No key was pressed. Goodbye.")
    response.hangup()
    return str(response)


@pytest.fixture
def call(carriers: Carriers, twilio: Client) -> Call:
    """Have Twilio's own client order a call, and return what was said in it."""

    def call(script: str, **more: object) -> str:
        twilio.calls.create(to=TO, from_=accounts.NUMBER, twiml=script, **more)
        carriers.settle()
        message = carriers.latest(to=TO, channel="call")
        assert message is not None
        return message.text

    return call


def test_a_person_presses_a_key_and_hears_the_code(
    carriers: Carriers, customer: Customer, call: Call
) -> None:
    """Whoever presses the key that a call asks for hears what its customer says then."""
    said = call(asking())

    assert said == ("You asked Shop & Co for a code. Press any key. 2, 7, 1, 8, 2, 8 is your code.")
    assert carriers.recipient(TO).code() == "271828"
    ((method, url, fields),) = customer.seen
    assert (method, url) == ("POST", SCRIPT)
    assert fields["Digits"] == "1"
    assert fields["To"] == TO
    assert fields["CallSid"].startswith("CA")
    assert "AnsweredBy" not in fields
    validator = RequestValidator(accounts.TWILIO_TOKEN)
    assert validator.validate(url, fields, customer.signatures[0])


@pytest.mark.parametrize("wrong", [{"answers": "machine"}, {"key": ""}])
def test_a_machine_presses_nothing(
    carriers: Carriers, customer: Customer, call: Call, wrong: dict[str, str]
) -> None:
    """Where no key is pressed the customer is not asked, and the call goes on to its end."""
    carriers.fault(TWILIO, **wrong)
    said = call(asking())

    assert said.endswith("Press any key. No key was pressed. Goodbye.")
    assert customer.seen == []


def test_nobody_answers(carriers: Carriers, customer: Customer, call: Call) -> None:
    """A call that nobody answers says nothing, and is told as that."""
    carriers.fault(TWILIO, answers="nobody")

    assert call(asking(), status_callback=RECEIPTS) == ""
    assert [fields["CallStatus"] for _, _, fields in customer.seen] == ["no-answer"]


def test_a_call_that_fails(carriers: Carriers, customer: Customer, call: Call) -> None:
    """A call that does not come about is told as failed."""
    carriers.fault(TWILIO, undelivered=13224)

    assert call(asking(), status_callback=RECEIPTS) == ""
    ((_, _, fields),) = customer.seen
    assert (fields["CallStatus"], fields["ErrorCode"]) == ("failed", "13224")


def test_how_a_call_goes_is_told_as_wanted(
    carriers: Carriers, customer: Customer, call: Call
) -> None:
    """A customer is told the end of a call, and all before it if that is wanted."""
    call(asking(action="https://shop.example/say"), status_callback=RECEIPTS)
    told = [fields["CallStatus"] for _, url, fields in customer.seen if url == RECEIPTS]
    assert told == ["completed"]

    call(asking(), status_callback=RECEIPTS, status_callback_event=EVENTS)
    told = [fields["CallStatus"] for _, url, fields in customer.seen if url == RECEIPTS]
    assert told[1:] == ["initiated", "ringing", "in-progress", "completed"]


def test_who_answered_is_told_where_it_is_asked(
    carriers: Carriers, customer: Customer, call: Call
) -> None:
    """A customer that has machines detected is told that a person answered."""
    call(asking(), machine_detection="Enable")

    assert customer.seen[0][2]["AnsweredBy"] == "human"


def test_a_script_at_an_address(
    carriers: Carriers, customer: Customer, twilio: Client, call: Call
) -> None:
    """A script can be fetched from an address, and lead to another."""
    call("<Response><Redirect method='GET'>https://shop.example/next?a=b</Redirect></Response>")
    method, url, fields = customer.seen[0]
    assert (method, fields) == ("GET", {})
    assert url.startswith("https://shop.example/next?a=b&CallSid=CA")
    validator = RequestValidator(accounts.TWILIO_TOKEN)
    assert validator.validate(url, {}, customer.signatures[0])

    twilio.calls.create(to=TO, from_=accounts.NUMBER, url=SCRIPT)
    carriers.settle()
    assert "2, 7, 1" in carriers.messages[0].text


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"no script",
        b"<Answer/>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><Response><Say>&a;</Say></Response>",
    ],
)
def test_a_broken_script(carriers: Carriers, customer: Customer, call: Call, script: bytes) -> None:
    """Where the customer answers with no script, the call says that something is broken."""
    customer.script = script
    assert call(asking()).endswith(BROKEN)


def test_a_customer_that_refuses(carriers: Carriers, customer: Customer, call: Call) -> None:
    """Where the customer answers with an error, the call says that something is broken."""
    customer.status = 403
    assert call(asking()).endswith(BROKEN)


def test_a_script_that_leads_to_itself(carriers: Carriers, customer: Customer, call: Call) -> None:
    """A call whose script leads to itself ends all the same."""
    customer.script = b"<Response><Redirect>/again</Redirect></Response>"
    call(asking())

    assert len(customer.seen) == 10
    assert customer.seen[-1][1] == "https://shop.example/again"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"to": "0170"}, 21211), ({"from_": "Shop"}, 21212), ({"twiml": ""}, 21205)],
)
def test_what_is_wrong_is_refused(
    carriers: Carriers, twilio: Client, wrong: dict[str, str], code: int
) -> None:
    """A call with something wrong is refused with Twilio's number of it, and not made."""
    from twilio.base.exceptions import TwilioRestException

    asked = {"to": TO, "from_": accounts.NUMBER, "twiml": asking(), **wrong}
    with pytest.raises(TwilioRestException) as refused:
        twilio.calls.create(**asked)

    assert refused.value.code == code
    assert carriers.messages == ()
