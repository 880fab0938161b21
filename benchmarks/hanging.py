"""What everything else notices while every carrier hangs for half a minute.

Codes are asked for all the while. One run has carriers that are well, the other has carriers that
do not answer; each has a database and servers of its own, so that nothing of the one waits in the
other. What is compared is how many requests are answered a second, and how long the slowest take.
"""

import http.client
import json
import random
import statistics
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import phonenumbers

from benchmarks import crowd, databases, sites
from benchmarks.checks import addresses, request
from benchmarks.crowd import Waiting
from benchmarks.figures import Figure, at_least
from benchmarks.load import Load, Went
from benchmarks.login import DOOR, PROGRAM, Browser
from benchmarks.servers import serving
from vestibule.bootstrap import Parts
from vestibule.core.factor import Applicant
from vestibule.testing.carriers import Carriers

TURNS: Final = 3
"""Runs of each kind, in turns."""
ROUNDS: Final = 4
BATCH: Final = 64
PAGES: Final = 512
"""A page takes so little time that fewer of them would tell nothing of the slowest."""
SLOW: Final = 30
ASKED_EVERY: Final = 0.25
"""Seconds between two codes that are asked for besides."""
ROUTE: Final = ("signalwire", "twilio_messaging")
REGIONS: Final = "AT,AU,BE,CH,CZ,DE,DK,ES,FI,FR,GB,GR,HU,IE,IT,NL,NO,PL,PT,SE,SI,SK"
"""Many, because codes of which none comes back are not sent to one place without end."""
SCATTERED: Final = 7
"""So many digits of a number are drawn."""
TARGET: Final = at_least(0.8)


def figures() -> Iterator[Figure]:
    """Take every figure, on every database."""
    for database in databases.names():
        well: dict[str, list[Went]] = defaultdict(list)
        hanging: dict[str, list[Went]] = defaultdict(list)
        for turn in range(TURNS):
            kinds = [(well, 0), (hanging, SLOW)]
            for found, slow in kinds if turn % 2 == 0 else reversed(kinds):
                for name, went in _run(database, slow):
                    found[name].append(went)
        for name, healthy in well.items():
            yield from _compared(f"{name}, {database}", healthy, hanging[name])


def _compared(name: str, well: Sequence[Went], hanging: Sequence[Went]) -> Iterator[Figure]:
    rates = [statistics.median(len(w.each) / w.seconds for w in went) for went in (well, hanging)]
    slow = [_p99(went) for went in (well, hanging)]
    yield Figure(
        f"a second: {name}",
        rates[1] / rates[0],
        "healthy",
        TARGET,
        f"{rates[1]:.0f}/s against {rates[0]:.0f}/s",
    )
    yield Figure(
        f"p99: {name}",
        slow[0] / slow[1],
        "healthy",
        TARGET,
        f"{slow[1] * 1e3:.0f} ms against {slow[0] * 1e3:.0f} ms",
    )


def _p99(went: Sequence[Went]) -> float:
    """Return the median, over all batches, of what one in a hundred requests takes longer than."""
    return statistics.quantiles((one for w in went for one in w.each), n=100)[98]


def _run(database: str, slow: float) -> Iterator[tuple[str, Went]]:
    """Measure each kind of request some times, with carriers that answer after so long."""
    with databases.empty(database) as place, Carriers() as carriers:
        site = sites.made(place, _settings(carriers))
        parts = site.opened()
        town = Town(parts)
        if slow:
            for carrier in ROUTE:
                carriers.fault(carrier, slow=slow)
        with serving("gunicorn", site) as port, _asking(town, port):
            load = Load(port)
            try:
                kinds = town.kinds(port)
                for number in range(ROUNDS + 1):
                    load.connect_anew()
                    for name, make in kinds.items():
                        went = load.send(make())
                        assert set(went.statuses) == {200}, (name, went.statuses)
                        if number:
                            yield name, went
            finally:
                load.stop()
        parts.database.close()


def _settings(carriers: Carriers) -> Mapping[str, Any]:
    told: dict[str, Any] = {
        "VESTIBULE_FACTORS": "totp,recovery_codes,phone",
        "VESTIBULE_COUNTRIES": REGIONS,
        "VESTIBULE_SENDS_PER_DAY": 1_000_000,
        "VESTIBULE_ROUTES": f"sms={','.join(ROUTE)}",
        "VESTIBULE_RECOVERY_CODES_MEMORY_KIB": 1024,
        "VESTIBULE_RECOVERY_CODES_TIME_COST": 1,
    }
    for carrier in ROUTE:
        told |= carriers.settings(carrier)
    return told


@contextmanager
def _asking(town: "Town", port: int) -> Iterator[None]:
    """Have codes asked for steadily meanwhile."""
    over = threading.Event()

    def ask() -> None:
        load = Load(port)
        while not over.wait(ASKED_EVERY):
            load.send(town.sends(1))
        load.stop()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _numbers() -> Iterator[str]:
    """Return an endless row of mobile numbers, of one country after the other.

    They are scattered within each: of many that begin alike none comes back either.
    """
    kind = phonenumbers.PhoneNumberType.MOBILE
    examples = [phonenumbers.example_number_for_type(one, kind) for one in REGIONS.split(",")]
    drawn = random.Random(1)
    while True:
        for one in examples:
            assert one is not None
            mobile = f"+{one.country_code}{str(one.national_number)[:-SCATTERED]}"
            while True:
                number = f"{mobile}{drawn.randrange(10**SCATTERED):0{SCATTERED}}"
                if phonenumbers.number_type(phonenumbers.parse(number)) == kind:
                    break
            yield number


@dataclass(slots=True)
class Town:
    """People with an app, some with recovery codes or a phone, who wait for their second step."""

    parts: Parts
    _names: Iterator[str] = field(default_factory=crowd.names)
    _sources: Iterator[str] = field(default_factory=addresses)
    _numbers: Iterator[str] = field(default_factory=_numbers)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kinds(self, port: int) -> Mapping[str, Callable[[], Sequence[bytes]]]:
        """Return what is measured, and who makes the requests."""
        cookies = self._signed_in(port)
        return {
            "signed-in page": lambda: [request("/page", [cookies], b"", "GET")] * PAGES,
            "TOTP": self._checks,
            "recovery code": self._recoveries,
            "asking for a code": lambda: self.sends(BATCH),
        }

    def sends(self, count: int) -> Sequence[bytes]:
        """Return requests for codes, each of somebody else and to another number."""
        context = self.parts.engine.context
        with self._lock:
            people = [next(self._names) for _ in range(count)]
            phones = [crowd.phone_of(context, one, next(self._numbers)) for one in people]
        crowd.keep(self.parts, [*(crowd.app_of(context, one) for one in people), *phones])
        waiting = crowd.waiting(self.parts, people)
        return [
            self._sent(f"{DOOR}/send", one, {"method": phone.id})
            for one, phone in zip(waiting, phones, strict=True)
        ]

    def _checks(self) -> Sequence[bytes]:
        code = crowd.right_code(self.parts)
        return [self._sent(DOOR, one, {"code": code}) for one in self._newcomers(BATCH)]

    def _recoveries(self) -> Sequence[bytes]:
        people = self._newcomers(BATCH)
        codes = [
            self.parts.engine.new_recovery_codes(
                Applicant(subject=one.subject, account=one.subject, issuer="host")
            ).codes[0]
            for one in people
        ]
        again = crowd.waiting(self.parts, [one.subject for one in people])
        return [
            self._sent(DOOR, one, {"code": code}) for one, code in zip(again, codes, strict=True)
        ]

    def _newcomers(self, count: int) -> list[Waiting]:
        with self._lock:
            return crowd.newcomers(self.parts, self._names, count)

    def _sent(self, path: str, one: Waiting, body: Mapping[str, str]) -> bytes:
        """Return what a waiting login sends as a program does."""
        names = "__Host-vestibule-default", "__Host-vestibule-default-browser"
        headers = [
            f"Cookie: {names[0]}={one.token}; {names[1]}={one.browser}",
            f"X-Forwarded-For: {next(self._sources)}",
            "Sec-Fetch-Site: same-origin",
            "Content-Type: application/json",
            "Accept: application/json",
        ]
        return request(path, headers, json.dumps(body).encode())

    def _signed_in(self, port: int) -> str:
        """Return the header by which somebody is signed in."""
        [one] = self._newcomers(1)
        browser = Browser(http.client.HTTPConnection("127.0.0.1", port, timeout=30), PROGRAM)
        browser.ask("POST", "/login", 401, {"user": one.subject})
        code = json.dumps({"code": crowd.right_code(self.parts)})
        browser.ask("POST", DOOR, 200, code)
        browser.connection.close()
        return "Cookie: " + "; ".join(f"{name}={v}" for name, v in browser.cookies.items())
