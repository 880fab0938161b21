"""Play a day of SMS pumping against the engine: what does it cost, and who else is kept waiting?

Somebody has all the accounts he wants, addresses without end, and ten thousand numbers of which he
is paid for every message. He adds one after the other and types none of the codes, or just so many
that no area is stopped for him. Beside him
ordinary people use the site: in browsers that are known, in new ones, and with numbers that they
add. They type most of what they are sent, within a minute or two.
"""

import heapq
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from pumping_people import Carrier, Person, Waiting, add_number, log_in, type_code
from vestibule.bootstrap import Parts, assemble, read_settings
from vestibule.bootstrap.fraud import report
from vestibule.core.caps import range_of
from vestibule.testing import FakeClock, FixedRandom

NUMBERS: Final = 10_000
PER_DAY: Final = 150.0
PRICE: Final = 0.09
LENGTH: Final = timedelta(hours=10)
ROUND: Final = timedelta(seconds=5)
"""How often the courier delivers, and has counted what came back."""
AT_HOME: Final = 50
ABROAD: Final = 30
NEWCOMERS: Final = 40
TYPED: Final = 0.85
"""The part of their codes that ordinary people type."""
OF_GERMANY: Final = (160, 162, 163, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179)
HEADING: Final = (
    f"{'ten thousand numbers':<36}{'sent':>6}{'a range':>9}{'spent':>8}{'of':>6}"
    f"{'known':>9}{'abroad':>9}{'at home':>9}{'adding':>9}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Which numbers are pumped: the nth of them."""

    name: str
    number: Callable[[int], str]
    answered: int = 0
    """One in so many codes he types, to pass for people; none where it is 0."""


SCENARIOS: Final = (
    Scenario(name="one after the other, one range", number=lambda n: f"+491520{n:07}"),
    Scenario(name="all over a country of few", number=lambda n: f"+43664{n * 997 % 10**7:07}"),
    Scenario(name="all over the country of most", number=lambda n: german(n, n * 991)),
    Scenario(name="the same, every fourth typed", number=lambda n: german(n, n * 991), answered=4),
)


@dataclass(slots=True)
class Day:
    """What came of a day."""

    scenario: Scenario
    pumped: Counter[str] = field(default_factory=Counter)
    """How many of his codes went out, by range."""
    asked: Counter[str] = field(default_factory=Counter)
    """How often ordinary people asked for a code, by what they are."""
    refused: Counter[str] = field(default_factory=Counter)
    """How often they were sent none."""
    spent: float = 0.0

    @property
    def sent(self) -> int:
        """How many codes he had sent to his numbers."""
        return self.pumped.total()

    @property
    def most_in_a_range(self) -> int:
        """How many of them went to the range that got most."""
        return max(self.pumped.values(), default=0)


class Play:
    """One day: what is to happen is in a queue, by its time."""

    def __init__(self, scenario: Scenario, parts: Parts, clock: FakeClock) -> None:
        """Begin with an empty queue."""
        self.day, self.parts, self.clock = Day(scenario), parts, clock
        self.random = Random(scenario.name)  # noqa: S311 - played, not drawn
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._done_at = clock.now()

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        """Have something happen at a moment."""
        heapq.heappush(self._queue, (when, next(self._order), what))

    def run(self) -> None:
        """Let everything happen, and the courier do its rounds meanwhile."""
        while self._queue:
            when, _, what = heapq.heappop(self._queue)
            self.clock.stand_at(max(when, self.clock.now()))
            if self.clock.now() - self._done_at >= ROUND:
                self.round()
            what()
        self.round()

    def round(self) -> None:
        """Deliver what is due, and count what came back."""
        if self.parts.courier is not None:
            self.parts.courier.deliver_due()
        self.parts.brake.credit_returned(self.clock.now(), lambda _: None)
        self._done_at = self.clock.now()

    def later(self, waiting: Waiting | None, kind: str) -> None:
        """Note whether a code was sent; whoever got one types it soon, or never."""
        self.day.asked[kind] += 1
        if waiting is None:
            self.day.refused[kind] += 1
        elif kind == "set-up" or self.random.random() < TYPED:
            soon = timedelta(seconds=self.random.uniform(8, 100))
            self.at(self.clock.now() + soon, partial(type_code, self.parts.engine, waiting))

    def pump(self, nth: int) -> None:
        """Add the nth number, and type no code but those that are to look like people's."""
        person = Person(f"pump {nth}", self.day.scenario.number(nth))
        answered = self.day.scenario.answered
        waiting = add_number(self.parts.engine, person, f"2001:db8:{nth:x}::1")
        if waiting is None:
            return
        self.day.pumped[range_of(person.number) or ""] += 1
        if answered and nth % answered == 0:
            soon = timedelta(seconds=self.random.uniform(8, 100))
            self.at(self.clock.now() + soon, partial(type_code, self.parts.engine, waiting))

    def add(self, person: Person, kind: str) -> None:
        """Have somebody add a number."""
        self.later(add_number(self.parts.engine, person, self.address()), kind)

    def log_in(self, person: Person, kind: str, *, known: bool) -> None:
        """Have somebody log in."""
        self.later(log_in(self.parts.engine, person, self.address(), known=known), kind)

    def address(self) -> str:
        """An address of somebody's provider."""
        return f"198.51.{self.random.randrange(100)}.{self.random.randrange(256)}"

    def some_time(self, start: datetime, length: timedelta = LENGTH) -> datetime:
        """A moment of a while."""
        return start + self.random.random() * length


def played(scenario: Scenario, numbers: int = NUMBERS) -> Day:
    """Play a day on which so many numbers are pumped, after one on which people set theirs up."""
    with site(scenario) as (parts, clock):
        play = Play(scenario, parts, clock)
        home, abroad = _people(play)
        play.run()
        play.day.asked.clear()
        start = clock.now() + timedelta(hours=30)
        start = start.replace(hour=1, minute=0, second=0, microsecond=0)
        _ordinary(play, home, abroad, start)
        for nth in range(numbers):
            play.at(start + nth * (LENGTH / numbers), partial(play.pump, nth))
        play.run()
        play.day.spent = report(parts, 1).spent
    return play.day


def _people(play: Play) -> tuple[list[Person], list[Person]]:
    """Have people at home and abroad set up a number."""
    home = [Person(f"home {n}", german(n * 3, n * 7919 + 1_000_003)) for n in range(AT_HOME)]
    abroad = [Person(f"abroad {n}", f"+4474{n:02}{n * 7919 + 111:06}") for n in range(ABROAD)]
    start = play.clock.now()
    for person in (*home, *abroad):
        play.at(play.some_time(start), partial(play.add, person, "set-up"))
    return home, abroad


def _ordinary(play: Play, home: list[Person], abroad: list[Person], start: datetime) -> None:
    """Have everybody log in: four times in a known browser, and many once in another."""
    for person in (*home, *abroad):
        for _ in range(4):
            login = partial(play.log_in, person, "known", known=True)
            play.at(play.some_time(start), login)
    for kind, people in (("at home", home), ("abroad", abroad)):
        for person in people:
            play.at(play.some_time(start), partial(play.log_in, person, kind, known=False))
    for n in range(NEWCOMERS):
        person = Person(f"new {n}", german(n * 5 + 1, n * 6007 + 2_000_003))
        play.at(play.some_time(start), partial(play.add, person, "adding"))


def german(operator: int, number: int) -> str:
    """A mobile number of Germany."""
    return f"+49{OF_GERMANY[operator % len(OF_GERMANY)]}{number % 10**7:07}"


@contextmanager
def site(scenario: Scenario) -> Iterator[tuple[Parts, FakeClock]]:
    """Lend an engine on a database in memory, and its clock."""
    settings = {
        "VESTIBULE_DEVELOPMENT": True,
        "VESTIBULE_DATABASE_URL": "sqlite://",
        "VESTIBULE_FACTORS": ["totp", "phone"],
        "VESTIBULE_COUNTRIES": ["DE", "AT", "GB"],
        "VESTIBULE_PRICES": {"sms": PRICE, "call": 0.3},
        "VESTIBULE_SPEND_PER_DAY": PER_DAY,
    }
    clock = FakeClock()
    with tempfile.TemporaryDirectory() as folder:
        parts = assemble(
            read_settings(settings, {}),
            application="Site",
            instance=Path(folder),
            clock=clock,
            random=FixedRandom(scenario.name),
            sender=Carrier(),
        )
        yield parts, clock
        parts.database.close()


def line(day: Day) -> str:
    """Return a day's figures as a line of the table."""
    kept = [
        f"{day.refused[kind]}/{day.asked[kind]}"
        for kind in ("known", "abroad", "at home", "adding")
    ]
    money = f"{day.spent:>8.2f}{PER_DAY:>6.0f}"
    counts = f"{day.sent:>6}{day.most_in_a_range:>9}"
    return f"{day.scenario.name:<36}{counts}{money}" + "".join(f"{one:>9}" for one in kept)


def main() -> None:
    """Print a line for each scenario; of people it says how often no code was sent, of how many."""
    print(HEADING)
    for scenario in SCENARIOS:
        print(line(played(scenario)))


if __name__ == "__main__":
    main()
