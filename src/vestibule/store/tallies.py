"""Tallies in SQL: every send is counted in each respect at once, or in none."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, update

from vestibule.core import caps
from vestibule.core.caps import Cap
from vestibule.core.model import Tally
from vestibule.store import rows, statements, tables

_TABLE = tables.tally
_SET = (
    update(_TABLE)
    .where(_TABLE.c.realm == bindparam("the_realm"), _TABLE.c.name == bindparam("the_name"))
    .values(level=bindparam("level"), as_of=bindparam("as_of"))
)


def count(
    connection: Connection, realm: str, wanted: Mapping[str, Cap], now: datetime
) -> datetime | None:
    """Count one more under every name, or none where one has no room: then return when it has."""
    found = _locked(connection, realm, sorted(wanted), now)
    full = [at for t in found if (at := caps.room_at(t, wanted[t.name], now)) is not None]
    if full:
        return max(full)
    raised = [caps.one_more(tally, wanted[tally.name], now) for tally in found]
    connection.execute(_SET, [_written(tally) for tally in raised])
    return None


def _locked(connection: Connection, realm: str, names: Sequence[str], now: datetime) -> list[Tally]:
    """Return the tallies of those names, made where there are none, in one order for everybody."""
    made = statements.insert(connection.dialect.name, _TABLE).values(
        realm=realm, name=bindparam("the_name"), level=0.0, as_of=rows.number(now)
    )
    # A change that changes nothing: it locks the row, and returns it as it is.
    found = made.on_conflict_do_update(
        index_elements=["realm", "name"], set_={"level": _TABLE.c.level}
    ).returning(_TABLE.c.level, _TABLE.c.as_of)
    tallies = []
    for name in names:
        row = connection.execute(found, {"the_name": name}).one()
        tallies.append(Tally(realm=realm, name=name, level=row.level, as_of=rows.moment(row.as_of)))
    return tallies


def _written(tally: Tally) -> dict[str, Any]:
    return {
        "the_realm": tally.realm,
        "the_name": tally.name,
        "level": tally.level,
        "as_of": rows.number(tally.as_of),
    }
