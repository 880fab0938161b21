"""Vonage, Telnyx and Infobip."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.providers.parcels import FROM, RECEIPTS, TEXT, TO, parcel

from vestibule.core.ports import SendError
from vestibule.delivery.provider import Callback, Fate, Receipt, TellsReceipts
from vestibule.providers.http import Infobip, Telnyx, Vonage
from vestibule.testing.http import FakeHttp

DIGITS = TO.removeprefix("+")
KEY = Ed25519PrivateKey.generate()
PUBLIC = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
WHEN = "1795438800"


def vonage(**different: Any) -> Vonage:
    """Vonage, as nearly everybody sets it."""
    return Vonage(**{"api_key": "key", "api_secret": "geheim", "sender": FROM, **different})


def telnyx(**different: Any) -> Telnyx:
    """Telnyx, as nearly everybody sets it."""
    return Telnyx(**{"api_key": "KEY0", "sender": FROM, "public_key": PUBLIC, **different})


def infobip(**different: Any) -> Infobip:
    """Infobip, as nearly everybody sets it."""
    told = {"url": "abcde.api.infobip.com", "api_key": "k", "sender": "Shop", **different}
    return Infobip(**told)


def test_vonage_is_asked_as_it_is_written_down() -> None:
    """Vonage is sent a form with its credentials and numbers without a plus."""
    http = FakeHttp((200, {"messages": [{"status": "0", "message-id": "0C000000217B7F02"}]}))

    assert vonage().send(parcel("sms"), http) == "0C000000217B7F02"

    assert (http.request.method, http.request.url) == ("POST", "https://rest.nexmo.com/sms/json")
    assert http.form == {
        "api_key": "key",
        "api_secret": "geheim",
        "from": FROM.removeprefix("+"),
        "to": DIGITS,
        "text": TEXT,
    }


@pytest.mark.parametrize(
    ("text", "kind"), [("Größe für 5 €: 123", None), ("Ваш код 123", "unicode"), ("„1“", "unicode")]
)
def test_vonage_is_told_of_letters_that_it_does_not_expect(text: str, kind: str | None) -> None:
    """A text with letters that an ordinary message does not have is announced."""
    http = FakeHttp((200, {"messages": [{"status": "0"}]}))

    vonage().send(parcel("sms", text=text), http)

    assert http.form.get("type") == kind


@pytest.mark.row("C14", "W15")
@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        ("1", False),
        ("4", False),
        ("5", False),
        ("9", False),
        ("3", True),
        ("7", True),
        ("29", True),
    ],
)
def test_vonage_refuses_with_a_success(status: str, *, permanent: bool) -> None:
    """An answer of 200 is a refusal where the status in it is not 0."""
    said = {"messages": [{"status": status, "error-text": f"no {TO}"}]}

    with pytest.raises(SendError, match=f"status {status}$") as refused:
        vonage().send(parcel("sms"), FakeHttp((200, said)))

    assert refused.value.permanent is permanent
    assert refused.value.unsure is (status == "5")


def test_vonage_took_nothing_that_it_does_not_say() -> None:
    """An answer without a status is none."""
    with pytest.raises(SendError, match="unknown") as refused:
        vonage().send(parcel("sms"), FakeHttp((200, b"<html>")))

    assert (refused.value.unsure, refused.value.permanent) == (True, False)


def test_telnyx_is_asked_as_it_is_written_down() -> None:
    """Telnyx is sent an object, with the address for its receipts."""
    http = FakeHttp((200, {"data": {"id": "40385f64-5717-4562-b3fc-2c963f66afa6"}}))

    assert telnyx().send(parcel("sms"), http) == "40385f64-5717-4562-b3fc-2c963f66afa6"

    assert (http.request.method, http.request.url) == ("POST", "https://api.telnyx.com/v2/messages")
    assert http.request.headers["Authorization"] == "Bearer KEY0"
    assert http.json == {"from": FROM, "to": TO, "text": TEXT, "webhook_url": RECEIPTS}


def test_telnyx_without_its_key_is_asked_for_no_receipts() -> None:
    """Receipts that nobody could tell from forged ones are not asked for, nor believed."""
    http = FakeHttp((200, {"data": {"id": "1"}}))
    provider = telnyx(public_key=None, sender="Shop", messaging_profile="profile")

    provider.send(parcel("sms"), http)

    assert http.json == {
        "from": "Shop",
        "to": TO,
        "text": TEXT,
        "messaging_profile_id": "profile",
    }
    assert provider.receipt(told("delivered")) is None


@pytest.mark.row("C17")
@pytest.mark.parametrize(
    ("status", "code", "permanent", "cannot_receive"),
    [
        (400, "40001", True, True),
        (400, "40310", True, False),
        (422, "10016", True, False),
        (401, "10009", False, False),
        (429, "10011", False, False),
        (500, "10007", False, False),
    ],
)
def test_telnyx_errors_are_told_by_their_code(
    status: int, code: str, *, permanent: bool, cannot_receive: bool
) -> None:
    """An error is a landline's, the message's or Telnyx's own."""
    said = {"errors": [{"code": code, "title": "odd", "detail": TO}]}

    with pytest.raises(SendError, match=code) as refused:
        telnyx().send(parcel("sms"), FakeHttp((status, said)))

    assert (refused.value.permanent, refused.value.cannot_receive) == (permanent, cannot_receive)
    assert TO not in str(refused.value)


def told(status: str, code: str = "", *, key: Ed25519PrivateKey = KEY) -> Callback:
    """A receipt as Telnyx sends it."""
    errors = [{"code": code, "title": "odd"}] if code else []
    payload = {"id": "m-1", "to": [{"phone_number": TO, "status": status}], "errors": errors}
    event = {"data": {"event_type": "message.finalized", "payload": payload}}
    body = json.dumps(event).encode()
    signature = base64.b64encode(key.sign(f"{WHEN}|".encode() + body)).decode()
    headers = {"telnyx-timestamp": WHEN, "telnyx-signature-ed25519": signature}
    return Callback(url=RECEIPTS, headers=headers, fields={}, body=body)


@pytest.mark.row("SMS-09")
@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("queued", Fate.QUEUED),
        ("sending", Fate.QUEUED),
        ("sent", Fate.SENT),
        ("delivered", Fate.DELIVERED),
        ("delivery_unconfirmed", Fate.SENT),
        ("delivery_failed", Fate.UNDELIVERED),
        ("sending_failed", Fate.FAILED),
        ("something new", Fate.QUEUED),
    ],
)
def test_telnyx_receipts_have_our_words(status: str, fate: Fate) -> None:
    """Each status of a signed receipt is one of our five."""
    provider = telnyx()
    assert isinstance(provider, TellsReceipts)

    found = provider.receipt(told(status))

    assert found is not None
    assert (found.carrier_id, found.fate) == ("m-1", fate)


def test_telnyx_tells_of_a_landline() -> None:
    """A receipt that says a number takes no texts is told as such."""
    assert telnyx().receipt(told("delivery_failed", "40001")) == Receipt(
        carrier_id="m-1",
        fate=Fate.UNDELIVERED,
        reason="delivery_failed, error 40001",
        cannot_receive=True,
    )


@pytest.mark.row("W10")
def test_a_receipt_that_telnyx_did_not_sign_is_nobodys() -> None:
    """A receipt with another key, another time or another body is not believed."""
    true = told("delivered")
    odd = [
        told("delivered", key=Ed25519PrivateKey.generate()),
        Callback(url=true.url, headers=true.headers, fields={}, body=true.body + b" "),
        Callback(
            url=true.url,
            headers={**true.headers, "telnyx-timestamp": "1795438801"},
            fields={},
            body=true.body,
        ),
        Callback(
            url=true.url,
            headers={**true.headers, "telnyx-signature-ed25519": "é"},
            fields={},
            body=true.body,
        ),
        Callback(url=true.url, headers={}, fields={}, body=true.body),
    ]

    assert [telnyx().receipt(one) for one in odd] == [None] * len(odd)


NAMES_NOTHING = [b"", b"{", b"[]", b'{"data": {"payload": {"id": 0.5}}}', b"[" * 32_000]


@pytest.mark.parametrize("body", NAMES_NOTHING, ids=range(len(NAMES_NOTHING)))
def test_a_signed_receipt_of_nothing_is_none(body: bytes) -> None:
    """What is signed and names no message is no receipt."""
    signature = base64.b64encode(KEY.sign(f"{WHEN}|".encode() + body)).decode()
    headers = {"telnyx-timestamp": WHEN, "telnyx-signature-ed25519": signature}

    called = Callback(url=RECEIPTS, headers=headers, fields={}, body=body)
    assert telnyx().receipt(called) is None


@pytest.mark.parametrize(
    "url", ["abcde.api.infobip.com", "https://abcde.api.infobip.com/", "http://127.0.0.1:80"]
)
def test_infobip_is_asked_as_it_is_written_down(url: str) -> None:
    """Infobip is sent an object with one message for one number, at the account's own host."""
    status = {"groupName": "PENDING", "name": "PENDING_ACCEPTED"}
    http = FakeHttp((200, {"messages": [{"messageId": "2250be2d", "status": status}]}))

    assert infobip(url=url).send(parcel("sms"), http) == "2250be2d"

    host = url.rstrip("/") if "://" in url else f"https://{url}"
    assert (http.request.method, http.request.url) == ("POST", f"{host}/sms/3/messages")
    assert http.request.headers["Authorization"] == "App k"
    assert http.json == {
        "messages": [
            {"sender": "Shop", "destinations": [{"to": DIGITS}], "content": {"text": TEXT}}
        ]
    }


@pytest.mark.row("C14", "W15")
@pytest.mark.parametrize(
    ("name", "permanent"),
    [("REJECTED_DESTINATION", True), ("REJECTED_NOT_ENOUGH_CREDITS", False), (TO, True)],
)
def test_infobip_refuses_with_a_success(name: str, *, permanent: bool) -> None:
    """An answer of 200 is a refusal where the message in it was rejected."""
    status = {"groupName": "REJECTED", "name": name}

    with pytest.raises(SendError, match="answered with") as refused:
        infobip().send(parcel("sms"), FakeHttp((200, {"messages": [{"status": status}]})))

    assert refused.value.permanent is permanent
    assert TO not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "blameless"),
    [("REJECTED_FLOODING_FILTER", True), ("REJECTED_NOT_ENOUGH_CREDITS", False)],
)
def test_a_flooded_number_is_no_fault_of_infobips(name: str, *, blameless: bool) -> None:
    """What Infobip refuses because one number got too many keeps it in, for all others."""
    status = {"groupName": "REJECTED", "name": name}

    with pytest.raises(SendError) as refused:
        infobip().send(parcel("sms"), FakeHttp((200, {"messages": [{"status": status}]})))

    assert (refused.value.permanent, refused.value.blameless) == (False, blameless)


@pytest.mark.parametrize(
    ("make", "different", "named"),
    [
        (vonage, {"api_key": ""}, "VONAGE_API_KEY"),
        (vonage, {"api_secret": "secret "}, "VONAGE_API_SECRET"),
        (vonage, {"api_secret": " "}, "VONAGE_API_SECRET"),
        (vonage, {"sender": ""}, "VONAGE_SENDER"),
        (vonage, {"url": "rest.nexmo.com"}, "VONAGE_URL"),
        (telnyx, {"api_key": ""}, "TELNYX_API_KEY"),
        (telnyx, {"sender": ""}, "TELNYX_SENDER"),
        (telnyx, {"public_key": "short"}, "TELNYX_PUBLIC_KEY"),
        (telnyx, {"url": "ftp://x"}, "TELNYX_URL"),
        (infobip, {"url": "http://abcde.api.infobip.com"}, "INFOBIP_URL"),
        (infobip, {"url": "a/b"}, "INFOBIP_URL"),
        (infobip, {"api_key": "k\n"}, "INFOBIP_API_KEY"),
        (infobip, {"sender": " "}, "INFOBIP_SENDER"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(
    make: Any, different: dict[str, str], named: str
) -> None:
    """A setting that the carrier would refuse each time is an error at start, which names it."""
    with pytest.raises(ValueError, match=f"VESTIBULE_{named}"):
        make(**different)


@pytest.mark.parametrize("carrier", [vonage, telnyx, infobip])
@pytest.mark.parametrize(
    "sender",
    [
        "",
        "   ",
        "Shop of Horrors",
        "Zwölf Zeichen",
        "+1 501 712 2661",
        "1" * 16,
        "12",
        "Shop\n",
        "+",
    ],
)
def test_a_sender_that_cannot_be_is_refused(carrier: Any, sender: str) -> None:
    """A name of more than eleven characters, and a number that is none, are refused at start."""
    with pytest.raises(ValueError, match=r"_SENDER is a number .* at most eleven characters"):
        carrier(sender=sender)


@pytest.mark.parametrize("carrier", [vonage, telnyx, infobip])
@pytest.mark.parametrize(
    "sender", ["Shop", "My Shop 24!", "Läden", "+15017122661", "15017122661", "12345", "1" * 15]
)
def test_a_sender_is_a_number_or_a_name(carrier: Any, sender: str) -> None:
    """Numbers with their plus or without, short codes and short names are taken."""
    assert carrier(sender=sender).sender == sender
