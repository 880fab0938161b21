"""A help desk's tickets in SQL: given, and taken back. Whoever calls holds the subject's lock."""

from typing import Final

from sqlalchemy import Connection, select

from vestibule.core.model import Enrolment
from vestibule.core.stand_in import NAMES as STAND_INS
from vestibule.core.stand_in import TICKET
from vestibule.store import ending, passages, tables
from vestibule.store.enrolments import has_way, insert, is_enrolled

_TABLE: Final = tables.enrolment


def give(connection: Connection, ticket: Enrolment, *, at_once: bool, owing: bool) -> bool:
    """Insert a ticket in the place of a former one; False where its subject is not enrolled.

    Where it is `owing`, and so is not enrolled yet, False where it is.
    """
    realm, subject = ticket.realm, ticket.subject
    if is_enrolled(connection, realm, subject) is owing:
        return False
    mine = tables.of_subject(_TABLE, realm, subject)
    in_its_place = mine & _TABLE.c.factor.in_(STAND_INS)
    ending.revoke(connection, mine if at_once else in_its_place)
    if at_once:
        passages.lose_others(connection, realm, subject, "")
    passages.end_set_ups(connection, realm, subject)
    # As a way that makes an account enrolled: while it waits no password is enough. Who is
    # not enrolled owes a first way, and goes on with the days of grace.
    insert(connection, ticket, is_primary=not owing)
    return True


def take_back(connection: Connection, realm: str, subject: str, only: str | None) -> str | None:
    """Revoke a ticket and return its id; None where there is none, or nothing else but it.

    Whoever sets up a new way by it has not come in yet, and does not any more.
    """
    mine = tables.of_subject(_TABLE, realm, subject) & (_TABLE.c.status == "active")
    tickets = select(_TABLE.c.id, _TABLE.c.is_primary).where(mine, _TABLE.c.factor == TICKET)
    if only is not None:
        tickets = tickets.where(_TABLE.c.id == only)
    found = connection.execute(tickets).all()
    keeps_shut = any(row.is_primary for row in found)
    if not found or (keeps_shut and not has_way(connection, realm, subject)):
        return None
    ending.revoke(connection, _TABLE.c.id.in_([row.id for row in found]))
    passages.end_set_ups(connection, realm, subject)
    return str(found[0].id)
