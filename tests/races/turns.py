"""Two transactions in an order chosen by the test: one stops where it is told to, one waits."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, event

from vestibule.bootstrap import Parts
from vestibule.core.engine import Engine
from vestibule.core.ruling import Case, Ruling

PATIENCE: Final = 10.0
Result = TypeVar("Result")


@dataclass(slots=True)
class Stop:
    """A place where one thread stops until another lets it go on."""

    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def here(self) -> None:
        """Stop, once."""
        if not self.reached.is_set():
            self.reached.set()
            assert self.released.wait(PATIENCE), "nobody let this transaction go on"

    def wait(self) -> None:
        """Wait until the other thread has stopped."""
        assert self.reached.wait(PATIENCE), "the transaction did not come this far"

    def release(self) -> None:
        """Let it go on."""
        self.released.set()


class StoppingStore:
    """A store whose n-th decision stops inside its rule, or just before it begins."""

    def __init__(self, store: Any, stop: Stop, *, before: int = 0) -> None:
        """Stop before the decision of that number, counted from 1; inside the first for 0."""
        self._store, self._stop, self._before, self._count = store, stop, before, 0

    def decide(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruling]
    ) -> Ruling | None:
        """Do what the store does, with the stop."""
        self._count += 1
        if self._count == self._before:
            self._stop.here()

        def stopping(case: Case) -> Ruling:
            ruling = rule(case)
            if not self._before:
                self._stop.here()
            return ruling

        ruling: Ruling | None = self._store.decide(token_hash, address, stopping)
        return ruling

    def __getattr__(self, name: str) -> Any:
        """Everything else is the store's own."""
        return getattr(self._store, name)


def stopping(engine: Engine, stop: Stop, *, before: int = 0) -> Engine:
    """Return the same engine on a store that stops."""
    store: Any = StoppingStore(engine.house.store, stop, before=before)
    return Engine(replace(engine.house, store=store))


def stop_at_commit(parts: Parts, stop: Stop) -> None:
    """Let the next transaction of these parts stop when all is written and nothing committed."""

    def commit(connection: Connection) -> None:
        del connection
        stop.here()

    event.listen(parts.database.engine, "commit", commit)


@contextmanager
def threads() -> Iterator[Callable[[Callable[[], Result]], Future[Result]]]:
    """Lend a way to start something in a thread of its own."""
    with ThreadPoolExecutor(4) as pool:
        yield pool.submit


def wait_until_blocked(parts: Parts, count: int = 1) -> None:
    """Wait until that many sessions of this database wait for a lock another one holds."""
    asked = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with parts.database.read() as connection:
            if connection.exec_driver_sql(asked).scalar_one() >= count:
                return
        time.sleep(0.005)
    message = "nobody waits: the two transactions do not exclude each other"
    raise AssertionError(message)
