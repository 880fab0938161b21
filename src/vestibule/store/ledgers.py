"""The ledgers of a subject in SQL: its rows are also the lock on everything else of it."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select, update

from vestibule.core.model import Lane, Ledger
from vestibule.store import rows, statements, tables

_TABLE: Final = tables.ledger


def lock(
    connection: Connection, realm: str, subject: str, first_seen: datetime | None = None
) -> None:
    """Be alone with everything of a subject until the transaction ends.

    Of a subject that may be new it is said when it was `first_seen`: its ledgers are made then.
    """
    whose: dict[str, Any] = {"realm": realm, "subject": subject}
    if first_seen is not None:
        ensure = statements.ensure_ledgers(connection.dialect.name).statement
        connection.execute(ensure, whose | {"now": rows.number(first_seen)})
    connection.execute(statements.LOCK.statement, whose).all()


def found(connection: Connection, realm: str, subject: str, lane: Lane) -> Ledger | None:
    """Return a subject's account in a lane, None where it has none."""
    mine = tables.of_subject(_TABLE, realm, subject)
    query = select(_TABLE).where(mine, _TABLE.c.lane == lane.value)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else rows.ledger(row)


def reset(connection: Connection, realm: str, subject: str) -> None:
    """Set all counts of a subject to nothing, those on its enrolments too."""
    enrolment = tables.enrolment
    connection.execute(
        update(_TABLE)
        .where(tables.of_subject(_TABLE, realm, subject))
        .values(spent=0, failures=0, failed_at=None, told_at=None)
    )
    connection.execute(
        update(enrolment)
        .where(tables.of_subject(enrolment, realm, subject))
        .values(failures_known=0, failures_stranger=0)
    )
