"""A carrier's requests to its customer: receipts, and what a call is to say next. All are signed.

They go to this machine and nowhere else.
"""

import base64
import hashlib
import heapq
import hmac
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import count
from threading import Condition, Thread
from time import monotonic
from typing import Final, Protocol
from urllib.parse import urlencode, urlsplit

from flask import Flask

from vestibule.testing.inbox_page import LOCAL_NAMES

PATIENCE: Final = 10.0
"""Seconds that a carrier waits for its customer."""
LONGEST: Final = 64 * 1024
"""As much as Twilio reads of an answer."""
REMEMBERED: Final = 1000


class Caller(Protocol):
    """Whoever makes a carrier's requests, such as one that hands them to a test client."""

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Return the status and the body of the answer; raise `OSError` where there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One request that a carrier made. `status` is None where nobody answered."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    status: int | None
    answer: bytes

    @property
    def is_answered(self) -> bool:
        """Say whether the customer took it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 -- the class


class Callbacks:
    """Makes requests, each at its time, from a few threads."""

    def __init__(self, caller: Caller) -> None:
        """Begin with nothing to do; threads start with the first thing there is to do."""
        self.caller = caller
        self._changed = Condition()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._underway = 0
        self._ended = False
        self._workers: ThreadPoolExecutor | None = None
        self._failures: deque[Exception] = deque(maxlen=REMEMBERED)
        self._made: deque[Callback] = deque(maxlen=REMEMBERED)

    def after(self, seconds: float, job: Callable[[], None]) -> None:
        """Have `job` done so many seconds from now."""
        with self._changed:
            if self._workers is None:
                self._workers = ThreadPoolExecutor(8, "callback")
                Thread(target=self._watch, name="callbacks", daemon=True).start()
            heapq.heappush(self._due, (monotonic() + seconds, next(self._order), job))
            self._changed.notify_all()

    def call(
        self, url: str, fields: Mapping[str, str], token: str, *, method: str = "POST"
    ) -> Callback:
        """Make a request as Twilio signs it, and return it with its answer."""
        if method == "GET":
            url = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(fields)}"
        signed = signature(token, url, {} if method == "GET" else fields)
        headers = {"X-Twilio-Signature": signed, "User-Agent": "TwilioProxy/1.1"}
        if method == "GET":
            return self.send(url, headers, b"", method=method)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self.send(url, headers, urlencode(fields).encode(), method=method)

    def send(
        self, url: str, headers: Mapping[str, str], body: bytes, *, method: str = "POST"
    ) -> Callback:
        """Make a request, and return it with its answer."""
        status, answer = None, b""
        # A carrier that reaches nobody tells nobody so; what it made shows it.
        with suppress(OSError, HTTPException, ValueError):
            status, answer = self.caller(method, url, headers, body)
        made = Callback(url=url, headers=headers, body=body, status=status, answer=answer)
        with self._changed:
            self._made.append(made)
        return made

    @property
    def made(self) -> tuple[Callback, ...]:
        """The last requests, oldest first."""
        with self._changed:
            return tuple(self._made)

    def clear(self) -> None:
        """Forget the requests that were made."""
        with self._changed:
            self._made.clear()

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is left to do, and say whether it came to that.

        Raises what one of the jobs has raised, such as an application in a test of its own.
        """
        with self._changed:
            is_done = self._changed.wait_for(lambda: not (self._due or self._underway), seconds)
            if self._failures:
                raise self._failures.popleft()
            return is_done

    def end(self) -> None:
        """Do nothing more of what is due."""
        with self._changed:
            self._ended = True
            self._due.clear()
            self._changed.notify_all()
            if self._workers is not None:
                self._workers.shutdown(wait=False, cancel_futures=True)

    def _watch(self) -> None:
        """Hand to the workers whatever comes due, until the end."""
        with self._changed:
            while not self._ended:
                wait = self._due[0][0] - monotonic() if self._due else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                _, _, job = heapq.heappop(self._due)
                self._underway += 1
                assert self._workers is not None  # noqa: S101 -- `after` made them before this
                self._workers.submit(self._do, job)

    def _do(self, job: Callable[[], None]) -> None:
        failure = None
        try:
            job()
        except Exception as error:  # noqa: BLE001 -- whoever settles is told
            failure = error
        with self._changed:
            if failure is not None:
                self._failures.append(failure)
            self._underway -= 1
            self._changed.notify_all()


def signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """Return what Twilio and SignalWire put into X-Twilio-Signature."""
    data = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), data.encode(), hashlib.sha1)).decode()


def to_this_machine(site: str = "") -> Caller:
    """Return a caller of this machine, which asks `site` for what is said to be elsewhere.

    That is what a reverse proxy does in production: the address that is signed is the public one.
    """

    def call(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        real = urlsplit(site) if site else parts
        if real.hostname not in LOCAL_NAMES:
            raise OSError("a stand-in asks nobody but this machine")
        kind = HTTPSConnection if real.scheme == "https" else HTTPConnection
        connection = kind(real.hostname, real.port, timeout=PATIENCE)
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        try:
            proxied = {"X-Forwarded-Proto": parts.scheme} if site else {}
            connection.request(method, target, body, {**headers, "Host": parts.netloc, **proxied})
            answer = connection.getresponse()
            return answer.status, answer.read(LONGEST)
        finally:
            connection.close()

    return call


def to_app(app: Flask) -> Caller:
    """Return a caller that hands everything to an application, as if it were at every address."""

    def call(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        answer = app.test_client().open(
            target,
            method=method,
            headers=dict(headers),
            data=body,
            base_url=f"{parts.scheme}://{parts.netloc}",
        )
        return answer.status_code, answer.data

    return call


def in_order(statuses: Sequence[str], receipts: str) -> Sequence[str]:
    """Return the statuses as faulty receipts tell them."""
    if receipts == "lost":
        return ()
    if receipts == "reversed":
        return tuple(reversed(statuses))
    if receipts == "twice":
        return tuple(status for status in statuses for _ in range(2))
    return statuses
