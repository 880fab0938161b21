"""Which codes came back, counted to their areas and carriers: apart from the checks of codes.

A check must be quick, so it counts nothing of this. The courier has it done every few seconds; each
message is counted once, however many do it at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from vestibule.core import conversion
from vestibule.core.caps import DAY
from vestibule.core.conversion import Watch
from vestibule.core.events import Event
from vestibule.core.model import TAKEN, Awaited, Whose
from vestibule.store import areas, rows, tables
from vestibule.store.areas import Change, Key
from vestibule.store.database import Database

HORIZON: Final = timedelta(hours=1)
"""How long it is looked for whether a code came back: none lives as long."""
GIVEN_UP_FOR: Final = DAY
"""How long it is looked for what was given up: as long as an area is stopped. Where nobody carries
anything for hours, that is so much later."""
BATCH: Final = 200
_MESSAGE: Final = tables.message
_CHALLENGE: Final = tables.challenge
_TRY: Final = tables.delivery_try
_LOST: Final = ("failed", "expired")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A message that has moved on: what becomes of it, and what that changes, in which areas."""

    message_id: str
    state: Awaited
    changes: Sequence[tuple[Key, Change]]


class SqlBrake:
    """What the courier asks of the brake on fraud, for one realm."""

    def __init__(self, database: Database, realm: str, watch: Watch, *, batch: int = BATCH) -> None:
        """Keep the database and the numbers; nothing is opened yet."""
        self._db, self._realm, self._watch, self._batch = database, realm, watch, batch

    def credit_returned(self, now: datetime, tell: Callable[[Sequence[Event]], None]) -> None:
        """Count the codes that came back, and what was carried or lost; tell what was written."""
        while self._is_due(now):
            with self._db.write() as connection:
                count, written = self._credit(connection, now)
            tell(written)
            if not count:  # another is at it
                break

    def put_last(self, range_: str, now: datetime) -> frozenset[str]:
        """Return the providers that come last on a route, for numbers of a range."""
        names = conversion.areas_of(range_)
        with self._db.read() as connection:
            found = areas.stopped(connection, self._realm, now)
        return frozenset(area.provider for area in found if area.name in names and area.provider)

    def _is_due(self, now: datetime) -> bool:
        with self._db.read() as connection:
            return connection.execute(self._moved_on(now).limit(1)).first() is not None

    def _credit(self, connection: Connection, now: datetime) -> tuple[int, Sequence[Event]]:
        # Whoever else is counting has locked theirs, and counts them.
        held = self._moved_on(now).with_for_update(of=_MESSAGE, skip_locked=True)
        found = connection.execute(held.order_by(_MESSAGE.c.id).limit(self._batch)).all()
        carriers = _carriers(connection, [row.id for row in found])
        seen = [_seen(row, carriers.get(row.id, "")) for row in found]
        for state in {one.state for one in seen}:
            ids = [one.message_id for one in seen if one.state is state]
            moved = update(_MESSAGE).where(_MESSAGE.c.id.in_(ids)).values(awaited=state.value)
            connection.execute(moved)
        changes = [change for one in seen for change in one.changes]
        written = areas.change(connection, self._realm, changes, self._watch, now)
        return len(found), written

    def _moved_on(self, now: datetime) -> Any:
        """Return the messages of which more is known than was counted."""
        return (
            select(
                _MESSAGE.c.id,
                _MESSAGE.c.range,
                _MESSAGE.c.whose,
                _MESSAGE.c.awaited,
                _MESSAGE.c.status,
                _MESSAGE.c.details,
                _CHALLENGE.c.status.label("challenge_status"),
                _CHALLENGE.c.generation,
            )
            .select_from(_MESSAGE.outerjoin(_CHALLENGE, _CHALLENGE.c.id == _MESSAGE.c.challenge_id))
            .where(
                _MESSAGE.c.realm == self._realm,
                _MESSAGE.c.created_at > rows.number(now - GIVEN_UP_FOR),
                or_(_MESSAGE.c.created_at > rows.number(now - HORIZON), _is_given_up()),
                _MESSAGE.c.awaited.in_([Awaited.ASKED.value, Awaited.CARRIED.value]),
                or_(
                    _CHALLENGE.c.status == "accepted",
                    _MESSAGE.c.status.in_(_LOST),
                    and_(
                        _MESSAGE.c.awaited == Awaited.ASKED.value,
                        _MESSAGE.c.status.in_(rows.words(TAKEN)),
                    ),
                ),
            )
        )


def _is_given_up() -> ColumnElement[bool]:
    """Say in SQL that a message was lost that is counted to its area still, and to no carrier."""
    return and_(_MESSAGE.c.awaited == Awaited.ASKED.value, _MESSAGE.c.status.in_(_LOST))


def _carriers(connection: Connection, ids: Sequence[str]) -> Mapping[str, str]:
    """Return who is known to have carried each message last: by an answer, or by a receipt."""
    is_known = or_(_TRY.c.outcome == "accepted", _TRY.c.fate.is_not(None))
    query = (
        select(_TRY.c.message_id, _TRY.c.provider)
        .where(_TRY.c.message_id.in_(ids), is_known)
        .order_by(_TRY.c.id)
    )
    return {row.message_id: row.provider for row in connection.execute(query)}


def _seen(row: Row[Any], carrier: str) -> _Seen:
    """Return what becomes of a message, and what that changes for all carriers and for its own."""
    is_new = row.awaited == Awaited.ASKED.value
    state = _state(row, carrier)
    everybodys: list[Change] = []
    its_own: list[Change] = [conversion.sent] if is_new and row.status not in _LOST else []
    if state is Awaited.RETURNED:
        everybodys.append(conversion.returned)
        its_own.append(conversion.returned)
    elif state is Awaited.LOST:
        everybodys.append(conversion.undone)
    names = conversion.areas_of(row.range)
    whose = Whose(row.whose)
    changes: list[tuple[Key, Change]] = [
        ((name, whose, ""), change) for name in names for change in everybodys
    ]
    if carrier:
        changes += [((name, None, carrier), change) for name in names for change in its_own]
    return _Seen(row.id, state, changes)


def _state(row: Row[Any], carrier: str) -> Awaited:
    """Return what becomes of a message; of a challenge's codes only the one that was typed pays."""
    if row.challenge_status == "accepted":
        is_typed = row.details["generation"] == row.generation
        return Awaited.RETURNED if is_typed else Awaited.UNPAID
    if row.status in _LOST:
        return Awaited.UNPAID if carrier else Awaited.LOST
    return Awaited.CARRIED
