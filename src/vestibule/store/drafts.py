"""Ways that wait to be proven, in SQL. Whoever calls holds the subject's lock."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select

from vestibule.core.model import Enrolment
from vestibule.store import enrolments, moving, tables

_TABLE: Final = tables.enrolment


def make_room(connection: Connection, draft: Enrolment, *, first: bool, most: int) -> bool:
    """Drop former drafts of the same factor; False where there may be no more of it.

    One that is to be the `first` is for a subject that is not enrolled: a login that was on its
    way while its owner set up a way has come too late, and drops nothing.
    """
    if first and enrolments.is_enrolled(connection, draft.realm, draft.subject):
        return False
    former = (enrolments.same_factor(draft), _TABLE.c.status == "pending")
    connection.execute(delete(_TABLE).where(*former))
    return _active(connection, draft) < most and moving.may_begin(connection, draft)


def drop(connection: Connection, realm: str, subject: str, enrolment_id: str) -> None:
    """Delete a draft with its challenges."""
    drafts = _of_subject(realm, subject)
    connection.execute(delete(_TABLE).where(drafts, _TABLE.c.id == enrolment_id))


def drop_all(connection: Connection, realm: str, subject: str) -> None:
    """Delete every draft of a subject with its challenges."""
    connection.execute(delete(_TABLE).where(_of_subject(realm, subject)))


def _of_subject(realm: str, subject: str) -> ColumnElement[bool]:
    return and_(tables.of_subject(_TABLE, realm, subject), _TABLE.c.status == "pending")


def _active(connection: Connection, draft: Enrolment) -> int:
    same = (enrolments.same_factor(draft), _TABLE.c.status == "active")
    return int(connection.execute(select(func.count()).where(*same)).scalar_one())
