"""Twilio's messages and calls."""

import json
from typing import Any

import pytest
from tests.providers.parcels import CODE, FROM, RECEIPTS, SCRIPT, SPEECH, TEXT, TO, callback, parcel
from twilio.request_validator import RequestValidator

from vestibule.core.ports import SendError
from vestibule.delivery.http import basic
from vestibule.delivery.laml import asking, telling
from vestibule.delivery.provider import AsksForScript, Callback, Fate, TellsReceipts
from vestibule.providers.twilio_messaging import TwilioMessaging
from vestibule.testing.http import FakeHttp

ACCOUNT = f"AC{'1' * 32}"
TOKEN = "a token of 32 characters or so"
SERVICE = f"MG{'2' * 32}"
SID = f"SM{'3' * 32}"
MESSAGES = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
CALLS = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
TAKEN = (201, {"sid": SID, "status": "queued", "error_code": None})


def twilio(**different: Any) -> TwilioMessaging:
    """The provider with what nearly everybody sets."""
    told = {"account_sid": ACCOUNT, "auth_token": TOKEN, "number": FROM, **different}
    return TwilioMessaging(**told)


def signed(url: str, **fields: str) -> Callback:
    """A request of Twilio's, signed by its own package."""
    signature = RequestValidator(TOKEN).compute_signature(url, fields)
    return callback(url, signature, header="x-twilio-signature", **fields)


def test_a_text_is_asked_for_as_twilios_own_package_does() -> None:
    """A text message is the recorded request, and its id is Twilio's."""
    http = FakeHttp(TAKEN)

    assert twilio().send(parcel("sms"), http) == SID

    assert (http.request.method, http.request.url) == ("POST", MESSAGES)
    assert http.request.headers == {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": basic(ACCOUNT, TOKEN),
    }
    assert http.form == {"To": TO, "From": FROM, "Body": TEXT, "StatusCallback": RECEIPTS}


def test_a_site_without_an_address_is_told_nothing_back() -> None:
    """Without an address of ours no receipt is asked for."""
    http = FakeHttp(TAKEN)

    twilio().send(parcel("sms", receipts=None), http)

    assert "StatusCallback" not in http.form


def test_an_api_key_sends_for_its_account() -> None:
    """An API key signs in, the account stays in the address, and no receipt is asked for that
    nobody could tell from a forged one.
    """
    http = FakeHttp(TAKEN)
    key = f"SK{'4' * 32}"
    provider = twilio(auth_token=None, api_key=key, api_secret="secret")

    provider.send(parcel("sms"), http)

    assert http.request.url == MESSAGES
    assert http.request.headers["Authorization"] == basic(key, "secret")
    assert "StatusCallback" not in http.form
    assert provider.receipt(signed(RECEIPTS, MessageSid=SID, MessageStatus="sent")) is None
    with pytest.raises(SendError, match="set VESTIBULE_TWILIO_MESSAGING_AUTH_TOKEN"):
        provider.send(parcel("call"), http)


def test_a_messaging_service_chooses_the_number() -> None:
    """With a messaging service a text has no number of its own, and a call has."""
    http = FakeHttp(TAKEN)
    provider = twilio(messaging_service=SERVICE)

    provider.send(parcel("sms"), http)
    assert http.form["MessagingServiceSid"] == SERVICE
    assert "From" not in http.form

    provider.send(parcel("call"), http)
    assert http.form["From"] == FROM


def test_whatsapp_goes_from_its_number_to_theirs() -> None:
    """A WhatsApp message names both numbers with its channel."""
    http = FakeHttp(TAKEN)

    twilio(whatsapp_number="+15550002222").send(parcel("whatsapp"), http)

    assert http.form == {
        "To": f"whatsapp:{TO}",
        "From": "whatsapp:+15550002222",
        "Body": TEXT,
        "StatusCallback": RECEIPTS,
    }


def test_whatsapp_takes_a_template() -> None:
    """With a template the code alone is sent, as what stands in its place."""
    http = FakeHttp(TAKEN)
    template = f"HX{'5' * 32}"
    provider = twilio(whatsapp_number="+15550002222", content_sid=template)

    provider.send(parcel("whatsapp"), http)
    assert http.form["ContentSid"] == template
    assert json.loads(http.form["ContentVariables"]) == {"1": CODE}
    assert "Body" not in http.form

    provider.send(parcel("whatsapp", code=None), http)
    assert http.form["Body"] == TEXT


@pytest.mark.row("SMS-08", "ATK-60", "W22")
def test_a_call_asks_for_a_key_before_it_tells() -> None:
    """A call is asked for with the script that wants a key, and no code is in the request."""
    http = FakeHttp((201, {"sid": "CA1"}))

    assert twilio().send(parcel("call", language="de"), http) == "CA1"

    assert http.request.url == CALLS
    assert http.form == {
        "To": TO,
        "From": FROM,
        "Twiml": asking(SPEECH, "de", SCRIPT),
        "StatusCallback": RECEIPTS,
    }
    assert CODE not in http.request.body.decode()
    assert "2%2C+7%2C+1" not in http.request.body.decode()


@pytest.mark.row("SMS-08", "ATK-60")
@pytest.mark.parametrize("missing", ["script", "speech"])
def test_a_call_that_cannot_ask_is_not_made(missing: str) -> None:
    """Where there is no address to ask what comes next, nobody is called."""
    http = FakeHttp(TAKEN)

    with pytest.raises(SendError, match="set VESTIBULE_SITE_URL") as refused:
        twilio().send(parcel("call", **{missing: None}), http)

    assert refused.value.permanent
    assert http.requests == []


@pytest.mark.parametrize(
    ("channel", "different"),
    [
        ("sms", {"number": None, "whatsapp_number": FROM}),
        ("whatsapp", {}),
        ("call", {"number": "Shop"}),
        ("call", {"number": None, "messaging_service": SERVICE}),
        ("email", {}),
    ],
)
def test_what_has_no_number_to_be_from_is_refused(
    channel: str, different: dict[str, str | None]
) -> None:
    """A channel that no number was set for is refused for good, and Twilio is not asked."""
    http = FakeHttp(TAKEN)

    with pytest.raises(SendError) as refused:
        twilio(**different).send(parcel(channel), http)

    assert refused.value.permanent
    assert http.requests == []


@pytest.mark.row("C17")
@pytest.mark.parametrize(
    ("status", "code", "permanent", "cannot_receive"),
    [
        (400, 21614, True, True),
        (400, 21635, True, True),
        (400, 21211, True, False),
        (400, 21610, True, False),
        (400, 21408, True, False),
        (400, 21612, True, False),
        (400, 21611, False, False),
        (403, 20003, False, False),
        (401, 20003, False, False),
        (404, 20404, False, False),
        (429, 20429, False, False),
        (429, None, False, False),
        (500, 20500, False, False),
        (503, None, False, False),
        (302, None, False, False),
    ],
)
def test_only_a_landline_leads_to_a_call(
    status: int, code: int | None, *, permanent: bool, cannot_receive: bool
) -> None:
    """An error is a landline's, the message's or Twilio's own, each by its code."""
    said = {"code": code, "message": f"The 'To' number {TO} is odd", "status": status}

    with pytest.raises(SendError) as refused:
        twilio().send(parcel("sms"), FakeHttp((status, said)))

    assert (refused.value.permanent, refused.value.cannot_receive) == (permanent, cannot_receive)
    assert TO not in str(refused.value)
    assert str(code or status) in str(refused.value)


def test_a_call_is_never_told_that_the_number_takes_no_texts() -> None:
    """What says that a number takes no texts is an ordinary refusal of a call."""
    with pytest.raises(SendError) as refused:
        twilio().send(parcel("call"), FakeHttp((400, {"code": 21614})))

    assert not refused.value.cannot_receive


@pytest.mark.row("W11")
@pytest.mark.parametrize("said", [None, b"<html>", [], {"sid": None}, {"sid": {"a": 1}}, "text"])
def test_an_odd_success_is_none_that_counts(said: Any) -> None:
    """A success that names no message is not Twilio's: nobody knows whether it was taken."""
    with pytest.raises(SendError) as doubted:
        twilio().send(parcel("sms"), FakeHttp((201, said)))

    assert doubted.value.unsure


@pytest.mark.parametrize("said", [b"<html>", [], {"code": TO}, {"code": {}}, "text"])
def test_an_odd_error_is_read_by_its_status(said: Any) -> None:
    """An error that is not as Twilio writes them counts by its status, and nothing is quoted."""
    with pytest.raises(SendError) as refused:
        twilio().send(parcel("sms"), FakeHttp((400, said)))

    assert str(refused.value) == "refused with status 400"


@pytest.mark.row("SMS-09")
def test_a_receipt_is_believed_by_its_signature() -> None:
    """A receipt that Twilio signed is told, and one that it did not is nobody's."""
    fields = {"MessageSid": SID, "MessageStatus": "delivered", "AccountSid": ACCOUNT}
    provider = twilio()
    assert isinstance(provider, TellsReceipts)

    found = provider.receipt(signed(RECEIPTS, **fields))
    assert found is not None
    assert (found.carrier_id, found.fate) == (SID, Fate.DELIVERED)

    forged = callback(RECEIPTS, "forged", header="x-twilio-signature", **fields)
    assert provider.receipt(forged) is None


@pytest.mark.row("SMS-08", "ATK-60", "W22")
def test_a_key_is_believed_by_its_signature() -> None:
    """A key that was pressed is told where it was signed, and the second script says the code."""
    provider = twilio()
    assert isinstance(provider, AsksForScript)

    assert provider.answers_key(signed(SCRIPT, CallSid="CA1", Digits="1")) is True
    assert provider.answers_key(signed(SCRIPT, CallSid="CA1")) is False
    forged = callback(SCRIPT, "forged", header="x-twilio-signature", Digits="1")
    assert provider.answers_key(forged) is None
    assert provider.script(SPEECH, "de") == ("text/xml", telling(SPEECH, "de"))


def test_a_stand_in_takes_the_place_of_twilio() -> None:
    """Another address is asked in Twilio's place where one is set."""
    http = FakeHttp(TAKEN)

    twilio(url="http://127.0.0.1:8090/twilio/").send(parcel("sms"), http)

    assert http.request.url.startswith("http://127.0.0.1:8090/twilio/2010-04-01/Accounts/AC")


@pytest.mark.parametrize(
    ("different", "named"),
    [
        ({"account_sid": "12"}, "ACCOUNT_SID"),
        ({"account_sid": ""}, "ACCOUNT_SID"),
        ({"account_sid": f"SK{'1' * 32}"}, "ACCOUNT_SID"),
        ({"auth_token": None}, "AUTH_TOKEN"),
        ({"api_key": f"SK{'1' * 32}"}, "API_SECRET"),
        ({"api_key": "key", "api_secret": "s"}, "API_KEY"),
        ({"messaging_service": "shop"}, "MESSAGING_SERVICE"),
        ({"content_sid": "shop"}, "CONTENT_SID"),
        ({"number": None}, "NUMBER"),
        ({"number": "0170 1234567"}, "NUMBER"),
        ({"number": "a name that is too long"}, "NUMBER"),
        ({"whatsapp_number": "Shop"}, "WHATSAPP_NUMBER"),
        ({"url": "http://api.twilio.com"}, "URL"),
        ({"url": "api.twilio.com"}, "URL"),
        ({"url": "https://user@api.twilio.com"}, "URL"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(
    different: dict[str, str | None], named: str
) -> None:
    """A setting that Twilio would refuse each time is an error at start, which names it."""
    with pytest.raises(ValueError, match=f"VESTIBULE_TWILIO_MESSAGING_{named}") as refused:
        twilio(**different)

    assert "a name that is too long" not in str(refused.value)


@pytest.mark.parametrize("number", [FROM, "12345", "Shop", "My Shop"])
def test_a_sender_is_a_number_or_a_name(number: str) -> None:
    """A text may be from a number, a short code or a name of up to eleven characters."""
    assert twilio(number=number).number == number


def test_its_representation_holds_no_secret() -> None:
    """What is shown of the provider holds neither its token nor a key's secret."""
    key = f"SK{'4' * 32}"

    shown = repr(twilio(api_key=key, api_secret="very secret"))

    assert TOKEN not in shown
    assert "very secret" not in shown
