"""What operators ask of the tries: what waits, and what carriers made of what they were handed.

No number, no address and no code is read: a number shows by the range that it is in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from vestibule.core.model import ON_ITS_WAY
from vestibule.delivery.outbox import UNSURE, TryOutcome
from vestibule.delivery.provider import Fate
from vestibule.store import rows, tables
from vestibule.store.counted import how_many
from vestibule.store.database import Database

_MESSAGE, _TRY = tables.message, tables.delivery_try
_ACCEPTED: Final = TryOutcome.ACCEPTED.value
_REFUSED: Final = rows.words({TryOutcome.REFUSED, TryOutcome.CANNOT_RECEIVE})
_UNSURE: Final = rows.words(UNSURE)
_LOST: Final = rows.words({Fate.UNDELIVERED, Fate.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many messages no carrier has taken yet, and for how long the oldest waits."""

    count: int
    longest: timedelta | None
    """None where none waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How many tries there were at one carrier, by what came of them.

    `delivered` are those of the accepted that a receipt told so.
    """

    provider: str
    accepted: int
    refused: int
    failed: int
    unsure: int
    delivered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Untried:
    """How many messages met a trouble before any carrier was asked, and which."""

    status: str
    why: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTry:
    """One try, and how its message stands."""

    id: int
    at: datetime
    message_id: str
    channel: str
    provider: str
    outcome: str
    reason: str
    milliseconds: int | None
    """None while it is under way, and where the process died."""
    fate: str | None
    """What the carrier told of it since; None where it told nothing."""
    range: str | None
    """With what the number begins; None for mail, and where the message was purged."""
    status: str | None
    """How the message stands; None where it was purged."""
    why: str | None
    """What is said of that, such as why no other try is made."""


class DeliveryDesk:
    """One realm's messages and tries, looked at."""

    def __init__(self, database: Database, realm: str) -> None:
        """Keep the database; nothing is opened yet."""
        self._db, self._realm = database, realm

    def waiting(self, now: datetime) -> Waiting:
        """Return what waits, whether it is due, claimed, or to be tried again later."""
        query = select(func.count(), func.min(_MESSAGE.c.created_at)).where(
            _MESSAGE.c.realm == self._realm, _MESSAGE.c.status.in_(rows.words(ON_ITS_WAY))
        )
        with self._db.read() as connection:
            count, first = connection.execute(query).one()
        longest = None if first is None else max(now - rows.moment(first), timedelta())
        return Waiting(count=count, longest=longest)

    def tries(self, since: datetime) -> Sequence[Tries]:
        """Return what came of the tries since then, by carrier."""
        query = (
            select(
                _TRY.c.provider,
                how_many(_TRY.c.outcome == _ACCEPTED).label("accepted"),
                how_many(_TRY.c.outcome.in_(_REFUSED)).label("refused"),
                how_many(_TRY.c.outcome == TryOutcome.FAILED.value).label("failed"),
                how_many(_TRY.c.outcome.in_(_UNSURE)).label("unsure"),
                how_many(_TRY.c.fate == Fate.DELIVERED.value).label("delivered"),
            )
            .where(_TRY.c.realm == self._realm, _TRY.c.at >= rows.number(since))
            .group_by(_TRY.c.provider)
            .order_by(_TRY.c.provider)
        )
        with self._db.read() as connection:
            return [Tries(**row) for row in connection.execute(query).mappings()]

    def untried(self, since: datetime) -> Sequence[Untried]:
        """Return what kept messages of since then from being handed to anybody, most first."""
        count = func.count()
        query = (
            select(_MESSAGE.c.status, _MESSAGE.c.outcome, count)
            .where(
                _MESSAGE.c.realm == self._realm,
                _MESSAGE.c.created_at >= rows.number(since),
                _MESSAGE.c.status.in_(["queued", "sending", "failed", "expired"]),
                _MESSAGE.c.outcome != "",
                ~exists().where(_TRY.c.message_id == _MESSAGE.c.id),
            )
            .group_by(_MESSAGE.c.status, _MESSAGE.c.outcome)
            .order_by(count.desc(), _MESSAGE.c.outcome)
        )
        with self._db.read() as connection:
            found = connection.execute(query).all()
        return [Untried(status=status, why=why, count=many) for status, why, many in found]

    def newest(
        self, most: int, *, carrier: str | None = None, only_failed: bool = False
    ) -> Sequence[ListedTry]:
        """Return the newest tries, at most so many, the newest last.

        `only_failed` leaves out what a carrier took, unless it told that it lost it.
        """
        query = (
            select(_TRY, _MESSAGE.c.range, _MESSAGE.c.status, _MESSAGE.c.outcome.label("why"))
            .join(_MESSAGE, _MESSAGE.c.id == _TRY.c.message_id, isouter=True)
            .where(_TRY.c.realm == self._realm)
            .order_by(_TRY.c.id.desc())
            .limit(most)
        )
        if carrier is not None:
            query = query.where(_TRY.c.provider == carrier)
        if only_failed:
            query = query.where(or_(_TRY.c.outcome != _ACCEPTED, _was_lost()))
        with self._db.read() as connection:
            return [_listed(row) for row in connection.execute(query).mappings()][::-1]


def _was_lost() -> ColumnElement[bool]:
    return and_(_TRY.c.fate.is_not(None), _TRY.c.fate.in_(_LOST))


def _listed(row: rows.Row) -> ListedTry:
    return ListedTry(
        id=row["id"],
        at=rows.moment(row["at"]),
        message_id=row["message_id"],
        channel=row["channel"],
        provider=row["provider"],
        outcome=row["outcome"],
        reason=row["reason"],
        milliseconds=row["milliseconds"],
        fate=row["fate"],
        range=row["range"],
        status=row["status"],
        why=row["why"],
    )
