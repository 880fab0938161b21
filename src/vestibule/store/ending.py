"""How sessions and ways end, each said once; and what makes an account enrolled."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Update,
    and_,
    null,
    or_,
    select,
    true,
    update,
)

from vestibule.core.model import ChallengeStatus, EnrolmentStatus, PassageStatus, Purpose
from vestibule.store.tables import challenge, enrolment, passage

MAKES_ENROLLED: Final = and_(
    enrolment.c.status == EnrolmentStatus.ACTIVE.value, enrolment.c.is_primary == true()
)
"""An enrolment by which a password is no longer enough."""

_ENDED: Final = PassageStatus.ENDED.value
_REVOKED: Final = EnrolmentStatus.REVOKED.value


def over(*which: ColumnElement[bool]) -> Update:
    """End passages; the browsers they were in stay known."""
    living = passage.c.status != _ENDED
    return update(passage).where(*which, living).values(status=_ENDED, parked=null())


def lost(*which: ColumnElement[bool]) -> Update:
    """End passages, and know their browsers no more: they may be in wrong hands."""
    told = or_(passage.c.status != _ENDED, passage.c.browser_hash.is_not(None))
    return (
        update(passage)
        .where(*which, told)
        .values(status=_ENDED, parked=null(), browser_hash=null())
    )


def set_ups(*which: ColumnElement[bool]) -> Update:
    """End logins at the door on which a way is set up: what stood in for one no longer does."""
    setting_up = and_(
        passage.c.purpose == Purpose.ENROL.value,
        passage.c.status == PassageStatus.PENDING.value,
    )
    return over(*which, setting_up)


def revoked(*which: ColumnElement[bool]) -> Update:
    """Revoke enrolments, also those that wait to be proven; their secrets go."""
    values: dict[str, Any] = {
        "status": _REVOKED,
        "secret": b"",
        "state": {},
        "preferred": False,
        "version": enrolment.c.version + 1,
    }
    return update(enrolment).where(*which, enrolment.c.status != _REVOKED).values(values)


def cancelled(*which: ColumnElement[bool]) -> Update:
    """Close what is asked of enrolments; said before they are revoked, in the order of locks."""
    meant = select(enrolment.c.id).where(*which)
    return (
        update(challenge)
        .where(
            challenge.c.enrolment_id.in_(meant),
            challenge.c.status == ChallengeStatus.OPEN.value,
        )
        .values(status=ChallengeStatus.CANCELLED.value)
    )


def revoke(connection: Connection, which: ColumnElement[bool]) -> int:
    """Revoke enrolments and close what is asked of them; say how many there were."""
    connection.execute(cancelled(which))
    return int(connection.execute(revoked(which)).rowcount)
