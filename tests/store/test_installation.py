from collections.abc import Iterator
from dataclasses import replace

import pytest

from vestibule.core.errors import StoreUnavailableError
from vestibule.store import installation, migrate
from vestibule.store.database import Database, connect
from vestibule.store.installation import Installation
from vestibule.testing.clock import START

HERE = Installation(id="a" * 32, epoch=1, development=False, created_at=START)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database."""
    opened = Database(connect(database_url))
    yield opened
    opened.close()


def test_an_empty_database_is_no_installation(database: Database) -> None:
    """A database without our tables, or with empty ones, is nobody's installation."""
    assert installation.read(database) is None
    migrate.upgrade(database)
    assert installation.read(database) is None


def test_an_installation_is_read_as_it_was_written(database: Database) -> None:
    """A store tells its id, its epoch, when it was made and whether for development."""
    migrate.upgrade(database)
    made = replace(HERE, development=True, epoch=7)
    installation.write(database, made)

    assert installation.read(database) == made


@pytest.mark.row("ATK-76")
def test_an_epoch_only_grows(database: Database) -> None:
    """Each restore makes the epoch greater by one."""
    migrate.upgrade(database)
    installation.write(database, HERE)

    assert [installation.next_epoch(database) for _ in range(3)] == [2, 3, 4]
    assert installation.read(database) == replace(HERE, epoch=4)


def test_a_store_that_cannot_be_asked_says_so() -> None:
    """A database that does not answer is not taken for an empty one."""
    with pytest.raises(StoreUnavailableError):
        installation.read(Database(connect("postgresql://nobody@127.0.0.1:9/door")))
