import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from vestibule.core.errors import ConfigurationError, DeploymentError, StoreUnavailableError
from vestibule.store import migrate, writers
from vestibule.store.database import (
    FIRST_TO_OPEN,
    Database,
    connect,
    parse,
    sqlite_file,
    write_ahead,
)


class Held:
    """A cursor on a new file that another connection writes to.

    As SQLite does, it refuses to change the mode at once, and lets who begins to write wait for as
    long as was said. The change goes through after `refusals` tries.
    """

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.patience = 0
        self.waited = 0

    def execute(self, statement: str) -> None:
        name, _, value = statement.partition("=")
        if name == "PRAGMA busy_timeout":
            self.patience = int(value)
        elif name == "PRAGMA journal_mode":
            self.refusals -= 1
            if self.refusals >= 0:
                raise sqlite3.OperationalError("database is locked")
        else:
            self.waited += self.patience
            raise sqlite3.OperationalError("database is locked")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "not a database URL"),
        ("vestibule.db", "not a database URL"),
        ("mysql://localhost/x", "mysql is neither sqlite nor postgresql"),
        ("oracle://localhost/x", "neither sqlite nor postgresql"),
    ],
)
def test_any_other_database_is_refused(url: str, message: str) -> None:
    """What is no URL, or names a database we do not know, is refused in words."""
    with pytest.raises(ConfigurationError, match=message):
        parse(url)


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_postgresql_is_spoken_to_by_psycopg(scheme: str) -> None:
    """A PostgreSQL address without a driver's name means the driver we ship for."""
    assert parse(f"{scheme}://db.test/door").drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///door.db", "door.db"),
        ("sqlite:////var/lib/door.db", "/var/lib/door.db"),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("postgresql://db.test/door", None),
    ],
)
def test_the_file_of_a_database_is_known(url: str, file: str | None) -> None:
    """A SQLite address names its file, and memory or another database none."""
    assert sqlite_file(url) == (None if file is None else Path(file))


def test_sqlite_is_opened_to_be_safe(sqlite_url: str) -> None:
    """A SQLite file is in WAL mode, synchronous, waits for locks and keeps its foreign keys."""
    database = Database(connect(sqlite_url))
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}

    with database.read() as connection:
        found = {name: connection.scalar(text(f"PRAGMA {name}")) for name in wanted}

    assert found == wanted
    database.close()


@pytest.mark.row("ATK-80")
def test_a_file_that_is_held_is_waited_for_no_longer_than_a_writer() -> None:
    """All tries to open a file that another holds wait together as long as one writer would."""
    held = Held(refusals=10 * FIRST_TO_OPEN)
    writers.wait_always(held)

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        write_ahead(held)

    assert 0.9 * writers.PATIENCE <= held.waited / 1000 <= writers.PATIENCE


@pytest.mark.parametrize("refusals", [0, 1, FIRST_TO_OPEN - 1, FIRST_TO_OPEN])
def test_whoever_opened_a_file_late_waits_like_any_other(refusals: int) -> None:
    """Whichever try brings a file into WAL mode, its connection waits for locks as all others."""
    held = Held(refusals=refusals)

    write_ahead(held)

    assert held.patience == 1000 * writers.PATIENCE


def test_nothing_is_opened_before_it_is_used(tmp_path: Path) -> None:
    """Making an engine touches no file and no server."""
    file = tmp_path / "door.db"
    connect(f"sqlite:///{file}")
    connect("postgresql://nobody@127.0.0.1:9/door")

    assert not file.exists()


@pytest.mark.row("ATK-80")
@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:9/door", "sqlite:////nowhere/at/all/door.db"]
)
def test_a_database_that_does_not_answer_is_told_in_our_word(url: str) -> None:
    """A database that cannot be reached raises our own exception, which quotes no parameter."""
    database = Database(connect(url))

    with pytest.raises(StoreUnavailableError, match="did not answer"), database.read():
        pass
    with pytest.raises(StoreUnavailableError, match="did not answer"), database.write():
        pass


@pytest.mark.row("ATK-80")
@pytest.mark.postgresql
@pytest.mark.parametrize(
    "refused",
    [
        ("SET TRANSACTION READ ONLY", "CREATE TABLE x (y int)"),
        ("SET LOCAL idle_in_transaction_session_timeout = 50", "SELECT pg_sleep(0)"),
    ],
    ids=["a standby", "an idle transaction"],
)
def test_a_server_that_will_not_write_is_told_in_our_word(
    postgresql_url: str, refused: tuple[str, str]
) -> None:
    """A server that only reads, or has given a transaction up, did not answer."""
    database = Database(connect(postgresql_url))

    def write() -> None:
        with database.write() as connection:
            connection.exec_driver_sql(refused[0])
            time.sleep(0.2)
            connection.exec_driver_sql(refused[1])

    with pytest.raises(StoreUnavailableError, match="did not answer"):
        write()
    database.close()


@pytest.mark.row("ATK-74", "ATK-80")
def test_a_refusal_quotes_no_parameter(database_url: str) -> None:
    """A missing table is told by what to run against it, not by what was asked of it."""
    database = Database(connect(database_url))
    with pytest.raises(DeploymentError) as refusal, database.write() as connection:
        connection.execute(text("SELECT * FROM nowhere WHERE x = :x"), {"x": "s3cret"})
    database.close()

    assert "s3cret" not in str(refusal.value)
    assert "nowhere" not in str(refusal.value)
    assert "s3cret" not in str(refusal.value.__cause__)


def test_a_write_is_whole_or_nothing(database_url: str) -> None:
    """A transaction that breaks off leaves nothing behind, whatever broke it off."""
    database = Database(connect(database_url))
    migrate.upgrade(database)
    row = text("INSERT INTO source VALUES ('default', '192.0.2.1', 1, 0)")

    def broken_off() -> None:
        with database.write() as connection:
            connection.execute(row)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    with database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM source")) == 0
    database.close()


def test_two_writers_of_sqlite_wait_for_each_other(sqlite_url: str) -> None:
    """A write takes the file's lock when it begins, not when it first writes."""
    one, other = Database(connect(sqlite_url)), Database(connect(sqlite_url))
    migrate.upgrade(one)
    file = sqlite_file(sqlite_url)
    assert file is not None

    with one.write():
        plain = sqlite3.connect(file, timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            plain.execute("BEGIN IMMEDIATE")
        with other.read() as connection:
            assert connection.scalar(text("SELECT count(*) FROM event")) == 0
        plain.close()
    for database in (one, other):
        database.close()


def test_a_read_on_sqlite_locks_nobody_out(sqlite_url: str) -> None:
    """Whoever reads holds no lock that a writer would wait for."""
    one, other = Database(connect(sqlite_url)), Database(connect(sqlite_url))
    migrate.upgrade(one)
    with one.read() as reader:
        reader.execute(text("SELECT * FROM event")).all()
        with other.write() as connection:
            connection.execute(text("INSERT INTO source VALUES ('a', 'b', 1, 0)"))
        assert reader.scalar(text("SELECT count(*) FROM source")) == 1
    for database in (one, other):
        database.close()
