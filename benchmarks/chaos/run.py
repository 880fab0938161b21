"""One run on one database: everything is started, troubled, brought to rest, and counted."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from benchmarks.chaos import people, processes, trouble
from benchmarks.chaos.audit import Account, Evidence, audited
from benchmarks.chaos.people import Load
from benchmarks.chaos.plan import CARRIERS, Deed, plan
from benchmarks.chaos.processes import Served
from benchmarks.chaos.trouble import Troubled
from vestibule.bootstrap import Parts, assemble, read_settings
from vestibule.bootstrap.operate import initialise
from vestibule.core.model import ON_ITS_WAY
from vestibule.delivery.courier import LEASE
from vestibule.store import rows, tables
from vestibule.system import SystemClock
from vestibule.testing.carriers import Carriers

RATE: Final = 4.0
"""Logins a second."""
KEPT: Final = 100_000
ROUNDS: Final = 20
SUPERVISED: Final = 1.0
"""Seconds after which a process that has ended by itself is started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How long a run is, and by which seed."""

    seed: int
    seconds: float
    patience: float
    logs: Path | None = None
    """Where what the processes wrote is kept; None for nowhere."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A clock that is past every lease: whoever was killed has nothing claimed any more."""

    def now(self) -> datetime:
        """Return the time a lease from now."""
        return SystemClock().now() + LEASE + timedelta(seconds=1)


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that runs, and what was done to it."""

    settings: Mapping[str, str]
    folder: Path
    database: Troubled
    carriers: Carriers
    broker: Served | None
    processes: Mapping[str, Served]
    load: Load
    done: list[str] = field(default_factory=list)

    def opened(self, clock: Ahead | None = None) -> Parts:
        """Return an engine of this process's own."""
        read = read_settings({}, self.settings)
        return assemble(read, application="chaos", instance=self.folder, clock=clock)

    def do(self, deed: Deed) -> None:
        """Have one thing go wrong."""
        match deed.kind:
            case "kill" if deed.whom in self.processes:
                self.processes[deed.whom].strike()
                self.done.append("kill")
            case "database":
                self.database.trouble()
                self.done.append("database")
            case "broker" if self.broker is not None:
                self.broker.strike()
                self.done.append("broker")
            case "carrier":
                self.carriers.heal()
                self.carriers.fault(deed.whom, **deed.fault)
                self.done.append("carrier")


def run(name: str, order: Order) -> Account:
    """Run once on the database of that name, and return what was counted."""
    with _staged(name) as stage:
        parts = stage.opened()
        subjects = [str(number) for number in range(1, round(order.seconds * RATE) + 2)]
        people.enrol(parts, subjects)
        for one in stage.processes.values():
            one.start()
        for port in stage.load.ports:
            processes.await_port(port)
        with _supervised(list(stage.processes.values())):
            _live_through(stage, plan(order.seed, order.seconds), subjects, order.seconds)
            parts.database.close()  # what was open before may have gone with the server
            waited = _come_to_rest(parts, order.patience)
        for one in stage.processes.values():
            one.stop()
        swept = _swept(stage, parts)
        stage.carriers.settle(30)
        account = audited(
            Evidence(
                name=name,
                seed=order.seed,
                parts=parts,
                carriers=stage.carriers,
                load=stage.load,
                done=stage.done,
                logs=sorted(stage.folder.glob("*.log")),
                waited=waited,
                swept=swept,
                has_workers="worker 1" in stage.processes,
                ended=sum(one.ended_itself for one in stage.processes.values()),
            )
        )
        parts.database.close()
        if order.logs is not None:
            order.logs.mkdir(parents=True, exist_ok=True)
            for log in stage.folder.glob("*.log"):
                shutil.copy(log, order.logs / f"{name.lower()}-{log.name}")
        return account


@contextmanager
def _staged(name: str) -> Iterator[Stage]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vestibule-chaos-")))
        database = stack.enter_context(trouble.database(name, folder))
        broker = stack.enter_context(trouble.broker(folder))
        ports = [processes.free_port() for _ in range(2)]
        site = f"http://127.0.0.1:{ports[0]}"
        carriers = stack.enter_context(Carriers(kept=KEPT, site=site))
        settings = _settings(database, carriers, broker, folder)
        served = [processes.web(n, port, settings, folder) for n, port in enumerate(ports, 1)]
        if broker is not None:
            served += [processes.worker(number, settings, folder) for number in (1, 2)]
        stage = Stage(
            settings=settings,
            folder=folder,
            database=database,
            carriers=carriers,
            broker=broker,
            processes={one.name: one for one in served},
            load=Load(ports, carriers),
        )
        try:
            yield stage
        finally:
            for one in served:
                one.kill()


def _settings(
    database: Troubled, carriers: Carriers, broker: Served | None, folder: Path
) -> Mapping[str, str]:
    key_file = folder / "vestibule.keys"
    initialise(database.url, key_file)
    told = {
        "VESTIBULE_DATABASE_URL": database.url,
        "VESTIBULE_KEY_FILE": str(key_file),
        "VESTIBULE_FACTORS": "phone,recovery_codes",
        "VESTIBULE_COUNTRIES": "DE",
        "VESTIBULE_SITE_URL": "https://chaos.example",
        "VESTIBULE_ROUTES": f"sms={','.join(CARRIERS)}",
        "FLASK_SKIP_DOTENV": "1",
    }
    for carrier in CARRIERS:
        told |= {name: str(value) for name, value in carriers.settings(carrier).items()}
    if broker is not None:
        told["VESTIBULE_BROKER_URL"] = broker.name
    return told


def _live_through(
    stage: Stage, deeds: Sequence[Deed], subjects: Sequence[str], seconds: float
) -> None:
    """Have people log in, and everything go wrong meanwhile: each kind in its own time."""
    began = time.monotonic()

    def go_wrong(kind: str) -> None:
        for deed in (one for one in deeds if one.kind == kind):
            time.sleep(max(0.0, began + deed.at - time.monotonic()))
            stage.do(deed)

    kinds = sorted({deed.kind for deed in deeds})
    threads = [threading.Thread(target=go_wrong, args=(kind,)) for kind in kinds]
    for thread in threads:
        thread.start()
    stage.load.run(iter(subjects), seconds, RATE)
    for thread in threads:
        thread.join()
    stage.carriers.heal()


@contextmanager
def _supervised(served: Sequence[Served]) -> Iterator[None]:
    """Start again, meanwhile, whatever ends by itself."""
    over = threading.Event()

    def supervise() -> None:
        while not over.wait(SUPERVISED):
            for one in served:
                one.look_after()

    thread = threading.Thread(target=supervise)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _come_to_rest(parts: Parts, patience: float) -> float:
    """Wait until nothing is on its way any more, or so many seconds; return how many it were."""
    began = time.monotonic()
    while _underway(parts) and time.monotonic() < began + patience:
        time.sleep(0.5)
    return time.monotonic() - began


def _swept(stage: Stage, parts: Parts) -> int:
    """Carry what is left by a courier that is past every lease; return how much it was."""
    left = _underway(parts)
    late = stage.opened(Ahead())
    assert late.courier is not None
    assert late.carrying is not None
    for _ in range(ROUNDS if left else 0):
        late.courier.deliver_due()
        if not _underway(parts):
            break
        time.sleep(0.5)
    late.carrying.stop()
    late.database.close()
    return left


def _underway(parts: Parts) -> int:
    query = (
        select(func.count())
        .select_from(tables.message)
        .where(tables.message.c.status.in_(rows.words(ON_ITS_WAY)))
    )
    with parts.database.read() as connection:
        return int(connection.execute(query).scalar_one())
