"""Changes told to PostgreSQL together, as one statement: a journey takes longer than a change.

A whole may be guarded. It then locks what a ruling was made on, compares it with what was seen, and
changes nothing where that has moved on: nothing is locked while Python thinks. What a row is known
by is its `xmin`, the transaction that last wrote it (PostgreSQL, "System Columns").
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Dialect,
    Insert,
    Label,
    Update,
    column,
    exists,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.sql.selectable import NamedFromClause

from vestibule.store.prepared import Prepared, Process, Written

ROW_VERSION: Final = "row_version"
"""The column that tells a row of a case from what it was before."""
_NAMED: Final = re.compile(r"%\((\w+)\)s")
_IS_SURE: Final = exists(select(1).select_from(table("sure", column(ROW_VERSION))))
_SURE: Final = (
    "SELECT 1 AS row_version FROM held"
    " HAVING string_agg(row_version, ',') = %(seen)s::text"
    # What had to wait, for a table that is being altered say, was ruled on too long ago.
    " AND clock_timestamp() < now() + interval '1 second'"
)


def row_version(tables: Sequence[NamedFromClause]) -> Label[Any]:
    """Return the column that tells rows of `tables` from what they were before."""
    versions: list[ColumnElement[Any]] = [literal_column(f"{one.name}.xmin") for one in tables]
    return func.concat_ws(".", *versions).label(ROW_VERSION)


def changing(statement: Update) -> Prepared:
    """Return an update, alone and as a part of a guarded whole."""
    return Prepared(statement, Prepared(statement.where(_IS_SURE)))


def adding(
    insert: Insert,
    values: Mapping[str, BindParameter[Any]],
    on_conflict: Callable[[Any], Insert] = lambda insert: insert,
) -> Prepared:
    """Return an insert of one row, alone and as a part of a guarded whole."""
    alone = insert.values(dict(values)).inline()
    guarded = insert.from_select(list(values), select(*values.values()).where(_IS_SURE))
    return Prepared(on_conflict(alone), Prepared(on_conflict(guarded)))


Place = tuple[str, str, Process | None]
"""A value's own name, what it is called in the whole, and how it goes in."""


@dataclass(frozen=True, slots=True)
class Together:
    """Changes of different rows as one statement, which answers how many rows each has met."""

    text: str
    constants: Mapping[str, Any]
    """What the driver is handed each time, by what it is called in the whole."""
    places: Sequence[Sequence[Place]]
    """For each change where its values go."""

    def parameters(self, values: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what the driver is handed beside the text: values for each change, by name."""
        handed = dict(self.constants)
        for places, one in zip(self.places, values, strict=True):
            for name, called, process in places:
                value = one[name]
                handed[called] = value if process is None else process(value)
        return handed


@dataclass(frozen=True, slots=True)
class Guarded(Together):
    """Changes as one statement that does nothing unless what it locks first is as it was seen."""

    held: Written

    def lookout(self, asked: Mapping[str, Any], versions: Sequence[str]) -> dict[str, Any]:
        """Return what the driver is handed besides: what to lock, and what was seen of it."""
        return {**self.held.parameters(asked), "seen": ",".join(versions)}


@cache
def together(changes: tuple[Prepared, ...], dialect: Dialect) -> Together:
    """Return `changes` as one statement of PostgreSQL, which takes parameters by name.

    None may meet a row that another meets: the database carries them out in no certain order.
    """
    written = [change.written(dialect) for change in changes]
    counts = ", ".join(_counts(len(written)))
    return Together(
        text=f"WITH {', '.join(_named(written, counted=len(written)))} SELECT {counts}",
        constants=_constants(written),
        places=[_places(number, change) for number, change in enumerate(written)],
    )


@cache
def guarded(
    guard: Prepared, changes: tuple[Prepared, ...], needed: int, dialect: Dialect
) -> Guarded:
    """Return `changes` as one statement that does nothing unless what `guard` locks is as seen.

    It answers with a row if it was, and with none if not. Where one of the first `needed` changes
    meets no row although all was as seen, the database refuses the whole: it is made to divide by
    zero. How many rows the others have met it does not say: to count is a good part of the work.
    """
    held = guard.written(dialect)
    written = [_part(change).written(dialect) for change in changes]
    counts = ", ".join(_counts(needed))
    amiss = f"1 / CASE WHEN 0 IN ({counts}) THEN 0 ELSE 1 END" if needed else "1"
    parts = [
        f"held AS MATERIALIZED ({held.text})",
        f"sure AS MATERIALIZED ({_SURE})",
        *_named(written, counted=needed),
    ]
    return Guarded(
        text=f"WITH {', '.join(parts)} SELECT {amiss} FROM sure",  # noqa: S608 - all of it ours
        constants=_constants(written),
        places=[_places(number, change) for number, change in enumerate(written)],
        held=held,
    )


def _part(change: Prepared) -> Prepared:
    if change.guarded is None:
        raise TypeError("this change was not written as a part of a guarded whole")
    return change.guarded


def _named(written: Sequence[Written], *, counted: int) -> list[str]:
    """Return the changes as parts of a whole; only of the first so many is the number asked for."""
    renamed = [
        _NAMED.sub(rf"%(\1_of_{number})s", change.text) for number, change in enumerate(written)
    ]
    return [
        f"change_{number} AS ({text}{' RETURNING 1' if number < counted else ''})"
        for number, text in enumerate(renamed)
    ]


def _counts(many: int) -> list[str]:
    return [f"(SELECT count(*) FROM change_{number})" for number in range(many)]  # noqa: S608


def _constants(written: Sequence[Written]) -> dict[str, Any]:
    return {
        f"{name}_of_{number}": value
        for number, change in enumerate(written)
        for name, value in change.constants.items()
    }


def _places(number: int, change: Written) -> Sequence[Place]:
    names = sorted(set(_NAMED.findall(change.text)) - change.constants.keys())
    return [(name, f"{name}_of_{number}", change.given.get(name)) for name in names]
