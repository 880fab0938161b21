"""The audit trail in SQL, as it is read: searched from its end, or gone through from its beginning.

What is asked of one subject goes by that subject's index, in the order of time. What is asked of
all goes by the key, in the order of writing, and sorts nothing: a batch costs a batch.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select, tuple_

from vestibule.core.model import Json
from vestibule.store import rows, tables
from vestibule.store.database import Database

BATCH: Final = 500
_event = tables.event


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event, as it stands in the trail."""

    id: int
    at: datetime
    realm: str
    subject: str
    name: str
    address: str
    agent: str
    data: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events of a realm are meant: those that meet everything that is said here.

    `since` is the first moment that is meant, `until` the first that is not any more.
    """

    realm: str
    subject: str | None = None
    names: Collection[str] = field(default=())
    address: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Trail:
    """The audit trail of a database; reading it holds nobody up."""

    def __init__(self, database: Database) -> None:
        """Keep the database; nothing is opened yet."""
        self._db = database

    def newest(self, wanted: Wanted, most: int) -> Sequence[Entry]:
        """Return the newest events that are meant, at most so many, the newest last."""
        order = [column.desc() for column in _order(wanted)]
        return self._read(_meant(wanted).order_by(*order).limit(most))[::-1]

    def whole(self, wanted: Wanted, *, batch: int = BATCH) -> Iterator[Entry]:
        """Yield every event that is meant, oldest first; no more than `batch` are held at once."""
        query = _meant(wanted).order_by(*_order(wanted)).limit(batch)
        found = self._read(query)
        yield from found
        while len(found) == batch:
            found = self._read(query.where(_after(wanted, found[-1])))
            yield from found

    def _read(self, query: Select[Any]) -> Sequence[Entry]:
        with self._db.read() as connection:
            return [_entry(row) for row in connection.execute(query).mappings()]


def _order(wanted: Wanted) -> Sequence[ColumnElement[Any]]:
    return [_event.c.id] if wanted.subject is None else [_event.c.at, _event.c.id]


def _after(wanted: Wanted, last: Entry) -> ColumnElement[bool]:
    if wanted.subject is None:
        return _event.c.id > last.id
    return tuple_(_event.c.at, _event.c.id) > (rows.number(last.at), last.id)


def _meant(wanted: Wanted) -> Select[Any]:
    query = select(_event)
    if wanted.subject is None:
        # Added to nothing, the realm is found by no index: nearly every row bears it, and whoever
        # went by it would have to sort them all.
        query = query.where(_event.c.realm.concat("") == wanted.realm)
    else:
        query = query.where(_event.c.realm == wanted.realm, _event.c.subject == wanted.subject)
    if wanted.names:
        query = query.where(_event.c.name.in_(sorted(wanted.names)))
    if wanted.address is not None:
        query = query.where(_event.c.address == wanted.address)
    if wanted.since is not None:
        query = query.where(_event.c.at >= rows.number(wanted.since))
    if wanted.until is not None:
        query = query.where(_event.c.at < rows.number(wanted.until))
    return query


def _entry(row: rows.Row) -> Entry:
    return Entry(
        id=row["id"],
        at=rows.moment(row["at"]),
        realm=row["realm"],
        subject=row["subject"],
        name=row["name"],
        address=row["address"],
        agent=row["agent"],
        data=row["data"],
    )
