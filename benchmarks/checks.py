"""How many codes are checked a second, over HTTP, against a bare view that updates one row."""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final
from urllib.parse import urlencode

from benchmarks import crowd, databases, least, sites
from benchmarks.crowd import Waiting
from benchmarks.figures import Figure, Target, at_least
from benchmarks.floor import ROWS, make_rows
from benchmarks.load import Load
from benchmarks.servers import COMMANDS, serving
from vestibule.bootstrap import Parts

ROUNDS: Final = 12
BATCH: Final = 96
TARGETS: Final = {"SQLite": at_least(0.5), "PostgreSQL": at_least(0.4)}
AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
WRONG: Final = "000001"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of check: how the answer is sent, and whether it is right."""

    name: str
    is_json: bool
    is_right: bool

    @property
    def status(self) -> int:
        """How every one of them must be answered."""
        if not self.is_right:
            return 422
        return 200 if self.is_json else 303


KINDS: Final = [
    Kind("right, form", is_json=False, is_right=True),
    Kind("right, JSON", is_json=True, is_right=True),
    Kind("wrong, form", is_json=False, is_right=False),
    Kind("wrong, JSON", is_json=True, is_right=False),
]


def figures() -> Iterator[Figure]:
    """Take every figure: both servers on every database, four kinds of answers."""
    for database in databases.names():
        for server in COMMANDS:
            with databases.empty(database) as place:
                site = sites.made(place)
                parts = site.opened()
                make_rows(site.url)
                with serving(server, site) as port:
                    yield from _on(f"{server}, {database}", parts, port, TARGETS[database])
                parts.database.close()


def _on(where: str, parts: Parts, port: int, target: Target) -> Iterator[Figure]:
    load, names, sources = Load(port), crowd.names(), addresses()
    try:
        yield _least(where, load)
        for kind in KINDS:
            waiting = crowd.newcomers(parts, names, BATCH * (ROUNDS + 1))
            floor, ours = [], []
            for number in range(ROUNDS + 1):
                load.connect_anew()
                mine = waiting[number * BATCH : (number + 1) * BATCH]
                floor.append(_rate(load, list(_bare()), 200))
                ours.append(_rate(load, list(_checks(parts, kind, mine, sources)), kind.status))
            yield _against_floor(f"{kind.name}: {where}", ours[1:], floor[1:], target)
    finally:
        load.stop()


def _least(where: str, load: Load) -> Figure:
    """Return how much of the floor is left to any view that takes the second step of a login."""
    floor, seen = [], []
    for _ in range(ROUNDS + 1):
        load.connect_anew()
        floor.append(_rate(load, list(_bare()), 200))
        seen.append(_rate(load, [_of_least(*one) for one in least.waiting(BATCH)], 303))
    return _against_floor(f"the least of a view: {where}", seen[1:], floor[1:], None)


def _of_least(cookie: str, body: bytes) -> bytes:
    form = "Content-Type: application/x-www-form-urlencoded"
    return request("/least/", [f"Cookie: {cookie}", form, "Accept: text/html"], body)


def _against_floor(
    name: str, seen: Sequence[float], floor: Sequence[float], target: Target | None
) -> Figure:
    ratio = statistics.median(one / bare for one, bare in zip(seen, floor, strict=True))
    rates = f"{statistics.median(seen):.0f}/s against {statistics.median(floor):.0f}/s"
    return Figure(name, ratio, "UPDATE", target, rates)


def _rate(load: Load, requests: Sequence[bytes], status: int) -> float:
    went = load.send(requests)
    assert went.statuses == Counter({status: len(requests)}), went.statuses
    return len(requests) / went.seconds


def _bare() -> Iterator[bytes]:
    for number in range(BATCH):
        yield request(f"/bare/{number % ROWS}", [], b"")


def _checks(
    parts: Parts, kind: Kind, waiting: Sequence[Waiting], sources: Iterator[str]
) -> Iterator[bytes]:
    code = crowd.right_code(parts) if kind.is_right else WRONG
    names = "__Host-vestibule-default", "__Host-vestibule-default-browser"
    for one in waiting:
        headers = [
            f"Cookie: {names[0]}={one.token}; {names[1]}={one.browser}",
            f"X-Forwarded-For: {next(sources)}",
            "Sec-Fetch-Site: same-origin",
        ]
        if kind.is_json:
            body = b'{"code":"%s"}' % code.encode()
            headers += ["Content-Type: application/json", "Accept: application/json"]
        else:
            body = urlencode({"csrf_token": one.csrf, "code": code}).encode()
            headers += ["Content-Type: application/x-www-form-urlencoded", "Accept: text/html"]
            headers += ["Sec-Fetch-Mode: navigate"]
        yield request("/two-step/login", headers, body)


def request(path: str, headers: Sequence[str], body: bytes, method: str = "POST") -> bytes:
    """Return a request as a browser of today would send it."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: localhost",
        f"User-Agent: {AGENT}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def addresses() -> Iterator[str]:
    """Return an endless row of addresses that requests come from."""
    return (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in count(1))
