"""Sessions in SQL: the live grants of a subject, with what each browser called itself, ended."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, true

from vestibule.core.events import ActingBegun, AnswerAccepted
from vestibule.core.model import Passage, PassageKind, PassageStatus
from vestibule.store import ending, passages, rows, tables

_PASSAGE, _EVENT = tables.passage, tables.event
_LETS_IN: Final = (AnswerAccepted.name, ActingBegun.name)
"""The events by which a grant is made: they bear what the browser calls itself."""
_BLOBS: Final = frozenset({"parked", "contact"})


def grants(
    connection: Connection,
    realm: str,
    subject: str,
    now: datetime,
    *,
    used_after: datetime | None,
    first: str,
    most: int,
) -> Sequence[tuple[Passage, str]]:
    """Return live grants of browsers, each with the browser's own name for itself, if it is known.

    The one with the id `first` comes first, then the newest.
    """
    query = (
        select(*(column for column in _PASSAGE.c if column.name not in _BLOBS))
        .where(
            tables.of_subject(_PASSAGE, realm, subject),
            _PASSAGE.c.kind == PassageKind.BROWSER.value,
            _is_granted(now, used_after),
        )
        .order_by(
            case((_PASSAGE.c.id == first, 0), else_=1), _PASSAGE.c.granted_at.desc(), _PASSAGE.c.id
        )
        .limit(most)
    )
    found = [rows.passage(row) for row in connection.execute(query).mappings()]
    agents = _agents(connection, realm, subject, found)
    return [(passage, agents.get(passage.id, "")) for passage in found]


def _agents(
    connection: Connection, realm: str, subject: str, granted: Sequence[Passage]
) -> dict[str, str]:
    """Return what browsers called themselves as they were let in, by the ids of their passages.

    The event was written at the very moment of the grant, to which its subject's index leads.
    """
    moments = {rows.number(p.granted_at) for p in granted if p.granted_at is not None}
    query = select(_EVENT.c.agent, _EVENT.c.data).where(
        tables.of_subject(_EVENT, realm, subject),
        _EVENT.c.at.in_(sorted(moments)),
        _EVENT.c.name.in_(_LETS_IN),
    )
    made = connection.execute(query).all() if moments else []
    return {data["passage"]: agent for agent, data in made}


def end(
    connection: Connection, realm: str, subject: str, passage_id: str, *, by: str, now: datetime
) -> bool:
    """End a live grant of a subject's browser that is not `by`, and know the browser no more."""
    ended = ending.lost(
        _PASSAGE.c.id == passage_id,
        _PASSAGE.c.id != by,
        tables.of_subject(_PASSAGE, realm, subject),
        _PASSAGE.c.kind == PassageKind.BROWSER.value,
        _is_granted(now, None),
    )
    return connection.execute(ended).rowcount > 0


def end_all(
    connection: Connection,
    realm: str,
    subject: str,
    now: datetime,
    *,
    used_after: datetime | None,
    but: str,
) -> tuple[bool, int]:
    """End every passage of a subject but one; say whether anything changed, and how many lived."""
    waits = and_(
        _PASSAGE.c.status == PassageStatus.PENDING.value, _PASSAGE.c.expires_at > rows.number(now)
    )
    living = select(func.count()).where(
        tables.of_subject(_PASSAGE, realm, subject),
        _PASSAGE.c.id != but,
        or_(waits, _is_granted(now, used_after)),
    )
    count = int(connection.execute(living).scalar_one())
    return passages.lose_others(connection, realm, subject, but), count


def _is_granted(now: datetime, used_after: datetime | None) -> ColumnElement[bool]:
    """Say in SQL what `Passage.is_granted` says, and that `policy.is_idle` does not."""
    used = func.coalesce(_PASSAGE.c.seen_at, _PASSAGE.c.granted_at, _PASSAGE.c.created_at)
    return and_(
        _PASSAGE.c.status == PassageStatus.GRANTED.value,
        _PASSAGE.c.expires_at > rows.number(now),
        true() if used_after is None else used > rows.number(used_after),
    )
