"""A way that takes another's place: which other may be named, and whether it is there still."""

from dataclasses import replace

from sqlalchemy import Connection, select

from vestibule.core.model import Enrolment
from vestibule.core.ruling import Asked, Case
from vestibule.store import statements, tables
from vestibule.store.enrolments import same_factor
from vestibule.store.turn import Turn


def may_begin(connection: Connection, draft: Enrolment) -> bool:
    """Say whether a draft may take the place it names, if it names one, under the lock.

    That is one of the same subject and kind which is in no such pair yet: no way has two heirs, and
    an heir that has not been used has none.
    """
    if draft.succeeds is None:
        return True
    table = tables.enrolment
    query = select(table.c.id, table.c.succeeds).where(
        same_factor(draft), table.c.status == "active"
    )
    places = {row.id: row.succeeds for row in connection.execute(query)}
    if draft.succeeds not in places or draft.succeeds in places.values():
        return False
    return places[draft.succeeds] not in places


def as_it_stands(turn: Turn, case: Case) -> Case:
    """Return a locked case in which no way takes the place of one that is gone."""
    if all(asked.enrolment.succeeds is None for asked in case.asked):
        return case
    return replace(case, asked=tuple(_as_it_stands(turn, asked) for asked in case.asked))


def _as_it_stands(turn: Turn, asked: Asked) -> Asked:
    way = asked.enrolment
    if way.succeeds is None:
        return asked
    other = {"realm": way.realm, "subject": way.subject, "one": way.succeeds}
    if turn.rows(statements.IS_IN_FORCE, other):
        return asked
    return replace(asked, enrolment=replace(way, succeeds=None))
