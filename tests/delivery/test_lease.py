"""A message is handed over by whoever has it on loan, however long that one slept before."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.core.site import Site
from tests.delivery.carriers import Fake
from tests.delivery.makers import courier_of, courier_on
from tests.delivery.test_unsure import PHONES, ask, begin, cost, newest, outcomes

from vestibule.delivery.courier import LEASE, Courier
from vestibule.delivery.outbox import NotTried
from vestibule.store import charges, tables


@pytest.fixture
def phones(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site where a text message costs a tenth."""
    opened = Site.open(database_url, tmp_path, config=PHONES)
    yield opened
    opened.close()


@dataclass
class Asleep:
    """An outbox whose courier sleeps before it writes a try down; meanwhile something happens."""

    whole: Any
    meanwhile: Callable[[], object]

    def __getattr__(self, name: str) -> Any:
        """Return what the outbox has."""
        return getattr(self.whole, name)

    def begin_try(self, *arguments: Any) -> Any:
        """Wake up when it has happened."""
        self.meanwhile()
        return self.whole.begin_try(*arguments)


def sleeper(mine: Courier, meanwhile: Callable[[], object]) -> Courier:
    """A courier that sleeps when all is looked at, and nothing is written yet."""
    outbox = Asleep(mine.dispatch.outbox, meanwhile)
    return replace(mine, dispatch=replace(mine.dispatch, outbox=outbox))


@pytest.mark.row("ATK-56", "C14")
def test_whoever_sleeps_past_its_lease_sends_nothing(phones: Site) -> None:
    """What another courier has sent meanwhile is neither sent nor paid for once more."""
    ask(phones)
    one = Fake("one")
    other = courier_on(phones.process(), sms=(one,))

    def lease_ends() -> None:
        phones.fake.move(LEASE)
        other.deliver_due()

    sleeper(courier_on(phones, sms=(one,)), lease_ends).deliver_due()

    assert len(one.counter.taken) == 1
    assert outcomes(phones) == ["accepted"]
    assert newest(phones)["status"] == "sent"
    assert cost(phones) == 0.1


def test_whoever_wakes_while_another_sends_leaves_it_alone(phones: Site) -> None:
    """A try is begun under the very lease that a message is lent under, or not at all."""
    ask(phones)
    mine = courier_of(phones)
    (late,) = mine.outbox.claim(phones.clock.now(), LEASE, 1)
    phones.fake.move(LEASE)
    (claimed,) = mine.outbox.claim(phones.clock.now(), LEASE, 1)

    assert begin(mine, late, "one") is NotTried.TAKEN_AWAY
    assert isinstance(begin(mine, claimed, "one"), int)
    assert outcomes(phones) == ["started"]


def test_nothing_is_sent_to_whoever_is_forgotten_meanwhile(phones: Site) -> None:
    """A message whose person was forgotten as it was to be sent is not, and leaves no row."""
    subject = ask(phones).enrolment.subject
    one = Fake("one")

    def forgotten() -> None:
        assert phones.engine.forget(subject, by="grace")

    sleeper(courier_on(phones, sms=(one,)), forgotten).deliver_due()

    assert (one.counter.taken, phones.rows("delivery_try")) == ([], [])


def test_a_try_that_is_begun_just_then_is_forgotten_with_its_message(phones: Site) -> None:
    """Whoever is forgotten while a try is being written takes that one along, too."""
    subject = ask(phones).enrolment.subject
    (claimed,) = courier_of(phones).outbox.claim(phones.clock.now(), LEASE, 1)
    begun = {
        "message_id": claimed.id,
        "realm": "default",
        "provider": "one",
        "channel": "sms",
        "at": 0,
        "outcome": "started",
        "reason": "",
    }

    elsewhere = phones.process().engine
    with ThreadPoolExecutor(1) as pool:
        with phones.parts.database.write() as connection:
            charges.locked(connection, claimed.id)
            forgetting = pool.submit(elsewhere.forget, subject, by="grace")
            assert not wait([forgetting], timeout=0.5).done
            connection.execute(tables.delivery_try.insert().values(begun))
        assert forgetting.result(10)

    assert phones.rows("delivery_try") == []
