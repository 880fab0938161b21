"""What operators ask of the brake on fraud, and what they do to it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from vestibule.core import conversion
from vestibule.core.budget import UNIT, spent_on
from vestibule.core.conversion import Area
from vestibule.core.events import Event
from vestibule.core.model import TAKEN
from vestibule.core.traffic import Traffic
from vestibule.delivery.outbox import UNSURE
from vestibule.store import areas, rows, tables
from vestibule.store.counted import how_many
from vestibule.store.database import Database
from vestibule.store.telling import tell

_MESSAGE, _TRY = tables.message, tables.delivery_try
_HANDED_OVER = _MESSAGE.c.status.in_(rows.words(TAKEN))


class BrakeDesk:
    """One realm's sends to phones, looked at and let go on."""

    def __init__(self, database: Database, realm: str) -> None:
        """Keep the database; nothing is opened yet."""
        self._db, self._realm = database, realm

    def traffic(self, since: datetime) -> Sequence[Traffic]:
        """Return what was sent since then and what came back: by area, for all carriers and each.

        That is read from every message: it is for people who look, not for a request.
        """
        carried = (
            select(_TRY.c.message_id, _TRY.c.provider, func.max(_TRY.c.id).label("id"))
            .where(_TRY.c.outcome == "accepted")
            .group_by(_TRY.c.message_id, _TRY.c.provider)
            .subquery()
        )
        mine = (
            _MESSAGE.c.realm == self._realm,
            _MESSAGE.c.range.is_not(None),
            _MESSAGE.c.created_at >= rows.number(since),
            _HANDED_OVER,
        )
        of_all = select(_MESSAGE.c.range, *_counts()).where(*mine).group_by(_MESSAGE.c.range)
        of_each = (
            select(_MESSAGE.c.range, carried.c.provider, *_counts())
            .join(carried, carried.c.message_id == _MESSAGE.c.id)
            .where(*mine)
            .group_by(_MESSAGE.c.range, carried.c.provider)
        )
        with self._db.read() as connection:
            of_both = (connection.execute(query).mappings().all() for query in (of_all, of_each))
            sent = [_traffic(row) for found in of_both for row in found]
            return [*sent, *self._unsure(connection, since)]

    def _unsure(self, connection: Connection, since: datetime) -> Sequence[Traffic]:
        """Return of how many tries nobody knows what came, for all carriers and each."""
        query = (
            select(_MESSAGE.c.range, _TRY.c.provider, func.count().label("unsure"))
            .join(_TRY, _TRY.c.message_id == _MESSAGE.c.id)
            .where(
                _MESSAGE.c.realm == self._realm,
                _MESSAGE.c.range.is_not(None),
                _MESSAGE.c.created_at >= rows.number(since),
                _TRY.c.outcome.in_(rows.words(UNSURE)),
            )
            .group_by(_MESSAGE.c.range, _TRY.c.provider)
        )
        return [
            Traffic(area=row.range, provider=provider, unsure=row.unsure)
            for row in connection.execute(query)
            for provider in ("", row.provider)
        ]

    def stopped(self, now: datetime) -> Sequence[Area]:
        """Return the areas that are stopped, for all carriers or one."""
        with self._db.read() as connection:
            return areas.stopped(connection, self._realm, now)

    def spent(self, now: datetime) -> float:
        """Return what was spent today, in the money that prices are in."""
        tally = tables.tally
        query = select(tally.c.level).where(
            tally.c.realm == self._realm, tally.c.name == spent_on(now)
        )
        with self._db.read() as connection:
            return float(connection.execute(query).scalar() or 0) / UNIT

    def resume(self, name: str, now: datetime, event: Callable[[Area], Event]) -> Sequence[Event]:
        """Let an area go on, for all carriers and each; return what was written, which is nothing
        where it was not stopped.
        """
        with self._db.write() as connection:
            keys = [
                areas.key_of(area)
                for area in areas.stopped(connection, self._realm, now)
                if area.name == name
            ]
            held = areas.locked(connection, self._realm, keys, now)
            areas.write(connection, self._realm, map(conversion.resumed, held.values()))
            written = [event(area) for area in held.values()]
            tell(connection, written)
        return written


def _counts() -> Sequence[ColumnElement[Any]]:
    return (
        func.count().label("sent"),
        how_many(_MESSAGE.c.status == "delivered").label("delivered"),
        how_many(_MESSAGE.c.awaited.is_not(None)).label("awaited"),
        how_many(_MESSAGE.c.awaited == "returned").label("returned"),
    )


def _traffic(row: Any) -> Traffic:
    return Traffic(
        area=row["range"],
        provider=row.get("provider", ""),
        sent=row["sent"],
        delivered=row["delivered"],
        awaited=row["awaited"],
        returned=row["returned"],
    )
