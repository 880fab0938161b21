"""Since when somebody is obliged to have a second step, and by which address they are known."""

from sqlalchemy import Connection, select

from vestibule.core.model import Obligation
from vestibule.store import rows, statements, tables

_TABLE = tables.obligation


def found(connection: Connection, realm: str, subject: str) -> Obligation | None:
    """Return what was noted of a subject, None where nothing was."""
    query = select(_TABLE).where(tables.of_subject(_TABLE, realm, subject))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else rows.obligation(row)


def note(connection: Connection, obligation: Obligation) -> None:
    """Write what is noted of a subject, in the place of what was. The caller holds its lock."""
    row = rows.obligation_row(obligation)
    note = statements.insert(connection.dialect.name, _TABLE).values(row)
    connection.execute(note.on_conflict_do_update(index_elements=["realm", "subject"], set_=row))
