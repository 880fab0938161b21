"""The store in SQL. One method is one transaction, and transactions live nowhere else.

A refused answer is a returned value and is committed; only what the database itself refuses rolls
back. Lock order, always: the subject's ledger row, passage, challenges and enrolments in enrolment
order, the source.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    false,
    func,
    select,
    true,
    update,
)

from vestibule.core.events import Event
from vestibule.core.model import (
    Challenge,
    Enrolment,
    Lane,
    Message,
    Passage,
    Purpose,
    Source,
)
from vestibule.core.ruling import Asked, Case, Ruling, Standing, Struck, Won
from vestibule.store import rows, statements, tables
from vestibule.store.database import Database

_NEVER_A_HASH = b"\x00"
"""Matches no token, so that a request without one runs the same statement."""


class SqlStore:
    """Keeps everything in a SQLite or PostgreSQL database."""

    def __init__(self, database: Database) -> None:
        """Keep the database; nothing is opened yet."""
        self._db = database

    # What a request asks

    def standing(self, realm: str, subject: str | None, token_hash: bytes | None) -> Standing:
        """Return, by one statement, whether `subject` is enrolled and the passage of a token."""
        asked = {
            "realm": realm,
            "subject": subject if subject is not None else "",
            "token_hash": token_hash or _NEVER_A_HASH,
        }
        with self._db.read() as connection:
            row = connection.execute(statements.STANDING, asked).mappings().one()
        return Standing(
            enrolled=subject is not None and bool(row["enrolled"]),
            passage=rows.passage(row, "p_") if row["p_id"] is not None else None,
        )

    def look(self, token_hash: bytes) -> Case | None:
        """Return the passage of a token with what is asked on it; nothing is locked."""
        with self._db.read() as connection:
            found = connection.execute(statements.LOOK, {"token_hash": token_hash})
            hanging = found.mappings().all()
            if not hanging:
                return None
            passage = rows.passage(hanging[0], "p_")
            known = passage.browser_hash
            last = _last_factor(connection, passage, [known] if known else [])
        return Case(
            passage=passage,
            ledger=rows.ledger(hanging[0], "l_"),
            source=None,
            asked=tuple(_asked(row) for row in hanging if row["c_id"] is not None),
            last_factor=last[1] if last else None,
        )

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

    # Proving

    def decide(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruling]
    ) -> Ruling | None:
        """Lock the passage of a token and all that hangs on it, do what `rule` says, commit."""
        asked = {"token_hash": token_hash, "address": address or ""}
        with self._db.write() as connection:
            hanging = connection.execute(statements.CASE, asked).mappings().all()
            if not hanging:
                return None
            passage = rows.passage(hanging[0], "p_")
            case = Case(
                passage=passage,
                ledger=rows.ledger(hanging[0], statements.LEDGER_PREFIX[passage.lane]),
                source=rows.source(hanging[0], "s_"),
                asked=tuple(_asked(row) for row in hanging),
            )
            ruling = rule(case)
            self._obey(connection, case, ruling)
        return ruling

    def _obey(self, connection: Connection, case: Case, ruling: Ruling) -> None:
        if ruling.struck is not None:
            _strike(connection, ruling.struck)
        if ruling.won is not None:
            _win(connection, ruling.won)
        if ruling.renewed is not None:
            _renew(connection, ruling.renewed)
        if ruling.ledger is not None:
            row = rows.ledger_row(ruling.ledger)
            for key in ("realm", "subject", "lane"):
                row[f"the_{key}"] = row.pop(key)
            connection.execute(statements.SET_LEDGER, row)
        if ruling.passage is not None:
            _grant(connection, case.passage, ruling.passage)
        if ruling.ends_others:
            _end_others(connection, case.passage.realm, case.passage.subject, case.passage.id)
        if ruling.source is not None:
            self._count_source(connection, case.source, ruling.source)
        _append(connection, ruling.events)
        _queue(connection, ruling.messages)

    def open_passage(
        self,
        passage: Passage,
        challenges: Sequence[Challenge],
        messages: Sequence[Message],
        events: Sequence[Event],
    ) -> None:
        """Insert a pending passage with its challenges and messages."""
        with self._db.write() as connection:
            self._lock(connection, passage.realm, passage.subject, passage.created_at)
            connection.execute(tables.passage.insert().inline(), rows.passage_row(passage))
            _insert_challenges(connection, challenges)
            _append(connection, events)
            _queue(connection, messages)

    def open_challenges(
        self,
        passage_id: str,
        purpose: Purpose,
        challenges: Sequence[Challenge],
        events: Sequence[Event],
    ) -> None:
        """Put `challenges` in the place of those the passage had for `purpose`."""
        table = tables.challenge
        with self._db.write() as connection:
            # The passage first, as everywhere: two who ask at once leave the challenges of one.
            passage = select(tables.passage.c.id).where(tables.passage.c.id == passage_id)
            connection.execute(passage.with_for_update(key_share=True)).all()
            connection.execute(
                delete(table).where(
                    table.c.passage_id == passage_id, table.c.purpose == purpose.value
                )
            )
            _insert_challenges(connection, challenges)
            _append(connection, events)

    def end_passage(self, passage_id: str, events: Sequence[Event]) -> bool:
        """End a passage for good; say whether it was not ended before."""
        table = tables.passage
        ended = _ending().where(table.c.id == passage_id)
        with self._db.write() as connection:
            if connection.execute(ended).rowcount == 0:
                return False
            _append(connection, events)
        return True

    def end_passages(self, realm: str, subject: str, but: str, events: Sequence[Event]) -> None:
        """End every passage of a subject, except the one with the id `but`."""
        with self._db.write() as connection:
            self._lock(connection, realm, subject)
            _end_others(connection, realm, subject, but)
            _append(connection, events)

    def redeem(
        self, realm: str, subject: str, token_hash: bytes, now: datetime, events: Sequence[Event]
    ) -> bool:
        """End a program's live grant; say whether this call was the one that did."""
        table = tables.passage
        ended = _ending().where(
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

    # Enrolments

    def begin_enrolment(
        self,
        passage: Passage | None,
        enrolment: Enrolment,
        challenge: Challenge,
        *,
        primary: Iterable[str],
        most: int,
        events: Sequence[Event],
    ) -> bool:
        """Insert a draft in the place of former ones; False where there may be no more."""
        with self._db.write() as connection:
            self._lock(connection, enrolment.realm, enrolment.subject, enrolment.created_at)
            if passage is not None and _is_enrolled(connection, enrolment):
                return False
            _drop_drafts(connection, enrolment)
            if _count(connection, enrolment) >= most:
                return False
            if passage is not None:
                connection.execute(tables.passage.insert().inline(), rows.passage_row(passage))
            self._insert_enrolment(connection, enrolment, primary)
            _insert_challenges(connection, [challenge])
            _append(connection, events)
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
            _revoke_where(connection, _same_factor(enrolment))
            self._insert_enrolment(connection, enrolment, ())
            _append(connection, events)
            _queue(connection, messages)
        return True

    def revoke(
        self,
        enrolment: Enrolment,
        *,
        by: str,
        events: Sequence[Event],
        messages: Sequence[Message],
    ) -> bool:
        """Revoke an active enrolment; False if it was not active or the grant `by` has ended."""
        table = tables.enrolment
        with self._db.write() as connection:
            self._lock(connection, enrolment.realm, enrolment.subject)
            if by and not _is_granted(connection, by):
                return False
            if _revoke_where(connection, table.c.id == enrolment.id) == 0:
                return False
            keep = by
            if not _is_enrolled(connection, enrolment):
                # With the last goes what only helps out, and a grant that proves nothing any more.
                mine = and_(table.c.realm == enrolment.realm, table.c.subject == enrolment.subject)
                _revoke_where(connection, mine)
                keep = ""
            _end_others(connection, enrolment.realm, enrolment.subject, keep)
            _append(connection, events)
            _queue(connection, messages)
        return True

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
                .values(spent=0, failures=0, failed_at=None)
            )
            connection.execute(
                update(enrolment)
                .where(enrolment.c.realm == realm, enrolment.c.subject == subject)
                .values(failures_known=0, failures_stranger=0)
            )
            _append(connection, events)

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

    def _count_source(self, connection: Connection, seen: Source | None, after: Source) -> None:
        """Write a source. It was read unlocked: one that was counted since counts one more."""
        table, row = tables.source, rows.source_row(after)
        as_seen = false() if seen is None else _is_as_seen(seen)
        changed = {
            "failures": case((as_seen, row["failures"]), else_=table.c.failures + 1),
            "as_of": case((table.c.as_of > row["as_of"], table.c.as_of), else_=row["as_of"]),
        }
        insert = self._db.insert(table).values(row)
        connection.execute(
            insert.on_conflict_do_update(index_elements=["realm", "address"], set_=changed)
        )


def _is_as_seen(source: Source) -> ColumnElement[bool]:
    table, row = tables.source, rows.source_row(source)
    return and_(table.c.failures == row["failures"], table.c.as_of == row["as_of"])


def _asked(row: Any) -> Asked:
    return Asked(challenge=rows.challenge(row, "c_"), enrolment=rows.enrolment(row, "e_"))


def _last_factor(
    connection: Connection, passage: Passage, hashes: Sequence[bytes]
) -> tuple[bytes, str] | None:
    if not hashes or passage.granted_at is not None:
        return None
    table = tables.passage
    row = connection.execute(
        select(table.c.browser_hash, table.c.proofs)
        .where(table.c.browser_hash.in_(hashes), table.c.granted_at.is_not(None))
        .order_by(table.c.granted_at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None or not row[1] else (bytes(row[0]), row[1][-1][0])


def _strike(connection: Connection, struck: Struck) -> None:
    if struck.challenge_ids:
        connection.execute(
            statements.STRIKE_CHALLENGES,
            {
                "ids": list(struck.challenge_ids),
                "first": struck.challenge_ids[0],
                "charge": struck.charge,
            },
        )
    if struck.enrolment_ids:
        known = struck.lane is Lane.KNOWN
        statement = statements.STRIKE_KNOWN if known else statements.STRIKE_STRANGER
        connection.execute(statement, {"ids": list(struck.enrolment_ids)})


def _win(connection: Connection, won: Won) -> None:
    ids = [won.challenge_id, *won.closed_ids]
    closed = connection.execute(statements.WIN_CHALLENGE, {"ids": ids, "winner": won.challenge_id})
    value = won.enrolment
    row = rows.enrolment_row(value)
    moved = connection.execute(
        statements.MOVE_ENROLMENT_ON,
        {
            "the_id": value.id,
            "before": value.version - 1,
            "status_before": won.was.value,
            **{
                name: row[name]
                for name in (
                    "state",
                    "version",
                    "status",
                    "confirmed_at",
                    "last_used_at",
                    "failures_known",
                    "failures_stranger",
                )
            },
        },
    )
    _must_have_changed(closed.rowcount, moved.rowcount)


def _grant(connection: Connection, before: Passage, after: Passage) -> None:
    row = rows.passage_row(after)
    kept = (
        "status token_hash browser_hash parked lane proofs granted_at proven_at seen_at expires_at"
    )
    changed = connection.execute(
        statements.GRANT,
        {
            "the_id": before.id,
            "token_before": before.token_hash,
            "status_before": before.status.value,
            **{name: row[name] for name in kept.split()},
        },
    )
    _must_have_changed(changed.rowcount)


def _renew(connection: Connection, challenge: Challenge) -> None:
    changed = connection.execute(
        statements.RENEW_CHALLENGE,
        {
            "the_id": challenge.id,
            "generation": challenge.generation,
            "sends": challenge.sends,
            "memo": dict(challenge.memo),
        },
    )
    _must_have_changed(changed.rowcount)


class LostRaceError(RuntimeError):
    """A locked row was not as it was read: the transaction is rolled back, nothing is decided."""


def _must_have_changed(*counts: int) -> None:
    if not all(counts):
        message = "a locked row changed under the lock"
        raise LostRaceError(message)


def _insert_challenges(connection: Connection, challenges: Sequence[Challenge]) -> None:
    if challenges:
        values = [rows.challenge_row(challenge) for challenge in challenges]
        connection.execute(tables.challenge.insert().inline(), values)


def _append(connection: Connection, events: Sequence[Event]) -> None:
    if len(events) == 1:
        connection.execute(statements.ADD_EVENT, rows.event_row(events[0]))
    elif events:
        connection.execute(tables.event.insert().values([rows.event_row(e) for e in events]))


def _queue(connection: Connection, messages: Sequence[Message]) -> None:
    if messages:
        values = [rows.message_row(message) for message in messages]
        connection.execute(tables.message.insert().inline(), values)


def _ending() -> Any:
    return (
        update(tables.passage)
        .where(tables.passage.c.status != "ended")
        .values(status="ended", parked=None)
    )


def _is_granted(connection: Connection, passage_id: str) -> bool:
    """Say whether a grant still stands, under the lock: a logout may have come in between."""
    table = tables.passage
    query = select(table.c.id).where(table.c.id == passage_id, table.c.status == "granted")
    return connection.execute(query.with_for_update(key_share=True)).one_or_none() is not None


def _end_others(connection: Connection, realm: str, subject: str, but: str) -> None:
    table = tables.passage
    connection.execute(
        _ending().where(table.c.realm == realm, table.c.subject == subject, table.c.id != but)
    )


def _is_enrolled(connection: Connection, enrolment: Enrolment) -> bool:
    asked = {"realm": enrolment.realm, "subject": enrolment.subject}
    return bool(connection.execute(statements.IS_ENROLLED, asked).scalar_one())


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


def _revoke_where(connection: Connection, which: Any) -> int:
    """Revoke the active enrolments that are meant; their secrets go, their challenges close."""
    table, challenge = tables.enrolment, tables.challenge
    meant = and_(which, table.c.status.in_(["active", "pending"]))
    ids = [row[0] for row in connection.execute(select(table.c.id).where(meant))]
    if ids:
        connection.execute(
            update(table)
            .where(table.c.id.in_(ids))
            .values(
                status="revoked",
                secret=b"",
                state={},
                preferred=False,
                version=table.c.version + 1,
            )
        )
        connection.execute(
            update(challenge)
            .where(challenge.c.enrolment_id.in_(ids), challenge.c.status == "open")
            .values(status="cancelled")
        )
    return len(ids)


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
