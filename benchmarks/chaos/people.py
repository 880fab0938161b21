"""People who log in all the while: by their password, and the code that is sent to their phone."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from itertools import count
from typing import Final
from urllib.parse import urlencode

from benchmarks import crowd
from vestibule.bootstrap import Parts
from vestibule.testing.carriers import Carriers

DOOR: Final = "/two-step/login"
PROGRAM: Final = {"Accept": "application/json", "Host": "localhost"}
LOGINS_AT_ONCE: Final = 80
TWICE_EVERY: Final = 3
"""Every third of them types the code twice at once."""
PATIENCE: Final = 15.0
"""Seconds that somebody goes on trying to reach the site, or waits for a code."""
WAIT: Final = 0.2
BROKEN: Final = "the load itself failed"


def number_of(subject: str) -> str:
    """Return the phone number of somebody; no hundred of them begin alike."""
    return f"+49151{int(subject) % 100:02}{int(subject):06}"


def enrol(parts: Parts, subjects: Sequence[str]) -> None:
    """Give everybody a phone."""
    context = parts.engine.context
    crowd.keep(parts, [crowd.phone_of(context, one, number_of(one)) for one in subjects])


@dataclass(slots=True)
class Load:
    """A steady load on two servers, and what it was told."""

    ports: Sequence[int]
    carriers: Carriers
    promised: Counter[str] = field(default_factory=Counter)
    """How often each was told that a code was on its way."""
    told: Counter[str] = field(default_factory=Counter)
    """How the logins ended."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turns: Iterator[int] = field(default_factory=count)

    def run(self, subjects: Iterator[str], seconds: float, rate: float) -> None:
        """Have a login begin every so often; return when the last is over."""
        began = time.monotonic()
        with ThreadPoolExecutor(LOGINS_AT_ONCE) as pool:
            for number, subject in enumerate(subjects):
                at = began + number / rate
                if at > began + seconds:
                    break
                time.sleep(max(0.0, at - time.monotonic()))
                pool.submit(self._log_in, subject, twice=number % TWICE_EVERY == 0)

    def _log_in(self, subject: str, *, twice: bool) -> None:
        try:
            self._end(self._logged_in(subject, twice=twice))
        except Exception as error:
            self._end(f"{BROKEN}: {error!r}")
            raise

    def _logged_in(self, subject: str, *, twice: bool) -> str:
        browser = Browser(self, f"10.{int(subject) >> 8 & 255}.{int(subject) & 255}.1")
        body = urlencode({"user": subject})
        status = browser.insist("/login", body, "application/x-www-form-urlencoded")
        if status != http.client.UNAUTHORIZED:
            return f"the password was answered with {status}"
        with self._lock:
            self.promised[subject] += 1
        code = self._read_code(subject)
        if code is None:
            return "no code came in time"
        typed = json.dumps({"code": code})
        with ThreadPoolExecutor(2) as fingers:
            answers = [
                fingers.submit(browser.insist, DOOR, typed, "application/json")
                for _ in range(2 if twice else 1)
            ]
        statuses = sorted(answer.result() for answer in answers)
        return "let in" if 200 in statuses else f"the code was answered with {statuses}"  # noqa: PLR2004

    def _read_code(self, subject: str) -> str | None:
        """Wait for a code at the stand-in; the newest is the one that is typed."""
        to = number_of(subject)
        if self.carriers.latest(to, within=PATIENCE) is None:
            return None
        return self.carriers.recipient(to).code()

    def _end(self, how: str) -> None:
        with self._lock:
            self.told[how] += 1

    def port(self) -> int:
        """Return the server whose turn it is."""
        with self._lock:
            return self.ports[next(self._turns) % len(self.ports)]


@dataclass(slots=True)
class Browser:
    """One browser, which asks another server where one does not answer."""

    load: Load
    address: str
    cookies: dict[str, str] = field(default_factory=dict)

    def insist(self, path: str, body: str, kind: str) -> int:
        """Send something until it is answered, at either server; 0 where it never was.

        What was cut short is sent again: it may have been done, as whoever presses a button twice
        cannot know either.
        """
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                status = self._send(path, body, kind)
            except (OSError, http.client.HTTPException):
                status = 0
            if status and status < 500:  # noqa: PLR2004 -- the server's own fault from there on
                return status
            time.sleep(WAIT)
        return 0

    def _send(self, path: str, body: str, kind: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.load.port(), timeout=PATIENCE)
        headers = {**PROGRAM, "Content-Type": kind, "X-Forwarded-For": self.address}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={v}" for name, v in self.cookies.items())
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: kept.value for name, kept in SimpleCookie(line).items()}
        return answer.status
