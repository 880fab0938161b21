"""Removing a way, in SQL: what goes with it. Whoever calls holds the subject's lock."""

from typing import Final

from sqlalchemy import Connection

from vestibule.core.model import Enrolment
from vestibule.core.stand_in import NAMES as STAND_INS
from vestibule.store import ending, passages, tables
from vestibule.store.enrolments import has_way

_TABLE: Final = tables.enrolment


def remove(
    connection: Connection, enrolment: Enrolment, *, by: str, keeps_last: bool
) -> bool | None:
    """Revoke an active enrolment, and end every passage but `by`; say whether it was the last.

    With the last goes all that is left. None, and nothing is changed, where it was not active, is
    the last of an account that `keeps_last`, or stands in for a way: what a ticket keeps shut
    would be open to the password.
    """
    realm, subject = enrolment.realm, enrolment.subject
    had_way = has_way(connection, realm, subject)
    if keeps_last and had_way and not has_way(connection, realm, subject, but=enrolment.id):
        return None
    meant = (_TABLE.c.id == enrolment.id) & _TABLE.c.factor.not_in(STAND_INS)
    if ending.revoke(connection, meant) == 0:
        return None
    # Of a subject that had none but a ticket, nothing that goes takes the ticket with it.
    last = had_way and not has_way(connection, realm, subject)
    if last:
        # With the last goes what only helps out, and a grant that proves nothing any more.
        ending.revoke(connection, tables.of_subject(_TABLE, realm, subject))
    passages.lose_others(connection, realm, subject, "" if last else by)
    return last
