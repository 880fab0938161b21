"""Areas in SQL: what was sent to numbers that begin alike, and what came back."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select, update

from vestibule.core import stopping
from vestibule.core.conversion import Area, Watch
from vestibule.core.events import Event, Fact
from vestibule.core.model import Whose
from vestibule.store import rows, statements, tables
from vestibule.store.telling import tell

Key = tuple[str, Whose | None, str]
"""What an area's numbers begin with, whose codes are meant, and the carrier; empty for all."""
Change = Callable[[Area, Watch, datetime], Area]
_TABLE: Final = tables.area
_SET: Final = (
    update(_TABLE)
    .where(
        _TABLE.c.realm == bindparam("the_realm"),
        _TABLE.c.name == bindparam("the_name"),
        _TABLE.c.whose == bindparam("the_whose"),
        _TABLE.c.provider == bindparam("the_provider"),
    )
    .values(
        {name: bindparam(name) for name in ("sent", "returned", "debt", "as_of", "stopped_until")}
    )
)


def seen(connection: Connection, realm: str, keys: Collection[Key]) -> Sequence[Area]:
    """Return the areas of those keys that there are; nothing is locked."""
    names = {name for name, _, _ in keys}
    query = select(_TABLE).where(_TABLE.c.realm == realm, _TABLE.c.name.in_(names))
    found = (_area(row) for row in connection.execute(query))
    return [area for area in found if key_of(area) in keys]


def stopped(connection: Connection, realm: str, now: datetime) -> Sequence[Area]:
    """Return every area that is stopped, for all carriers or one, in order."""
    query = (
        select(_TABLE)
        .where(_TABLE.c.realm == realm, _TABLE.c.stopped_until > rows.number(now))
        .order_by(_TABLE.c.name, _TABLE.c.whose, _TABLE.c.provider)
    )
    return [_area(row) for row in connection.execute(query)]


def locked(
    connection: Connection, realm: str, keys: Iterable[Key], now: datetime
) -> dict[Key, Area]:
    """Return the areas of those keys, made where there are none, in one order for everybody."""
    blank = {"sent": 0.0, "returned": 0.0, "debt": 0.0, "as_of": rows.number(now)}
    made = statements.insert(connection.dialect.name, _TABLE).values(
        realm=realm,
        name=bindparam("the_name"),
        whose=bindparam("the_whose"),
        provider=bindparam("the_provider"),
        **blank,
    )
    # A change that changes nothing: it locks the row, and returns it as it is.
    found = made.on_conflict_do_update(
        index_elements=["realm", "name", "whose", "provider"], set_={"debt": _TABLE.c.debt}
    ).returning(_TABLE)
    areas = {}
    for name, whose, provider in sorted((name, whose or "", by) for name, whose, by in set(keys)):
        asked = {"the_name": name, "the_whose": whose, "the_provider": provider}
        area = _area(connection.execute(found, asked).one())
        areas[key_of(area)] = area
    return areas


def write(connection: Connection, realm: str, areas: Iterable[Area]) -> None:
    """Write areas that are locked."""
    written = [_row(realm, area) for area in areas]
    if written:
        connection.execute(_SET, written)


def change(
    connection: Connection,
    realm: str,
    changes: Sequence[tuple[Key, Change]],
    watch: Watch,
    now: datetime,
) -> Sequence[Event]:
    """Change areas, one change after the other; return what was told of it."""
    before = locked(connection, realm, [key for key, _ in changes], now)
    after = dict(before)
    for key, change in changes:
        after[key] = change(after[key], watch, now)
    write(connection, realm, after.values())
    facts = [fact for key in after for fact in _told(before[key], after[key], now)]
    written = [Event(at=now, realm=realm, subject="", fact=fact) for fact in facts]
    tell(connection, written)
    return written


def key_of(area: Area) -> Key:
    """Return the key of an area."""
    return area.name, area.whose, area.provider


def _told(before: Area, after: Area, now: datetime) -> Iterable[Fact]:
    """Tell of an area that was stopped, or is not any more."""
    if after.is_stopped(now) and not before.is_stopped(now):
        yield stopping.stopped(after)
    if before.is_stopped(now) and not after.is_stopped(now):
        yield stopping.resumed(after)


def _area(row: Row[Any]) -> Area:
    return Area(
        name=row.name,
        whose=Whose(row.whose) if row.whose else None,
        provider=row.provider,
        sent=row.sent,
        returned=row.returned,
        debt=row.debt,
        as_of=rows.moment(row.as_of),
        stopped_until=rows.moment_or_none(row.stopped_until),
    )


def _row(realm: str, area: Area) -> dict[str, Any]:
    return {
        "the_realm": realm,
        "the_name": area.name,
        "the_whose": area.whose or "",
        "the_provider": area.provider,
        "sent": area.sent,
        "returned": area.returned,
        "debt": area.debt,
        "as_of": rows.number(area.as_of),
        "stopped_until": rows.number_or_none(area.stopped_until),
    }
