"""A site that is this machine, as on a developer's: what a carrier elsewhere is asked, and not."""

from dataclasses import replace
from typing import Any

import pytest
from tests.core.site import Site
from tests.delivery.makers import courier_of, courier_on

from vestibule.delivery.callbacks import Callbacks
from vestibule.delivery.provider import Provider
from vestibule.delivery.rehearsal import Rehearsal, Rehearsed
from vestibule.providers.http import Telnyx
from vestibule.providers.signalwire import SignalWire
from vestibule.providers.twilio_messaging import TwilioMessaging
from vestibule.testing.http import FakeHttp

NUMBER = "+491701234567"
HERE = ["http://localhost:5000", "http://127.0.0.1:5000/two-step", "http://[::1]"]
AWAY = "https://shop.example"


def twilio(url: str = "https://api.twilio.com") -> TwilioMessaging:
    """Twilio, wherever it is."""
    return TwilioMessaging(
        account_sid=f"AC{'1' * 32}", auth_token="token", number="+15017122661", url=url
    )


def signalwire() -> SignalWire:
    """SignalWire, where it is."""
    return SignalWire(space="example", project="p", token="PTtoken", number="+15017122661")


def telnyx() -> Telnyx:
    """Telnyx, where it is, with receipts."""
    key = "MCowBQYDK2VwAyEAMCowBQYDK2VwAyEA".ljust(43, "A") + "="
    return Telnyx(api_key="key", sender="+15017122661", public_key=key)


def rehearse(site: Site, at: str, provider: Provider, http: FakeHttp, channel: str) -> Rehearsed:
    """Send a test by a provider, for a site that is at an address."""
    route: dict[str, Any] = {channel: (provider,)}
    mine = courier_on(site, **route)
    calls = Callbacks(base=at, realm="default", box=courier_of(site).vault.box)
    mine = replace(mine, dispatch=replace(mine.dispatch, callbacks=calls, http=http))
    rehearsal = Rehearsal(courier=mine, realm="default")
    return rehearsal.what_came_of(rehearsal.send(channel, NUMBER))


@pytest.mark.parametrize("at", HERE)
@pytest.mark.parametrize("provider", [twilio(), signalwire(), telnyx()], ids=lambda one: one.name)
def test_no_receipt_is_asked_for(letters_site: Site, at: str, provider: Provider) -> None:
    """A carrier elsewhere is told no address on this machine, and no receipt is waited for."""
    http = FakeHttp((201, {"sid": "SM1", "data": {"id": "1"}}))

    known = rehearse(letters_site, at, provider, http, "sms")

    assert known.taken is not None
    assert not known.awaits_receipt
    assert "/carriers/" not in http.request.body.decode()


@pytest.mark.parametrize(
    ("at", "provider"),
    [(AWAY, twilio()), (AWAY, telnyx()), (HERE[0], twilio("http://127.0.0.1:5050"))],
)
def test_whoever_reaches_the_site_is_asked(letters_site: Site, at: str, provider: Any) -> None:
    """A carrier that can call us is asked for a receipt: of a public site, or on this machine."""
    http = FakeHttp((201, {"sid": "SM1", "data": {"id": "1"}}))

    known = rehearse(letters_site, at, provider, http, "sms")

    assert known.awaits_receipt
    assert f"/carriers/{provider.name}/receipt/" in http.request.body.decode().replace("%2F", "/")


@pytest.mark.parametrize("provider", [twilio(), signalwire()], ids=lambda one: one.name)
def test_no_call_is_made(letters_site: Site, provider: Provider) -> None:
    """A call that could not ask us what to say is refused in words that say what to set."""
    http = FakeHttp((201, {"sid": "CA1"}))

    known = rehearse(letters_site, HERE[0], provider, http, "call")

    assert known.is_lost
    assert "set VESTIBULE_SITE_URL to one that it reaches" in known.outcome
    assert http.requests == []
