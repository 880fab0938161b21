"""The outbox in SQL: what is due, claimed by one courier at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update

from vestibule.core.model import Challenge, Message
from vestibule.store import rows, tables
from vestibule.store.database import Database

_message = tables.message


class SqlOutbox:
    """Keeps one realm's messages; lends each to one courier at a time."""

    def __init__(self, database: Database, realm: str = "default") -> None:
        """Keep the database; nothing is opened yet.

        Another realm's messages are another application's: it has a carrier and a name of its own.
        """
        self._db = database
        self._realm = realm

    def claim(self, now: datetime, lease: timedelta, most: int) -> Sequence[Message]:
        """Take up to `most` due messages for `lease`; no other courier gets them meanwhile."""
        at = rows.number(now)
        due = and_(
            _message.c.realm == self._realm,
            or_(
                and_(_message.c.status == "queued", _message.c.due_at <= at),
                and_(_message.c.status == "sending", _message.c.claimed_until <= at),
            ),
        )
        with self._db.read() as connection:
            found = (
                connection.execute(
                    select(_message.c.id).where(due).order_by(_message.c.due_at).limit(most)
                )
                .scalars()
                .all()
            )
        if not found:
            return []
        with self._db.write() as connection:
            taken = connection.execute(
                update(_message)
                .where(_message.c.id.in_(found), due)
                .values(status="sending", claimed_until=rows.number(now + lease))
                .returning(_message)
            )
            return [rows.message(row) for row in taken.mappings().all()]

    def expand(self, notice: Message, copies: Sequence[Message]) -> None:
        """Put one message for each contact in the place of a notice."""
        with self._db.write() as connection:
            changed = connection.execute(
                update(_message)
                .where(_still_ours(notice))
                .values(status="sent", outcome=f"to {len(copies)} contacts", claimed_until=None)
            )
            if changed.rowcount and copies:
                connection.execute(
                    _message.insert().inline(), [rows.message_row(copy) for copy in copies]
                )

    def settle_message(self, message: Message) -> None:
        """Write what came of a claimed message, unless its lease has gone to another courier."""
        row = rows.message_row(message)
        kept = ("status", "outcome", "tries", "due_at")
        with self._db.write() as connection:
            connection.execute(
                update(_message)
                .where(_still_ours(message))
                .values({name: row[name] for name in kept} | {"claimed_until": None})
            )

    def challenge_of(self, message: Message) -> Challenge | None:
        """Return the challenge whose code a message carries."""
        table = tables.challenge
        with self._db.read() as connection:
            found = connection.execute(select(table).where(table.c.id == message.challenge_id))
            row = found.mappings().one_or_none()
        return None if row is None else rows.challenge(row)

    def contacts(self, realm: str, subject: str, since: datetime) -> Sequence[tuple[str, bytes]]:
        """Return the sealed contact snapshots of a subject's passages since then, newest first."""
        table = tables.passage
        query = (
            select(table.c.id, table.c.contact)
            .where(
                table.c.realm == realm,
                table.c.subject == subject,
                table.c.granted_at >= rows.number(since),
                table.c.contact.is_not(None),
            )
            .order_by(table.c.granted_at.desc())
            .limit(50)
        )
        with self._db.read() as connection:
            return [(row[0], bytes(row[1])) for row in connection.execute(query)]


def _still_ours(message: Message) -> ColumnElement[bool]:
    """Say in SQL that a message is claimed under the very lease that `message` was lent with."""
    return and_(
        _message.c.id == message.id,
        _message.c.status == "sending",
        _message.c.claimed_until == rows.number_or_none(message.claimed_until),
    )
