"""What is told of a change, written with it: events for the trail, messages for the outbox."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from vestibule.core.events import Event
from vestibule.core.model import Message
from vestibule.store import rows, tables


def tell(connection: Connection, events: Sequence[Event], messages: Sequence[Message] = ()) -> None:
    """Append to the audit trail, and queue what is to be delivered."""
    if events:
        written = [rows.event_row(event) for event in events]
        connection.execute(tables.event.insert().inline(), written)
    if messages:
        queued = [rows.message_row(message) for message in messages]
        connection.execute(tables.message.insert().inline(), queued)


def last(connection: Connection, challenge_id: str) -> Message | None:
    """Return the message that carries the newest code of a challenge, None where none does."""
    table = tables.message
    query = (
        select(table)
        .where(table.c.challenge_id == challenge_id)
        .order_by(table.c.created_at.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    return None if row is None else rows.message(row)
