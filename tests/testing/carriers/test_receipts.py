import base64
import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask, request
from tests.testing.carriers.customer import PAUSE, TO, Customer, a_text
from twilio.request_validator import RequestValidator

from vestibule.core.ports import SendError
from vestibule.delivery.http import HttpxHttp, Request
from vestibule.testing.carriers import Carriers, accounts
from vestibule.testing.carriers.callbacks import signature

Text = Callable[..., httpx.Response]
TWILIO = "twilio_messaging"
RECEIPTS = "https://shop.example/two-step/receipts/twilio?tag=a%20b"


def told(customer: Customer) -> list[str]:
    """The statuses that a customer was told, in order."""
    return [fields["MessageStatus"] for _, _, fields in customer.seen]


def test_receipts_come_signed(carriers: Carriers, customer: Customer, text: Text) -> None:
    """Sent and delivered are told in that order, each as the vendor's own validator accepts it."""
    sid = text(StatusCallback=RECEIPTS).json()["sid"]
    carriers.settle()

    assert told(customer) == ["sent", "delivered"]
    validator = RequestValidator(accounts.TWILIO_TOKEN)
    for (method, url, fields), signed in zip(customer.seen, customer.signatures, strict=True):
        assert (method, url) == ("POST", RECEIPTS)
        assert fields["MessageSid"] == fields["SmsSid"] == sid
        assert fields["To"] == TO
        assert fields["AccountSid"] == accounts.TWILIO
        assert "ErrorCode" not in fields
        assert validator.validate(url, fields, signed)


def test_a_known_signature() -> None:
    """A signature is the one that the vendor's documents show."""
    fields = {"MessageSid": "SM" + "0" * 32, "MessageStatus": "delivered", "To": "+15017122661"}

    assert signature("12345", "https://app.example.com/status", fields) == (
        "Zs5AJ4ZuAn5prwFFVntp4/lBeNE="
    )


def test_without_an_address_nobody_is_told(
    carriers: Carriers, customer: Customer, text: Text
) -> None:
    """Who gives no address for receipts gets none, and the message has its statuses."""
    text()
    carriers.settle()

    assert customer.seen == []
    assert carriers.messages[0].statuses == ("sent", "delivered")


def test_undelivered(carriers: Carriers, customer: Customer, text: Text) -> None:
    """A message that does not arrive is told as undelivered, with the number of the error."""
    carriers.fault(TWILIO, undelivered=30006)
    text(StatusCallback=RECEIPTS)
    carriers.settle()

    assert told(customer) == ["sent", "undelivered"]
    assert customer.seen[-1][2]["ErrorCode"] == "30006"


@pytest.mark.parametrize(
    ("receipts", "statuses"),
    [
        ("lost", []),
        ("twice", ["sent", "sent", "delivered", "delivered"]),
        ("reversed", ["delivered", "sent"]),
    ],
)
def test_faulty_receipts(
    carriers: Carriers, customer: Customer, text: Text, receipts: str, statuses: list[str]
) -> None:
    """Receipts can be lost, come twice, or in the wrong order."""
    carriers.fault(TWILIO, receipts=receipts)
    text(StatusCallback=RECEIPTS)
    carriers.settle()

    assert told(customer) == statuses


def test_a_receipt_before_the_answer(
    carriers: Carriers, customer: Customer, impatient: HttpxHttp
) -> None:
    """A receipt can overtake the answer to its message."""
    carriers.fault(TWILIO, receipts="early", slow=30, accepts=True)
    with pytest.raises(SendError):
        impatient.ask(a_text(carriers, StatusCallback=RECEIPTS))
    carriers.settle()

    assert told(customer) == ["sent", "delivered"]


def test_late_receipts(carriers: Carriers, customer: Customer, text: Text) -> None:
    """Receipts can come later, and whoever cannot wait for them is told so."""
    carriers.fault(TWILIO, receipts_late=0.5)
    text(StatusCallback=RECEIPTS)
    with pytest.raises(TimeoutError):
        carriers.settle(PAUSE)
    assert customer.seen == []

    carriers.settle()
    assert told(customer) == ["sent", "delivered"]


def test_over_a_real_connection() -> None:
    """Without a caller of one's own, receipts go over HTTP to the site, as by a proxy."""
    seen: list[tuple[str, str, bytes]] = []

    class Site(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.headers["Host"], self.path, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    site = f"http://127.0.0.1:{server.server_port}"
    try:
        with Carriers(pause=PAUSE, site=site) as real:
            send(a_text(real, StatusCallback=RECEIPTS))
            real.settle()
            callbacks = real.callbacks
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

    host, path, body = seen[0]
    assert (host, path) == ("shop.example", "/two-step/receipts/twilio?tag=a%20b")
    assert b"MessageStatus=sent" in body
    assert [callback.status for callback in callbacks] == [204, 204]
    assert all(callback.is_answered for callback in callbacks)


def test_nobody_elsewhere_is_asked() -> None:
    """A receipt for another machine is not sent, and stands among the callbacks as unanswered."""
    with Carriers(pause=PAUSE) as carriers:
        send(a_text(carriers, StatusCallback="http://192.0.2.1/receipts"))
        carriers.settle()

        assert [callback.status for callback in carriers.callbacks] == [None, None]


def test_an_application_that_nobody_serves(carriers: Carriers, text: Text) -> None:
    """Receipts reach an application itself, at its public address, though nobody serves it."""
    app = Flask("shop")
    seen: list[tuple[str, str]] = []

    @app.post("/two-step/receipts/twilio")
    def receipt() -> tuple[str, int]:
        seen.append((request.url, request.form["MessageStatus"]))
        return "", 204

    carriers.reach(app)
    text(StatusCallback=RECEIPTS)
    carriers.settle()

    assert seen == [(RECEIPTS, "sent"), (RECEIPTS, "delivered")]
    assert [callback.status for callback in carriers.callbacks] == [204, 204]


def test_what_breaks_while_a_receipt_is_taken() -> None:
    """What a test's own caller raises is raised to whoever waits for the receipts."""

    def site(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        raise KeyError(method)

    with Carriers(pause=PAUSE, site=site) as carriers:
        send(a_text(carriers, StatusCallback=RECEIPTS))
        with pytest.raises(KeyError):
            carriers.settle()


def test_telnyx_signs_in_its_own_way() -> None:
    """Telnyx tells what became of a message in JSON, signed over when and what by Ed25519."""
    seen: list[tuple[Mapping[str, str], bytes]] = []

    def site(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        assert (method, url) == ("POST", RECEIPTS)
        seen.append((headers, body))
        return 200, b""

    data = {"from": accounts.NUMBER, "to": TO, "text": "271828", "webhook_url": RECEIPTS}
    with Carriers(pause=PAUSE, site=site) as carriers:
        carriers.fault("telnyx", undelivered=40001)
        url, by = f"{carriers.url}/v2/messages", {"Authorization": f"Bearer {accounts.KEY}"}
        sent = httpx.post(url, json=data, headers=by).json()["data"]["id"]
        carriers.settle()
        told = carriers.settings("telnyx")["VESTIBULE_TELNYX_PUBLIC_KEY"]

    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(told))
    payloads = []
    for headers, body in seen:
        signed = base64.b64decode(headers["telnyx-signature-ed25519"])
        key.verify(signed, headers["telnyx-timestamp"].encode() + b"|" + body)
        payloads.append(json.loads(body)["data"]["payload"])
    assert [payload["to"][0]["status"] for payload in payloads] == ["sent", "delivery_failed"]
    assert [payload["id"] for payload in payloads] == [sent, sent]
    assert payloads[-1]["errors"][0]["code"] == "40001"


def send(asked: Request) -> None:
    """Send what is asked, and hang up."""
    http = HttpxHttp()
    assert http.ask(asked).status == 201
    http.close()
