"""A success that is no answer of the carrier's own, such as a page about maintenance."""

from typing import Any

import pytest
from tests.providers.parcels import FROM, parcel

from vestibule.core.ports import SendError
from vestibule.delivery.provider import Provider
from vestibule.providers.crondock import CronDock
from vestibule.providers.http import HttpCarrier, Infobip, Telnyx, Vonage
from vestibule.providers.http.template import Template
from vestibule.providers.signalwire import SignalWire
from vestibule.providers.twilio_messaging import TwilioMessaging
from vestibule.providers.twilio_verify import TwilioVerify
from vestibule.testing.http import FakeHttp

ACCOUNT = {"account_sid": f"AC{'1' * 32}", "auth_token": "geheim"}
PAGE = b"<html>Down for maintenance</html>"


def any_carrier(**different: Any) -> HttpCarrier:
    """A carrier that is known by its settings alone."""
    template = Template({"to": "{to}", "text": "{body}"})
    return HttpCarrier(url="https://sms.example", template=template, **different)


SPEAKING: tuple[Provider, ...] = (
    any_carrier(id_path="id"),
    any_carrier(success_path="status", success_value="0"),
    Infobip(url="abcde.api.infobip.com", api_key="k", sender="Shop"),
    SignalWire(space="example", project="project", token="geheim", number=FROM),
    Telnyx(api_key="k", sender=FROM),
    TwilioMessaging(**ACCOUNT, number=FROM),
    TwilioVerify(**ACCOUNT, service=f"VA{'1' * 32}"),
    Vonage(api_key="k", api_secret="geheim", sender="Shop"),
)
"""Of these it is known what they say of a message that they took."""


@pytest.mark.row("W15")
@pytest.mark.parametrize("said", [PAGE, b"", b"[]", {}, {"sid": None, "data": {"id": ""}}])
@pytest.mark.parametrize("provider", SPEAKING, ids=lambda one: str(one.name))
def test_what_is_no_answer_of_the_carriers_leaves_it_unsure(provider: Provider, said: Any) -> None:
    """A success that says nothing of the message is neither a yes nor a no."""
    with pytest.raises(SendError) as doubted:
        provider.send(parcel("sms"), FakeHttp((200, said)))

    assert (doubted.value.unsure, doubted.value.permanent) == (True, False)
    assert str(doubted.value)


@pytest.mark.parametrize(
    "provider", [CronDock(api_key="k"), any_carrier()], ids=lambda one: str(one.name)
)
def test_where_nobody_knows_what_a_carrier_says_its_status_counts(provider: Provider) -> None:
    """A success is a yes where no place in the answer is known that would say so."""
    assert provider.send(parcel("sms"), FakeHttp((200, PAGE))) is None


def test_an_id_may_be_missing_where_something_else_says_yes() -> None:
    """Where the answer says by its own word that it was taken, it was, with an id or without."""
    provider = any_carrier(id_path="id", success_path="status", success_value="0")

    assert provider.send(parcel("sms"), FakeHttp((200, {"status": "0"}))) is None


def test_what_is_unsure_is_never_for_good() -> None:
    """An error of which nobody knows whether the message was taken refuses nothing for good."""
    assert not SendError("status unknown", permanent=True, unsure=True).permanent
    assert SendError("no such number", permanent=True).permanent
