"""Which codes came back, counted apart from their checks: once each, whoever does it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.core.site import Site
from tests.delivery.makers import courier_of

from vestibule.core.conversion import Watch
from vestibule.core.engine.enrolling import Draft
from vestibule.core.errors import StoreUnavailableError
from vestibule.core.events import Event
from vestibule.core.model import MessageStatus, Purpose
from vestibule.core.verdict import Pending
from vestibule.store import tables
from vestibule.store.brake import SqlBrake

PHONES: Mapping[str, Any] = {
    "VESTIBULE_FACTORS": "totp,phone,recovery_codes",
    "VESTIBULE_COUNTRIES": "DE",
    "VESTIBULE_PRICES": "sms=0.1; call=0.5",
    "VESTIBULE_SPEND_PER_DAY": "100",
}
BLANK = {"sent": 0.0, "returned": 0.0, "debt": 0.0}


@pytest.fixture
def phones(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site that sends codes to phones in Germany."""
    opened = Site.open(database_url, tmp_path, config=PHONES)
    yield opened
    opened.close()


def newcomer(site: Site, nth: int) -> Draft:
    """Somebody who sets up a number of one range as a first way."""
    answers = {"number": f"+4917012{nth:02}567"}
    draft = site.draft(f"new {nth}", factor="phone", answers=answers)
    assert draft is not None
    return draft


def code_of(site: Site, draft: Draft) -> str:
    """The code that was sent for it."""
    case = site.engine.look(draft.token)
    assert case is not None
    return site.engine.context.codes.code_for(case.asked[0].challenge, 6)


def answer(site: Site, draft: Draft) -> None:
    """Type the code that was sent."""
    outcome = site.engine.verify(draft.token, Purpose.ENROL, code_of(site, draft))
    assert outcome.is_accepted


def carry(site: Site, carrier: str, status: MessageStatus = MessageStatus.SENT) -> None:
    """Have every message that waits be taken by a carrier."""
    queued = [row for row in site.rows("message") if row["status"] == "queued"]
    with site.parts.database.write() as connection:
        message, tries = tables.message, tables.delivery_try
        for row in queued:
            values = {
                "message_id": row["id"],
                "realm": "default",
                "provider": carrier,
                "channel": "sms",
                "at": row["created_at"],
                "outcome": "accepted" if status is MessageStatus.SENT else "failed",
                "reason": "",
            }
            connection.execute(tries.insert().values(values))
        ids = [row["id"] for row in queued]
        connection.execute(
            message.update().where(message.c.id.in_(ids)).values(status=status.value)
        )


def counts(site: Site, name: str = "+4917012", provider: str = "") -> Mapping[str, float]:
    """What is counted of an area."""
    key = (name, "" if provider else "new", provider)
    found = [
        {column: round(row[column], 3) for column in BLANK}
        for row in site.rows("area")
        if (row["name"], row["whose"], row["provider"]) == key
    ]
    return found[0] if found else BLANK


def credit(site: Site) -> list[str]:
    """Do what the courier does every few seconds; return what was told."""
    told: list[Event] = []
    site.parts.brake.credit_returned(site.clock.now(), told.extend)
    return [event.fact.name for event in told]


@pytest.mark.row("SMS-09", "ATK-56")
def test_a_code_that_came_back_is_counted_to_area_and_carrier(phones: Site) -> None:
    """What was carried and typed pays in its range, its country, and with its carrier."""
    drafts = [newcomer(phones, nth) for nth in range(4)]
    assert counts(phones) == {"sent": 4.0, "returned": 0.0, "debt": 4.0}
    carry(phones, "signalwire")
    assert credit(phones) == []
    assert counts(phones, provider="signalwire") == {"sent": 4.0, "returned": 0.0, "debt": 4.0}

    answer(phones, drafts[0])
    credit(phones)

    for name in ("+49", "+4917012"):
        for provider in ("", "signalwire"):
            assert counts(phones, name, provider) == {"sent": 4.0, "returned": 1.0, "debt": 0.0}
    states = sorted(row["awaited"] for row in phones.rows("message") if row["awaited"])
    assert states == ["carried", "carried", "carried", "returned"]


def test_what_is_counted_once_is_not_counted_again(phones: Site) -> None:
    """However often it is done, each message is counted once; without news nothing is written."""
    drafts = [newcomer(phones, nth) for nth in range(3)]
    carry(phones, "signalwire")
    answer(phones, drafts[0])
    credit(phones)
    before = phones.rows("area")

    with phones.statements() as spoken:
        assert credit(phones) == []

    assert phones.rows("area") == before
    assert [one.split()[0] for one in spoken] == ["SELECT"]


def test_many_who_count_at_once_count_once(phones: Site) -> None:
    """Of several couriers that count at the same moment each message is counted by one."""
    drafts = [newcomer(phones, nth) for nth in range(8)]
    carry(phones, "signalwire")
    for draft in drafts[:5]:
        answer(phones, draft)
    others = [phones.process() for _ in range(3)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(credit, [phones, *others]))
    credit(phones)

    assert counts(phones)["returned"] == counts(phones, provider="signalwire")["returned"] == 5
    assert counts(phones, provider="signalwire")["sent"] == 8


def test_what_was_counted_is_told_before_more_is(phones: Site) -> None:
    """Of many messages so many are counted at once, and told of: what fails then costs no word."""
    for nth in range(20):
        newcomer(phones, nth)
    carry(phones, "signalwire", MessageStatus.FAILED)
    brake = SqlBrake(phones.parts.database, "default", Watch(), batch=15)
    told: list[str] = []

    def restarting(written: Sequence[Event]) -> None:
        told.extend(event.fact.name for event in written)
        raise StoreUnavailableError("restarting")

    with pytest.raises(StoreUnavailableError):
        brake.credit_returned(phones.clock.now(), restarting)

    assert told == ["area_resumed"] == phones.told()[-1:]
    assert [row["awaited"] for row in phones.rows("message") if row["range"]].count("asked") == 5


def test_what_no_carrier_took_is_taken_back(phones: Site) -> None:
    """Messages that failed or were too late are counted to nobody any more."""
    for nth in range(3):
        newcomer(phones, nth)
    carry(phones, "signalwire", MessageStatus.FAILED)
    credit(phones)

    assert counts(phones) == BLANK
    assert counts(phones, provider="signalwire") == BLANK
    assert {row["awaited"] for row in phones.rows("message") if row["range"]} == {"lost"}


@pytest.mark.row("ATK-56", "W16")
def test_what_was_given_up_hours_later_is_taken_back(phones: Site) -> None:
    """Codes that waited while no worker ran stop nobody any more once they are given up."""
    for nth in range(20):
        newcomer(phones, nth)
    assert "area_stopped" in phones.told()
    phones.fake.move(hours=5)
    assert credit(phones) == []

    courier_of(phones).deliver_due()

    assert credit(phones) == ["area_resumed"]
    assert counts(phones)["debt"] == 0
    assert {row["awaited"] for row in phones.rows("message") if row["range"]} == {"lost"}


@pytest.mark.row("ATK-56", "SMS-09")
def test_what_a_receipt_says_was_taken_stays_counted(phones: Site) -> None:
    """A message whose carrier did not answer, and told of it later, is owed as one it took."""
    for nth in range(3):
        newcomer(phones, nth)
    carry(phones, "signalwire", MessageStatus.FAILED)
    for one in phones.rows("delivery_try"):
        phones.change("delivery_try", {"id": one["id"]}, outcome="unsure", fate="sent")

    credit(phones)

    assert counts(phones)["debt"] == 3
    assert {row["awaited"] for row in phones.rows("message") if row["range"]} == {"unpaid"}


@pytest.mark.row("ATK-56", "SMS-09")
def test_one_code_that_is_typed_pays_once(phones: Site) -> None:
    """Of a code and the one in its place the one that is typed pays, and the other is owed."""
    draft = newcomer(phones, 0)
    carry(phones, "signalwire")
    phones.fake.move(seconds=31)
    resent = phones.engine.resend(draft.token, Purpose.ENROL, draft.enrolment.id)
    assert resent.verdict == Pending()
    carry(phones, "signalwire")
    credit(phones)

    answer(phones, draft)
    assert credit(phones) == []
    assert credit(phones) == []

    assert counts(phones)["returned"] == counts(phones, provider="signalwire")["returned"] == 1
    states = [row["awaited"] for row in phones.rows("message") if row["range"]]
    assert sorted(states) == ["returned", "unpaid"]


@pytest.mark.row("ATK-56", "SMS-09")
@pytest.mark.parametrize("seen", [True, False], ids=["counted-before", "at-once"])
def test_what_was_carried_stays_counted(phones: Site, *, seen: bool) -> None:
    """A text that a carrier took is owed still where the call that was made of it goes wrong."""
    for nth in range(3):
        newcomer(phones, nth)
    carry(phones, "signalwire")
    if seen:
        credit(phones)
    for message in phones.rows("message"):
        phones.change("message", {"id": message["id"]}, status="failed", channel="call")

    assert credit(phones) == []
    assert credit(phones) == []

    assert counts(phones)["debt"] == 3
    assert {row["awaited"] for row in phones.rows("message") if row["range"]} == {"unpaid"}


@pytest.mark.row("ATK-56", "SMS-09")
def test_a_carrier_whose_codes_do_not_come_back_is_put_last(phones: Site) -> None:
    """Of two carriers in one area the one whose codes do not come back is named, and told of."""
    for nth in range(24):
        draft = newcomer(phones, nth)
        carry(phones, "leaky" if nth % 6 else "good")
        if not nth % 6:
            answer(phones, draft)
        credit(phones)
        phones.fake.move(minutes=10)

    brake, now = phones.parts.brake, phones.clock.now()
    assert brake.put_last("+4917012", now) == {"leaky"}
    assert brake.put_last("+4917099", now) == frozenset()
    assert "carrier_put_last" in phones.told()
    assert "area_stopped" not in phones.told()


@pytest.mark.row("ATK-56")
def test_a_stopped_range_refuses_strangers_and_goes_on_by_itself(phones: Site) -> None:
    """Twenty codes that do not come back stop their range; those that come back late lift it."""
    drafts = [newcomer(phones, nth) for nth in range(21)]
    sends = [row for row in phones.rows("message") if row["challenge_id"]]
    assert len(sends) == 20
    assert phones.told().count("area_stopped") == 1
    assert phones.told()[-2:] != ["area_stopped", "area_stopped"]

    carry(phones, "signalwire")
    for draft in drafts[:6]:
        answer(phones, draft)
    assert credit(phones).count("area_resumed") >= 1
    newcomer(phones, 50)
    assert len([row for row in phones.rows("message") if row["range"]]) == 21


def test_the_check_of_a_code_counts_nothing_of_it(phones: Site) -> None:
    """Checking a code that was sent to a phone writes to no area."""
    draft = newcomer(phones, 1)
    code = code_of(phones, draft)

    with phones.statements() as spoken:
        assert phones.engine.verify(draft.token, Purpose.ENROL, code).is_accepted

    assert not [one for one in spoken if re.search(r"(FROM|INTO|UPDATE) (vestibule\.)?area\b", one)]


def test_old_messages_are_looked_for_no_more(phones: Site) -> None:
    """A code that nobody typed within the hour is never asked for again."""
    newcomer(phones, 1)
    carry(phones, "signalwire")
    phones.fake.move(timedelta(hours=2))

    assert credit(phones) == []
    assert counts(phones, provider="signalwire") == BLANK
