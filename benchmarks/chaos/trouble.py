"""Databases that are taken away for some seconds and come back, and a broker that is killed.

Each is this run's own: a file, or a server with its data in a temporary folder. Where no PostgreSQL
can be started, one that answers lends an empty database, whose connections are all ended instead.
"""

import os
import pwd
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import NullPool, create_engine, text

from benchmarks import databases as lent
from benchmarks.chaos.processes import Served, await_port, free_port

HELD_SECONDS: Final = 4.0
DEBIANS: Final = Path("/usr/lib/postgresql")
OTHERS_END: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Troubled(Protocol):
    """A database, empty at first."""

    @property
    def url(self) -> str:
        """Where it is, as SQLAlchemy writes it."""
        ...

    def trouble(self) -> None:
        """Take it away for a while; return once it is back."""
        ...


@dataclass(frozen=True, slots=True)
class Locked:
    """A SQLite file, which somebody else writes to for a while."""

    url: str
    file: Path

    def trouble(self) -> None:
        """Hold the write lock for some seconds."""
        connection = sqlite3.connect(self.file, isolation_level=None, timeout=10)
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(HELD_SECONDS)
        connection.execute("ROLLBACK")
        connection.close()


@dataclass(frozen=True, slots=True)
class Restarted:
    """A PostgreSQL server of this run's own, which crashes and is started again."""

    url: str
    control: Sequence[str]
    user: str | None

    def trouble(self) -> None:
        """Crash the server, and start it again."""
        _carried_out([*self.control, "-m", "immediate", "-w", "restart"], self.user)


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A database of a server that is not ours to restart."""

    url: str

    def trouble(self) -> None:
        """End every connection to it."""
        with create_engine(self.url, poolclass=NullPool).connect() as connection:
            connection.execute(text(OTHERS_END))


def databases() -> list[str]:
    """Return the kinds that can be had here."""
    if _program("initdb") is not None:
        return ["SQLite", "PostgreSQL"]
    return lent.names()


@contextmanager
def database(name: str, folder: Path) -> Iterator[Troubled]:
    """Lend an empty database of that kind, gone afterwards."""
    if name == "SQLite":
        file = folder / "vestibule.db"
        yield Locked(f"sqlite:///{file}", file)
    elif _program("initdb") is not None:
        with _own_server(folder / "cluster") as restarted:
            yield restarted
    else:
        with lent.empty(name) as place:
            yield Disconnected(place.url)


@contextmanager
def broker(folder: Path) -> Iterator[Served | None]:
    """Lend a Redis server of this run's own; None where there is none to start."""
    if shutil.which("redis-server") is None:
        yield None
        return
    port = free_port()
    told = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = Served(
        name=f"redis://127.0.0.1:{port}/0",
        command=["redis-server", *told],
        environment={},
        log=folder / "broker.log",
    )
    server.start()
    await_port(port)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def _own_server(folder: Path) -> Iterator[Restarted]:
    user = _other_user()
    folder.mkdir(mode=0o700)
    if user is not None:
        shutil.chown(folder, user)
        folder.parent.chmod(0o711)
    port, data = free_port(), str(folder / "data")
    made = ["--pgdata", data, "--auth", "trust", "--username", "postgres", "--no-sync"]
    _carried_out([str(_program("initdb")), *made], user)
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    told = ["--pgdata", data, "--log", str(folder / "log"), "--options", options]
    control = [str(_program("pg_ctl")), *told]
    _carried_out([*control, "-w", "start"], user)
    try:
        yield Restarted(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", control, user)
    finally:
        _carried_out([*control, "-m", "immediate", "-w", "stop"], user)


def _program(name: str) -> str | None:
    """Return where a program of PostgreSQL's is, which Debian keeps apart from all others."""
    kept_apart = sorted(DEBIANS.glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(kept_apart[-1]) if kept_apart else None)


def _other_user() -> str | None:
    """Return as whom the server runs, which refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _carried_out(command: Sequence[str], user: str | None) -> None:
    # What pg_ctl starts keeps its standard output open: it must not be a pipe that is waited for.
    subprocess.run(
        command,
        check=True,
        user=user,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
