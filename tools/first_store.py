"""Write tests/upgrade/*: a store as the first release made it, with people signed in.

The first release is taken from the history, and runs in a process of its own: nothing of today's
code has a hand in it. Keys, clock and randomness are fixed, so that it comes out the same again.
Wants PostgreSQL and pg_dump: PYTHONPATH=. python tools/first_store.py [postgresql+psycopg://…]
"""

import io
import os
import re
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy import NullPool, create_engine, make_url, text
from tests.upgrade.house import DOOR, Browser, Record, create_app

from vestibule.bootstrap import keys as key_files
from vestibule.bootstrap.operate import initialise
from vestibule.secretbox import KEY_BYTES
from vestibule.store import migrate
from vestibule.testing import FakeClock, FixedRandom, Inbox, SoftwareAuthenticator

RELEASE: Final = "58c3f8f"
"""The last commit with the first migration alone."""
ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "tests" / "upgrade"
SERVER: Final = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
NOISE: Final = re.compile(r"(--|\\|SET |SELECT pg_catalog\.set_config|$)")
"""Lines of a dump that say nothing of the store, or that another release does not understand."""
NO_MOMENT: Final = "UPDATE installation SET created_at = 0"
"""The one moment that the release took from the machine's clock."""


def main() -> int:
    """Have the first release make both stores."""
    newest: str = migrate.NEWEST
    if newest == "0001":
        _write(sys.argv[1] if len(sys.argv) > 1 else SERVER)
        return 0
    git = ["git", "archive", RELEASE, "src"]
    archive = subprocess.run(git, cwd=ROOT, capture_output=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(folder, filter="data")
        path = os.pathsep.join((str(Path(folder) / "src"), str(ROOT)))
        command = [sys.executable, __file__, *sys.argv[1:]]
        return subprocess.run(
            command, env=os.environ | {"PYTHONPATH": path}, check=False
        ).returncode


def _write(server: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = key_files.Keys(
            installation="5e" * 16, keys={1: FixedRandom("keys").bytes(KEY_BYTES)}
        )
        key_files.write(folder / "first.keys", keys)
        (FOLDER / "first.keys").write_text((folder / "first.keys").read_text())

        file = folder / "first.db"
        _live(f"sqlite:///{file}", folder, "sqlite")
        with closing(sqlite3.connect(file)) as database:
            _keep("sqlite", "\n".join(database.iterdump()))

        url = _postgresql(server)
        _live(url, folder, "postgresql")
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        dump = ["pg_dump", "--inserts", "--no-owner", "--no-privileges", "--no-comments", plain]
        _keep("postgresql", subprocess.run(dump, capture_output=True, text=True, check=True).stdout)
        _postgresql(server, gone=make_url(url).database)


def _keep(kind: str, dump: str) -> None:
    lines = [line for line in dump.splitlines() if not NOISE.match(line)]
    (FOLDER / f"first.{kind}.sql").write_text("\n".join(lines) + "\n")


def _postgresql(server: str, gone: str | None = None) -> str:
    name = f"vestibule_first_{uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        does = f"DROP DATABASE {gone} WITH (FORCE)" if gone else f"CREATE DATABASE {name}"
        connection.execute(text(does))
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _live(url: str, folder: Path, kind: str) -> None:
    """Let people sign in, enrol and wait, and note what they hold."""
    initialise(url, folder / "first.keys")
    clock = FakeClock()
    app = create_app(url, folder / "first.keys", clock, seed="first", inbox=Inbox())
    record, browsers = Record(at=""), {}

    def browser(name: str) -> Browser:
        browsers[name] = Browser(app)
        return browsers[name]

    browser("password only").login("ada", remember="yes")
    laptop = browser("signed in")
    laptop.login("ada")
    phone = _enrol(laptop, clock)
    record.recovery_codes = laptop.ask("/two-step/recovery-codes")["codes"]
    laptop.send("/two-step/recovery-codes/keep", kept="yes")

    known, kiosk = browser("known"), Browser(app)
    for one, answer in ((known, _next(phone, clock)), (kiosk, record.recovery_codes[0])):
        _take_both_steps(one, answer)
        one.logout()

    browser("not enrolled").login("bea")
    halfway = browser("halfway")
    halfway.login("cy")
    record.secrets["cy"] = _scan(halfway).secret.hex()

    laptop.logout()
    record.used_code = _next(phone, clock)
    _take_both_steps(laptop, record.used_code)
    _is(browser("waiting").login("ada", "/login?next=/letters").location, DOOR)

    record.secrets["ada"], record.at = phone.secret.hex(), clock.now().isoformat()
    record.browsers = {name: one.held() for name, one in browsers.items()}
    with laptop.state.parts.database.write() as connection:
        connection.execute(text(NO_MOMENT))
    laptop.state.close()
    (FOLDER / f"first.{kind}.json").write_text(record.as_text())


def _take_both_steps(browser: Browser, answer: str) -> None:
    _is(browser.login("ada", remember="yes").location, DOOR)
    _is(browser.send(DOOR, code=answer).status_code, 200)
    _is(browser.sees(), "the letters of ada")


def _enrol(browser: Browser, clock: FakeClock) -> SoftwareAuthenticator:
    phone = _scan(browser)
    _is(browser.send("/two-step/setup", code=_next(phone, clock)).status_code, 200)
    return phone


def _scan(browser: Browser) -> SoftwareAuthenticator:
    browser.send("/two-step/add/totp")
    return SoftwareAuthenticator.scan(browser.ask("/two-step/setup")["otpauth"])


def _next(phone: SoftwareAuthenticator, clock: FakeClock) -> str:
    clock.move(seconds=30)
    return phone.code(clock.now())


def _is(found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"{found!r} where {wanted!r} was to be")


if __name__ == "__main__":
    sys.exit(main())
