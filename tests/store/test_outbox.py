from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from threading import Barrier

import pytest
from tests.core.site import Site

from vestibule.core.model import Message, MessageStatus
from vestibule.delivery.outbox import Heard, HeardAs, Try, TryEnd, TryOutcome
from vestibule.delivery.provider import Fate
from vestibule.store import charges, rows, tables
from vestibule.store.outbox import SqlOutbox
from vestibule.testing.clock import START

MINUTE = timedelta(minutes=1)
Queue = Callable[..., Message]


@pytest.fixture
def outbox(site: Site) -> SqlOutbox:
    """The outbox of a site."""
    return SqlOutbox(site.parts.database)


@pytest.fixture
def queue(site: Site) -> Queue:
    """Puts a message into the outbox."""

    def put(number: int = 0, **changes: object) -> Message:
        message = Message(
            id=f"{number:032}",
            realm="default",
            channel="email",
            text="enrolment_confirmed",
            subject="ada",
            destination=b"sealed",
            created_at=START + timedelta(seconds=number),
            not_after=START + timedelta(days=7),
        )
        changed = replace(message, **changes)  # type: ignore[arg-type]
        with site.parts.database.write() as connection:
            connection.execute(tables.message.insert().inline(), rows.message_row(changed))
        return changed

    return put


def ids(messages: Sequence[Message]) -> list[int]:
    """The numbers of messages."""
    return sorted(int(message.id) for message in messages)


def status(site: Site) -> dict[int, str]:
    """How each message stands."""
    return {int(row["id"]): row["status"] for row in site.rows("message")}


def test_the_oldest_due_are_lent_first(outbox: SqlOutbox, queue: Queue) -> None:
    """What is due is lent, oldest first and no more than asked for; what is not due waits."""
    for number in (3, 1, 2):
        queue(number)
    queue(9, due_at=START + MINUTE)

    assert ids(outbox.claim(START + timedelta(seconds=5), MINUTE, 2)) == [1, 2]
    assert ids(outbox.claim(START + timedelta(seconds=5), MINUTE, 2)) == [3]
    assert outbox.claim(START + timedelta(seconds=5), MINUTE, 2) == []
    assert ids(outbox.claim(START + timedelta(seconds=59), MINUTE, 9)) == []


@pytest.mark.row("C14")
def test_a_lease_that_ran_out_lends_again(site: Site, outbox: SqlOutbox, queue: Queue) -> None:
    """What a crashed courier had claimed is due again when its lease is over, and not sooner."""
    queue(1)
    now = START + MINUTE
    assert ids(outbox.claim(now, MINUTE, 9)) == [1]

    assert outbox.claim(now + MINUTE - timedelta(microseconds=1), MINUTE, 9) == []
    assert ids(outbox.claim(now + MINUTE, MINUTE, 9)) == [1]
    assert status(site) == {1: "sending"}


def test_two_couriers_at_once_never_share_a_message(
    site: Site, outbox: SqlOutbox, queue: Queue
) -> None:
    """Of a hundred messages claimed by several couriers at once each goes to exactly one."""
    for number in range(100):
        queue(number)
    other = SqlOutbox(site.process().parts.database)
    start = Barrier(4)

    def claim_all(mine: SqlOutbox) -> list[int]:
        start.wait(10)
        taken = []
        while batch := mine.claim(START + timedelta(hours=1), MINUTE, 7):
            taken += ids(batch)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(claim_all, [outbox, other, outbox, other]))

    left = ids(outbox.claim(START + timedelta(hours=1), MINUTE, 200))
    assert sorted([*chain.from_iterable(taken), *left]) == list(range(100))


def test_what_came_of_a_message_is_written_once(
    site: Site, outbox: SqlOutbox, queue: Queue
) -> None:
    """A settled message is lent no more, and the same claim settles nothing twice."""
    queue(1)
    claimed = outbox.claim(START + MINUTE, MINUTE, 9)[0]

    outbox.settle_message(replace(claimed, status=MessageStatus.SENT, outcome="handed over"))
    outbox.settle_message(replace(claimed, status=MessageStatus.FAILED, outcome="late"))

    row = site.rows("message")[0]
    assert (row["status"], row["outcome"], row["claimed_until"]) == ("sent", "handed over", None)
    assert outbox.claim(START + timedelta(days=1), MINUTE, 9) == []


def test_a_courier_whose_lease_is_gone_settles_nothing(
    site: Site, outbox: SqlOutbox, queue: Queue
) -> None:
    """What another courier has claimed meanwhile is that one's to settle."""
    queue(1)
    late = outbox.claim(START + MINUTE, MINUTE, 9)[0]
    mine = outbox.claim(START + 2 * MINUTE, MINUTE, 9)[0]

    outbox.settle_message(replace(late, status=MessageStatus.QUEUED, tries=1))
    assert status(site) == {1: "sending"}
    outbox.settle_message(replace(mine, status=MessageStatus.SENT))
    assert status(site) == {1: "sent"}


def test_a_notice_becomes_its_copies_once(site: Site, outbox: SqlOutbox, queue: Queue) -> None:
    """A notice is replaced by its copies in one go, and by whoever still holds it only."""
    queue(1, channel="notice")
    late = outbox.claim(START + MINUTE, MINUTE, 9)[0]
    mine = outbox.claim(START + 2 * MINUTE, MINUTE, 9)[0]
    copies = [
        replace(mine, id=f"{number:032}", channel="email", status=MessageStatus.QUEUED)
        for number in (2, 3)
    ]

    outbox.expand(late, [replace(copies[0], id=f"{9:032}")])
    outbox.expand(mine, copies)
    outbox.expand(mine, copies)

    assert status(site) == {1: "sent", 2: "queued", 3: "queued"}
    assert site.rows("message")[0]["outcome"] == "to 2 contacts"


def test_contacts_are_those_of_the_grants_since(site: Site, outbox: SqlOutbox) -> None:
    """A subject's contacts are those of its own grants since a moment, newest first."""
    ada = site.enrol("ada", contact={"email": "old@site.test"})
    site.fake.move(timedelta(days=1))
    ada.come_in(contact={"email": "new@site.test"})
    ada.login(contact={"email": "never-granted@site.test"})
    site.enrol("bob", contact={"email": "bob@site.test"})
    vault = site.engine.vault

    def emails(since: timedelta) -> list[str]:
        found = outbox.contacts("default", "ada", START + since)
        return [vault.open_contact(passage, sealed)["email"] for passage, sealed in found]

    assert emails(timedelta()) == ["new@site.test", "old@site.test"]
    assert emails(timedelta(hours=1)) == ["new@site.test"]
    assert emails(timedelta(days=2)) == []
    assert outbox.contacts("other", "ada", START) == []


def test_a_message_without_a_challenge_has_none(outbox: SqlOutbox, queue: Queue) -> None:
    """A message that names a challenge that is gone finds none."""
    assert outbox.challenge_of(queue(1, challenge_id="c" * 32)) is None


@pytest.mark.row("ATK-63")
def test_another_realms_messages_are_left_to_it(
    site: Site, outbox: SqlOutbox, queue: Queue
) -> None:
    """A courier is lent its own realm's messages only: another's are told in another's name."""
    queue(1)
    queue(2, realm="other")
    elsewhere = SqlOutbox(site.parts.database, "other")

    assert ids(outbox.claim(START + MINUTE, MINUTE, 9)) == [1]
    assert ids(elsewhere.claim(START + MINUTE, MINUTE, 9)) == [2]


def begun(outbox: SqlOutbox, message: Message, carrier: str) -> int:
    """Begin to hand a claimed message over to a carrier; return the try's id."""
    first = Try(
        message_id=message.id,
        realm="default",
        provider=carrier,
        channel=message.channel,
        at=START,
        claimed_until=message.claimed_until,
    )
    try_id = outbox.begin_try(first, {})
    assert isinstance(try_id, int)
    return try_id


def tried(outbox: SqlOutbox, message: Message, carrier: str, outcome: TryOutcome) -> None:
    """Have a claimed message handed over to a carrier."""
    is_taken = outcome is TryOutcome.ACCEPTED
    end = TryEnd(
        outcome=outcome,
        took=timedelta(seconds=1),
        carrier_id=f"id at {carrier}" if is_taken else None,
    )
    sent = replace(message, status=MessageStatus.SENT) if is_taken else None
    outbox.end_try(begun(outbox, message, carrier), end, sent)


def told(outbox: SqlOutbox, message: Message, carrier: str, fate: Fate, reason: str = "") -> bool:
    """Have a carrier tell what became of a message."""
    receipt = Heard(
        message_id=message.id,
        provider=carrier,
        carrier_id=f"id at {carrier}",
        fate=fate,
        reason=reason,
        sealed=b"sealed",
        at=START + MINUTE,
    )
    return outbox.hear(receipt) is HeardAs.NEW


@pytest.fixture
def handed_on(outbox: SqlOutbox, queue: Queue) -> Message:
    """A message that one carrier did not answer for, and the next took."""
    queue(1)
    claimed = outbox.claim(START + MINUTE, MINUTE, 1)[0]
    tried(outbox, claimed, "one", TryOutcome.FAILED)
    tried(outbox, claimed, "two", TryOutcome.ACCEPTED)
    return claimed


@pytest.mark.row("SMS-09")
@pytest.mark.parametrize("fate", [Fate.UNDELIVERED, Fate.FAILED])
def test_a_carrier_that_was_passed_over_does_not_undo_what_the_next_sent(
    site: Site, outbox: SqlOutbox, handed_on: Message, fate: Fate
) -> None:
    """A late word of failure from a carrier is kept with its try alone, where another took over."""
    assert told(outbox, handed_on, "one", fate)

    assert status(site) == {1: "sent"}
    assert [one.fate for one in outbox.tries(handed_on.id)] == [fate, None]


def test_a_message_that_was_taken_twice_is_lost_when_the_last_who_took_it_says_so(
    site: Site, outbox: SqlOutbox, queue: Queue
) -> None:
    """Of two who took a message, as a text and as a call, the failure of the first changes none."""
    queue(1)
    claimed = outbox.claim(START + MINUTE, MINUTE, 1)[0]
    tried(outbox, claimed, "one", TryOutcome.ACCEPTED)
    site.change("message", {"id": claimed.id}, status="queued")
    again = outbox.claim(START + MINUTE, MINUTE, 1)[0]
    tried(outbox, again, "two", TryOutcome.ACCEPTED)

    told(outbox, claimed, "one", Fate.UNDELIVERED)
    assert status(site) == {1: "sent"}
    told(outbox, claimed, "two", Fate.UNDELIVERED)
    assert status(site) == {1: "undelivered"}


def test_what_has_arrived_has_by_whichever_carrier(
    site: Site, outbox: SqlOutbox, handed_on: Message
) -> None:
    """A carrier that did not answer and delivered all the same is believed."""
    told(outbox, handed_on, "two", Fate.UNDELIVERED)
    told(outbox, handed_on, "one", Fate.DELIVERED)

    assert status(site) == {1: "delivered"}


@pytest.mark.parametrize("fate", [Fate.QUEUED, Fate.SENT])
def test_that_a_message_is_on_its_way_writes_to_its_try_alone(
    site: Site, outbox: SqlOutbox, handed_on: Message, fate: Fate
) -> None:
    """A receipt that says nothing new of a message changes one row, and looks for no other."""
    with site.statements() as spoken:
        assert told(outbox, handed_on, "two", fate)

    changes = [one for one in spoken if one.startswith("UPDATE")]
    assert len(changes) == 1
    assert "delivery_try" in changes[0]


@pytest.mark.row("SMS-09")
def test_of_receipts_at_once_none_undoes_what_another_tells(
    site: Site, outbox: SqlOutbox, handed_on: Message
) -> None:
    """Whoever hears that a message is on its way, while another hears of its arrival, waits."""
    tries = tables.delivery_try
    arrived = tries.update().where(tries.c.provider == "two").values(fate="delivered")

    with ThreadPoolExecutor(1) as pool:
        with site.parts.database.write() as connection:
            charges.locked(connection, handed_on.id)
            connection.execute(arrived)
            late = pool.submit(told, outbox, handed_on, "two", Fate.SENT)
            assert not wait([late], timeout=0.5).done
        assert not late.result(10)

    assert [one.fate for one in outbox.tries(handed_on.id)] == [None, Fate.DELIVERED]


def test_what_a_receipt_gave_as_its_reason_is_kept(
    site: Site, outbox: SqlOutbox, queue: Queue
) -> None:
    """The number of an error that comes before the carrier's answer stands there after it."""
    queue(1)
    claimed = outbox.claim(START + MINUTE, MINUTE, 1)[0]
    try_id = begun(outbox, claimed, "one")
    assert told(outbox, claimed, "one", Fate.UNDELIVERED, reason="error 30006")

    end = TryEnd(outcome=TryOutcome.ACCEPTED, took=MINUTE, carrier_id="id at one")
    outbox.end_try(try_id, end, replace(claimed, status=MessageStatus.SENT))

    (ended,) = outbox.tries(claimed.id)
    assert (ended.outcome, ended.fate) == (TryOutcome.ACCEPTED, Fate.UNDELIVERED)
    assert ended.reason == "error 30006"
    assert status(site) == {1: "undelivered"}


@pytest.mark.row("ATK-56")
@pytest.mark.parametrize("meanwhile", ["nobody has it", "another has it", "it was given up"])
def test_what_a_carrier_took_is_sent_though_its_lease_is_over(
    site: Site, outbox: SqlOutbox, queue: Queue, meanwhile: str
) -> None:
    """A carrier that takes a message late has it sent no more, whatever became of it meanwhile."""
    queue(1)
    claimed = outbox.claim(START + MINUTE, MINUTE, 1)[0]
    try_id = begun(outbox, claimed, "slow")
    lent = [] if meanwhile == "nobody has it" else outbox.claim(START + 2 * MINUTE, MINUTE, 1)
    given_up = [replace(message, status=MessageStatus.FAILED) for message in lent]
    if meanwhile == "it was given up":
        outbox.settle_message(given_up.pop())

    end = TryEnd(outcome=TryOutcome.ACCEPTED, took=MINUTE, carrier_id="id at slow")
    assert outbox.end_try(try_id, end, replace(claimed, status=MessageStatus.SENT)) is end.outcome

    assert status(site) == {1: "sent"}
    assert outbox.claim(START + 9 * MINUTE, MINUTE, 9) == []
    for message in given_up:
        outbox.settle_message(message)
    assert status(site) == {1: "sent"}
