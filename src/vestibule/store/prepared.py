"""Statements written once for each kind of database: a request only fills in values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import JSON, Boolean, Delete, Dialect, Insert, Select, Update

Statement = Select[Any] | Insert | Update | Delete
Process = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A statement, written when a kind of database is first asked it."""

    statement: Statement
    guarded: "Prepared | None" = field(default=None, repr=False)
    """A change as a part of a guarded whole (`together`)."""
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
    """What is handed each time, as the driver takes it."""
    given: Mapping[str, Process]
    columns: Sequence[str]
    found: Mapping[str, Process]

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


def _write(statement: Statement, dialect: Dialect) -> Written:
    compiled: Any = statement.compile(dialect=dialect)
    binds = {name: compiled.binds[name] for name in compiled.bind_names.values()}
    given = _present({name: _giving(bind.type, dialect) for name, bind in binds.items()})
    constants = {name: bind.value for name, bind in binds.items() if not bind.required}
    columns: Any = statement.selected_columns if isinstance(statement, Select) else ()
    return Written(
        text=str(compiled),
        order=compiled.positiontup if compiled.positional else None,
        constants={n: given[n](value) if n in given else value for n, value in constants.items()},
        given={name: process for name, process in given.items() if name not in constants},
        columns=[column.key for column in columns],
        found=_present({column.key: _finding(column.type, dialect) for column in columns}),
    )


def _giving(kind: Any, dialect: Dialect) -> Process | None:
    process: Process | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return process


def _finding(kind: Any, dialect: Dialect) -> Process | None:
    # What SQLite knows no type for; all else comes back from both drivers as it went in.
    if not isinstance(kind, JSON | Boolean):
        return None
    process: Process | None = kind.dialect_impl(dialect).result_processor(dialect, None)
    return process


def _present(found: Mapping[str, Process | None]) -> Mapping[str, Process]:
    return {name: process for name, process in found.items() if process is not None}
