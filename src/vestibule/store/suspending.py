"""Suspending ways that somebody reported, in SQL. Whoever calls holds the subject's lock."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select, update

from vestibule.core.model import Enrolment, EnrolmentStatus
from vestibule.store import drafts, ending, enrolments, passages, rows, tables

Rule = Callable[[Sequence[Enrolment]], Sequence[Enrolment]]
_ENROLMENT, _PASSAGE = tables.enrolment, tables.passage


def suspend(
    connection: Connection, realm: str, subject: str, by: str, rule: Rule
) -> Sequence[Enrolment]:
    """Suspend what `rule` says, end all grants, and all that waits but `by`; return what it said.

    Nothing is changed where `by` has ended, or `rule` says nothing.
    """
    whose = {"realm": realm, "subject": subject}
    status = passages.status_of(connection, by)
    found = [] if status == "ended" else rule(_active(connection, **whose))
    if not found:
        return []
    for enrolment in found:
        _write(connection, enrolment)
    ids = [enrolment.id for enrolment in found]
    # Asked for nowhere any more: no code goes out to what is suspended either.
    connection.execute(ending.cancelled(_ENROLMENT.c.id.in_(ids)))
    drafts.drop_all(connection, **whose)
    _end(connection, **whose, but=by if status == "pending" else "")
    _forget_browsers(connection, **whose, ids=set(ids))
    return found


def restore(connection: Connection, enrolment: Enrolment) -> bool:
    """Write the next version of a suspended enrolment; False where it has moved on."""
    return _write(connection, enrolment)


def _active(connection: Connection, realm: str, subject: str) -> Sequence[Enrolment]:
    living = enrolments.living(connection, realm, subject)
    return [enrolment for enrolment in living if enrolment.status is EnrolmentStatus.ACTIVE]


def _write(connection: Connection, enrolment: Enrolment) -> bool:
    written = (
        update(_ENROLMENT)
        .where(
            _ENROLMENT.c.id == enrolment.id,
            _ENROLMENT.c.version == enrolment.version - 1,
            _ENROLMENT.c.status == "active",
        )
        .values(
            suspended_until=rows.number_or_none(enrolment.suspended_until),
            version=enrolment.version,
        )
    )
    return connection.execute(written).rowcount == 1


def _end(connection: Connection, realm: str, subject: str, but: str) -> None:
    mine = tables.of_subject(_PASSAGE, realm, subject)
    connection.execute(ending.over(mine, _PASSAGE.c.id != but))


def _forget_browsers(connection: Connection, realm: str, subject: str, ids: set[str]) -> None:
    """Let browsers that came by what is suspended be strangers: they are not the owner's."""
    came = select(_PASSAGE.c.id, _PASSAGE.c.proofs).where(
        tables.of_subject(_PASSAGE, realm, subject),
        _PASSAGE.c.browser_hash.is_not(None),
    )
    found = [row.id for row in connection.execute(came) if ids & {p[1] for p in row.proofs}]
    if found:
        connection.execute(
            update(_PASSAGE).where(_PASSAGE.c.id.in_(found)).values(browser_hash=None)
        )
