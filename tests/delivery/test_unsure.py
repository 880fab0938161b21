"""What a code may cost where nobody knows whether a carrier took it, and where none did."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from tests.core.site import Person, Site
from tests.delivery.carriers import Fake
from tests.delivery.makers import calls_back, courier_of, courier_on
from tests.delivery.test_courier import ask_for_code, waiting

from vestibule.core.budget import UNIT, Budget
from vestibule.core.engine.enrolling import Draft
from vestibule.core.engine.progress import Progress
from vestibule.core.model import Message, MessageStatus
from vestibule.delivery.courier import LEASE, Courier
from vestibule.delivery.http import Http
from vestibule.delivery.outbox import MOST_UNSURE, NotTried, Try, TryEnd, TryOutcome
from vestibule.delivery.provider import Fate, Parcel, Receipt
from vestibule.providers.http import Telnyx
from vestibule.store import rows
from vestibule.testing.http import FakeHttp

PHONES = {
    "VESTIBULE_FACTORS": "totp,phone,recovery_codes",
    "VESTIBULE_COUNTRIES": "DE",
    "VESTIBULE_PRICES": "sms=0.1; call=0.5",
    "VESTIBULE_SPEND_PER_DAY": "100",
}


@pytest.fixture
def phones(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site where a text message costs a tenth and a call a half."""
    opened = Site.open(database_url, tmp_path, config=PHONES)
    yield opened
    opened.close()


@pytest.fixture
def ada(letters_site: Site) -> Person:
    """Somebody to whom a code is to be sent by mail."""
    person = letters_site.enrol()
    person.add_letters()
    person.deliver()
    return person


def ask(site: Site, nth: int = 1) -> Draft:
    """Have a code written that goes to a number."""
    answers = {"number": f"+4917012{nth:02}567"}
    draft = site.draft(f"new {nth}", factor="phone", answers=answers)
    assert draft is not None
    return draft


def courier(site: Site, **routes: Any) -> Courier:
    """A courier with these routes, who knows what things cost."""
    return courier_on(site, budget=site.engine.context.budget, **routes)


def silent(name: str, times: int = 99) -> Fake:
    """A carrier that is asked and does not say what came of it."""
    fake = Fake(name)
    fake.counter.refuse("no answer in time", times=times, unsure=True)
    return fake


def spent(site: Site) -> dict[str, float]:
    """What each day has cost."""
    found = {row["name"]: row["level"] / UNIT for row in site.rows("tally")}
    return {name: round(cost, 6) for name, cost in found.items() if name.startswith("spent:")}


def cost(site: Site) -> float:
    """What the one day there is has cost."""
    (today,) = spent(site).values()
    return today


def outcomes(site: Site) -> list[str]:
    """What came of each try, first to last."""
    tries = sorted(site.rows("delivery_try"), key=lambda one: int(one["id"]))
    return [one["outcome"] for one in tries]


def newest(site: Site) -> dict[str, Any]:
    """The newest message with a code."""
    return waiting(site)[-1]


def later(site: Site, mine: Courier, rounds: int = 9) -> None:
    """Do several rounds, each after the longest pause between two."""
    for _ in range(rounds):
        mine.deliver_due()
        site.fake.move(seconds=40)


@pytest.mark.row("ATK-56")
def test_each_try_after_an_unsure_one_is_paid_for(phones: Site) -> None:
    """Where a carrier may have taken a code, the next that is asked costs another message."""
    ask(phones)
    two = Fake("two")

    courier(phones, sms=(silent("one"), two)).deliver_due()

    assert outcomes(phones) == ["unsure", "accepted"]
    assert cost(phones) == 0.2


@pytest.mark.row("W15")
def test_a_page_in_the_place_of_an_answer_is_no_yes(phones: Site) -> None:
    """Where something else answers 200 in the place of a carrier, the next one is asked."""
    ask(phones)
    page = FakeHttp((200, b"<html>Down for maintenance</html>"))
    two = Fake("two")
    mine = courier(phones, sms=(Telnyx(api_key="k", sender="+15017122661"), two))

    replace(mine, dispatch=replace(mine.dispatch, http=page)).deliver_due()

    assert outcomes(phones) == ["unsure", "accepted"]
    assert len(two.counter.taken) == 1


@pytest.mark.row("C14", "W15")
def test_what_only_an_unsure_carrier_takes_is_tried_again(phones: Site) -> None:
    """A message is not given up because its one carrier said nothing that can be read."""
    ask(phones)
    one = Fake("one")
    one.counter.refuse("answered with status unknown", permanent=True, unsure=True)

    later(phones, courier(phones, sms=(one,)), rounds=2)

    assert outcomes(phones) == ["unsure", "accepted"]


@pytest.mark.row("ATK-56")
@pytest.mark.parametrize(("known", "cost_in_all"), [(False, 0.6), (True, 0.9)])
def test_further_tries_at_a_strangers_mail_leave_the_fifth(
    ada: Person, *, known: bool, cost_in_all: float
) -> None:
    """Where mail has a price a stranger's tries, too, leave a fifth of the day to the others."""
    ask_for_code(ada, known=known)
    day = Budget(prices={"email": 3 * UNIT // 10}, per_day=UNIT)

    later(ada.site, courier_on(ada.site, budget=day, email=(silent("post"),)))

    assert cost(ada.site) == cost_in_all


@pytest.mark.row("ATK-56")
def test_tries_that_were_refused_cost_nothing_more(phones: Site) -> None:
    """However often carriers are busy, a code that one takes in the end is paid for once."""
    ask(phones)
    one, two = Fake("one"), Fake("two")
    one.counter.refuse("429", times=2)
    two.counter.refuse("429", times=2)
    mine = courier(phones, sms=(one, two))

    later(phones, mine, 3)

    assert outcomes(phones) == ["failed"] * 4 + ["accepted"]
    assert cost(phones) == 0.1


@pytest.mark.row("ATK-56")
def test_what_was_paid_for_a_refused_try_pays_for_the_next(phones: Site) -> None:
    """After one unsure try carriers that are busy cost one message more, and not one each time."""
    ask(phones)
    one = silent("one", 1)
    one.counter.refuse("429", times=1)
    two = Fake("two")
    two.counter.refuse("429", times=2)

    later(phones, courier(phones, sms=(one, two)), 3)

    assert outcomes(phones) == ["unsure", "failed", "failed", "failed", "accepted"]
    assert cost(phones) == 0.2


@pytest.mark.row("ATK-56")
def test_no_other_try_is_made_that_no_money_is_left_for(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the day's money does not reach for a further try there is none, and all are told."""
    tight = {"VESTIBULE_PRICES": "sms=0.1; call=0.1", "VESTIBULE_SPEND_PER_DAY": "0.2"}
    site = Site.open(database_url, tmp_path, config=PHONES | tight)
    draft = ask(site)  # strangers have four fifths of it: that is one message
    two = Fake("two")

    courier(site, sms=(silent("one"), two)).deliver_due()

    assert (outcomes(site), two.counter.asked) == (["unsure"], 0)
    assert (cost(site), newest(site)["status"]) == (0.1, "failed")
    assert "money" in newest(site)["outcome"]
    (refused,) = [fact["data"] for fact in site.facts() if fact["name"] == "send_refused"]
    assert (refused["channel"], refused["reason"]) == ("sms", "spent")
    assert caplog.text.count("the money of this day") == 1
    case = site.engine.look(draft.token)
    assert case is not None
    delivery = site.engine.delivery_of(case.asked[0].challenge)
    assert delivery is not None
    assert delivery.progress is Progress.FAILED
    site.close()


@pytest.mark.row("ATK-56")
@pytest.mark.parametrize("carriers", [1, 2, 3, 9])
def test_nobody_gets_one_code_more_than_four_times(phones: Site, carriers: int) -> None:
    """After four unsure tries, in one round or in several, a message has failed, and says why."""
    ask(phones)
    route = tuple(silent(f"carrier {nth}") for nth in range(carriers))

    later(phones, courier(phones, sms=route))

    assert outcomes(phones) == ["unsure"] * MOST_UNSURE
    assert newest(phones)["status"] == "failed"
    assert "4 tries" in newest(phones)["outcome"]
    assert cost(phones) == 0.4


def test_a_message_fails_with_its_last_unsure_try(phones: Site) -> None:
    """It does not wait for another round to be told that there is none."""
    ask(phones)
    route = tuple(silent(f"carrier {nth}") for nth in range(MOST_UNSURE))

    courier(phones, sms=route).deliver_due()

    assert newest(phones)["status"] == "failed"


def test_a_receipt_tells_that_a_given_up_message_arrived(phones: Site) -> None:
    """What a carrier took without saying so has arrived when its receipt says so."""
    ask(phones)
    mine = courier(phones, sms=(silent("one"), silent("two")))
    later(phones, mine)

    hear(mine, "one", newest(phones)["id"])

    assert newest(phones)["status"] == "delivered"
    assert cost(phones) == 0.4


@pytest.mark.row("ATK-56")
def test_what_has_arrived_is_not_sent_once_more(phones: Site) -> None:
    """Where a receipt comes while its carrier's answer is waited for, no other carrier is asked."""
    ask(phones)

    @dataclass(frozen=True)
    class Late(Fake):
        def send(self, parcel: Parcel, http: Http) -> str | None:
            hear(mine, "one", parcel.id)
            return super().send(parcel, http)

    two = Fake("two")
    mine = courier(phones, sms=(Late("one", silent("one").counter), two))
    mine.deliver_due()

    assert (outcomes(phones), two.counter.asked) == (["unsure"], 0)
    assert newest(phones)["status"] == "delivered"
    assert cost(phones) == 0.1


@pytest.mark.row("ATK-56")
def test_a_try_that_a_crash_cut_short_is_an_unsure_one(phones: Site) -> None:
    """Whoever takes a dead courier's message over pays for its try, and there are four in all."""
    ask(phones)
    mine = courier(phones, sms=(Fake("one"),))
    for _ in range(MOST_UNSURE):
        (claimed,) = mine.outbox.claim(phones.clock.now(), LEASE, 1)
        assert isinstance(begin(mine, claimed, "one"), int)
        phones.fake.move(LEASE)

    mine.deliver_due()

    assert outcomes(phones) == ["started"] * MOST_UNSURE
    assert newest(phones)["status"] == "failed"
    assert cost(phones) == 0.4


def hear(mine: Courier, carrier: str, message_id: str) -> None:
    """Have a carrier tell that a message has arrived."""
    arrived = Receipt(carrier_id=f"{carrier}-1", fate=Fate.DELIVERED)
    calls_back(mine).hear(carrier, message_id, arrived, b"")


def begin(mine: Courier, message: Message, carrier: str) -> int | NotTried:
    """Begin a try at a message that is claimed."""
    now, channel = mine.clock.now(), "sms"
    price = mine.dispatch.budget.counted(channel, "+491701234567", now, strange=True)
    begun = Try(
        message_id=message.id,
        realm="default",
        provider=carrier,
        channel=channel,
        at=now,
        claimed_until=message.claimed_until,
    )
    return mine.outbox.begin_try(begun, price)


def end(mine: Courier, try_id: int | NotTried, outcome: TryOutcome) -> None:
    """End a try so."""
    assert isinstance(try_id, int)
    mine.outbox.end_try(try_id, TryEnd(outcome=outcome, took=timedelta()))


def test_a_call_after_an_unsure_text_is_paid_for_once(phones: Site) -> None:
    """What a landline's call costs is counted when it becomes one, and not again for its try."""
    ask(phones)
    two, voice = Fake("two"), Fake("voice")
    two.counter.refuse("landline", cannot_receive=True)

    courier(phones, sms=(silent("one"), two), call=(voice,)).deliver_due()

    assert outcomes(phones) == ["unsure", "cannot_receive", "accepted"]
    assert cost(phones) == 0.7  # a text, another after an unsure one, and a call


def test_a_mailbox_gets_no_more_copies_than_a_phone(ada: Person) -> None:
    """Mail costs nothing, and is tried no more often where nobody knows whether it went out."""
    ask_for_code(ada)

    later(ada.site, courier_on(ada.site, email=(silent("post"),)))

    assert outcomes(ada.site).count("unsure") == MOST_UNSURE
    assert newest(ada.site)["status"] == "failed"


def test_a_provider_that_stumbles_may_have_sent(phones: Site) -> None:
    """An error that is none of ours says nothing of whether the carrier was asked."""
    ask(phones)
    one = Fake("one")
    one.counter.trouble.append(ValueError("what is this?"))

    courier(phones, sms=(one, Fake("two"))).deliver_due()

    assert outcomes(phones) == ["unsure", "accepted"]


@pytest.mark.row("ATK-56")
def test_what_no_carrier_took_is_given_back_to_its_day(phones: Site) -> None:
    """A message that nobody would have costs nothing, on the day it was asked for and no other."""
    to_midnight(phones)
    ask(phones, 1)
    one = Fake("one")
    one.counter.refuse("429", times=1)
    one.counter.refuse("400", times=1, permanent=True)
    mine = courier(phones, sms=(one,))
    mine.deliver_due()
    (first,) = spent(phones)
    phones.fake.move(minutes=2)
    ask(phones, 2)  # on the next day, and not due before the other
    (second,) = set(spent(phones)) - {first}

    mine.deliver(waiting(phones)[0]["id"])

    assert waiting(phones)[0]["status"] == "failed"
    assert spent(phones) == {first: 0.0, second: 0.1}


def to_midnight(site: Site) -> None:
    """Go on to a minute before the next day."""
    now = site.clock.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    site.fake.move(midnight - now - timedelta(minutes=1))


@pytest.mark.row("ATK-56")
def test_what_came_too_late_is_given_back(phones: Site) -> None:
    """A message that nobody carried in time costs nothing."""
    ask(phones)
    phones.fake.move(minutes=11)

    courier(phones, sms=(Fake("one"),)).deliver_due()

    assert newest(phones)["status"] == "expired"
    assert cost(phones) == 0


@pytest.mark.row("ATK-56")
def test_what_may_have_been_taken_is_not_given_back(phones: Site) -> None:
    """Of three tries one was unsure: that one is paid for, and what was paid for another is not."""
    ask(phones)
    one, two = silent("one", 1), Fake("two")
    two.counter.refuse("400", permanent=True, times=9)
    one.counter.refuse("400", permanent=True, times=9)

    later(phones, courier(phones, sms=(one, two)), 2)

    assert outcomes(phones) == ["unsure", "refused", "refused", "refused"]
    assert newest(phones)["status"] == "failed"
    assert cost(phones) == 0.1


def test_a_crash_before_the_end_gives_nothing_back(phones: Site) -> None:
    """Where a try was begun and its message came too late, the carrier may have taken it."""
    ask(phones)
    mine = courier(phones, sms=(Fake("one"),))
    (claimed,) = mine.outbox.claim(phones.clock.now(), LEASE, 1)
    begin(mine, claimed, "one")
    phones.fake.move(minutes=11)

    mine.deliver_due()

    assert newest(phones)["status"] == "expired"
    assert cost(phones) == 0.1


def test_a_call_that_nobody_makes_is_given_back(phones: Site) -> None:
    """Of a landline's message neither the text nor the call is paid for that nobody took."""
    ask(phones)
    one, voice = Fake("one"), Fake("voice")
    one.counter.refuse("landline", cannot_receive=True)
    voice.counter.refuse("400", permanent=True)

    courier(phones, sms=(one,), call=(voice,)).deliver_due()

    assert outcomes(phones) == ["cannot_receive", "refused"]
    assert cost(phones) == 0


def test_a_count_falls_below_nothing_never(phones: Site) -> None:
    """Where less is counted than is given back, nothing is left; where the count is gone, none is
    made.
    """
    ask(phones, 1)
    (day,) = spent(phones)
    phones.change("tally", {"name": day}, level=1.0)
    one = Fake("one")
    one.counter.refuse("400", permanent=True, times=9)
    courier(phones, sms=(one,)).deliver_due()
    assert spent(phones) == {day: 0.0}

    ask(phones, 2)
    phones.change("tally", {"name": day}, name="of old")
    courier(phones, sms=(one,)).deliver_due()
    assert spent(phones) == {}


@pytest.mark.row("ATK-56")
def test_two_who_give_a_message_up_give_back_once(phones: Site) -> None:
    """Of several processes that write down at once that a message is lost one takes it back."""
    for nth in range(1, 6):
        ask(phones, nth)
    couriers = [courier_of(site) for site in (phones, phones.process(), phones.process())]
    claimed = couriers[0].outbox.claim(phones.clock.now(), LEASE, 3)
    start = Barrier(len(couriers))

    def give_up(mine: Courier) -> None:
        start.wait(10)
        for message in claimed:
            mine.outbox.settle_message(replace(message, status=MessageStatus.FAILED))

    with ThreadPoolExecutor(len(couriers)) as pool:
        list(pool.map(give_up, couriers))

    assert cost(phones) == 0.2  # of five, three are lost


def test_whoever_has_a_message_no_longer_gives_nothing_back(phones: Site) -> None:
    """A courier that was so slow that another has its message by now does not end it."""
    ask(phones)
    mine = courier(phones)
    (late,) = mine.outbox.claim(phones.clock.now(), LEASE, 1)
    phones.fake.move(LEASE)
    mine.outbox.claim(phones.clock.now(), LEASE, 1)

    mine.outbox.settle_message(replace(late, status=MessageStatus.FAILED))

    assert newest(phones)["status"] == "sending"
    assert cost(phones) == 0.1


@pytest.mark.row("ATK-56")
def test_what_is_paid_for_is_used_by_one_try(phones: Site) -> None:
    """Of two processes that try one message again at once one uses what a refused try had paid."""
    for nth in range(1, 9):
        ask(phones, nth)
    couriers = [courier(site) for site in (phones, phones.process())]
    claimed = couriers[0].outbox.claim(phones.clock.now(), LEASE, 8)
    for message in claimed:
        for carrier, outcome in (("one", TryOutcome.UNSURE), ("two", TryOutcome.FAILED)):
            end(couriers[0], begin(couriers[0], message, carrier), outcome)
    assert cost(phones) == 1.6
    start = Barrier(len(couriers))

    def try_again(mine: Courier) -> None:
        for message in claimed:
            start.wait(10)
            begin(mine, message, f"three or four: {couriers.index(mine)}")

    with ThreadPoolExecutor(len(couriers)) as pool:
        list(pool.map(try_again, couriers))

    assert cost(phones) == 2.4


@pytest.mark.row("ATK-56")
def test_further_tries_at_once_spend_no_more_than_is_left(
    database_url: str, tmp_path: Path
) -> None:
    """Of several messages that processes try again at once as many are as there is money for."""
    site = Site.open(database_url, tmp_path, config=PHONES | {"VESTIBULE_SPEND_PER_DAY": "1"})
    for nth in range(1, 7):
        ask(site, nth)  # 0.6 of the 0.8 that strangers have: two further tries are left
    mine = courier(site)
    claimed = mine.outbox.claim(site.clock.now(), LEASE, 6)
    for message in claimed:
        end(mine, begin(mine, message, "one"), TryOutcome.UNSURE)
    couriers = [courier(one) for one in (site, site.process(), site.process())]
    start = Barrier(len(couriers))

    def try_again(mine: Courier) -> list[int | NotTried]:
        start.wait(10)
        place = couriers.index(mine)
        return [begin(mine, one, "two") for one in claimed[place::3]]

    with ThreadPoolExecutor(len(couriers)) as pool:
        came = [one for part in pool.map(try_again, couriers) for one in part]

    assert came.count(NotTried.SPENT) == 4
    assert cost(site) == 0.8
    site.close()


def test_a_try_that_is_begun_twice_is_one(phones: Site) -> None:
    """Where the store was away as a further try was written, it is written and counted once."""
    ask(phones)
    mine = courier(phones)
    (claimed,) = mine.outbox.claim(phones.clock.now(), LEASE, 1)
    begin(mine, claimed, "one")

    ids = {begin(mine, claimed, "two") for _ in range(2)}

    assert len(ids) == 1
    assert outcomes(phones) == ["started", "started"]
    assert cost(phones) == 0.2


def test_what_is_charged_stands_on_the_message(phones: Site) -> None:
    """A message says in which day's money it was counted, as how much, and as whose code."""
    ask(phones)
    charge, code = rows.charges(newest(phones)["charges"])
    (day,) = spent(phones)

    assert (charge.channel, charge.tally, charge.amount) == ("sms", day, 100_000)
    assert (code.channel, code.amount) == ("", 1)
    assert code.tally.startswith("unanswered:")
