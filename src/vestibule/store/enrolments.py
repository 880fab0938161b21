"""Enrolments in SQL: which there are, put in and changed. Whoever changes holds the lock."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, select, true, update

from vestibule.core.model import Enrolment
from vestibule.core.stand_in import TICKET
from vestibule.store import ending, rows, statements, tables

_TABLE: Final = tables.enrolment


def living(connection: Connection, realm: str, subject: str) -> Sequence[Enrolment]:
    """Return a subject's enrolments that are not revoked, oldest first."""
    query = (
        select(_TABLE)
        .where(
            tables.of_subject(_TABLE, realm, subject), _TABLE.c.status.in_(["active", "pending"])
        )
        .order_by(_TABLE.c.created_at, _TABLE.c.id)
    )
    return [rows.enrolment(row) for row in connection.execute(query).mappings()]


def is_enrolled(connection: Connection, realm: str, subject: str) -> bool:
    """Say whether a password is no longer enough for a subject."""
    asked = {"realm": realm, "subject": subject}
    return bool(connection.execute(statements.IS_ENROLLED, asked).scalar_one())


def has_way(connection: Connection, realm: str, subject: str, but: str = "") -> bool:
    """Say whether a subject has a way that makes it enrolled, besides a ticket and that one."""
    query = select(_TABLE.c.id).where(
        tables.of_subject(_TABLE, realm, subject),
        ending.MAKES_ENROLLED,
        _TABLE.c.factor != TICKET,
        _TABLE.c.id != but,
    )
    return connection.execute(query.limit(1)).first() is not None


def same_factor(enrolment: Enrolment) -> ColumnElement[bool]:
    """Say in SQL that a row is an enrolment of the same subject and factor."""
    mine = tables.of_subject(_TABLE, enrolment.realm, enrolment.subject)
    return and_(mine, _TABLE.c.factor == enrolment.factor)


def insert(connection: Connection, enrolment: Enrolment, *, is_primary: bool = False) -> None:
    """Insert an enrolment; one that is primary makes its subject enrolled."""
    row = rows.enrolment_row(enrolment) | {"is_primary": is_primary}
    connection.execute(_TABLE.insert().inline(), row)


def replace(connection: Connection, enrolment: Enrolment) -> None:
    """Insert an enrolment in the place of others of its factor."""
    ending.revoke(connection, same_factor(enrolment))
    insert(connection, enrolment)


def save(connection: Connection, enrolment: Enrolment) -> bool:
    """Write an enrolment's next version; False where it had moved on by itself."""
    row = rows.enrolment_row(enrolment)
    kept = ["label", "status", "version", "preferred"]
    if not enrolment.secret:
        # A secret is only ever dropped here: what was read may have been sealed anew since.
        kept.append("secret")
    changed = (
        update(_TABLE)
        .where(
            _TABLE.c.id == enrolment.id,
            _TABLE.c.version == enrolment.version - 1,
            _TABLE.c.status == "active",
        )
        .values({name: row[name] for name in kept})
    )
    if connection.execute(changed).rowcount == 0:
        return False
    if enrolment.preferred:
        _prefer_no_other(connection, enrolment)
    return True


def _prefer_no_other(connection: Connection, enrolment: Enrolment) -> None:
    connection.execute(
        update(_TABLE)
        .where(
            tables.of_subject(_TABLE, enrolment.realm, enrolment.subject),
            _TABLE.c.id != enrolment.id,
            _TABLE.c.preferred == true(),
        )
        .values(preferred=False, version=_TABLE.c.version + 1)
    )
