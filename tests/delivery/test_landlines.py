"""A landline is called, whenever it is told that it takes no text messages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.core.site import Site
from tests.delivery.carriers import Fake
from tests.delivery.makers import calls_back
from tests.delivery.test_unsure import PHONES, ask, cost, courier, newest, outcomes, silent

from vestibule.core.errors import StoreUnavailableError
from vestibule.core.ports import SendError
from vestibule.delivery.calls_back import CallsBack
from vestibule.delivery.courier import Courier
from vestibule.delivery.http import Http
from vestibule.delivery.provider import Fate, Parcel, Receipt

UNREADABLE = Receipt(
    carrier_id="one-1", fate=Fate.UNDELIVERED, reason="error 30006", cannot_receive=True
)


@pytest.fixture
def phones(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site where a text message costs a tenth and a call a half."""
    opened = Site.open(database_url, tmp_path, config=PHONES)
    yield opened
    opened.close()


@pytest.fixture
def tight(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """The same, where a day's money reaches for no call after a text."""
    config = {**PHONES, "VESTIBULE_SPEND_PER_DAY": "0.7"}
    opened = Site.open(database_url, tmp_path, config=config)
    yield opened
    opened.close()


@dataclass(frozen=True)
class Hasty(Fake):
    """A carrier that tells what became of a message before it answers."""

    before: Callable[[str], None] = lambda _: None

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Tell, and answer then."""
        self.before(parcel.id)
        return super().send(parcel, http)


@dataclass
class Away:
    """An outbox that is away the first time a call is to be made of a text."""

    whole: Any
    times: int = 1

    def __getattr__(self, name: str) -> Any:
        """Return what the outbox has."""
        return getattr(self.whole, name)

    def call_instead(self, *arguments: Any) -> Any:
        """Make a call of it, once the store is back."""
        if self.times:
            self.times -= 1
            raise StoreUnavailableError("restarting")
        return self.whole.call_instead(*arguments)


def hear(ours: CallsBack, message_id: str) -> None:
    """Have the carrier tell that the number takes no text messages."""
    ours.hear("one", message_id, UNREADABLE, b"")


def hasty(site: Site, voice: Fake, trouble: SendError | None = None) -> Courier:
    """A courier whose carrier of texts tells before it answers that nobody can read them."""
    heard: list[CallsBack] = []
    one = Hasty("one", before=lambda message_id: hear(heard[0], message_id))
    one.counter.trouble += [trouble] if trouble else []
    mine = courier(site, sms=(one,), call=(voice,))
    heard.append(calls_back(mine))
    return mine


@pytest.mark.row("ATK-56", "C17")
def test_what_is_told_before_the_answer_leads_to_a_call(phones: Site) -> None:
    """A receipt that comes while the carrier's answer is waited for leads to one call at once."""
    ask(phones)
    voice = Fake("voice")

    hasty(phones, voice).deliver_due()

    assert outcomes(phones) == ["cannot_receive", "accepted"]
    assert (newest(phones)["channel"], newest(phones)["status"]) == ("call", "sent")
    assert len(voice.counter.taken) == 1
    assert cost(phones) == 0.6
    text = min(phones.rows("delivery_try"), key=lambda one: int(one["id"]))
    assert (text["carrier_id"], text["fate"]) == ("one-1", "undelivered")
    assert text["reason"] == "error 30006"


def test_what_is_told_is_believed_where_no_answer_comes(phones: Site) -> None:
    """A carrier that falls silent after such a receipt is asked for no second text."""
    ask(phones)
    voice = Fake("voice")

    hasty(phones, voice, SendError("no answer in time", unsure=True)).deliver_due()

    assert outcomes(phones) == ["cannot_receive", "accepted"]
    assert newest(phones)["channel"] == "call"


def test_without_anybody_who_calls_it_could_not_be_delivered(phones: Site) -> None:
    """Where nobody makes calls, a text that is told of before the answer has failed."""
    ask(phones)
    mine = hasty(phones, Fake("voice"))
    mine.dispatch.routes.named.pop("call")  # type: ignore[attr-defined]

    mine.deliver_due()

    assert newest(phones)["status"] == "failed"
    assert cost(phones) == 0.1


@pytest.mark.row("ATK-56", "C17")
def test_a_receipt_that_is_repeated_leads_to_the_call_it_did_not(phones: Site) -> None:
    """Where the store was away as a call was to be made, the carrier's next word makes it, once."""
    ask(phones)
    voice = Fake("voice")
    mine = courier(phones, sms=(Fake("one"),), call=(voice,))
    mine.deliver_due()
    away = Away(mine.outbox)
    ours = calls_back(replace(mine, last_look=replace(mine.last_look, outbox=away)))
    message_id = newest(phones)["id"]
    with pytest.raises(StoreUnavailableError):
        hear(ours, message_id)

    for _ in range(3):
        hear(ours, message_id)
        mine.deliver_due()

    assert len(voice.counter.taken) == 1
    assert cost(phones) == 0.6


@pytest.mark.row("ATK-56")
def test_a_call_that_is_needed_no_more_is_given_back(phones: Site) -> None:
    """Where a text arrives after all, nobody is called, and only the text is paid for."""
    ask(phones)
    mine = courier(phones, sms=(Fake("one"),), call=(Fake("voice"),))
    mine.deliver_due()
    ours, message_id = calls_back(mine), newest(phones)["id"]
    hear(ours, message_id)
    assert (newest(phones)["channel"], cost(phones)) == ("call", 0.6)

    ours.hear("one", message_id, Receipt(carrier_id="one-1", fate=Fate.DELIVERED), b"")
    mine.deliver_due()

    assert newest(phones)["status"] == "delivered"
    assert outcomes(phones) == ["accepted"]
    assert cost(phones) == 0.1


def test_what_is_told_of_another_message_calls_nobody(phones: Site) -> None:
    """A receipt under an id that the message's try does not have is nobody's."""
    ask(phones)
    mine = courier(phones, sms=(Fake("one"),), call=(Fake("voice"),))
    mine.deliver_due()

    foreign = replace(UNREADABLE, carrier_id="somebody else's")
    calls_back(mine).hear("one", newest(phones)["id"], foreign, b"")

    assert (newest(phones)["channel"], newest(phones)["status"]) == ("sms", "sent")
    assert cost(phones) == 0.1


@pytest.mark.row("C17")
def test_what_is_told_after_the_silence_leads_to_a_call(phones: Site) -> None:
    """Where the carrier did not answer, and tells of a landline then, that is called."""
    ask(phones)
    voice = Fake("voice")
    mine = courier(phones, sms=(silent("one"),), call=(voice,))
    mine.deliver_due()
    assert outcomes(phones) == ["unsure"]

    hear(calls_back(mine), newest(phones)["id"])
    mine.deliver_due()

    assert (newest(phones)["channel"], newest(phones)["status"]) == ("call", "sent")
    assert len(voice.counter.taken) == 1
    assert cost(phones) == 0.6


def test_a_call_that_no_money_is_left_for_is_told_of_once(tight: Site) -> None:
    """A carrier that tells of a landline again and again writes one refusal to the audit trail."""
    ask(tight)
    mine = courier(tight, sms=(Fake("one"),), call=(Fake("voice"),))
    mine.deliver_due()
    for _ in range(3):
        hear(calls_back(mine), newest(tight)["id"])

    assert tight.told().count("send_refused") == 1
    assert newest(tight)["channel"] == "sms"
