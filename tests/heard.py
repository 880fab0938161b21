"""What is said to a database, heard where everything passes: at the driver."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, event

BRACKETS: Final = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA busy_timeout")
"""What begins and ends a transaction."""


@contextmanager
def heard(engine: Engine) -> Iterator[list[str]]:
    """Every statement that is run meanwhile, in order, but for the brackets around them."""
    said: list[str] = []
    hear = _to_sqlite if engine.dialect.name == "sqlite" else _to_postgresql

    def listen(connection: Any, *_: object) -> None:
        hear(connection, said)

    def stop(connection: Any, *_: object) -> None:
        hear(connection, None)

    event.listen(engine, "checkout", listen)
    event.listen(engine, "checkin", stop)
    try:
        yield said
    finally:
        event.remove(engine, "checkout", listen)
        event.remove(engine, "checkin", stop)
        said[:] = [text for text in said if not text.startswith(BRACKETS)]


def _to_sqlite(connection: Any, said: list[str] | None) -> None:
    connection.set_trace_callback(None if said is None else said.append)


def _to_postgresql(connection: Any, said: list[str] | None) -> None:
    # Its brackets are sent without a cursor.
    connection.cursor_factory = psycopg.Cursor if said is None else _hearing(said)


def _hearing(said: list[str]) -> type[Any]:
    class Hearing(psycopg.Cursor[Any]):
        """A cursor that notes what it is told to run."""

        def execute(self, query: Any, *rest: Any, **more: Any) -> Any:
            said.append(str(query))
            return super().execute(query, *rest, **more)

        def executemany(self, query: Any, *rest: Any, **more: Any) -> Any:
            said.append(str(query))
            return super().executemany(query, *rest, **more)

    return Hearing
