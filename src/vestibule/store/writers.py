"""Who may write to a SQLite file, which takes one writer at a time.

SQLite's own way of waiting sleeps for 1, 2, 5, 10, 15 … milliseconds, where a transaction of ours
is over in a half: most of the time nobody writes, and whoever came last goes first. Here the
threads of a process queue for a lock, and the one whose turn it is asks for the file often.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from vestibule.core.errors import StoreUnavailableError

PATIENCE: Final = 10.0
"""Seconds to wait for other writers before the database counts as down."""
FIRST_GAP: Final = 0.0002
LONGEST_GAP: Final = 0.005
_WAITS: Final = f"PRAGMA busy_timeout={PATIENCE * 1000:.0f}"
_WAITS_NOT: Final = "PRAGMA busy_timeout=0"
_BEGIN: Final = "BEGIN IMMEDIATE"
_NEVER: Final = threading.Event()
"""Never set: to wait for it is to sleep."""


class Writers:
    """The threads of one process that write to one file: each waits until it is alone."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._lock = threading.Lock()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the one that may begin; `StoreUnavailableError` where others take too long."""
        if not self._lock.acquire(timeout=PATIENCE):
            raise StoreUnavailableError("the database of Vestibule did not answer (busy)")
        try:
            yield
        finally:
            self._lock.release()


def begin(cursor: Any) -> None:
    """Begin a transaction that holds the file's write lock; wait for writers of other processes.

    A deferred transaction that reads and then writes would fail as soon as another has written.
    """
    cursor.execute(_WAITS_NOT)
    try:
        _ask(cursor)
    finally:
        cursor.execute(_WAITS)


def wait_always(cursor: Any) -> None:
    """Have a connection wait by SQLite's own way for whatever else may be locked."""
    cursor.execute(_WAITS)


def _ask(cursor: Any) -> None:
    gap, waited = FIRST_GAP, 0.0
    while True:
        try:
            cursor.execute(_BEGIN)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or waited > PATIENCE:
                raise
        else:
            return
        _NEVER.wait(gap)
        waited, gap = waited + gap, min(gap * 1.1, LONGEST_GAP)
