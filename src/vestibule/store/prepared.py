"""Statements written once for each kind of database: a request only fills in values."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from sqlalchemy import JSON, Boolean, Delete, Dialect, Insert, Select, Update

Statement = Select[Any] | Insert | Update | Delete
_Process = Callable[[Any], Any]
_NAMED: Final = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A statement, written when a kind of database is first asked it."""

    statement: Statement
    _written: dict[str, "Written"] = field(default_factory=dict, repr=False)

    def written(self, dialect: Dialect) -> "Written":
        """Return the statement as the driver of `dialect` takes it."""
        known = self._written.get(dialect.name)
        if known is None:
            known = self._written[dialect.name] = _write(self.statement, dialect)
        return known


@dataclass(frozen=True, slots=True)
class Written:
    """A statement in one dialect: its text, and how values go in and come out."""

    text: str
    order: Sequence[str] | None
    constants: Mapping[str, Any]
    given: Mapping[str, _Process]
    columns: Sequence[str]
    found: Mapping[str, _Process]

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return what the driver is handed beside the text: by position, or by name."""
        handed = {**self.constants, **values}
        for name, process in self.given.items():
            handed[name] = process(handed[name])
        return handed if self.order is None else [handed[name] for name in self.order]

    def row(self, found: Sequence[Any]) -> dict[str, Any]:
        """Return a row the driver found, by the names of its columns."""
        row = dict(zip(self.columns, found, strict=True))
        for name, process in self.found.items():
            row[name] = process(row[name])
        return row


@dataclass(frozen=True, slots=True)
class Joined:
    """Changes of different rows as one statement, which answers how many rows each has met."""

    text: str
    changes: Sequence[Written]
    names: Sequence[Sequence[tuple[str, str]]]
    """For each change its names, and what they are called in the whole."""

    def parameters(self, values: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what the driver is handed beside the text: values for each change, by name."""
        handed = {}
        for change, names, one in zip(self.changes, self.names, values, strict=True):
            given = change.parameters(one)
            for name, called in names:
                handed[called] = given[name]
        return handed


@cache
def joined(changes: tuple[Prepared, ...], dialect: Dialect) -> Joined:
    """Return `changes` as one statement of PostgreSQL, which takes parameters by name.

    None may meet a row that another meets: the database carries them out in no certain order.
    """
    written = [change.written(dialect) for change in changes]
    texts, counts = [], []
    for number, change in enumerate(written):
        renamed = _NAMED.sub(rf"%(\1_of_{number})s", change.text)
        texts.append(f"change_{number} AS ({renamed} RETURNING 1)")
        counts.append(f"(SELECT count(*) FROM change_{number})")  # noqa: S608 - a number of ours
    return Joined(
        text=f"WITH {', '.join(texts)} SELECT {', '.join(counts)}",
        changes=written,
        names=[
            [(name, f"{name}_of_{number}") for name in set(_NAMED.findall(change.text))]
            for number, change in enumerate(written)
        ],
    )


def _write(statement: Statement, dialect: Dialect) -> Written:
    compiled: Any = statement.compile(dialect=dialect)
    binds = {name: compiled.binds[name] for name in compiled.bind_names.values()}
    columns: Any = statement.selected_columns if isinstance(statement, Select) else ()
    return Written(
        text=str(compiled),
        order=compiled.positiontup if compiled.positional else None,
        constants={name: bind.value for name, bind in binds.items() if not bind.required},
        given=_present({name: _giving(bind.type, dialect) for name, bind in binds.items()}),
        columns=[column.key for column in columns],
        found=_present({column.key: _finding(column.type, dialect) for column in columns}),
    )


def _giving(kind: Any, dialect: Dialect) -> _Process | None:
    process: _Process | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return process


def _finding(kind: Any, dialect: Dialect) -> _Process | None:
    # What SQLite knows no type for; all else comes back from both drivers as it went in.
    if not isinstance(kind, JSON | Boolean):
        return None
    process: _Process | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return process


def _present(found: Mapping[str, _Process | None]) -> Mapping[str, _Process]:
    return {name: process for name, process in found.items() if process is not None}
