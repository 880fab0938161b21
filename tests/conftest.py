"""What tests of every part share: databases, a browser, and an honest last word.

A test that wants something this machine does not have is left out, and the run ends by saying so.
With VESTIBULE_TEST_ALL=1 nothing may be left out: each such test fails.
"""

import os
import shutil
import socket
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from hypothesis import settings
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

# A busy machine is no fault of the product.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

ALL_WANTED = os.environ.get("VESTIBULE_TEST_ALL") == "1"
POSTGRESQL = os.environ.get(
    "VESTIBULE_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
REDIS = os.environ.get("VESTIBULE_TEST_REDIS", "redis://127.0.0.1:6379/0")
RABBITMQ = os.environ.get("VESTIBULE_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")
CHROMIUM = (
    os.environ.get("VESTIBULE_TEST_CHROMIUM", "chromium"),
    "chromium-browser",
    "google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)

# What a machine may lack, and how Debian gets it. A reason to leave a test out starts with a key.
INSTALL = {
    "Chromium": "apt-get install chromium",
    "PostgreSQL": "apt-get install postgresql",
    "Redis": "apt-get install redis-server",
    "RabbitMQ": "apt-get install rabbitmq-server",
}
LEFT_OUT = "Skipped: "

# What makes a PostgreSQL database as new, whoever still has it open.
OTHERS = "datname = current_database() AND pid <> pg_backend_pid()"
EMPTY_AGAIN = (
    f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS}",  # noqa: S608
    "DROP SCHEMA IF EXISTS vestibule CASCADE",
    "DROP SCHEMA public CASCADE",
    "CREATE SCHEMA public",
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium that Playwright can drive."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("Chromium: not found; VESTIBULE_TEST_CHROMIUM may name it")
    return found


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The address of a Redis server that accepts connections."""
    return answering("Redis", REDIS, 6379)


@pytest.fixture(scope="session")
def rabbitmq_url() -> str:
    """The address of a RabbitMQ server that accepts connections."""
    return answering("RabbitMQ", RABBITMQ, 5672)


def answering(server: str, url: str, port: int) -> str:
    """The address of a server that accepts connections; the test is left out where it does not."""
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port or port), timeout=2).close()
    except OSError:
        pytest.skip(f"{server}: nothing answers at {address.hostname}:{address.port}")
    return url


@pytest.fixture(scope="module")
def postgresql_database() -> Iterator[str]:
    """An empty PostgreSQL database of this module's own, dropped when the module is done."""
    server = create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"vestibule_test_{uuid4().hex}"
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError:
        pytest.skip(f"PostgreSQL: no database can be made at {make_url(POSTGRESQL).host}")
    yield make_url(POSTGRESQL).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def postgresql_url(postgresql_database: str) -> str:
    """The address of a PostgreSQL database that no test has written to."""
    engine = create_engine(postgresql_database, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in EMPTY_AGAIN:
            connection.execute(text(statement))
    return postgresql_database


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'vestibule.sqlite3'}"


@pytest.fixture(
    params=[
        pytest.param("sqlite", id="sqlite"),
        pytest.param("postgresql", id="postgresql", marks=pytest.mark.postgresql),
    ]
)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database; a test that asks for it runs once for each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give all browser tests to one worker: two browsers at a time starve each other."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a test that was left out into a failure when everything is wanted."""
    report = yield
    if ALL_WANTED and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"VESTIBULE_TEST_ALL=1 allows no part to be left out.\n{_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each part that was left out, and the command that adds it."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(_reason(report) for report in reports)
    if not reasons:
        return
    terminalreporter.section("left out")
    for reason, count in sorted(reasons.items()):
        tests = "1 test" if count == 1 else f"{count} tests"
        part, _, rest = reason.partition(": ")
        advice = f"; to add: {INSTALL[part]}" if part in INSTALL else ""
        terminalreporter.line(f"{part}: {tests} left out ({rest or 'no reason given'}){advice}")


def _reason(report: pytest.TestReport) -> str:
    """Why a report's test was left out, in the words of the fixture that did it."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix(LEFT_OUT)
    return str(report.longrepr)
