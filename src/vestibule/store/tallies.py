"""Tallies in SQL: what is sent is counted in each respect at once, or in none."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, select, update

from vestibule.core import caps
from vestibule.core.caps import Cap
from vestibule.core.model import Tally
from vestibule.store import rows, statements, tables

Full = tuple[str, datetime]
"""The name of a count that has no room, and when it has."""
_TABLE = tables.tally
_SET = (
    update(_TABLE)
    .where(_TABLE.c.realm == bindparam("the_realm"), _TABLE.c.name == bindparam("the_name"))
    .values(level=bindparam("level"), as_of=bindparam("as_of"))
)


def count(
    connection: Connection, realm: str, wanted: Mapping[str, Cap], now: datetime
) -> Full | None:
    """Count one more under every name, or none where one has no room: then return which."""
    found = locked(connection, realm, wanted, now)
    full = fullest(found, wanted, now)
    if full is None:
        raise_all(connection, found, wanted, now)
    return full


def full(
    connection: Connection, realm: str, wanted: Mapping[str, Cap], now: datetime
) -> Full | None:
    """Return which of the counts has no room, as far as is seen without a lock."""
    query = select(_TABLE).where(_TABLE.c.realm == realm, _TABLE.c.name.in_(list(wanted)))
    found = [_tally(realm, row) for row in connection.execute(query)]
    return fullest(found, wanted, now)


def fullest(found: Iterable[Tally], wanted: Mapping[str, Cap], now: datetime) -> Full | None:
    """Return the count that has no room for the longest time; None where all have."""
    rooms = [(caps.room_at(tally, wanted[tally.name], now), tally.name) for tally in found]
    over = [(at, name) for at, name in rooms if at is not None]
    if not over:
        return None
    at, name = max(over)
    return name, at


def raise_all(
    connection: Connection, found: Iterable[Tally], wanted: Mapping[str, Cap], now: datetime
) -> None:
    """Count one more under each, all of them locked."""
    raised = [caps.one_more(tally, wanted[tally.name], now) for tally in found]
    if raised:
        connection.execute(_SET, [_written(tally) for tally in raised])


def lower(connection: Connection, realm: str, name: str, amount: float) -> None:
    """Take from a count what was counted there for nothing; of one that is gone, or less, all."""
    left = case((_TABLE.c.level > amount, _TABLE.c.level - amount), else_=0.0)
    connection.execute(
        update(_TABLE).where(_TABLE.c.realm == realm, _TABLE.c.name == name).values(level=left)
    )


def locked(
    connection: Connection, realm: str, names: Iterable[str], now: datetime
) -> Sequence[Tally]:
    """Return the tallies of those names, made where there are none, in one order for everybody."""
    made = statements.insert(connection.dialect.name, _TABLE).values(
        realm=realm, name=bindparam("the_name"), level=0.0, as_of=rows.number(now)
    )
    # A change that changes nothing: it locks the row, and returns it as it is.
    found = made.on_conflict_do_update(
        index_elements=["realm", "name"], set_={"level": _TABLE.c.level}
    ).returning(_TABLE.c.name, _TABLE.c.level, _TABLE.c.as_of)
    return [
        _tally(realm, connection.execute(found, {"the_name": name}).one()) for name in sorted(names)
    ]


def _tally(realm: str, row: Any) -> Tally:
    return Tally(realm=realm, name=row.name, level=row.level, as_of=rows.moment(row.as_of))


def _written(tally: Tally) -> dict[str, Any]:
    return {
        "the_realm": tally.realm,
        "the_name": tally.name,
        "level": tally.level,
        "as_of": rows.number(tally.as_of),
    }
