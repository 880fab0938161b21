"""What it costs when many people are enrolled, against the same where there is hardly anybody.

A check is a right code through the engine; standing is what each signed-in request asks; a list is
what a person's own page shows. Who is asked about is picked at random among all.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks import copies, crowd, databases, sites
from benchmarks.crowd import Waiting
from benchmarks.figures import Figure, at_most
from vestibule.bootstrap import Parts
from vestibule.core.model import Purpose

SIZES: Final = (1_000, 100_000, 1_000_000)
ROUNDS: Final = 30
CHECKS: Final = 10
READS: Final = 150
MODEL: Final = "model"
FLAT: Final = at_most(1.3)
DEEPER: Final = at_most(2)
"""For what is little more than a search in two indexes: those of a million are deeper."""

Timed = Callable[[int], float]
"""Does something so many times and returns the seconds that one of them took."""


@dataclass(slots=True)
class Town:
    """An installation with so many people enrolled, besides those who are timed."""

    parts: Parts
    url: str
    people: int = 0

    def grow(self, people: int) -> None:
        """Let there be as many."""
        if people > self.people:
            copies.fill(self.url, MODEL, self.people + 1, people)
            self.people = people


def figures() -> Iterator[Figure]:
    """Let one town grow beside another that does not; ask both the same things in turns."""
    for database in databases.names():
        with databases.empty(database) as small, databases.empty(database) as large:
            towns = [_founded(sites.made(place)) for place in (small, large)]
            for town in towns:
                town.grow(1)
            for people in SIZES:
                towns[1].grow(people)
                yield from _compared(database, *towns)
            for town in towns:
                town.parts.database.close()


def _founded(site: sites.Site) -> Town:
    """Return a town in which only the model lives, signed in."""
    parts = site.opened()
    crowd.enrol(parts, [MODEL])
    [waiting] = crowd.waiting(parts, [MODEL])
    parts.engine.verify(waiting.token, Purpose.LOGIN, crowd.right_code(parts))
    return Town(parts, site.url)


def _compared(database: str, small: Town, large: Town) -> Iterator[Figure]:
    names = (f"newcomer {small.people} {large.people} {n}" for n in range(10**9))
    count = CHECKS * (ROUNDS + 1)
    crowds = [iter(crowd.newcomers(town.parts, names, count)) for town in (small, large)]
    for town in (small, large):
        copies.settle(town.url)
    compared = [
        ("check", FLAT, CHECKS, _checking(small, crowds[0]), _checking(large, crowds[1])),
        ("standing", DEEPER, READS, _standing(small), _standing(large)),
        ("list", FLAT, READS, _listing(small), _listing(large)),
    ]
    for what, target, times, one, many in compared:
        rounds = [(one(times), many(times)) for _ in range(ROUNDS + 1)][1:]
        few, lots = (statistics.median(column) * 1e6 for column in zip(*rounds, strict=True))
        yield Figure(
            f"{what} among {large.people:,}, {database}",
            statistics.median(after / before for before, after in rounds),
            f"among {small.people}",
            target,
            f"{lots:.0f} against {few:.0f} µs",
        )


def _checking(town: Town, newcomers: Iterator[Waiting]) -> Timed:
    engine = town.parts.engine

    def check(times: int) -> float:
        tokens = [next(newcomers).token for _ in range(times)]
        code = crowd.right_code(town.parts)
        began = time.perf_counter()
        outcomes = [engine.verify(token, Purpose.LOGIN, code) for token in tokens]
        seconds = time.perf_counter() - began
        assert all(outcome.is_accepted for outcome in outcomes)
        return seconds / times

    return check


def _standing(town: Town) -> Timed:
    engine = town.parts.engine

    def ask(times: int) -> float:
        asked = [(str(n), copies.token_of(n)) for n in _anybody(town, times)]
        began = time.perf_counter()
        found = [engine.standing(subject, token) for subject, token in asked]
        seconds = time.perf_counter() - began
        assert all(standing.enrolled and standing.passage for standing in found)
        return seconds / times

    return ask


def _listing(town: Town) -> Timed:
    engine = town.parts.engine

    def ask(times: int) -> float:
        subjects = [str(n) for n in _anybody(town, times)]
        began = time.perf_counter()
        found = [engine.enrolments(subject) for subject in subjects]
        seconds = time.perf_counter() - began
        assert all(len(enrolments) == 1 for enrolments in found)
        return seconds / times

    return ask


def _anybody(town: Town, times: int) -> Sequence[int]:
    return [random.randint(1, town.people) for _ in range(times)]
