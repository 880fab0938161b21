"""The processes that are killed and started again, each in a group of its own."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.chaos.host import SERVED

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 20.0


@dataclass(slots=True, kw_only=True)
class Served:
    """One process, or the group of it and its children; all that it says goes to `log`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    ended_itself: int = 0
    """How often it ended though nobody had told it to."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as said:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.environment, "PYTHONWARNINGS": "ignore"},
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def strike(self) -> None:
        """End it as a machine does that loses its power, and start it again."""
        with self._lock:
            self.kill()
            self.start()

    def look_after(self) -> None:
        """Start it again where it has ended by itself, as whoever supervises it would."""
        with self._lock:
            if self.process is not None and self.process.poll() is not None:
                self.ended_itself += 1
                self.start()

    def kill(self) -> None:
        """End it as a machine does that loses its power."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator does, with so much patience and no more."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        process = self.process
        if process is None or process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def web(number: int, port: int, settings: Mapping[str, str], folder: Path) -> Served:
    """Return a web server of one process and some threads."""
    told = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "8"]
    told += ["--log-level", "error", "benchmarks.chaos.host:application"]
    return Served(
        name=f"web {number}",
        command=[sys.executable, "-m", "gunicorn", *told],
        environment={**settings, SERVED: "1"},
        log=folder / f"web-{number}.log",
    )


def worker(number: int, settings: Mapping[str, str], folder: Path) -> Served:
    """Return what `vestibule worker` starts."""
    return Served(
        name=f"worker {number}",
        command=[sys.executable, "-c", "from vestibule.cli import main; main()", "worker"],
        environment=settings,
        log=folder / f"worker-{number}.log",
    )


def free_port() -> int:
    """Return a port at which nothing answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_port(port: int) -> None:
    """Wait until something takes connections."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing answers at port {port}")
