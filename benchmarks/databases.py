"""The databases that figures are taken on: a SQLite file, and PostgreSQL where one answers."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

POSTGRESQL: Final = os.environ.get(
    "VESTIBULE_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)


@dataclass(frozen=True, slots=True)
class Place:
    """An empty database, and a folder for what belongs to it."""

    name: str
    url: str
    folder: Path


@contextmanager
def empty(name: str) -> Iterator[Place]:
    """Lend an empty database of that name, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="vestibule-bench-") as folder:
        if name == "SQLite":
            yield Place(name, f"sqlite:///{folder}/vestibule.db", Path(folder))
            return
        with _postgresql() as url:
            yield Place(name, url, Path(folder))


def names() -> list[str]:
    """Return the databases of this machine, having said which is missing."""
    server = create_engine(POSTGRESQL, poolclass=NullPool)
    try:
        server.connect().close()
    except OperationalError:
        print(f"PostgreSQL is left out: none answers at {make_url(POSTGRESQL).host}")
        return ["SQLite"]
    return ["SQLite", "PostgreSQL"]


@contextmanager
def _postgresql() -> Iterator[str]:
    server = create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"vestibule_bench_{uuid4().hex}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
