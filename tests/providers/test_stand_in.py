"""Every provider against the stand-in for carriers, over real HTTP and SMTP."""

from collections.abc import Iterator

import pytest
from tests.providers.parcels import CODE, RECEIPTS, TEXT, parcel

from vestibule.bootstrap import read_settings
from vestibule.delivery import registry
from vestibule.delivery.http import HttpxHttp
from vestibule.delivery.provider import Provider
from vestibule.testing.carriers import Carriers

CARRIED = [
    ("twilio_messaging", "sms"),
    ("twilio_messaging", "whatsapp"),
    ("signalwire", "sms"),
    ("crondock", "sms"),
    ("vonage", "sms"),
    ("telnyx", "sms"),
    ("infobip", "sms"),
    ("smtp", "email"),
]


@pytest.fixture(scope="module")
def carriers() -> Iterator[Carriers]:
    """The stand-in, whose receipts go nowhere."""
    with Carriers(site=lambda *_: (204, b"")) as carriers:
        yield carriers


@pytest.fixture(scope="module")
def http() -> Iterator[HttpxHttp]:
    """What asks carriers in production."""
    asking = HttpxHttp()
    yield asking
    asking.close()


def provider(carriers: Carriers, name: str, channel: str) -> Provider:
    """A provider as an application's settings make it."""
    config = {"VESTIBULE_ROUTES": {channel: [name]}, **carriers.settings(name)}
    settings = read_settings(config, {})
    (made,) = registry.load(settings.routes, settings.provider_settings)[channel]
    return made


@pytest.mark.parametrize(("name", "channel"), CARRIED)
def test_a_message_arrives(carriers: Carriers, http: HttpxHttp, name: str, channel: str) -> None:
    """With the stand-in's settings alone a message of each provider arrives as it was written."""
    sent = parcel(channel, receipts=RECEIPTS)

    carrier_id = provider(carriers, name, channel).send(sent, http)

    arrived = carriers.latest(sent.to, channel, within=2)
    assert arrived is not None
    assert arrived.carrier == name
    assert arrived.text.strip() == TEXT
    assert CODE not in (carrier_id or "")
    assert name == "crondock" or carrier_id
