"""Forgetting a subject: everything of it is deleted, only the audit trail keeps its rows."""

from typing import Final

from sqlalchemy import Connection, Table, delete, select

from vestibule.store import tables

KEPT: Final = tables.event
"""A trigger sees to it that no event is ever changed: what was done stays said."""
_FIRST: Final = (tables.passage, tables.enrolment)
"""In the order of the locks. What hangs on these goes with them."""


def _is_left(table: Table) -> bool:
    hangs = any(key.ondelete == "CASCADE" for key in table.foreign_keys)
    return {"realm", "subject"} <= set(table.c.keys()) and not hangs


_REST: Final = tuple(
    table
    for table in tables.metadata.sorted_tables
    if table not in {KEPT, *_FIRST} and _is_left(table)
)
"""Every other table that names a subject, also one that is added later; a tally names nobody.
Messages are found by no index: this is asked once in an account's life, and an index would be paid
for by every message."""


def forget(connection: Connection, realm: str, subject: str) -> bool:
    """Delete everything of a subject whose ledger is locked; say whether there was anything.

    Who waited for that lock meanwhile finds nothing to change, or nothing to hang a challenge on.
    """
    counts = [_delete(connection, table, realm, subject) for table in _FIRST]
    _forget_carried(connection, realm, subject)
    counts += [_delete(connection, table, realm, subject) for table in _REST]
    return any(counts)


def _forget_carried(connection: Connection, realm: str, subject: str) -> None:
    """Delete what carriers did and told of a subject's messages, while these still say whose."""
    message, tried, hosted = tables.message, tables.delivery_try, tables.hosted
    mine = select(message.c.id).where(message.c.realm == realm, message.c.subject == subject)
    # Whoever begins a try holds its message: what was begun is seen, and nothing more is begun.
    ids = connection.execute(mine.order_by(message.c.id).with_for_update()).scalars().all()
    connection.execute(delete(tried).where(tried.c.message_id.in_(ids)))
    asked = select(message.c.challenge_id).where(
        message.c.realm == realm, message.c.subject == subject, message.c.challenge_id.is_not(None)
    )
    connection.execute(delete(hosted).where(hosted.c.challenge_id.in_(asked)))


def _delete(connection: Connection, table: Table, realm: str, subject: str) -> int:
    mine = delete(table).where(table.c.realm == realm, table.c.subject == subject)
    return int(connection.execute(mine).rowcount)
