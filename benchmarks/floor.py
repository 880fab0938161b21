"""The floor under a check: a bare Flask view that updates one row by SQLAlchemy and commits."""

from typing import Any, Final

from flask import Flask
from sqlalchemy import Engine, create_engine, event, text

from benchmarks.host import SECRET

ROWS: Final = 1000
COUNT: Final = text("UPDATE counter SET number = number + 1 WHERE id = :id")


def bare(url: str) -> Flask:
    """Return an application with that view and nothing else."""
    app = Flask("bare")
    app.secret_key = SECRET
    engine = made_engine(url)

    @app.post("/<int:row>")
    def count(row: int) -> str:
        with engine.begin() as connection:
            connection.execute(COUNT, {"id": row})
        return "counted"

    return app


def make_rows(url: str) -> None:
    """Make the table that is written to."""
    with made_engine(url).begin() as connection:
        connection.execute(text("CREATE TABLE counter (id INTEGER PRIMARY KEY, number INTEGER)"))
        connection.execute(
            text("INSERT INTO counter VALUES (:id, 0)"), [{"id": n} for n in range(ROWS)]
        )


def made_engine(url: str) -> Engine:
    """Return an engine as anybody makes one, with the settings that keep what was committed."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: object) -> None:
    del record
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")
