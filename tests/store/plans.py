"""How a database would find the rows that a statement names: what it searches, what it scans."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, event, select, text

from vestibule.store import tables

COPIES: Final = 300
CROWDED: Final = (
    tables.enrolment,
    tables.ledger,
    tables.passage,
    tables.challenge,
    tables.tally,
    tables.area,
)
PLANNED: Final = ("SELECT", "UPDATE", "DELETE", "INSERT")
_SQLITE_SEARCH: Final = re.compile(r"SEARCH (\S+) USING .*?\((.*?)\)")
_COLUMN: Final = re.compile(r"(\w+)\)?(?:::\w+)? ?(?:[=<>]|IS )")


@dataclass(frozen=True, slots=True)
class Step:
    """One table that a plan reads, and the columns by which; none, where it reads every row."""

    table: str
    by: frozenset[str]


@contextmanager
def spelled_out(engine: Engine) -> Iterator[list[str]]:
    """Every statement that is run meanwhile and can be planned, its values written into it."""
    said: list[str] = []

    def listen(connection: Any, *_: object) -> None:
        if engine.dialect.name == "sqlite":
            connection.set_trace_callback(said.append)
        else:
            connection.cursor_factory = _noting(said)

    def stop(connection: Any, *_: object) -> None:
        if engine.dialect.name == "sqlite":
            connection.set_trace_callback(None)
        else:
            connection.cursor_factory = psycopg.Cursor

    event.listen(engine, "checkout", listen)
    event.listen(engine, "checkin", stop)
    try:
        yield said
    finally:
        event.remove(engine, "checkout", listen)
        event.remove(engine, "checkin", stop)
        said[:] = [text for text in said if text.startswith(PLANNED)]


def _noting(said: list[str]) -> type[Any]:
    class Noting(psycopg.Cursor[Any]):
        """A cursor that notes what it is told to run, with the values in their places."""

        def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
            said.append(psycopg.ClientCursor(self.connection).mogrify(query, params))
            return super().execute(query, params, **more)

        def executemany(self, query: Any, params_seq: Any, **more: Any) -> Any:
            values = list(params_seq)
            said.append(psycopg.ClientCursor(self.connection).mogrify(query, values[0]))
            return super().executemany(query, values, **more)

    return Noting


def crowd_in(engine: Engine, *, counted: bool = True) -> None:
    """Put many people like the one there is beside it, and have the database count them.

    How to join few rows, a planner guesses as it likes: what counts is how it joins many.
    """
    with engine.begin() as connection:
        for table in CROWDED:
            found = [dict(row) for row in connection.execute(select(table)).mappings()]
            copies = [_copy(row, n) for n in range(COPIES) for row in found]
            if copies:
                connection.execute(table.insert().inline(), copies)
        if counted and engine.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))  # as it does by itself; SQLite never does


def _copy(row: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a row as if it were another person's, with ids that still point to one another."""
    names = {"id", "passage_id", "enrolment_id", "subject"} & row.keys()
    changed: dict[str, Any] = {name: f"{number:04}{row[name]}"[:32] for name in names}
    if "name" in row:
        changed["name"] = f"{number:04}{row['name']}"
    for name in {"token_hash", "browser_hash"} & row.keys():
        value = row[name]
        changed[name] = None if value is None else number.to_bytes(4, "big") + value[4:]
    return row | changed


def steps_of(engine: Engine, statement: str) -> Sequence[Step]:
    """Return what a plan of `statement` reads.

    PostgreSQL plans as if a scan of the whole table cost more than anything else: what it still
    scans, it has no index for. SQLite prefers an index by itself, however small a table is.
    """
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        cursor = driver.cursor()
        if engine.dialect.name == "sqlite":
            found = cursor.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
            return [step for row in found if (step := _sqlite_step(row[3])) is not None]
        cursor.execute("SET LOCAL enable_seqscan = off")
        [[plan]] = cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}").fetchall()
        connection.rollback()
    return list(_postgresql_steps(plan if isinstance(plan, list) else json.loads(plan)))


def _sqlite_step(line: str) -> Step | None:
    searched = _SQLITE_SEARCH.match(line)
    if searched is not None:
        return Step(searched[1], frozenset(_COLUMN.findall(searched[2])))
    scanned = re.match(r"SCAN (?!CONSTANT ROW|\(?subquery|one_row|\d+ CONSTANT)(\S+)", line)
    return Step(scanned[1], frozenset()) if scanned is not None else None


def _postgresql_steps(plans: Sequence[Any]) -> Iterator[Step]:
    for plan in plans:
        node = plan.get("Plan", plan)
        if "Scan" in node["Node Type"] and node["Node Type"] not in NO_TABLE:
            table = node.get("Relation Name") or node.get("Index Name")
            yield Step(table, frozenset(_COLUMN.findall(node.get("Index Cond", ""))))
        yield from _postgresql_steps(node.get("Plans", []))


NO_TABLE: Final = frozenset({"Bitmap Heap Scan", "Subquery Scan", "Values Scan"})
"""Nodes that read no table themselves: what others below them have found, or what was given."""
