import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.core.site import Person, Site
from tests.delivery.carriers import Fake
from tests.delivery.makers import Watching, calls_back, courier_of, courier_on, thread_of
from tests.delivery.test_courier import ask_for_code, waiting
from tests.delivery.test_hosting import House

from vestibule.core.budget import Budget
from vestibule.core.errors import StoreUnavailableError
from vestibule.core.model import MessageStatus
from vestibule.core.ports import SendError
from vestibule.delivery.courier import LEASE, Courier
from vestibule.delivery.dispatch import LONGEST_TRY
from vestibule.delivery.http import TOTAL_SECONDS, Http
from vestibule.delivery.insisting import AWAY
from vestibule.delivery.number_check import NumberCheck
from vestibule.delivery.outbox import Called
from vestibule.delivery.provider import Fate, Parcel, Receipt
from vestibule.delivery.waiting import wait_until_over
from vestibule.providers.smtp.provider import LONGEST
from vestibule.store import rows
from vestibule.store.brake_desk import BrakeDesk

Route = Callable[..., Courier]


@pytest.fixture
def ada(letters_site: Site) -> Person:
    """Somebody to whom a code is to be sent by text message."""
    person = letters_site.enrol()
    person.add_letters()
    person.deliver()
    return person


def courier(person: Person, **routes: Any) -> Courier:
    """A courier with these routes."""
    return courier_on(person.site, **routes)


def ask(person: Person) -> None:
    """Have a code written that goes out as a text message."""
    ask_for_code(person)
    [new] = [one for one in waiting(person.site) if one["channel"] == "email" and not one["tries"]]
    person.site.change("message", {"id": new["id"]}, channel="sms")


def tries(person: Person) -> list[tuple[str, str, str]]:
    """Provider, channel and outcome of each try at the newest message."""
    newest = waiting(person.site)[-1]["id"]
    found = [one for one in person.site.rows("delivery_try") if one["message_id"] == newest]
    return [(one["provider"], one["channel"], one["outcome"]) for one in found]


def test_the_first_of_a_route_carries(ada: Person) -> None:
    """Where the first carrier takes a message, no other is asked."""
    ask(ada)
    one, two = Fake("one"), Fake("two")

    courier(ada, sms=(one, two)).deliver_due()

    assert (len(one.counter.taken), two.counter.asked) == (1, 0)
    assert waiting(ada.site)[-1]["status"] == "sent"


@pytest.mark.parametrize("outcome", ["refused", "failed"])
def test_a_carrier_that_fails_hands_over_to_the_next_at_once(ada: Person, outcome: str) -> None:
    """Who refuses a message, or does not answer, hands over to the next in the same round."""
    ask(ada)
    one, two = Fake("one"), Fake("two")
    one.counter.refuse(permanent=outcome == "refused")

    courier(ada, sms=(one, two)).deliver_due()

    assert tries(ada) == [("one", "sms", outcome), ("two", "sms", "accepted")]
    assert len(two.counter.taken) == 1


@pytest.mark.row("C17")
def test_only_a_number_that_takes_no_texts_is_called(ada: Person) -> None:
    """A number that cannot receive text messages is called with the same code, at once."""
    ask(ada)
    one, voice = Fake("one"), Fake("voice")
    one.counter.refuse("landline", cannot_receive=True)

    courier(ada, sms=(one, Fake("two")), call=(voice,)).deliver_due()

    assert tries(ada) == [("one", "sms", "cannot_receive"), ("voice", "call", "accepted")]
    (parcel,) = voice.counter.taken
    assert parcel.channel == "call"
    assert parcel.speech is not None
    assert waiting(ada.site)[-1]["channel"] == "call"


@pytest.mark.row("C17")
@pytest.mark.parametrize(("outcome", "status"), [("refused", "failed"), ("failed", "queued")])
def test_no_other_error_leads_to_a_call(ada: Person, outcome: str, status: str) -> None:
    """Credentials, a full queue or a bad number never make a telephone ring."""
    ask(ada)
    one, voice = Fake("one"), Fake("voice")
    one.counter.refuse(permanent=outcome == "refused")

    courier(ada, sms=(one,), call=(voice,)).deliver_due()

    assert voice.counter.asked == 0
    assert waiting(ada.site)[-1]["status"] == status


def test_where_nobody_calls_a_landline_fails_for_good(ada: Person) -> None:
    """A number that takes no text messages, on a site that makes no calls, is told so."""
    ask(ada)
    one = Fake("one")
    one.counter.refuse("landline", cannot_receive=True)

    courier(ada, sms=(one,)).deliver_due()

    assert waiting(ada.site)[-1]["status"] == "failed"


@pytest.mark.row("W16")
def test_a_broken_carrier_is_not_asked_for_a_while(ada: Person) -> None:
    """After three failures in a row a carrier is passed over, and the next takes what comes."""
    one, two = Fake("one"), Fake("two")
    one.counter.refuse(times=3)
    mine = courier(ada, sms=(one, two))
    for _ in range(5):
        ask(ada)
        mine.deliver_due()

    assert one.counter.asked == 3
    assert len(two.counter.taken) == 5


def test_a_carrier_is_let_back_by_a_try(ada: Person, caplog: pytest.LogCaptureFixture) -> None:
    """A carrier that was kept out is tried again after a pause; the log tells both."""
    one, two = Fake("one"), Fake("two")
    one.counter.refuse(times=3)
    mine = courier(ada, sms=(one, two))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            ask(ada)
            mine.deliver_due()
        ada.site.fake.move(seconds=16)
        ask(ada)
        mine.deliver_due()

    assert len(one.counter.taken) == 1
    assert "one (sms) failed several times" in caplog.text
    assert "one (sms) works again" in caplog.text


def test_an_error_of_a_providers_own_hands_over_too(
    ada: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """A provider that stumbles costs nobody a code, and what it said is written nowhere."""
    ask(ada)
    one, two = Fake("one"), Fake("two")
    one.counter.trouble.append(ValueError("cannot read 271828"))

    with caplog.at_level(logging.DEBUG):
        courier(ada, sms=(one, two)).deliver_due()

    assert len(two.counter.taken) == 1
    assert "271828" not in caplog.text
    assert b"271828" not in ada.site.bytes_of_all_tables()


def test_every_try_is_written_down(ada: Person) -> None:
    """Each try says who, when, how it ended, how long it took, and the carrier's own id."""
    ask(ada)
    one, two = Fake("one"), Fake("two")
    one.counter.refuse("503")

    courier(ada, sms=(one, two)).deliver_due()

    newest = waiting(ada.site)[-1]["id"]
    first, second = [t for t in ada.site.rows("delivery_try") if t["message_id"] == newest]
    assert (first["outcome"], first["reason"], first["carrier_id"]) == ("failed", "503", None)
    assert (second["outcome"], second["carrier_id"]) == ("accepted", "two-1")
    assert first["milliseconds"] == 0
    assert first["at"] <= second["at"]


def test_a_try_is_written_down_before_it_is_made(ada: Person) -> None:
    """What a crash cuts short can be counted: the try stands there as started."""
    ask(ada)
    seen: list[list[tuple[str, str, str]]] = []

    class Looking(Fake):
        def send(self, parcel: Parcel, http: Http) -> str | None:
            del parcel, http
            seen.append(tries(ada))
            return None

    courier(ada, sms=(Looking("one"),)).deliver_due()

    assert seen == [[("one", "sms", "started")]]


def test_nothing_is_sent_that_is_of_no_use_any_more(ada: Person) -> None:
    """Where one carrier takes longer than the code lives, no other sends it."""
    ask(ada)

    class Slow(Fake):
        def send(self, parcel: Parcel, http: Http) -> str | None:
            del parcel, http
            ada.site.fake.move(seconds=3600)
            raise SendError("no answer in time")

    two = Fake("two")
    courier(ada, sms=(Slow("one"), two)).deliver_due()

    assert two.counter.asked == 0
    assert waiting(ada.site)[-1]["status"] == "failed"


@dataclass(frozen=True)
class Hanging(Fake):
    """A carrier that does not answer, for as long as one is waited for."""

    site: Site | None = None
    seconds: float = TOTAL_SECONDS

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Take the time, and fail."""
        assert self.site is not None
        self.site.fake.move(seconds=self.seconds)
        self.counter.refuse("no answer in time")
        return super().send(parcel, http)


@pytest.mark.row("C14", "W16")
def test_the_pause_begins_when_the_round_is_over(ada: Person) -> None:
    """A route that took its time to fail is tried again two seconds later, then four."""
    ask(ada)
    slow = [Hanging(name, site=ada.site) for name in ("one", "two")]
    mine = courier(ada, sms=tuple(slow))
    pauses = []
    for _ in range(2):
        mine.deliver(waiting(ada.site)[-1]["id"])
        due = rows.moment(waiting(ada.site)[-1]["due_at"])
        pauses.append((due - ada.site.clock.now()).total_seconds())
        ada.site.fake.move(seconds=pauses[-1])

    assert pauses == [2, 4]


def test_waiting_for_a_code_to_be_sent_ends_with_it(ada: Person) -> None:
    """Who waits for what becomes of a message is told at once where it is known."""
    ask(ada)
    mine = courier(ada, sms=(Fake("one"),))
    mine.deliver_due()
    began = time.monotonic()

    wait_until_over(mine.outbox, waiting(ada.site)[-1]["id"], 5)

    assert time.monotonic() - began < 1


def test_nobody_waits_longer_than_was_set(ada: Person) -> None:
    """Where nothing is known yet the page is answered all the same."""
    ask(ada)
    began = time.monotonic()

    wait_until_over(courier_of(ada.site).outbox, waiting(ada.site)[-1]["id"], 0.2)

    assert 0.2 <= time.monotonic() - began < 2


def looked_at(person: Person, may_send: Callable[[str, str], object], seconds: float = 5) -> Fake:
    """A carrier of a site that looks at numbers, after a round of its courier."""
    ask(person)
    one = Fake("one")
    check = NumberCheck(may_send, seconds)
    courier_on(person.site, number_check=check, sms=(one,)).deliver_due()
    return one


def test_a_number_that_is_trusted_gets_its_code(ada: Person) -> None:
    """The site's own function is handed the number and whose it is, and its yes sends the code."""
    asked: list[tuple[str, str]] = []

    def may_send(number: str, subject: str) -> bool:
        asked.append((number, subject))
        return True

    one = looked_at(ada, may_send)
    assert asked == [(one.counter.taken[0].to, "ada")]


def moved(number: str, subject: str) -> bool:
    """Say that a number has moved."""
    del number, subject
    return False


def broken(number: str, subject: str) -> bool:
    """Fail, and quote the number."""
    raise ConnectionError(f"no answer about {number} of {subject}")


def hanging(number: str, subject: str) -> bool:
    """Say yes, much too late."""
    del number, subject
    time.sleep(0.5)
    return True


@pytest.mark.row("ATK-58", "NIST-22")
@pytest.mark.parametrize("may_send", [moved, broken, hanging])
def test_a_number_that_has_moved_gets_none(
    ada: Person, may_send: Callable[[str, str], object], caplog: pytest.LogCaptureFixture
) -> None:
    """Where the site's look at a number says no, fails or takes too long, no code is sent."""
    one = looked_at(ada, may_send, seconds=0.1)

    assert one.counter.asked == 0
    assert waiting(ada.site)[-1]["status"] == "failed"
    (refused,) = [fact for fact in ada.site.facts("ada") if fact["name"] == "send_refused"]
    assert refused["data"]["reason"] == "number_check"
    assert waiting(ada.site)[-1]["destination"] not in caplog.text.encode()
    assert "no answer about" not in caplog.text


CALLS = Budget(prices={"call": 400_000}, per_day=1_000_000)
"""What calls cost where a day pays for two."""


def spent(person: Person) -> float:
    """What was spent today."""
    desk = BrakeDesk(person.site.parts.database, person.site.parts.settings.realm)
    return desk.spent(person.site.clock.now())


def refusals(person: Person) -> list[tuple[str, str]]:
    """Channel and reason of each refusal in the trail."""
    facts = [fact["data"] for fact in person.site.facts("ada") if fact["name"] == "send_refused"]
    return [(fact["channel"], fact["reason"]) for fact in facts]


def watched(
    person: Person,
    brake: Watching | None = None,
    budget: Budget = CALLS,
    **routes: Any,
) -> Courier:
    """Do a round with a brake that watches; return its courier."""
    mine = courier_on(person.site, brake=brake, budget=budget, **routes)
    newest = waiting(person.site)[-1]["id"]
    sealed = mine.vault.seal_destination(newest, "+491701234567")
    person.site.change("message", {"id": newest}, destination=sealed)
    mine.deliver_due()
    return mine


@pytest.mark.row("ATK-56")
def test_whose_codes_do_not_come_back_comes_last(ada: Person) -> None:
    """A carrier whose codes hardly come back from an area is asked after the others."""
    ask(ada)
    one, two = Fake("one"), Fake("two")

    watched(ada, Watching(skips=frozenset({"one"})), sms=(one, two))

    assert (one.counter.asked, len(two.counter.taken)) == (0, 1)


NOTHING = Budget(prices={"call": 400_000}, per_day=0)
"""What calls cost where no money is left."""


@pytest.mark.row("ATK-56")
def test_a_call_that_nothing_is_left_for_is_not_made(
    ada: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """A text that would become a call, where the money is spent, rings nobody and is told of."""
    ask(ada)
    one, voice = Fake("one"), Fake("voice")
    one.counter.refuse("landline", cannot_receive=True)

    watched(ada, budget=NOTHING, sms=(one,), call=(voice,))

    assert voice.counter.asked == 0
    assert waiting(ada.site)[-1]["status"] == "failed"
    assert refusals(ada) == [("call", "spent")]
    assert caplog.text.count("the money of this day") == 1


def undelivered(courier: Courier, person: Person) -> None:
    """Have the carrier tell that nobody can read the newest text."""
    newest = waiting(person.site)[-1]["id"]
    receipt = Receipt(
        carrier_id="one-1", fate=Fate.UNDELIVERED, reason="30006", cannot_receive=True
    )
    calls_back(courier).hear("one", newest, receipt, b"")


@pytest.mark.row("ATK-56", "C17")
def test_a_call_that_a_receipt_leads_to_is_paid_for(ada: Person) -> None:
    """A text that turns out to be unreadable becomes a call, and the day's money bears it."""
    ask(ada)
    mine = watched(ada, sms=(Fake("one"),), call=(Fake("voice"),))

    undelivered(mine, ada)

    assert (waiting(ada.site)[-1]["channel"], waiting(ada.site)[-1]["status"]) == ("call", "queued")
    assert spent(ada) == 0.4
    assert refusals(ada) == []


@pytest.mark.row("ATK-56")
def test_a_receipt_leads_to_no_call_that_nothing_is_left_for(
    ada: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a receipt would lead to a call and the money is spent, that is told of."""
    ask(ada)
    mine = watched(ada, budget=NOTHING, sms=(Fake("one"),), call=(Fake("voice"),))

    undelivered(mine, ada)

    assert waiting(ada.site)[-1]["status"] == "undelivered"
    assert refusals(ada) == [("call", "spent")]
    assert caplog.text.count("the money of this day") == 1


@pytest.mark.row("ATK-56", "C17")
def test_a_carrier_that_lost_has_nobody_called(ada: Person) -> None:
    """What a carrier tells of a text that another has carried since leads to no call."""
    ask(ada)
    one, two = Fake("one"), Fake("two")
    one.counter.refuse("503")
    mine = watched(ada, sms=(one, two), call=(Fake("voice"),))

    undelivered(mine, ada)

    assert set(tries(ada)) == {("one", "sms", "failed"), ("two", "sms", "accepted")}
    assert (waiting(ada.site)[-1]["channel"], waiting(ada.site)[-1]["status"]) == ("sms", "sent")
    assert spent(ada) == 0


@pytest.mark.row("ATK-56", "C5")
def test_a_code_that_was_replaced_is_not_called_for(ada: Person) -> None:
    """A receipt of a code that a newer one has replaced leads to no call, and none is paid for."""
    ask(ada)
    mine = watched(ada, sms=(Fake("one"),), call=(Fake("voice"),))
    challenge = waiting(ada.site)[-1]["challenge_id"]
    ada.site.change("challenge", {"id": challenge}, generation=2)

    undelivered(mine, ada)

    assert waiting(ada.site)[-1]["channel"] == "sms"
    assert spent(ada) == 0


@pytest.mark.row("ATK-56")
def test_what_is_still_on_its_way_is_not_called_besides(ada: Person) -> None:
    """What waits, or arrived meanwhile, becomes no call, and no call is paid for."""
    ask(ada)
    mine = courier_of(ada.site)
    newest = mine.outbox.message(waiting(ada.site)[-1]["id"])
    assert newest is not None
    now = ada.site.clock.now()
    price = CALLS.counted("call", "+491701234567", now, strange=False)

    assert mine.outbox.call_instead(newest, now, price) is Called.TOO_LATE
    ada.site.change("message", {"id": newest.id}, status="delivered")
    taken = replace(newest, status=MessageStatus.SENT)
    assert mine.outbox.call_instead(taken, now, price) is Called.TOO_LATE
    assert spent(ada) == 0


@pytest.mark.row("ATK-56")
def test_a_call_whose_payment_was_not_confirmed_is_paid_for_once(ada: Person) -> None:
    """Who asks again under one lease whether a text is a call by now pays no second time."""
    ask(ada)
    mine, now = courier_of(ada.site), ada.site.clock.now()
    (claimed,) = mine.outbox.claim(now, LEASE, 1)
    price = CALLS.counted("call", "+491701234567", now, strange=False)

    came = [mine.outbox.call_instead(claimed, now, price) for _ in range(2)]

    assert came == [Called.YES, Called.YES]
    assert spent(ada) == 0.4
    assert waiting(ada.site)[-1]["status"] == "sending"
    ada.site.fake.move(LEASE)
    mine.outbox.claim(ada.site.clock.now(), LEASE, 1)
    later = ada.site.clock.now()
    assert mine.outbox.call_instead(claimed, later, price) is Called.TOO_LATE


@pytest.mark.row("W16")
def test_who_is_kept_out_is_asked_where_nobody_else_takes_it(ada: Person) -> None:
    """A carrier that came back, and nobody knows it yet, takes what its successor fails at."""
    one, two = Fake("one"), Fake("two")
    one.counter.refuse(times=3)
    mine = courier(ada, sms=(one, two))
    for _ in range(3):
        ask(ada)
        mine.deliver_due()
    ada.site.fake.move(seconds=2)
    two.counter.refuse()

    ask(ada)
    mine.deliver_due()

    assert tries(ada) == [("two", "sms", "failed"), ("one", "sms", "accepted")]
    assert waiting(ada.site)[-1]["status"] == "sent"


@dataclass
class Lost:
    """An outbox or a brake of which one method is cut off, so many times."""

    whole: Any
    method: str
    times: int = 99
    asked: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        """Return the method, or what raises in its place the first times."""
        return self._away if name == self.method else getattr(self.whole, name)

    def _away(self, *arguments: Any) -> Any:
        if len(self.asked) < self.times:
            self.asked.append(self.method)
            raise StoreUnavailableError("away")
        return getattr(self.whole, self.method)(*arguments)


def cut_off(mine: Courier, method: str, times: int, seconds: float = 0.4) -> tuple[Courier, Lost]:
    """A courier whose store is away when it is asked that; it insists as a thread does."""
    outbox, brake = Lost(mine.outbox, method, times), Lost(Watching(), method, times)
    hosting = replace(mine.dispatch.hosting, outbox=outbox)
    cut = replace(
        mine,
        outbox=outbox,
        dispatch=replace(mine.dispatch, outbox=outbox, brake=brake, hosting=hosting),
        parcels=replace(mine.parcels, outbox=outbox),
        last_look=replace(mine.last_look, outbox=outbox),
    )
    return cut.insisting(seconds), brake if hasattr(Watching, method) else outbox


def to_a_phone(person: Person) -> None:
    """Have a code written that goes to a number."""
    ask(person)
    newest = waiting(person.site)[-1]["id"]
    sealed = courier_of(person.site).vault.seal_destination(newest, "+491701234567")
    person.site.change("message", {"id": newest}, destination=sealed)


@pytest.mark.row("C14", "ATK-80")
def test_what_is_known_to_be_taken_is_never_sent_again(ada: Person) -> None:
    """That a carrier has taken a message, and that it is sent, is written in one go."""
    ask(ada)
    one = Fake("one")
    mine = courier(ada, sms=(one,))

    cut_off(mine, "settle_message", 99)[0].deliver_due()
    ada.site.fake.move(LEASE)
    mine.deliver_due()

    assert len(one.counter.taken) == 1
    assert waiting(ada.site)[-1]["status"] == "sent"


@pytest.mark.row("C14", "ATK-80")
@pytest.mark.parametrize("method", ["put_last", "challenge_of", "begin_try", "end_try"])
def test_a_store_that_is_away_for_a_moment_costs_nothing(ada: Person, method: str) -> None:
    """What was claimed is sent, once, and what came of it is written when the store is back."""
    to_a_phone(ada)
    one = Fake("one")
    mine, lost = cut_off(courier(ada, sms=(one, Fake("two"))), method, times=2)

    mine.deliver_due()

    assert len(lost.asked) == 2
    assert len(one.counter.taken) == 1
    assert waiting(ada.site)[-1]["status"] == "sent"


@pytest.mark.row("C14", "ATK-80")
@pytest.mark.parametrize(
    "method",
    ["challenge_of", "begin_try", "hosted_at", "take_hosted", "name_hosted", "end_try"],
)
def test_a_code_that_a_carrier_makes_survives_a_store_that_is_away(
    ada: Person, method: str
) -> None:
    """A carrier that makes its own codes is asked once, however the store stumbles meanwhile."""
    to_a_phone(ada)
    house = House()
    mine, lost = cut_off(courier(ada, sms=(house,)), method, times=2)

    mine.deliver_due()

    assert len(lost.asked) == 2
    assert len(house.books.sent) == 1
    assert waiting(ada.site)[-1]["status"] == "sent"


@pytest.mark.row("C14", "ATK-80")
@pytest.mark.parametrize("method", ["call_instead", "settle_message"])
def test_a_landline_is_called_though_the_store_is_away(ada: Person, method: str) -> None:
    """That a text becomes a call, and that it is tried again, is written when the store is back."""
    to_a_phone(ada)
    one, voice = Fake("one"), Fake("voice")
    one.counter.refuse("landline", cannot_receive=True)
    voice.counter.refuse("503")
    mine, lost = cut_off(courier(ada, sms=(one,), call=(voice,)), method, times=2)

    mine.deliver_due()
    ada.site.fake.move(seconds=2)
    mine.deliver_due()

    assert len(lost.asked) == 2
    assert (one.counter.asked, len(voice.counter.taken)) == (1, 1)
    assert waiting(ada.site)[-1]["status"] == "sent"


@pytest.mark.row("C14", "ATK-80")
@pytest.mark.parametrize("method", ["contacts", "expand"])
def test_a_notice_is_told_though_the_store_is_away(letters_site: Site, method: str) -> None:
    """To whom a notice goes is read, and written, when the store is back."""
    letters_site.enrol(contact={"email": "ada@site.test"})
    post = Fake("post")
    mine, lost = cut_off(courier_on(letters_site, email=(post,)), method, times=2)

    mine.deliver_due()

    assert len(lost.asked) == 2
    assert [parcel.to for parcel in post.counter.taken] == ["ada@site.test"]


@pytest.mark.row("C14", "ATK-80")
@pytest.mark.parametrize("method", ["put_last", "challenge_of", "begin_try"])
def test_what_was_not_tried_does_not_wait_for_its_lease(ada: Person, method: str) -> None:
    """A courier that gives up waiting for the store leaves what it has claimed, due again soon."""
    to_a_phone(ada)
    one = Fake("one")
    mine, _ = cut_off(courier(ada, sms=(one, Fake("two"))), method, times=1, seconds=0)

    with pytest.raises(StoreUnavailableError):
        mine.deliver_due()
    left = waiting(ada.site)[-1]
    ada.site.fake.move(seconds=2)
    mine.deliver_due()

    assert (left["status"], left["tries"], left["claimed_until"]) == ("queued", 0, None)
    assert len(one.counter.taken) == 1


@pytest.mark.row("W16")
def test_a_carriers_request_waits_for_no_store(ada: Person) -> None:
    """Where the store is away a carrier is told at once, whatever a thread has time for."""
    to_a_phone(ada)
    mine, _ = cut_off(courier(ada, call=(Fake("voice"),)), "challenge_of", times=99, seconds=0)
    thread = thread_of(mine)
    thread.start(pause=60)
    began = time.monotonic()

    with pytest.raises(StoreUnavailableError):
        calls_back(mine).said_in_call(waiting(ada.site)[-1]["id"], was_pressed=True)

    assert time.monotonic() - began < 0.2
    thread.stop()


@pytest.mark.row("C14", "ATK-80")
def test_what_may_have_been_taken_waits_for_its_lease(ada: Person) -> None:
    """Where nobody could write what a carrier said, its receipt has the lease's time to tell."""
    to_a_phone(ada)
    mine, _ = cut_off(courier(ada, sms=(Fake("one"),)), "end_try", times=1, seconds=0)

    with pytest.raises(StoreUnavailableError):
        mine.deliver_due()

    assert waiting(ada.site)[-1]["status"] == "sending"


def test_a_store_that_stays_away_is_not_waited_for_without_end(ada: Person) -> None:
    """After its patience a courier leaves the message to the one that comes after the lease."""
    ask(ada)
    one = Fake("one")
    mine = courier(ada, sms=(one,))
    cut, _ = cut_off(mine, "begin_try", times=99)
    store = Lost(cut.outbox, "settle_message")

    with pytest.raises(StoreUnavailableError):
        replace(cut, outbox=store).deliver_due()
    assert one.counter.asked == 0
    assert waiting(ada.site)[-1]["status"] == "sending"

    ada.site.fake.move(LEASE)
    mine.deliver_due()
    assert len(one.counter.taken) == 1


def test_no_try_is_begun_that_could_outlast_the_lease(ada: Person) -> None:
    """Carriers that hang one after the other cost a round, and nobody is sent the same twice."""
    ask(ada)
    slow = [Hanging(name, site=ada.site, seconds=16) for name in ("a", "b", "c")]
    last = Fake("last")
    mine = courier(ada, sms=(*slow, last))
    began = ada.site.clock.now()

    mine.deliver(waiting(ada.site)[-1]["id"])

    assert [one.counter.asked for one in slow] == [1, 1, 0]
    assert last.counter.asked == 0
    assert ada.site.clock.now() - began < LEASE
    assert waiting(ada.site)[-1]["status"] == "queued"


@pytest.mark.row("ATK-56")
def test_a_call_is_paid_for_once(ada: Person) -> None:
    """A landline's call that has to be tried again is charged once, and no text is tried again."""
    ask(ada)
    one, voice = Fake("one"), Fake("voice")
    one.counter.refuse("landline", cannot_receive=True)
    voice.counter.refuse("503", times=2)
    mine = watched(ada, sms=(one,), call=(voice,))
    for _ in range(2):
        ada.site.fake.move(seconds=20)
        mine.deliver_due()

    assert len(voice.counter.taken) == 1
    assert one.counter.asked == 1
    assert spent(ada) == 0.4


@pytest.mark.row("ATK-56")
def test_a_strangers_call_is_paid_for_as_a_strangers(ada: Person) -> None:
    """What is kept for known browsers is not spent by calls that strangers have made."""
    ask(ada)
    newest = waiting(ada.site)[-1]["id"]
    ada.site.change("message", {"id": newest}, strange=True)
    one = Fake("one")
    one.counter.refuse("landline", cannot_receive=True)
    tight = Budget(prices={"call": 450_000}, per_day=500_000)

    watched(ada, budget=tight, sms=(one,), call=(Fake("voice"),))

    assert refusals(ada) == [("call", "spent")]


def test_no_try_outlasts_its_lease() -> None:
    """What a try takes at its longest is less than is kept free for it."""
    longest = 2 * AWAY + max(2 * TOTAL_SECONDS, LONGEST)

    assert longest < LONGEST_TRY.total_seconds() < LEASE.total_seconds()
