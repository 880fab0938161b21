"""The two servers, started for one measurement and ended by their own process id."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.served import SITE
from benchmarks.sites import Site

ROOT: Final = Path(__file__).parents[1]
PATIENCE: Final = 20.0
WORKERS: Final = "2"


def granian(port: int) -> Sequence[str]:
    """Return the command that serves on `port` with Granian."""
    told = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    told += ["--workers", WORKERS, "--no-ws", "--log-level", "error"]
    return [sys.executable, "-m", "granian", *told, "benchmarks.served:application"]


def gunicorn(port: int) -> Sequence[str]:
    """Return the command that serves on `port` with gunicorn, in threads so that it keeps alive."""
    told = ["--bind", f"127.0.0.1:{port}", "--workers", WORKERS, "--threads", "4"]
    told += ["--keep-alive", "60", "--log-level", "error"]
    return [sys.executable, "-m", "gunicorn", *told, "benchmarks.served:application"]


COMMANDS: Final = {"Granian": granian, "gunicorn": gunicorn}


@contextmanager
def serving(name: str, site: Site) -> Iterator[int]:
    """Lend the port of a running server of that name."""
    port = _free_port()
    environment = {**os.environ, SITE: site.to_text(), "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(COMMANDS[name](port), cwd=ROOT, env=environment)
    try:
        _wait(process, port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server did not start")
