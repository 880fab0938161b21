"""SignalWire's messages and calls."""

from typing import Any

import pytest
from tests.providers.parcels import FROM, RECEIPTS, SCRIPT, SPEECH, TEXT, TO, callback, parcel
from twilio.request_validator import RequestValidator

from vestibule.core.ports import SendError
from vestibule.delivery.http import basic
from vestibule.delivery.laml import asking, telling
from vestibule.delivery.provider import AsksForScript, Fate, TellsReceipts
from vestibule.providers.signalwire import SignalWire
from vestibule.testing.http import FakeHttp

PROJECT = "b3877c40-da60-4998-90ad-b792e98472af"
TOKEN = "PTtoken"
ACCOUNT = f"https://example.signalwire.com/api/laml/2010-04-01/Accounts/{PROJECT}"
SID = "5184b831-184f-4209-872d-ccdccc80f2f1"
TAKEN = (201, {"sid": SID, "status": "queued"})


def signalwire(**different: Any) -> SignalWire:
    """The provider with what everybody sets."""
    told = {"space": "example", "project": PROJECT, "token": TOKEN, "number": FROM, **different}
    return SignalWire(**told)


def test_a_text_is_asked_for_as_signalwires_own_package_does() -> None:
    """A text message is the recorded request on the documented path."""
    http = FakeHttp(TAKEN)

    assert signalwire().send(parcel("sms"), http) == SID

    assert (http.request.method, http.request.url) == ("POST", f"{ACCOUNT}/Messages.json")
    assert http.request.headers["Authorization"] == basic(PROJECT, TOKEN)
    assert http.form == {"To": TO, "From": FROM, "Body": TEXT, "StatusCallback": RECEIPTS}


@pytest.mark.row("SMS-08", "ATK-60")
def test_a_call_asks_for_a_key_before_it_tells() -> None:
    """A call is asked for with the script that wants a key."""
    http = FakeHttp(TAKEN)

    assert signalwire().send(parcel("call"), http) == SID

    assert http.request.url == f"{ACCOUNT}/Calls.json"
    assert http.form == {
        "To": TO,
        "From": FROM,
        "Twiml": asking(SPEECH, "en", SCRIPT),
        "StatusCallback": RECEIPTS,
    }


@pytest.mark.row("SMS-08", "ATK-60")
@pytest.mark.parametrize(
    ("told", "number"), [({"script": None}, FROM), ({"speech": None}, FROM), ({}, "12345")]
)
def test_a_call_that_cannot_ask_is_not_made(told: dict[str, None], number: str) -> None:
    """Where nobody could be asked what comes next, or the call is from no number, none is made."""
    http = FakeHttp(TAKEN)

    with pytest.raises(SendError) as refused:
        signalwire(number=number).send(parcel("call", **told), http)

    assert refused.value.permanent
    assert http.requests == []


@pytest.mark.parametrize(
    ("space", "host"),
    [
        ("example", "https://example.signalwire.com"),
        ("Example.signalwire.com", "https://example.signalwire.com"),
        ("https://stand-in.example/sub/", "https://stand-in.example/sub"),
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090"),
    ],
)
def test_a_space_is_written_in_any_of_its_ways(space: str, host: str) -> None:
    """A space is named with its domain or without, or by the address of a stand-in."""
    http = FakeHttp(TAKEN)

    signalwire(space=space).send(parcel("sms", receipts=None), http)

    assert http.request.url == f"{host}/api/laml/2010-04-01/Accounts/{PROJECT}/Messages.json"
    assert "StatusCallback" not in http.form


@pytest.mark.parametrize(
    ("code", "permanent", "cannot_receive"),
    [("21614", True, True), ("21211", True, False), ("20003", False, False)],
)
def test_errors_are_told_as_twilio_tells_them(
    code: str, *, permanent: bool, cannot_receive: bool
) -> None:
    """An error's code, which SignalWire writes as text, means what Twilio's means."""
    with pytest.raises(SendError) as refused:
        signalwire().send(parcel("sms"), FakeHttp((422, {"code": code, "message": TO})))

    assert (refused.value.permanent, refused.value.cannot_receive) == (permanent, cannot_receive)
    assert TO not in str(refused.value)


@pytest.mark.row("SMS-09")
@pytest.mark.parametrize("header", ["x-signalwire-signature", "x-twilio-signature"])
@pytest.mark.parametrize(("signing_key", "key"), [(None, TOKEN), ("PSKsign", "PSKsign")])
def test_a_receipt_is_believed_by_its_signature(
    header: str, signing_key: str | None, key: str
) -> None:
    """A receipt is told that was signed with the signing key, or without one with the token."""
    fields = {"MessageSid": SID, "MessageStatus": "undelivered", "ErrorCode": "30006"}
    signature = RequestValidator(key).compute_signature(RECEIPTS, fields)
    provider = signalwire(signing_key=signing_key)
    assert isinstance(provider, TellsReceipts)

    found = provider.receipt(callback(RECEIPTS, signature, header=header, **fields))
    assert found is not None
    assert (found.carrier_id, found.fate, found.cannot_receive) == (SID, Fate.UNDELIVERED, True)

    other = RequestValidator("another").compute_signature(RECEIPTS, fields)
    assert provider.receipt(callback(RECEIPTS, other, header=header, **fields)) is None


@pytest.mark.row("SMS-08")
def test_a_key_is_believed_by_its_signature() -> None:
    """A key that was pressed is told where it was signed, and the second script says the code."""
    provider = signalwire()
    assert isinstance(provider, AsksForScript)
    signature = RequestValidator(TOKEN).compute_signature(SCRIPT, {"Digits": "5"})
    header = "x-signalwire-signature"

    assert provider.answers_key(callback(SCRIPT, signature, header=header, Digits="5")) is True
    assert provider.answers_key(callback(SCRIPT, signature, header=header, Digits="6")) is None
    assert provider.script(SPEECH, "en") == ("text/xml", telling(SPEECH, "en"))


@pytest.mark.parametrize(
    ("different", "named"),
    [
        ({"space": ""}, "SPACE"),
        ({"space": "signal.example.com"}, "SPACE"),
        ({"space": "http://example.signalwire.com"}, "SPACE"),
        ({"project": "a/b"}, "PROJECT"),
        ({"token": ""}, "TOKEN"),
        ({"number": "+0170"}, "NUMBER"),
        ({"number": "Shop"}, "NUMBER"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(different: dict[str, str], named: str) -> None:
    """A setting that SignalWire would refuse each time is an error at start, which names it."""
    with pytest.raises(ValueError, match=f"VESTIBULE_SIGNALWIRE_{named}"):
        signalwire(**different)


def test_its_representation_holds_no_secret() -> None:
    """What is shown of the provider holds neither its token nor its signing key."""
    shown = repr(signalwire(signing_key="PSKsign"))

    assert TOKEN not in shown
    assert "PSKsign" not in shown


def test_no_name_is_offered_that_is_not_taken() -> None:
    """Who writes a number with spaces is told how it is written, and of no name as a sender."""
    with pytest.raises(ValueError, match=r"without spaces, or a short code$"):
        signalwire(number="+1 501 712 2661")
