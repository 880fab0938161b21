"""How long a whole login takes over HTTP, against the host's own login by password alone.

Both are sent by one browser, one request after the other, on one connection, to one server. What
the host does by itself (its password check, its pages) costs next to nothing, so that the ratio
is that of the requests; beside it stands what it is where a password is hashed as Werkzeug does.
"""

import http.client
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import urlencode

from werkzeug.security import check_password_hash, generate_password_hash

from benchmarks import crowd, databases, sites
from benchmarks.figures import Figure, at_most
from benchmarks.servers import COMMANDS, serving
from vestibule.bootstrap import Parts

ROUNDS: Final = 8
LOGINS: Final = 20
HASHES: Final = 5
DOOR: Final = "/two-step/login"
FORM: Final = "application/x-www-form-urlencoded"
NAVIGATION: Final = {
    "Accept": "text/html",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
}
PROGRAM: Final = {"Accept": "application/json"}
MORE: Final = at_most(20)
"""Four requests in the place of two, two of them written to the disk in the place of none.

Nobody asked for a bar here: this one only notices a login that has become far slower.
"""
NOTICED: Final = at_most(1.25)
"""What a person could notice, who waits for the hash of a password as well."""


def figures() -> Iterator[Figure]:
    """Log in again and again, at both servers on every database."""
    password = _seconds_of_a_password()
    for database in databases.names():
        for server in COMMANDS:
            with databases.empty(database) as place:
                site = sites.made(place)
                parts = site.opened()
                with serving(server, site) as port:
                    yield from _on(f"{server}, {database}", parts, port, password)
                parts.database.close()


def _on(where: str, parts: Parts, port: int, password: float) -> Iterator[Figure]:
    subjects = [str(number) for number in range(2 * LOGINS * (ROUNDS + 1))]
    crowd.enrol(parts, subjects)
    people = iter(subjects)
    ways: Mapping[str, Callable[[Browser, str], None]] = {
        "without": _by_password,
        "form": lambda browser, user: _by_form(browser, user, crowd.right_code(parts)),
        "JSON": lambda browser, user: _by_json(browser, user, crowd.right_code(parts)),
    }
    rounds: list[dict[str, float]] = []
    for _ in range(ROUNDS + 1):
        names = {"without": [str(n) for n in range(LOGINS)]}
        names |= {way: [next(people) for _ in range(LOGINS)] for way in ("form", "JSON")}
        rounds.append({way: _median(port, log_in, names[way]) for way, log_in in ways.items()})
    counted = rounds[1:]
    without = statistics.median(one["without"] for one in counted)
    for way in ("form", "JSON"):
        ours = statistics.median(one[way] for one in counted)
        ratio = statistics.median(one[way] / one["without"] for one in counted)
        seen = f"{ours * 1e3:.1f} ms against {without * 1e3:.1f} ms"
        yield Figure(f"login, {way}: {where}", ratio, "without", MORE, seen)
    form = statistics.median(one["form"] for one in counted)
    yield Figure(
        f"hash and login: {where}",
        (form + password) / (without + password),
        "without",
        NOTICED,
        f"reckoned, the hash of a password being {password * 1e3:.0f} ms",
    )


def _by_password(browser: "Browser", user: str) -> None:
    browser.ask("POST", "/plain/login", 303, {"user": user})
    browser.ask("GET", "/plain/page", 200)


def _by_form(browser: "Browser", user: str, code: str) -> None:
    browser.ask("POST", "/login", 303, {"user": user})
    page = browser.ask("GET", DOOR, 200)
    found = re.search(rb'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    browser.ask("POST", DOOR, 303, {"csrf_token": found[1].decode(), "code": code})
    assert browser.ask("GET", "/page", 200) == f"the page of {user}".encode()


def _by_json(browser: "Browser", user: str, code: str) -> None:
    browser.headers = PROGRAM
    browser.ask("POST", "/login", 401, {"user": user})
    browser.ask("POST", DOOR, 200, json.dumps({"code": code}))
    assert browser.ask("GET", "/page", 200) == f"the page of {user}".encode()


@dataclass(slots=True)
class Browser:
    """One browser: a connection, cookies, and what it says of itself."""

    connection: http.client.HTTPConnection
    headers: Mapping[str, str] = field(default_factory=lambda: NAVIGATION)
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, status: int, sent: Mapping[str, str] | str | None = None
    ) -> bytes:
        """Send a form or JSON and return the body of the answer, which must be of that status."""
        headers = {**self.headers, "Host": "localhost"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={v}" for name, v in self.cookies.items())
        if sent is not None:
            headers["Content-Type"] = "application/json" if isinstance(sent, str) else FORM
        body = sent if isinstance(sent, str | None) else urlencode(sent)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        said = answer.read()
        assert answer.status == status, (method, path, answer.status, said)
        for line in answer.headers.get_all("Set-Cookie", []):
            self.cookies |= {name: kept.value for name, kept in SimpleCookie(line).items()}
        return said


def _median(port: int, log_in: Callable[[Browser, str], None], users: list[str]) -> float:
    """Return the seconds of a login, each in a browser of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.connect()
    took = []
    for user in users:
        browser = Browser(connection)
        began = time.perf_counter()
        log_in(browser, user)
        took.append(time.perf_counter() - began)
    connection.close()
    return statistics.median(took)


def _seconds_of_a_password() -> float:
    kept = generate_password_hash("leek and potato soup")
    took = []
    for _ in range(HASHES):
        began = time.perf_counter()
        check_password_hash(kept, "leek and potato soup")
        took.append(time.perf_counter() - began)
    return statistics.median(took)
