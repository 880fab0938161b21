import sqlite3
import threading
from pathlib import Path

import pytest

from vestibule.store import writers
from vestibule.store.writers import Writers


def opened(file: Path) -> sqlite3.Connection:
    """Return a connection to a file, waiting as ours do."""
    found = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    writers.wait_always(found.cursor())
    return found


def test_who_begins_waits_for_another_connection(tmp_path: Path) -> None:
    """A transaction begins as soon as the one before it is over, not with an error."""
    one, other = opened(tmp_path / "door.db"), opened(tmp_path / "door.db")
    writers.begin(one.cursor())
    order = []

    def write() -> None:
        writers.begin(other.cursor())
        order.append("other")
        other.rollback()

    waiting = threading.Thread(target=write)
    waiting.start()
    waiting.join(0.05)
    order.append("one")
    one.rollback()
    waiting.join(5)

    assert order == ["one", "other"]
    for connection in (one, other):
        connection.close()


def test_beginning_leaves_the_waiting_as_it_was(tmp_path: Path) -> None:
    """Whatever else a connection finds locked it waits for, before a transaction and after."""
    connection = opened(tmp_path / "door.db")
    before = connection.execute("PRAGMA busy_timeout").fetchone()
    writers.begin(connection.cursor())

    assert connection.execute("PRAGMA busy_timeout").fetchone() == before == (10_000,)
    connection.close()


def test_an_error_that_waiting_does_not_mend_is_raised_at_once(tmp_path: Path) -> None:
    """Beginning inside a transaction is a mistake, and is told rather than waited on."""
    connection = opened(tmp_path / "door.db")
    writers.begin(connection.cursor())

    with pytest.raises(sqlite3.OperationalError, match="within a transaction"):
        writers.begin(connection.cursor())
    connection.close()


def test_one_thread_writes_at_a_time() -> None:
    """Whoever is not alone waits until the one before has finished."""
    queue, order = Writers(), []

    def write() -> None:
        with queue.alone():
            order.append("second")

    with queue.alone():
        waiting = threading.Thread(target=write)
        waiting.start()
        waiting.join(0.05)
        order.append("first")
    waiting.join(5)

    assert order == ["first", "second"]
