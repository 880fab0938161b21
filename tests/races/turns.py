"""Two transactions in an order chosen by the test: one stops where it is told to, one waits."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from tests.races.jobs import word

from vestibule.bootstrap import Parts
from vestibule.core.engine import Engine
from vestibule.core.model import Purpose
from vestibule.core.ports import Ruled
from vestibule.core.ruling import Case
from vestibule.store import SqlStore

PATIENCE: Final = 10.0
Result = TypeVar("Result")
Answer = Callable[[Engine], str]
"""What is done with an engine, and says in a word what came of it."""


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

    def open_passage(self, *arguments: Any) -> None:
        """Write a login that waits, after a stop: what it asks for was read before."""
        self._stop.here()
        self._store.open_passage(*arguments)

    def decide(
        self, token_hash: bytes, address: str | None, rule: Callable[[Case], Ruled]
    ) -> Ruled | None:
        """Do what the store does, with the stop."""
        self._count += 1
        if self._count == self._before:
            self._stop.here()

        def stopping(case: Case) -> Ruled:
            ruling = rule(case)
            if not self._before:
                self._stop.here()
            return ruling

        ruling: Ruled | None = self._store.decide(token_hash, address, stopping)
        return ruling

    def __getattr__(self, name: str) -> Any:
        """Everything else is the store's own."""
        return getattr(self._store, name)


def stopping(engine: Engine, stop: Stop, *, before: int = 0) -> Engine:
    """Return the same engine on a store that stops."""
    store: Any = StoppingStore(engine.context.store, stop, before=before)
    return Engine(replace(engine.context, store=store))


def locking(parts: Parts, engine: Engine | None = None) -> Engine:
    """Return the same engine on a store that locks before it rules, as after a lost race."""
    store = SqlStore(parts.database, locks_first=True)
    return Engine(replace((engine or parts.engine).context, store=store))


@contextmanager
def held_back(parts: Parts) -> Iterator[Callable[[], None]]:
    """Hold every transaction back at its last step, the audit trail; lend what lets them go on.

    Whatever comes to it then has written all it writes, and has committed nothing.
    """
    with parts.database.engine.connect() as third:
        third.exec_driver_sql("LOCK TABLE event IN EXCLUSIVE MODE")
        yield third.rollback


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


def answering(token: str, answer: str, purpose: Purpose = Purpose.LOGIN) -> Answer:
    """Return what gives an answer to an engine, and says in a word what came of it."""
    return lambda engine: word(engine.verify(token, purpose, answer).verdict)


def one_after_the_other(
    parts: Parts, first: Answer, second: Answer, engine: Engine | None = None
) -> tuple[str, str]:
    """Hold the first inside its rule until the second waits for it; return both words."""
    engine = engine or parts.engine
    stop = Stop()
    with threads() as start:
        one = start(lambda: first(stopping(locking(parts, engine), stop)))
        stop.wait()
        two = start(lambda: second(engine))
        wait_until_blocked(parts)
        stop.release()
        return one.result(), two.result()


def overtaken(
    parts: Parts, first: Answer, second: Answer, engine: Engine | None = None
) -> tuple[str, str]:
    """Stop the first when it has ruled on what it saw, do the second, let the first go on."""
    engine = engine or parts.engine
    stop = Stop()
    with threads() as start:
        one = start(lambda: first(stopping(engine, stop)))
        stop.wait()
        two = second(engine)
        stop.release()
        return one.result(), two


def second_during(
    parts: Parts, other: Parts, first: Callable[[Engine], object], second: Answer
) -> str:
    """Hold `first` just before its commit until `second` waits for it; return the second's word."""
    with threads() as start, held_back(other) as release:
        one = start(lambda: first(other.engine))
        wait_until_blocked(parts)
        two = start(lambda: second(parts.engine))
        wait_until_blocked(parts, 2)
        release()
        one.result()
        return two.result()


def between_reserve_and_settle(
    parts: Parts, answer: Answer, meanwhile: Callable[[], object]
) -> str:
    """Do something after an answer was counted and judged, before it is settled."""
    stop = Stop()
    with threads() as start:
        one = start(lambda: answer(stopping(parts.engine, stop, before=2)))
        stop.wait()
        meanwhile()
        stop.release()
        return one.result()
