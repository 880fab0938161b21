"""Everything that is written down while codes are sent: logs at DEBUG, tables, queues, commands."""

import base64
import contextlib
import http.server
import logging
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import redis
from benchmarks.exposed import codes_in
from click.testing import CliRunner
from sqlalchemy import make_url
from tests.codes import code_in
from tests.core.site import LETTERS, Site
from tests.delivery.test_courier import ask_for_code
from tests.delivery.test_queue import free_port, lettered, publisher, statuses, until, worker
from tests.flask.shop import SITE, Browser, Shop

from vestibule.cli import group
from vestibule.system import SystemClock
from vestibule.testing import deliver
from vestibule.testing.carriers import Carriers
from vestibule.testing.carriers.accounts import (
    MAIL_USER,
    SECRET,
    SIGNALWIRE,
    SIGNALWIRE_TOKEN,
    TWILIO,
    TWILIO_TOKEN,
)

P: Final = "/two-step"
GERMAN, AUSTRIAN, LANDLINE = "+491701234567", "+436641234567", "+41446681800"
OWN_TOKEN: Final = "token-of-a-carrier-of-their-own"
DATABASE_PASSWORD: Final = "password-of-the-database"
BROKER_PASSWORD: Final = "password-of-the-broker"
LOUD: Final = ("sqlalchemy.engine", "sqlalchemy.pool")
"""Loggers with a level of their own."""
COMMANDS: Final = (
    "status",
    "events",
    "fraud report",
    "sessions maren",
    "reset-limits maren --by grace --reason asked",
    "sign-out maren --by grace --reason left",
    "doctor",
    "purge",
    "db upgrade",
)


class Quoting(http.server.BaseHTTPRequestHandler):
    """A carrier that refuses everything, and quotes the request wherever an answer has room."""

    def do_POST(self) -> None:
        """Refuse."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        told = " ".join(f"{self.headers} {body}".split())
        self.send_response(500, told)
        self.send_header("X-You-Said", told)
        self.end_headers()
        self.wfile.write(told.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- its name there
        """Say nothing: what is captured is ours."""


@contextlib.contextmanager
def quoting() -> Iterator[str]:
    """Lend the address of that carrier."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quoting)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/send"
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class World:
    """The shop, its carriers, and all that must stand nowhere."""

    shop: Shop
    carriers: Carriers
    codes: set[str] = field(default_factory=set)

    def read(self, number: str) -> str:
        """Return the newest code that came to a number, and remember it."""
        self.carriers.settle()
        code = self.carriers.recipient(number).code()
        self.codes.add(code)
        return code

    def found_in(self, written: str) -> list[str]:
        """Those codes, numbers, addresses and credentials that stand in what was written."""
        typed = {one for one in self.shop.typed if not one.isdecimal()}
        codes = self.codes | {one for one in self.shop.typed if one.isdecimal()}
        whole = [one for one in {*SECRETS, *NUMBERS, *typed} if one in written]
        return whole + sorted(codes & codes_in(written))


def basic(user: str, password: str) -> str:
    """What stands in a header in the place of a password."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


SECRETS: Final = (
    OWN_TOKEN,
    DATABASE_PASSWORD,
    BROKER_PASSWORD,
    TWILIO_TOKEN,
    SIGNALWIRE_TOKEN,
    SECRET,
    basic(TWILIO, TWILIO_TOKEN),
    basic(SIGNALWIRE, SIGNALWIRE_TOKEN),
    basic(MAIL_USER, SECRET),
    "a key for tests",
)
NUMBERS: Final = (*(number[3:] for number in (GERMAN, AUSTRIAN, LANDLINE)), "maren@mail.example")


@pytest.fixture
def world(database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    """A shop with routes of every kind, whatever can be said being said."""
    caplog.set_level(logging.DEBUG)
    for name in LOUD:
        caplog.set_level(logging.DEBUG, name)
    url = make_url(database_url)
    if url.host is not None:
        url = url.set(password=DATABASE_PASSWORD)
    with quoting() as own, Carriers(pause=0.01, smtp_security="starttls") as carriers:
        settings: dict[str, Any] = {
            "VESTIBULE_DATABASE_URL": url.render_as_string(hide_password=False),
            "VESTIBULE_FACTORS": ["totp", "recovery_codes", "phone"],
            "VESTIBULE_COUNTRIES": ["DE", "AT", "CH"],
            "VESTIBULE_ROUTES": {
                "sms": ["http", "signalwire", "twilio_messaging"],
                "sms:+43": ["twilio_verify"],
                "call": ["twilio_messaging"],
                "email": ["smtp"],
            },
            "VESTIBULE_BROKER_URL": f"redis://:{BROKER_PASSWORD}@127.0.0.1:1/0",
            "VESTIBULE_HTTP_URL": own,
            "VESTIBULE_HTTP_TEMPLATE": '{"to": "{to}", "text": "{body}"}',
            "VESTIBULE_HTTP_AUTH": "bearer",
            "VESTIBULE_HTTP_SECRET": OWN_TOKEN,
        }
        for carrier in ("signalwire", "twilio_messaging", "twilio_verify", "smtp"):
            settings |= carriers.settings(carrier)
        shop = Shop.open(tmp_path, **settings)
        carriers.reach(shop.app)
        yield World(shop, carriers)
        carriers.settle()
        shop.close()


def carried(world: World) -> None:
    """Let the courier do its round, and the carriers tell all they have to tell."""
    deliver(world.shop.app)
    world.carriers.settle()


def add_phone(world: World, browser: Browser, number: str, country: str) -> None:
    """Add a number: a wrong code, and the right one."""
    answer = browser.ask(f"{P}/add/phone", {"number": number, "country": country})
    assert answer.status_code == 200, answer.text
    carried(world)
    assert browser.ask(f"{P}/setup", {"code": "000000"}).status_code == 422
    code = world.read(number)
    assert browser.ask(f"{P}/setup", {"code": code}).status_code == 200


def log_in_by_phone(world: World, browser: Browser, name: str, number: str) -> None:
    """Log in, have a code sent twice, and type the second."""
    browser.sign_out()
    browser.give_password(name)
    method = browser.enrolment_id("phone", name)
    for _ in range(2):
        world.shop.clock.move(seconds=61)
        browser.ask(f"{P}/login/send", {"method": method})
        carried(world)
        world.read(number)
    answer = browser.ask(f"{P}/login", {"method": method, "code": world.read(number)})
    assert answer.status_code == 200, answer.text


def live_through(world: World) -> list[str]:
    """Do all that sends something, and much that goes wrong; return the pages of errors."""
    shop = world.shop
    maren, tobias, ines = shop.browser().join(), shop.browser(), shop.browser()
    add_phone(world, maren, GERMAN, "DE")
    log_in_by_phone(world, maren, "maren", GERMAN)
    world.carriers.fault("signalwire", status=500)
    log_in_by_phone(world, maren, "maren", GERMAN)
    world.carriers.fault("signalwire", landlines=[GERMAN])
    log_in_by_phone(world, maren, "maren", GERMAN)
    world.carriers.heal()
    tobias.give_password("tobias")
    add_phone(world, tobias, AUSTRIAN, "AT")
    log_in_by_phone(world, tobias, "tobias", AUSTRIAN)
    ines.give_password("ines")
    add_phone(world, ines, LANDLINE, "CH")
    carried(world)
    stranger = shop.app.test_client()
    pages = [
        stranger.get(f"{P}/nowhere"),
        stranger.post(f"{P}/login", data={"code": world.read(GERMAN)}),
        stranger.post(f"{P}/carriers/twilio_messaging/receipt/x", data={"To": GERMAN}),
    ]
    for callback in world.carriers.callbacks:
        path = callback.url.removeprefix(SITE)
        pages.append(stranger.post(path, data=callback.body, headers={"X-Twilio-Signature": "x"}))
    return [f"{page.headers}{page.text}" for page in pages]


def printed(world: World) -> str:
    """What a debugger, an error or a careless print would show of all that was made."""
    parts = world.shop.state.parts
    assert parts.courier is not None
    routes = parts.courier.dispatch.routes
    carrying = parts.carrying
    assert carrying is not None
    values = [parts, parts.settings, parts.courier, carrying, parts.engine, routes]
    values += [carrying.thread, carrying.publisher, carrying.calls_back]
    values += [parts.database, parts.database.engine, parts.database.engine.url]
    values += [parts.courier.dispatch, parts.courier.dispatch.http]
    return "\n".join(f"{value!r}\n{value}" for value in values)


@pytest.mark.row("SMS-10", "ATK-74", "C8", "C11", "C13", "W19")
def test_nothing_that_was_sent_is_written_down(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """No log, table, page, command or representation has a code, a number or a credential."""
    pages = live_through(world)
    runner = world.shop.app.test_cli_runner()
    told = [runner.invoke(group, command.split()) for command in COMMANDS]
    assert [one.exit_code for one in told] == [0] * len(COMMANDS), told
    tables = repr(world.shop.rows())
    browser = world.shop.browser()
    world.shop.break_down()
    down = [browser.get(path).text for path in (f"{P}/", f"{P}/login", "/orders")]
    down.append(browser.ask_password().text)
    deliver_quietly(world)

    logged = "\n".join(
        f"{record.name} {caplog.handler.format(record)}" for record in caplog.records
    )
    assert len(world.codes) >= 8
    assert "'cannot_receive'" in tables
    assert "'failed'" in tables
    assert "INSERT INTO delivery_try" in logged
    captured = {
        "logs": logged,
        "tables": tables,
        "pages": "".join([*pages, *down]),
        "commands": "\n".join(one.output for one in told),
        "representations": printed(world),
    }
    assert [(where, one) for where, text in captured.items() for one in world.found_in(text)] == []
    # The search does find what is there.
    assert world.found_in(f"x{OWN_TOKEN}x {GERMAN}: {min(world.codes)}.") != []


def deliver_quietly(world: World) -> None:
    """Let the courier find that its store is gone."""
    with contextlib.suppress(Exception):
        deliver(world.shop.app)


@contextlib.contextmanager
def own_redis(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Lend the address of a Redis with a password, and its process."""
    if shutil.which("redis-server") is None:
        pytest.skip("Redis: there is no redis-server to start")
    port = free_port()
    told = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(
        ["redis-server", *told, "--requirepass", BROKER_PASSWORD], stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: answers(port))
        yield f"redis://:{BROKER_PASSWORD}@127.0.0.1:{port}/0", process
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    """Say whether something takes connections at a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def queued(broker_url: str) -> str:
    """Everything that waits at a broker."""
    client: Any = redis.Redis.from_url(broker_url, decode_responses=True)
    lists = [name for name in client.scan_iter() if client.type(name) == "list"]
    held = "".join(one for name in lists for one in client.lrange(name, 0, -1))
    client.close()
    return held


def is_held(broker_url: str) -> bool:
    """Whether a worker holds something that it has not told the broker to be done."""
    client: Any = redis.Redis.from_url(broker_url)
    held = bool(client.exists("unacked"))
    client.close()
    return held


@pytest.mark.redis
@pytest.mark.row("SMS-10", "ATK-74", "C13", "W19")
def test_a_queue_and_a_worker_tell_nothing(
    sqlite_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither what is queued nor what a worker prints holds a code, an address or a credential."""
    caplog.set_level(logging.DEBUG)
    config = {"VESTIBULE_FACTORS": f"totp,recovery_codes,{LETTERS}", "VESTIBULE_REALM": "captured"}
    site = Site.open(sqlite_url, tmp_path, config=config, clock=SystemClock())
    with (
        own_redis(tmp_path) as (broker_url, broker),
        Carriers(smtp_security="starttls") as carriers,
    ):
        ada = lettered(site)
        ask_for_code(ada)
        told = publisher(site, broker_url)
        told.publish_due()
        held = queued(broker_url)
        with worker(site, carriers, broker_url) as process:
            until(lambda: statuses(site)[-1] == "sent" and not is_held(broker_url))
            process.send_signal(signal.SIGSTOP)  # or it finds the next one before it is told of
            broker.kill()
            ask_for_code(ada)
            told.start()
            told.wake()
            until(lambda: "the broker takes nothing" in caplog.text)
            process.send_signal(signal.SIGCONT)
            until(lambda: statuses(site)[-1] == "sent")
        told.stop()
        mails = carriers.messages_to("ada@site.test")
    printed = (tmp_path / "worker.log").read_text("utf-8") + held + caplog.text
    site.close()

    secrets = (BROKER_PASSWORD, SECRET, basic(MAIL_USER, SECRET), "ada@site.test")
    assert "vestibule.deliver" in held
    assert len(mails) == 2
    assert [one for one in secrets if one in printed] == []
    assert codes_in(printed) & {code_in(mail.text) for mail in mails} == set()


def test_what_was_made_is_told_without_a_password(postgresql_url: str, tmp_path: Path) -> None:
    """The settings that `vestibule init` prints leave the password of the database out."""
    url = make_url(postgresql_url).set(password=DATABASE_PASSWORD)
    told = ["--database-url", url.render_as_string(hide_password=False)]
    told += ["--key-file", str(tmp_path / "vestibule.keys")]
    result = CliRunner().invoke(group, ["init", *told], prog_name="vestibule")

    assert result.exit_code == 0, result.output
    assert "VESTIBULE_DATABASE_URL=postgresql+psycopg://postgres:***@" in result.output
    assert DATABASE_PASSWORD not in result.output
