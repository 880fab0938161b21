"""What a web process says where it tells workers of messages and no worker takes them."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.core.site import Site
from tests.delivery.makers import courier_of
from tests.delivery.test_courier import ask_for_code

from vestibule.delivery.queue import LATE, SAY_AGAIN, Publisher
from vestibule.testing import FakeClock

NOWHERE = "redis://127.0.0.1:1/0"
SECOND = timedelta(seconds=1)


@dataclass
class Lying:
    """An outbox in which nothing is due the first few times it is asked, and then something."""

    empty: int

    def due(self, now: datetime, most: int) -> Sequence[str]:
        """Say what is due."""
        del now, most
        self.empty -= 1
        return [] if self.empty >= 0 else ["a message"]


@dataclass
class Alternating:
    """An outbox in which something new is due every other time it is asked what to publish."""

    asked: int = 0
    rounds: int = 0

    def due(self, now: datetime, most: int) -> Sequence[str]:
        """Say what is due; nothing ever is for long."""
        del now
        if most == 1:  # whoever publishes asks this last
            self.rounds += 1
            return []
        self.asked += 1
        return [f"message {self.asked}"] if self.asked % 2 else []


def publisher(site: Site) -> Publisher:
    """What a web process of a site tells workers by."""
    outbox = courier_of(site).outbox
    return Publisher(outbox=outbox, clock=site.clock, broker_url=NOWHERE, realm="default")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of late messages."""
    said = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    return [one for one in said if "no worker has taken it" in one]


def lettered(site: Site) -> None:
    """Have a letter wait."""
    person = site.enrol()
    person.add_letters()
    person.deliver()
    ask_for_code(person)


def test_what_no_worker_takes_is_said(letters_site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """A message that is due for more than thirty seconds is a warning, and no sooner."""
    lettered(letters_site)
    told = publisher(letters_site)

    letters_site.fake.move(seconds=LATE.total_seconds() - 1)
    assert not told.warn_of_late()
    assert not warnings(caplog)
    letters_site.fake.move(seconds=2)

    assert told.warn_of_late()
    (said,) = warnings(caplog)
    assert "more than 30 seconds" in said
    assert "vestibule worker runs for the realm default" in said


def test_it_is_said_once_in_a_while(letters_site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The warning comes again after five minutes, where a message waits still."""
    lettered(letters_site)
    told = publisher(letters_site)
    letters_site.fake.move(seconds=31)
    told.warn_of_late()
    letters_site.fake.move(seconds=SAY_AGAIN.total_seconds() - 1)
    told.warn_of_late()
    assert len(warnings(caplog)) == 1
    letters_site.fake.move(seconds=1)
    told.warn_of_late()

    assert len(warnings(caplog)) == 2


def test_what_is_taken_is_not_late(letters_site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Where messages are taken nothing is said, however old they are."""
    lettered(letters_site)
    courier_of(letters_site).deliver_due()
    letters_site.fake.move(hours=1)

    assert not publisher(letters_site).warn_of_late()
    assert not warnings(caplog)


def test_it_is_looked_at_though_nobody_wakes(caplog: pytest.LogCaptureFixture) -> None:
    """After a message was told of the thread looks once more by itself whether it was taken."""
    outbox: Any = Lying(empty=2)
    told = Publisher(
        outbox=outbox,
        clock=FakeClock(),
        broker_url=NOWHERE,
        realm="default",
        look_after=SECOND / 20,
    )
    told.start()
    told.wake()
    until = time.monotonic() + 10
    while not warnings(caplog) and time.monotonic() < until:
        time.sleep(0.02)
    told.stop()

    assert len(warnings(caplog)) == 1


@pytest.mark.row("W16")
def test_a_dead_broker_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """That a broker takes nothing is said once, though between two messages nothing is due."""
    outbox: Any = Alternating()
    told = Publisher(outbox=outbox, clock=FakeClock(), broker_url=NOWHERE, realm="default")
    told.start()
    until = time.monotonic() + 60
    for nth in range(1, 6):
        told.wake()
        while outbox.rounds < nth and time.monotonic() < until:
            time.sleep(0.01)
    told.stop()

    assert outbox.rounds == 5
    assert caplog.text.count("the broker takes nothing") == 1
