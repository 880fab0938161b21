"""Server processes: each a real process with its own engine, its own pool and several threads."""

import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Final

from tests.races.jobs import Job, with_limits
from tests.races.people import Site

from vestibule.bootstrap import Parts
from vestibule.core.limits import CERTAIN, Limits

PROCESSES: Final = 2
THREADS: Final = 6
PATIENCE: Final = 15.0
NEVER: Final = 10**9
UNLIMITED: Final = Limits(
    capacity=CERTAIN, consecutive=NEVER, free_failures=NEVER, source_free=NEVER
)
"""No limit but the attempts of a challenge, for tests that then set one other."""
_spawn = get_context("spawn")


@dataclass(frozen=True, slots=True)
class Order:
    """What one server is to do: open a site, and run these jobs when all are ready."""

    site: Site
    jobs: Sequence[Job]
    threads: int
    limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of the jobs, in one word each, and every exception as it was printed."""

    words: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)


class Server:
    """One server process, and the pipe it is talked to through."""

    def __init__(self, gate: Barrier) -> None:
        """Start it; the gate is kept, because it is gone for all with its first owner."""
        self._gate = gate
        self._pipe, theirs = _spawn.Pipe()
        self.process = _spawn.Process(target=_serve, args=(theirs, gate), daemon=True)
        self.process.start()
        theirs.close()

    def tell(self, order: Order) -> None:
        """Give it something to do."""
        self._pipe.send(order)

    def hear(self) -> Report:
        """Return what it did; a server that is late or dead fails the test."""
        assert self._pipe.poll(PATIENCE), "a server process did not answer in time"
        report = self._pipe.recv()
        assert isinstance(report, Report)
        return report

    def is_silenced(self) -> bool:
        """Wait until the process is gone and say whether it was killed."""
        self.process.join(PATIENCE)
        return self.process.exitcode is not None and self.process.exitcode < 0

    def stop(self) -> None:
        """End the process."""
        if self.process.is_alive():
            self._pipe.send(None)
            self.process.join(5)
            if self.process.is_alive():
                self.process.kill()
                self.process.join(5)
        self._pipe.close()
        self.process.close()


class Servers:
    """Two server processes that share one database."""

    def __init__(self) -> None:
        """Start both."""
        self._gate = _spawn.Barrier(PROCESSES)
        self._servers = [Server(self._gate) for _ in range(PROCESSES)]

    def run(
        self,
        site: Site,
        jobs: Sequence[Job],
        *,
        threads: int = THREADS,
        limits: Limits | None = None,
    ) -> list[str]:
        """Run the jobs at once, dealt out to both; return one word for each, and no exception."""
        for number, server in enumerate(self._servers):
            server.tell(Order(site, jobs[number::PROCESSES], threads, limits))
        reports = [server.hear() for server in self._servers]
        self._gate.reset()
        raised = [text for report in reports for text in report.raised]
        assert not raised, "\n".join(sorted(set(raised)))
        return [word for report in reports for word in report.words]

    def stop(self) -> None:
        """End both."""
        for server in self._servers:
            server.stop()


def alone() -> Server:
    """Return one more server process, for a test that will lose it."""
    return Server(_spawn.Barrier(1))


def _serve(pipe: Connection, gate: Barrier) -> None:
    while (order := pipe.recv()) is not None:
        report = Report()
        try:
            _carry_out(order, gate, report)
        except Exception:  # noqa: BLE001 - whatever it was, the test is told
            gate.abort()
            report.raised.append(f"the server: {traceback.format_exc()}")
        pipe.send(report)


def _carry_out(order: Order, gate: Barrier, report: Report) -> None:
    parts = order.site.opened()
    if order.limits is not None:
        parts = replace(parts, engine=with_limits(parts.engine, order.limits))

    def all_ready() -> None:
        gate.wait(PATIENCE)

    start = threading.Barrier(order.threads, action=all_ready)
    threads = [
        threading.Thread(target=_work, args=(parts, order.jobs[n :: order.threads], start, report))
        for n in range(order.threads)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    parts.database.close()


def _work(parts: Parts, jobs: Sequence[Job], start: threading.Barrier, report: Report) -> None:
    parts.engine.standing("nobody", None)  # the connection is there before the race begins
    try:
        start.wait(PATIENCE)
    except threading.BrokenBarrierError:
        return  # the other server could not begin, and says why
    for job in jobs:
        try:
            report.words.append(job.run(parts))
        except Exception:  # noqa: BLE001 - whatever it was, the test is told
            report.raised.append(f"{job.name}: {traceback.format_exc()}")
