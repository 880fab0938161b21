"""Two web servers with a process each, and browsers that press a button at the same moment."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from tests.races.people import Site
from tests.races.served import CONFIG

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 15.0
THREADS: Final = "8"
DOOR: Final = "/two-step/login"
PAGE: Final = "/page"
HEADERS: Final = {
    "Accept": "text/html",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Content-Type": "application/x-www-form-urlencoded",
}


@dataclass(frozen=True, slots=True)
class Press:
    """One request that is ready to be sent."""

    method: str
    path: str
    cookies: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    location: str | None
    cookies: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser: the cookies it holds, and the hidden field of the form it was shown."""

    cookies: Mapping[str, str]
    token: str = ""

    def holding(self, answer: Answer) -> "Browser":
        """Return the browser after an answer."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
        return Browser({**self.cookies, **answer.cookies}, found[1] if found else self.token)

    def opens(self, path: str) -> Press:
        """Return the press that goes to a page."""
        return Press("GET", path, self.cookies)

    def sends(self, path: str, **fields: str) -> Press:
        """Return the press that sends a form as the page last shown would."""
        body = urlencode({"csrf_token": self.token} | fields)
        return Press("POST", path, self.cookies, body)


@dataclass(frozen=True, slots=True)
class Web:
    """The ports of both servers."""

    ports: Sequence[int]

    def ask(self, press: Press, server: int = 0) -> Answer:
        """Send one request to one of the servers."""
        connection = self._connected(server)
        try:
            return _sent(connection, press)
        finally:
            connection.close()

    def at_once(self, presses: Sequence[Press]) -> list[Answer]:
        """Send all requests at one moment, dealt out to both servers; return the answers."""
        start = threading.Barrier(len(presses))

        def send(number: int) -> Answer:
            connection = self._connected(number % len(self.ports))
            try:
                start.wait(PATIENCE)
                return _sent(connection, presses[number])
            finally:
                connection.close()

        with ThreadPoolExecutor(len(presses)) as pool:
            return list(pool.map(send, range(len(presses))))

    def waiting(self, name: str) -> Browser:
        """Return a browser whose password was right and that was shown the second step."""
        browser = Browser({})
        browser = browser.holding(self.ask(browser.sends("/login", name=name)))
        return browser.holding(self.ask(browser.opens(DOOR)))

    def is_in(self, browser: Browser) -> bool:
        """Say whether a browser is signed in, at both servers alike."""
        seen = {self.ask(browser.opens(PAGE), n).status for n in range(len(self.ports))}
        assert len(seen) == 1, "the servers do not agree"
        return seen == {200}

    def _connected(self, server: int) -> http.client.HTTPConnection:
        port = self.ports[server]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.connect()
        return connection


@contextmanager
def served(site: Site) -> Iterator[Web]:
    """Lend two running servers of one site; neither has made its engine yet."""
    started: list[subprocess.Popen[bytes]] = []
    ports = [_free_port() for _ in range(2)]
    try:
        started += [_started(site, port) for port in ports]
        for process, port in zip(started, ports, strict=True):
            _wait(process, port)
        yield Web(ports)
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            _end(process)


def _started(site: Site, port: int) -> "subprocess.Popen[bytes]":
    told = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", THREADS]
    told += ["--log-level", "error", "tests.races.served:make()"]
    environment = {**os.environ, CONFIG: json.dumps(dict(site.config))}
    return subprocess.Popen([sys.executable, "-m", "gunicorn", *told], cwd=ROOT, env=environment)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    """Wait until a server answers: its socket is there before its worker."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            assert Web([port]).ask(Press("GET", "/")).status == 200
        except OSError:
            time.sleep(0.05)
        else:
            return
    message = "a web server did not start"
    raise AssertionError(message)


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _sent(connection: http.client.HTTPConnection, press: Press) -> Answer:
    cookies = "; ".join(f"{name}={value}" for name, value in press.cookies.items())
    headers = {**HEADERS, "Host": "localhost"} | ({"Cookie": cookies} if cookies else {})
    connection.request(press.method, press.path, press.body or None, headers)
    response = connection.getresponse()
    kept: SimpleCookie = SimpleCookie()
    for line in response.headers.get_all("Set-Cookie", []):
        kept.load(line)
    return Answer(
        status=response.status,
        location=response.headers["Location"],
        cookies={name: morsel.value for name, morsel in kept.items()},
        text=response.read().decode(),
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
