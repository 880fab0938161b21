"""The installation: an id that store and key file share, so that neither meets a stranger."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, select, update

from vestibule.store import rows, tables
from vestibule.store.database import Database
from vestibule.store.migrate import alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What a store says of itself. `epoch` grows with every restore from a backup."""

    id: str
    epoch: int
    development: bool
    created_at: datetime


def read(database: Database) -> Installation | None:
    """Return the installation of a store, None where the store was never made one."""
    with database.read() as connection:
        if not inspect(connection).has_table(tables.installation.name):
            return None
        return _read(connection)


def is_anothers(file: Path) -> bool:
    """Say whether a SQLite file holds tables, and none of Vestibule's; it is only read."""
    if not file.exists():
        return False
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        names = {name for (name,) in found}
    return bool(names) and tables.installation.name not in names


def write(database: Database, installation: Installation) -> None:
    """Make a migrated, empty store this installation's."""
    with database.write() as connection:
        _write(connection, installation)


def write_first(database: Database, make: Callable[[], Installation]) -> None:
    """Make a migrated store an installation's if it is nobody's yet; of several at once one does.

    `make` is called with every other process shut out, and not where there is an installation.
    """
    with database.write() as connection:
        alone(connection)
        if _read(connection) is None:
            _write(connection, make())


def next_epoch(database: Database) -> int:
    """Let the epoch grow by one and return it."""
    table = tables.installation
    with database.write() as connection:
        connection.execute(update(table).values(epoch=table.c.epoch + 1))
        return int(connection.execute(select(table.c.epoch)).scalar_one())


def _read(connection: Connection) -> Installation | None:
    row = connection.execute(select(tables.installation)).mappings().one_or_none()
    if row is None:
        return None
    return Installation(
        id=row["id"],
        epoch=row["epoch"],
        development=bool(row["development"]),
        created_at=rows.moment(row["created_at"]),
    )


def _write(connection: Connection, installation: Installation) -> None:
    connection.execute(
        tables.installation.insert().inline(),
        {
            "id": installation.id,
            "epoch": installation.epoch,
            "development": installation.development,
            "created_at": rows.number(installation.created_at),
        },
    )
