"""What operators do to a store: seal it anew, make it safe after a restore, clear it out."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    delete,
    distinct,
    func,
    or_,
    select,
    true,
    tuple_,
    update,
)

from vestibule.core.events import Event
from vestibule.core.model import ON_ITS_WAY, Enrolment
from vestibule.store import ending, rows, tables
from vestibule.store.database import Database
from vestibule.store.sql import SqlStore

BATCH: Final = 200
KNOWN_BROWSERS_FOR: Final = timedelta(days=400)
TRIES_FOR: Final = timedelta(days=90)
"""How long it is kept what carriers did and told: as long as bills are disputed."""
MESSAGES_FOR: Final = timedelta(days=30)
"""After they have been of use; `vestibule fraud report` looks no further back."""
Reseal = Callable[[dict[str, Any], bytes], bytes | None]
"""Given a row's key columns and a sealed value: the same value sealed anew, None if it is new."""


class Upkeep:
    """Long work in short transactions: a site stays usable meanwhile."""

    def __init__(self, database: Database) -> None:
        """Keep the database; nothing is opened yet."""
        self._db = database

    def reseal(self, table: str, column: str, keys: Sequence[str], reseal: Reseal) -> int:
        """Replace every sealed value of a column that `reseal` answers; return how many.

        Each is replaced only if it is still what was read: a change made meanwhile wins, and is
        already under the new key.
        """
        target = tables.metadata.tables[table]
        own, sealed, count = list(target.primary_key), target.c[column], 0
        asked = dict.fromkeys([*(column.name for column in own), *keys])
        query = (
            select(sealed, *(target.c[name] for name in asked))
            .where(sealed.is_not(None))
            .order_by(*own)
            .limit(BATCH)
        )
        after: ColumnElement[bool] = true()
        while True:
            with self._db.read() as connection:
                found = connection.execute(query.where(after)).mappings().all()
            if not found:
                return count
            count += sum(self._replace(target, column, row, keys, reseal) for row in found)
            after = tuple_(*own) > tuple_(*(found[-1][column.name] for column in own))

    def _replace(
        self, target: Table, column: str, row: Any, keys: Sequence[str], reseal: Reseal
    ) -> int:
        old = bytes(row[column])
        new = reseal({key: row[key] for key in keys}, old) if old else None
        if new is None:
            return 0
        statement = (
            update(target)
            .where(*(own == row[own.name] for own in target.primary_key), target.c[column] == old)
            .values({column: new})
        )
        with self._db.write() as connection:
            return int(connection.execute(statement).rowcount)

    def end_everything(self, moved_on: Callable[[Enrolment], Enrolment]) -> None:
        """End all passages and challenges, and void what was used before.

        `moved_on` returns an enrolment with the state and the secret it has from now on.
        """
        enrolment, challenge = tables.enrolment, tables.challenge
        with self._db.write() as connection:
            connection.execute(ending.over())
            connection.execute(
                update(challenge).where(challenge.c.status == "open").values(status="cancelled")
            )
            connection.execute(delete(enrolment).where(enrolment.c.status == "pending"))
            connection.execute(delete(tables.hosted))
            connection.execute(
                update(tables.message)
                .where(tables.message.c.status.in_(rows.words(ON_ITS_WAY)))
                .values(status="expired", outcome="before a restore")
            )
            living = enrolment.c.status == "active"
            found = connection.execute(select(enrolment).where(living)).mappings().all()
            for row in found:
                moved = rows.enrolment_row(moved_on(rows.enrolment(row)))
                connection.execute(
                    update(enrolment)
                    .where(enrolment.c.id == row["id"])
                    .values(
                        version=enrolment.c.version + 1,
                        state=moved["state"],
                        secret=moved["secret"],
                    )
                )

    def purge(self, now: datetime, shown_once: Collection[str]) -> dict[str, int]:
        """Delete what is over and of no more use; events are never deleted. Return the counts.

        `shown_once` names the factors whose secrets are for a person's eyes: they are forgotten.
        """
        message = tables.message
        hour_ago = rows.number(now - timedelta(hours=1))
        dead: dict[str, tuple[Table, ColumnElement[bool]]] = {
            "messages": (message, message.c.not_after < rows.number(now - MESSAGES_FOR)),
            "tries": (
                tables.delivery_try,
                tables.delivery_try.c.at < rows.number(now - TRIES_FOR),
            ),
            "hosted": (
                tables.hosted,
                tables.hosted.c.opened_at < rows.number(now - timedelta(days=1)),
            ),
            "sources": (
                tables.source,
                tables.source.c.as_of < rows.number(now - timedelta(days=1)),
            ),
            "tallies": (
                tables.tally,
                tables.tally.c.as_of < rows.number(now - timedelta(days=1)),
            ),
        }
        counts = {
            "passages": self._delete_by_id(tables.passage, _finished(now, hour_ago)),
            "drafts": self._drop_drafts(hour_ago),
        }
        counts |= {name: self._delete_free(table, which) for name, (table, which) in dead.items()}
        self._forget_secrets(shown_once, hour_ago)
        return counts

    def _delete(self, table: Table, which: ColumnElement[bool]) -> int:
        # A transaction each: who deletes from several tables in one takes locks against the order.
        with self._db.write() as connection:
            return int(connection.execute(delete(table).where(which)).rowcount)

    def _delete_by_id(self, table: Table, which: ColumnElement[bool]) -> int:
        """Look for rows while others write, and delete them a few at a time."""
        after, count = "", 0
        while True:
            dead = (
                select(table.c.id)
                .where(table.c.id > after, which)
                .order_by(table.c.id)
                .limit(BATCH)
            )
            with self._db.read() as connection:
                ids = connection.execute(dead).scalars().all()
            if not ids:
                return count
            count += self._delete(table, and_(table.c.id.in_(ids), which))
            after = ids[-1]

    def _delete_free(self, table: Table, which: ColumnElement[bool]) -> int:
        """Delete rows, a few at a time, and leave alone what somebody has locked just now.

        Others lock several of one table in an order of their own (who counts a send, or forgets a
        person): nobody may wait for one of these who holds another.
        """
        own, count = tuple(table.primary_key), 0
        free = select(*own).where(which).order_by(*own).limit(BATCH)
        while True:
            with self._db.write() as connection:
                held = connection.execute(free.with_for_update(skip_locked=True))
                found = [tuple(row) for row in held]
                if not found:
                    return count
                count += connection.execute(delete(table).where(tuple_(*own).in_(found))).rowcount

    def _drop_drafts(self, before: int) -> int:
        """Delete old drafts, each as its owner would.

        With a draft goes its challenge, which an answer locks before it: so the ledger comes first.
        """
        table, store = tables.enrolment, SqlStore(self._db)
        dead = select(table.c.realm, table.c.subject, table.c.id).where(
            table.c.status == "pending", table.c.created_at < before
        )
        with self._db.read() as connection:
            found = connection.execute(dead).all()
        for realm, subject, draft in found:
            store.drop_draft(realm, subject, draft)
        return len(found)

    def _forget_secrets(self, factors: Collection[str], before: int) -> None:
        table = tables.enrolment
        forgotten = (
            update(table)
            .where(
                table.c.factor.in_(factors),
                table.c.created_at < before,
                table.c.secret != b"",
            )
            .values(secret=b"")
        )
        with self._db.write() as connection:
            connection.execute(forgotten)

    def add_events(self, events: Sequence[Event]) -> None:
        """Append to the audit trail."""
        SqlStore(self._db).add_events(events)

    def counts(self, realm: str, now: datetime) -> dict[str, int]:
        """Return how many people, ways and sessions there are that live at `now`."""
        enrolment, passage = tables.enrolment, tables.passage
        active = and_(enrolment.c.realm == realm, ending.MAKES_ENROLLED)
        asked = {
            "enrolled people": select(func.count(distinct(enrolment.c.subject))).where(active),
            "enrolments": select(func.count()).select_from(enrolment).where(active),
            "live sessions": select(func.count())
            .select_from(passage)
            .where(
                passage.c.realm == realm,
                passage.c.status == "granted",
                passage.c.expires_at > rows.number(now),
            ),
        }
        with self._db.read() as connection:
            return {name: int(connection.execute(q).scalar_one()) for name, q in asked.items()}

    def subjects(self, realm: str) -> Iterator[str]:
        """Yield everybody who is enrolled, in order; no more than a batch are held at once."""
        table = tables.enrolment
        query = (
            select(table.c.subject)
            .where(table.c.realm == realm, ending.MAKES_ENROLLED)
            .distinct()
            .order_by(table.c.subject)
            .limit(BATCH)
        )
        found = self._named(query)
        yield from found
        while len(found) == BATCH:
            found = self._named(query.where(table.c.subject > found[-1]))
            yield from found

    def _named(self, query: Select[Any]) -> Sequence[str]:
        with self._db.read() as connection:
            return connection.execute(query).scalars().all()


def _finished(now: datetime, hour_ago: int) -> ColumnElement[bool]:
    """Say in SQL that a passage is over, and that no browser is known by it any more."""
    passage = tables.passage
    return and_(
        passage.c.expires_at < hour_ago,
        or_(
            passage.c.granted_at.is_(None),
            passage.c.granted_at < rows.number(now - KNOWN_BROWSERS_FOR),
            passage.c.kind == "program",
        ),
    )
