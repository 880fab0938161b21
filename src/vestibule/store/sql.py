"""The store in SQL. One method is one transaction, and transactions live nowhere else.

A refused answer is a returned value and is committed; only what the database itself refuses rolls
back. Lock order, always: the subject's ledger row, passage, challenges and enrolments in enrolment
order, the source.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    select,
    true,
    update,
)

from vestibule.core.caps import Cap
from vestibule.core.events import Event
from vestibule.core.model import (
    Challenge,
    Enrolment,
    Lane,
    Ledger,
    Message,
    Obligation,
    Passage,
    Purpose,
)
from vestibule.core.ports import Ruled
from vestibule.core.ruling import Case, Standing
from vestibule.core.stand_in import NAMES as STAND_INS
from vestibule.core.stand_in import TICKET
from vestibule.store import (
    ending,
    forgetting,
    moving,
    obligations,
    passages,
    rows,
    statements,
    suspending,
    tables,
    tallies,
)
from vestibule.store.database import Database
from vestibule.store.ending import revoke
from vestibule.store.passages import LostRaceError


class SqlStore:
    """Keeps everything in a SQLite or PostgreSQL database."""

    def __init__(self, database: Database, *, locks_first: bool | None = None) -> None:
        """Keep the database; nothing is opened yet.

        `locks_first` says to lock what is ruled on before it is, and not only where it has moved on
        meanwhile. By default that is so where a database takes one writer.
        """
        self._db = database
        self._locks_first = database.takes_one_writer if locks_first is None else locks_first

    # What a request asks

    def standing(self, realm: str, subject: str | None, token_hash: bytes | None) -> Standing:
        """Return, by one statement, whether `subject` is enrolled and the passage of a token."""
        with self._db.look() as turn:
            return passages.standing(turn, realm, subject, token_hash)

    def look(self, token_hash: bytes) -> Case | None:
        """Return the passage of a token with what is asked on it; nothing is locked."""
        with self._db.look() as turn:
            return passages.seen(turn, token_hash)

    def enrolments(self, realm: str, subject: str) -> Sequence[Enrolment]:
        """Return the subject's enrolments that are not revoked, oldest first, secrets sealed."""
        table = tables.enrolment
        query = (
            select(table)
            .where(
                table.c.realm == realm,
                table.c.subject == subject,
                table.c.status.in_(["active", "pending"]),
            )
            .order_by(table.c.created_at, table.c.id)
        )
        with self._db.read() as connection:
            return [rows.enrolment(row) for row in connection.execute(query).mappings()]

    def known_browser(
        self, realm: str, subject: str, hashes: Sequence[bytes]
    ) -> tuple[bytes, str] | None:
        """Return by which hash this browser is known to `subject`, and the factor it last used."""
        if not hashes:
            return None
        table = tables.passage
        query = (
            select(table.c.browser_hash, table.c.proofs)
            .where(
                table.c.browser_hash.in_(hashes),
                table.c.realm == realm,
                table.c.subject == subject,
                table.c.granted_at.is_not(None),
            )
            .order_by(table.c.granted_at.desc())
            .limit(1)
        )
        with self._db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (bytes(row[0]), row[1][-1][0] if row[1] else "")

    def ledger(self, realm: str, subject: str, lane: Lane) -> Ledger | None:
        """Return a subject's account in a lane, None where it has none."""
        table = tables.ledger
        query = select(table).where(
            table.c.realm == realm, table.c.subject == subject, table.c.lane == lane.value
        )
        with self._db.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else rows.ledger(row)

    # Proving

    def decide(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruled]
    ) -> Ruled | None:
        """Do what `rule` says of the passage of a token and all that hangs on it, and commit.

        A file is locked meanwhile. PostgreSQL is asked without a lock first: what was ruled is
        carried out only where every row is as it was seen and nobody's, else ruled under the lock.
        """
        first = self._decided_under_lock if self._locks_first else self._decided_as_seen
        try:
            return first(token_hash, address, rule)
        except LostRaceError:
            return self._decided_under_lock(token_hash, address, rule)

    def _decided_as_seen(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruled]
    ) -> Ruled | None:
        with self._db.look() as turn:
            case, marks = passages.marked(turn, token_hash, address)
            if case is None:
                return None
            ruling = rule(case)
            passages.obey_if_as_seen(turn, case, marks, ruling)
        return ruling

    def _decided_under_lock(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruled]
    ) -> Ruled | None:
        with self._db.turn() as turn:
            case = passages.locked(turn, token_hash, address)
            if case is None:
                return None
            ruling = rule(case)
            told = passages.told_of(turn, ruling)
            if told:
                ruling = replace(ruling, events=(*ruling.events, *told))
            passages.obey(turn, case, ruling)
        return ruling

    def open_passage(
        self,
        passage: Passage,
        challenges: Sequence[Challenge],
        messages: Sequence[Message],
        events: Sequence[Event],
    ) -> None:
        """Insert a pending passage with its challenges and messages."""
        with self._db.turn() as turn:
            passages.opened(turn, passage, challenges, messages, events)

    def open_challenges(
        self,
        passage: Passage,
        purpose: Purpose,
        challenges: Sequence[Challenge],
        messages: Sequence[Message],
        events: Sequence[Event],
    ) -> None:
        """Put `challenges` in the place of those the passage had for `purpose`."""
        table = tables.challenge
        with self._db.write() as connection:
            # The ledger first, as everywhere: two who ask at once leave the challenges of one.
            self._lock(connection, passage.realm, passage.subject)
            connection.execute(
                delete(table).where(
                    table.c.passage_id == passage.id, table.c.purpose == purpose.value
                )
            )
            _insert_challenges(connection, challenges)
            _append(connection, events)
            _queue(connection, messages)

    def end_passage(self, passage_id: str, events: Sequence[Event]) -> bool:
        """End a passage for good; say whether it was not ended before."""
        table = tables.passage
        ended = ending.over(table.c.id == passage_id)
        with self._db.write() as connection:
            if connection.execute(ended).rowcount == 0:
                return False
            _append(connection, events)
        return True

    def end_passages(self, realm: str, subject: str, but: str, events: Sequence[Event]) -> None:
        """End every passage of a subject, except the one with the id `but`."""
        with self._db.write() as connection:
            self._lock(connection, realm, subject)
            connection.execute(ending.lost(_others(realm, subject, but)))
            _append(connection, events)

    def redeem(
        self, realm: str, subject: str, token_hash: bytes, now: datetime, events: Sequence[Event]
    ) -> bool:
        """End a program's live grant; say whether this call was the one that did."""
        table = tables.passage
        ended = ending.over(
            table.c.token_hash == token_hash,
            table.c.realm == realm,
            table.c.subject == subject,
            table.c.kind == "program",
            table.c.status == "granted",
            table.c.expires_at > rows.number(now),
        )
        with self._db.write() as connection:
            if connection.execute(ended).rowcount == 0:
                return False
            _append(connection, events)
        return True

    def touch(self, passage_id: str, now: datetime) -> None:
        """Note that a grant was used."""
        table = tables.passage
        with self._db.write() as connection:
            connection.execute(
                update(table).where(table.c.id == passage_id).values(seen_at=rows.number(now))
            )

    # Sending

    def count_send(self, realm: str, caps: Mapping[str, Cap], now: datetime) -> datetime | None:
        """Count one send under every name of `caps`, or return when there is room for it."""
        return tallies.count(self._db, realm, caps, now)

    # Who is obliged

    def obligation(self, realm: str, subject: str) -> Obligation | None:
        """Return since when a subject is obliged, None for whoever was not noted yet."""
        with self._db.read() as connection:
            return obligations.found(connection, realm, subject)

    def oblige(
        self,
        realm: str,
        subject: str,
        address: bytes | None,
        now: datetime,
        *,
        events: Sequence[Event],
        messages: Sequence[Message],
    ) -> Obligation:
        """Note who is obliged from now on, if not before; return since when, and what is known."""
        mine = obligations.noting(self._db, realm, subject, address, now)
        with self._db.write() as connection:
            noted = rows.obligation(connection.execute(mine).mappings().one())
            _append(connection, events)
            _queue(connection, messages)
        return noted

    def stand_in(self, enrolment: Enrolment) -> bool:
        """Insert what stands in for a way; False where the subject is enrolled."""
        with self._db.write() as connection:
            self._lock(connection, enrolment.realm, enrolment.subject, enrolment.created_at)
            if _is_enrolled(connection, enrolment):
                return False
            revoke(connection, _same_factor(enrolment))
            self._insert_enrolment(connection, enrolment, ())
        return True

    # Enrolments

    def begin_enrolment(
        self,
        passage: Passage | None,
        enrolment: Enrolment,
        challenge: Challenge,
        *,
        first: bool,
        primary: Iterable[str],
        most: int,
        messages: Sequence[Message],
        events: Sequence[Event],
    ) -> bool:
        """Insert a draft in the place of former ones; False where there may be no more.

        One that is to be the `first` is for a subject that is not enrolled: a login that was on its
        way while its owner set up a way has come too late.
        """
        with self._db.write() as connection:
            self._lock(connection, enrolment.realm, enrolment.subject, enrolment.created_at)
            if first and _is_enrolled(connection, enrolment):
                return False
            _drop_drafts(connection, enrolment)
            if _count(connection, enrolment) >= most or not moving.may_begin(connection, enrolment):
                return False
            if passage is not None:
                connection.execute(tables.passage.insert().inline(), rows.passage_row(passage))
            self._insert_enrolment(connection, enrolment, primary)
            _insert_challenges(connection, [challenge])
            _append(connection, events)
            _queue(connection, messages)
        return True

    def drop_draft(self, realm: str, subject: str, enrolment_id: str) -> None:
        """Delete a draft with its challenges."""
        table = tables.enrolment
        with self._db.write() as connection:
            self._lock(connection, realm, subject)
            connection.execute(
                delete(table).where(
                    table.c.id == enrolment_id,
                    table.c.realm == realm,
                    table.c.subject == subject,
                    table.c.status == "pending",
                )
            )

    def save_enrolment(self, enrolment: Enrolment, events: Sequence[Event]) -> bool:
        """Replace an enrolment by its next version; False where it had moved on by itself."""
        table = tables.enrolment
        row = rows.enrolment_row(enrolment)
        kept = ["label", "status", "version", "preferred"]
        if not enrolment.secret:
            # A secret is only ever dropped here: what was read may have been sealed anew since.
            kept.append("secret")
        changed = (
            update(table)
            .where(
                table.c.id == enrolment.id,
                table.c.version == enrolment.version - 1,
                table.c.status == "active",
            )
            .values({name: row[name] for name in kept})
        )
        with self._db.write() as connection:
            self._lock(connection, enrolment.realm, enrolment.subject)
            if connection.execute(changed).rowcount == 0:
                return False
            if enrolment.preferred:
                _prefer_no_other(connection, enrolment)
            _append(connection, events)
        return True

    def replace_enrolment(
        self,
        enrolment: Enrolment,
        *,
        by: str,
        events: Sequence[Event],
        messages: Sequence[Message],
    ) -> bool:
        """Insert an enrolment in the place of others of its factor; False if `by` has ended."""
        with self._db.write() as connection:
            self._lock(connection, enrolment.realm, enrolment.subject, enrolment.created_at)
            if by and not _is_granted(connection, by):
                return False
            revoke(connection, _same_factor(enrolment))
            self._insert_enrolment(connection, enrolment, ())
            _append(connection, events)
            _queue(connection, messages)
        return True

    def revoke(
        self,
        enrolment: Enrolment,
        *,
        by: str,
        keeps_last: bool,
        event: Callable[[bool], Event],
        messages: Sequence[Message],
    ) -> Event | None:
        """Revoke an active enrolment; None if it was not active or the grant `by` has ended.

        A ticket is never revoked so: what it keeps shut would be open to the password.
        """
        table = tables.enrolment
        with self._db.write() as connection:
            self._lock(connection, enrolment.realm, enrolment.subject)
            if by and not _is_granted(connection, by):
                return None
            realm, subject = enrolment.realm, enrolment.subject
            had_way = _has_way(connection, realm, subject)
            meant = and_(table.c.id == enrolment.id, table.c.factor.not_in(STAND_INS))
            if (
                keeps_last
                and had_way
                and not _has_way(connection, realm, subject, but=enrolment.id)
            ):
                return None
            if revoke(connection, meant) == 0:
                return None
            # Of a subject that had none but a ticket, nothing that goes takes the ticket with it.
            last = had_way and not _has_way(connection, realm, subject)
            if last:
                # With the last goes what only helps out, and a grant that proves nothing any more.
                mine = and_(table.c.realm == enrolment.realm, table.c.subject == enrolment.subject)
                revoke(connection, mine)
            but = "" if last else by
            connection.execute(ending.lost(_others(enrolment.realm, enrolment.subject, but)))
            written = event(last)
            _append(connection, [written])
            _queue(connection, messages)
        return written

    def suspend(
        self,
        realm: str,
        subject: str,
        *,
        by: str,
        rule: Callable[[Sequence[Enrolment]], Sequence[Enrolment]],
        event: Callable[[Enrolment], Event],
        messages: Sequence[Message],
    ) -> Sequence[Event]:
        """Suspend what `rule` makes of a subject's enrolments; nothing if `by` has ended."""
        with self._db.write() as connection:
            self._lock(connection, realm, subject)
            done = suspending.suspend(connection, realm, subject, by, rule)
            written = [event(enrolment) for enrolment in done]
            if done:
                _append(connection, written)
                _queue(connection, messages)
        return written

    def restore(
        self,
        enrolment: Enrolment,
        *,
        by: str,
        events: Sequence[Event],
        messages: Sequence[Message],
    ) -> bool:
        """Take a suspended enrolment into use again; False if it or the grant `by` has ended."""
        with self._db.write() as connection:
            self._lock(connection, enrolment.realm, enrolment.subject)
            if not _is_granted(connection, by) or not suspending.restore(connection, enrolment):
                return False
            _append(connection, events)
            _queue(connection, messages)
        return True

    # A help desk's reset

    def reset(
        self,
        ticket: Enrolment,
        *,
        at_once: bool,
        is_first: bool,
        events: Sequence[Event],
        messages: Sequence[Message],
    ) -> bool:
        """Insert a ticket in the place of a former one; False where its subject is not enrolled.

        One that `is_first` is for a subject that is not: False where it is.
        """
        table = tables.enrolment
        mine = and_(table.c.realm == ticket.realm, table.c.subject == ticket.subject)
        with self._db.write() as connection:
            self._lock(connection, ticket.realm, ticket.subject, ticket.created_at)
            if _is_enrolled(connection, ticket) is is_first:
                return False
            in_its_place = and_(mine, table.c.factor.in_(STAND_INS))
            revoke(connection, mine if at_once else in_its_place)
            if at_once:
                connection.execute(ending.lost(_others(ticket.realm, ticket.subject, "")))
            connection.execute(ending.set_ups(_others(ticket.realm, ticket.subject, "")))
            # As a way that makes an account enrolled: while it waits no password is enough. Who is
            # not enrolled owes a first way, and goes on with the days of grace.
            self._insert_enrolment(connection, ticket, () if is_first else [ticket.factor])
            _append(connection, events)
            _queue(connection, messages)
        return True

    def cancel_reset(
        self,
        realm: str,
        subject: str,
        *,
        only: str | None = None,
        event: Callable[[str], Event],
        messages: Sequence[Message],
    ) -> Event | None:
        """Revoke a ticket; None where there is none, or nothing else that makes one enrolled.

        Whoever sets up a new way by it has not come in yet, and does not any more.
        """
        table = tables.enrolment
        mine = and_(table.c.realm == realm, table.c.subject == subject, table.c.status == "active")
        tickets = select(table.c.id, table.c.is_primary).where(mine, table.c.factor == TICKET)
        if only is not None:
            tickets = tickets.where(table.c.id == only)
        with self._db.write() as connection:
            self._lock(connection, realm, subject)
            found = connection.execute(tickets).all()
            keeps_shut = any(row.is_primary for row in found)
            if not found or (keeps_shut and not _has_way(connection, realm, subject)):
                return None
            revoke(connection, table.c.id.in_([row.id for row in found]))
            connection.execute(ending.set_ups(_others(realm, subject, "")))
            written = event(found[0].id)
            _append(connection, [written])
            _queue(connection, messages)
        return written

    # Operating

    def add_events(self, events: Sequence[Event]) -> None:
        """Append to the audit trail."""
        with self._db.write() as connection:
            _append(connection, events)

    def reset_limits(self, realm: str, subject: str, events: Sequence[Event]) -> None:
        """Set all counts of a subject to nothing."""
        enrolment, ledger = tables.enrolment, tables.ledger
        with self._db.write() as connection:
            self._lock(connection, realm, subject)
            connection.execute(
                update(ledger)
                .where(ledger.c.realm == realm, ledger.c.subject == subject)
                .values(spent=0, failures=0, failed_at=None, told_at=None)
            )
            connection.execute(
                update(enrolment)
                .where(enrolment.c.realm == realm, enrolment.c.subject == subject)
                .values(failures_known=0, failures_stranger=0)
            )
            _append(connection, events)

    def forget(self, realm: str, subject: str, events: Sequence[Event]) -> bool:
        """Delete everything of a subject but the audit trail; False where there was nothing."""
        with self._db.write() as connection:
            self._lock(connection, realm, subject)
            if not forgetting.forget(connection, realm, subject):
                return False
            _append(connection, events)
        return True

    # Pieces that need to know the dialect

    def _insert_enrolment(
        self, connection: Connection, enrolment: Enrolment, primary: Iterable[str]
    ) -> None:
        row = rows.enrolment_row(enrolment) | {"is_primary": enrolment.factor in set(primary)}
        connection.execute(tables.enrolment.insert().inline(), row)

    def _ensure_ledgers(
        self, connection: Connection, realm: str, subject: str, now: datetime
    ) -> None:
        blank = {
            "realm": realm,
            "subject": subject,
            "spent": 0,
            "as_of": rows.number(now),
            "failures": 0,
            "failed_at": None,
            "told_at": None,
        }
        both = [blank | {"lane": lane.value} for lane in Lane]
        insert = self._db.insert(tables.ledger).values(both).on_conflict_do_nothing()
        connection.execute(insert)

    def _lock(
        self, connection: Connection, realm: str, subject: str, now: datetime | None = None
    ) -> None:
        """Be alone with everything of a subject until the transaction ends."""
        if now is not None:
            self._ensure_ledgers(connection, realm, subject, now)
        table = tables.ledger
        connection.execute(
            select(table.c.lane)
            .where(table.c.realm == realm, table.c.subject == subject)
            .order_by(table.c.lane)
            .with_for_update(key_share=True)
        ).all()


def _insert_challenges(connection: Connection, challenges: Sequence[Challenge]) -> None:
    if challenges:
        values = [rows.challenge_row(challenge) for challenge in challenges]
        connection.execute(tables.challenge.insert().inline(), values)


def _append(connection: Connection, events: Sequence[Event]) -> None:
    if events:
        values = [rows.event_row(event) for event in events]
        connection.execute(tables.event.insert().inline(), values)


def _queue(connection: Connection, messages: Sequence[Message]) -> None:
    if messages:
        values = [rows.message_row(message) for message in messages]
        connection.execute(tables.message.insert().inline(), values)


def _is_granted(connection: Connection, passage_id: str) -> bool:
    """Say whether a grant still stands, under the lock: a logout may have come in between."""
    table = tables.passage
    query = select(table.c.id).where(table.c.id == passage_id, table.c.status == "granted")
    return connection.execute(query.with_for_update(key_share=True)).one_or_none() is not None


def _is_enrolled(connection: Connection, enrolment: Enrolment) -> bool:
    asked = {"realm": enrolment.realm, "subject": enrolment.subject}
    return bool(connection.execute(statements.IS_ENROLLED, asked).scalar_one())


def _has_way(connection: Connection, realm: str, subject: str, but: str = "") -> bool:
    """Say whether a subject has a way that makes it enrolled, besides a ticket and that one."""
    table = tables.enrolment
    query = select(table.c.id).where(
        table.c.realm == realm,
        table.c.subject == subject,
        ending.MAKES_ENROLLED,
        table.c.factor != TICKET,
        table.c.id != but,
    )
    return connection.execute(query.limit(1)).first() is not None


def _others(realm: str, subject: str, but: str) -> ColumnElement[bool]:
    table = tables.passage
    return and_(table.c.realm == realm, table.c.subject == subject, table.c.id != but)


def _same_factor(enrolment: Enrolment) -> Any:
    table = tables.enrolment
    return and_(
        table.c.realm == enrolment.realm,
        table.c.subject == enrolment.subject,
        table.c.factor == enrolment.factor,
    )


def _drop_drafts(connection: Connection, enrolment: Enrolment) -> None:
    table = tables.enrolment
    connection.execute(delete(table).where(_same_factor(enrolment), table.c.status == "pending"))


def _count(connection: Connection, enrolment: Enrolment) -> int:
    table = tables.enrolment
    query = select(func.count()).where(_same_factor(enrolment), table.c.status == "active")
    return int(connection.execute(query).scalar_one())


def _prefer_no_other(connection: Connection, enrolment: Enrolment) -> None:
    table = tables.enrolment
    connection.execute(
        update(table)
        .where(
            table.c.realm == enrolment.realm,
            table.c.subject == enrolment.subject,
            table.c.id != enrolment.id,
            table.c.preferred == true(),
        )
        .values(preferred=False, version=table.c.version + 1)
    )
