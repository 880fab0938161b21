import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from tests.testing.carriers.customer import MESSAGES, TO
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from vestibule.testing.carriers import Carriers, accounts
from vestibule.testing.carriers.laml import segments

Text = Callable[..., httpx.Response]

SIGNALWIRE = f"2010-04-01/Accounts/{accounts.SIGNALWIRE}/Messages.json"
# As the vendor's client sent it to a server that wrote it down.
RECORDED = b"To=%2B15017122661&From=%2B15550001111&Body=Code+123456"
KEYS = {
    *("sid", "status", "body", "num_segments", "num_media", "direction", "date_created"),
    *("date_updated", "date_sent", "price", "price_unit", "error_code", "error_message", "from"),
    *("to", "messaging_service_sid", "account_sid", "api_version", "uri", "subresource_uris"),
}


def test_twilios_client_sends_a_text(carriers: Carriers, twilio: Client) -> None:
    """A text that Twilio's own client sends is taken, kept whole and answered as Twilio does."""
    sent = twilio.messages.create(to=TO, from_=accounts.NUMBER, body="271828 is für Läden + ☂")

    assert (sent.sid or "")[:2] == "SM"
    assert len(sent.sid or "") == 34
    assert sent.status == "queued"
    assert sent.date_created is not None
    (message,) = carriers.messages
    assert (message.carrier, message.channel, message.to) == ("twilio_messaging", "sms", TO)
    assert (message.text, message.id) == ("271828 is für Läden + ☂", sent.sid)


def test_an_answer_has_every_key(text: Text) -> None:
    """The answer to a message has each key that the vendor's older clients insist on."""
    answer = text()

    assert answer.status_code == 201
    assert not KEYS - set(answer.json())


def test_a_message_can_be_fetched_with_its_status(carriers: Carriers, twilio: Client) -> None:
    """What became of a message is told to whoever asks for it by its id."""
    sent = twilio.messages.create(to=TO, from_=accounts.NUMBER, body="271828")
    carriers.settle()

    assert twilio.messages(sent.sid or "").fetch().status == "delivered"


def test_an_api_key_stands_for_its_account(
    carriers: Carriers, as_twilio: Callable[..., Client]
) -> None:
    """Twilio's client with an API key is let in."""
    client = as_twilio(accounts.TWILIO_KEY, accounts.TWILIO_SECRET, accounts.TWILIO)

    client.messages.create(to=TO, messaging_service_sid=f"MG{'1' * 32}", body="271828")

    assert carriers.latest() is not None


def test_whatsapp(carriers: Carriers, text: Text) -> None:
    """A WhatsApp message is known by its prefix, and kept under the plain number."""
    from_ = {"To": f"whatsapp:{TO}", "From": f"whatsapp:{accounts.NUMBER}"}
    filled = {"Body": "", "ContentSid": f"HX{'1' * 32}", "ContentVariables": '{"1": "271828"}'}

    assert text(**from_).json()["to"] == f"whatsapp:{TO}"
    assert text(**from_, **filled).status_code == 201

    assert [message.channel for message in carriers.messages] == ["whatsapp", "whatsapp"]
    assert carriers.recipient(TO).messages[0].text == "271828 is your verification code."


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "0170 1234567"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "No & such"}, 21212),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"To": f"whatsapp:{TO}"}, 63007),
    ],
)
def test_what_is_wrong_is_refused(
    carriers: Carriers, text: Text, wrong: dict[str, str], code: int
) -> None:
    """A message with something wrong is refused with Twilio's number of it, and not kept."""
    answer = text(**wrong)

    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert carriers.messages == ()


def test_wrong_credentials(carriers: Carriers, as_twilio: Callable[..., Client]) -> None:
    """Twilio's client with a wrong token is told 20003, and nothing is kept."""
    client = as_twilio(accounts.TWILIO, "wrong")

    with pytest.raises(TwilioRestException) as refused:
        client.messages.create(to=TO, from_=accounts.NUMBER, body="271828")

    assert (refused.value.status, refused.value.code) == (401, 20003)
    assert carriers.messages == ()


@pytest.mark.parametrize("before", ["/api/laml/", "/"])
def test_signalwire(carriers: Carriers, http: httpx.Client, before: str) -> None:
    """A request recorded of SignalWire's client is taken at both its paths, with a plain UUID."""
    answer = http.post(
        f"{before}{SIGNALWIRE}",
        content=RECORDED,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(accounts.SIGNALWIRE, accounts.SIGNALWIRE_TOKEN),
    )

    assert answer.status_code == 201
    told = answer.json()
    account = f"/api/laml/2010-04-01/Accounts/{accounts.SIGNALWIRE}"
    assert told["uri"] == f"{account}/Messages/{told['sid']}.json"
    assert len(told["sid"]) == 36
    (message,) = carriers.messages
    assert (message.carrier, message.to) == ("signalwire", "+15017122661")
    assert message.text == "Code 123456"


def test_one_carriers_credentials_are_not_anothers(http: httpx.Client) -> None:
    """SignalWire lets nobody in by Twilio's token."""
    by = (accounts.SIGNALWIRE, accounts.TWILIO_TOKEN)

    assert http.post(f"/api/laml/{SIGNALWIRE}", data={"To": TO}, auth=by).status_code == 401


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 158 + "€", 1),
        ("x" * 159 + "€", 2),
        ("☂" * 70, 1),
        ("☂" * 71, 2),
        ("☂" * 135, 3),
        ("😀" * 35, 1),
    ],
)
def test_segments(text: str, count: int) -> None:
    """A text is counted in parts of 160 septets, or 70 units, and a few less where it is cut."""
    assert segments(text) == count


class TestWhoIsAnswered:
    """The stand-in is there for this machine only."""

    def test_it_listens_on_loopback_alone(self, carriers: Carriers) -> None:
        """Its address is 127.0.0.1."""
        assert urlsplit(carriers.url).hostname == "127.0.0.1"

    @pytest.mark.parametrize(
        "headers",
        [
            {"Host": "shop.example"},
            {"Host": "127.0.0.1.shop.example"},
            {"X-Forwarded-For": "127.0.0.1"},
            {"Forwarded": "for=127.0.0.1"},
        ],
    )
    def test_another_host_or_a_proxy(self, http: httpx.Client, headers: dict[str, str]) -> None:
        """A request for another host, or one that was forwarded, finds nothing."""
        assert http.get("/messages.json", headers=headers).status_code == 404

    def test_an_old_protocol(self, carriers: Carriers) -> None:
        """HTTP/1.0, which a silent proxy speaks, finds nothing."""
        host = urlsplit(carriers.url).netloc
        with socket.create_connection(("127.0.0.1", int(host.partition(":")[2])), 5) as line:
            line.sendall(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            assert line.recv(100).split()[1] == b"404"

    def test_too_long_a_body(self, http: httpx.Client) -> None:
        """A body of more than a megabyte is not read."""
        assert http.post(MESSAGES, content=b"x" * (1024 * 1024 + 1)).status_code == 413

    def test_an_address_of_nobody(self, http: httpx.Client) -> None:
        """What is no carrier's address answers 404."""
        assert http.post("/v9/nothing").status_code == 404
