"""Which refusals are told as one of our credentials, whichever carrier says so."""

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
CARRIERS: tuple[Provider, ...] = (
    CronDock(api_key="k"),
    HttpCarrier(url="https://sms.example", template=Template({"to": "{to}", "text": "{body}"})),
    Infobip(url="abcde.api.infobip.com", api_key="k", sender="Shop"),
    SignalWire(space="example", project="project", token="geheim", number=FROM),
    Telnyx(api_key="k", sender=FROM),
    TwilioMessaging(**ACCOUNT, number=FROM),
    TwilioVerify(**ACCOUNT, service=f"VA{'1' * 32}"),
    Vonage(api_key="k", api_secret="geheim", sender="Shop"),
)


def trouble(provider: Provider, status: int, body: Any = None) -> SendError:
    """What a carrier's answer is to us."""
    with pytest.raises(SendError) as refused:
        provider.send(parcel("sms"), FakeHttp((status, body or {})))
    return refused.value


@pytest.mark.parametrize("provider", CARRIERS, ids=lambda one: str(one.name))
@pytest.mark.parametrize(("status", "said"), [(401, True), (403, True), (400, False), (503, False)])
def test_a_carrier_that_does_not_let_us_in_is_known_by_its_status(
    provider: Provider, status: int, *, said: bool
) -> None:
    """With 401 and 403 it is our credentials that are refused, and with nothing else."""
    assert trouble(provider, status).not_let_in is said


def test_twilios_own_number_of_it_is_known() -> None:
    """The error that Twilio has for a wrong token is one of credentials, by its status."""
    assert trouble(CARRIERS[5], 401, {"code": 20003}).not_let_in
    assert not trouble(CARRIERS[5], 429, {"code": 20429}).not_let_in


@pytest.mark.parametrize(("status", "said"), [("4", True), ("14", True), ("1", False)])
def test_vonage_refuses_credentials_with_a_success(status: str, *, said: bool) -> None:
    """Vonage's answer of 200 holds a status that says that it is the credentials."""
    answer = {"messages": [{"status": status}]}

    assert trouble(CARRIERS[-1], 200, answer).not_let_in is said
