from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.testing.carriers.customer import PAUSE, Customer, a_text
from twilio.rest import Client

from vestibule.delivery.http import HttpxHttp
from vestibule.testing import FakeClock, FixedRandom
from vestibule.testing.carriers import Carriers, accounts


@pytest.fixture
def customer() -> Customer:
    """Whoever the carriers tell what became of messages."""
    return Customer()


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the stand-in."""
    return FakeClock()


@pytest.fixture
def carriers(customer: Customer, clock: FakeClock) -> Iterator[Carriers]:
    """The stand-in, with receipts that come soon."""
    carriers = Carriers(pause=PAUSE, site=customer, clock=clock.now, random=FixedRandom())
    with carriers:
        yield carriers


@pytest.fixture
def http(carriers: Carriers) -> Iterator[httpx.Client]:
    """Somebody who asks it as a provider does."""
    with httpx.Client(base_url=carriers.url, timeout=5) as client:
        yield client


@pytest.fixture
def impatient() -> Iterator[HttpxHttp]:
    """A sender that waits for a moment only."""
    http = HttpxHttp(seconds=0.3)
    yield http
    http.close()


@pytest.fixture
def text(carriers: Carriers, http: httpx.Client) -> Callable[..., httpx.Response]:
    """Send a text over Twilio."""

    def text(**more: str) -> httpx.Response:
        asked = a_text(carriers, **more)
        return http.post(asked.url, content=asked.body, headers=asked.headers)

    return text


@pytest.fixture
def as_twilio(carriers: Carriers) -> Iterator[Callable[..., Client]]:
    """Make Twilio's own client with these credentials, pointed at it."""
    made = []

    def as_twilio(*credentials: str) -> Client:
        client = Client(*credentials)
        client.api.base_url = carriers.url
        client.verify.base_url = carriers.url
        made.append(client)
        return client

    yield as_twilio
    for client in made:
        client.http_client.session.close()


@pytest.fixture
def twilio(as_twilio: Callable[..., Client]) -> Client:
    """Twilio's own client."""
    return as_twilio(accounts.TWILIO, accounts.TWILIO_TOKEN)
