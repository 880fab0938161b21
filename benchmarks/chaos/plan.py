"""What goes wrong, and when: the same for the same seed."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

CARRIERS: Final = ("signalwire", "twilio_messaging")
"""The route, in its order."""
FAULTS: Final[Sequence[Mapping[str, Any]]] = (
    {"slow": 30},
    {"status": 500},
    {"status": 500, "accepts": True},
    {"cut": True},
    {"cut": True, "accepts": True},
    {"slow": 30, "accepts": True},
    {"receipts": "lost"},
)
KILLED: Final = ("web 1", "web 2", "worker 1", "worker 2")
FAULT_SECONDS: Final = 5.0
QUIET: Final = 2.0
"""Seconds at the beginning in which nothing goes wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that goes wrong so many seconds after the beginning."""

    at: float
    kind: str
    """`kill`, `database`, `broker`, or `carrier`."""
    whom: str = ""
    fault: Mapping[str, Any] = field(default_factory=dict)


def plan(seed: int, seconds: float) -> Sequence[Deed]:
    """Return everything that is to go wrong within a run, in its order."""
    drawn = random.Random(seed)
    deeds = [*_kills(drawn, seconds), *_carriers(drawn, seconds)]
    deeds += [Deed(at=at, kind="database") for at in _moments(drawn, seconds, (8.0, 16.0))]
    deeds += [Deed(at=at, kind="broker") for at in _moments(drawn, seconds, (10.0, 20.0))]
    return sorted(deeds, key=lambda deed: deed.at)


def _kills(drawn: random.Random, seconds: float) -> Iterator[Deed]:
    for at in _moments(drawn, seconds, (1.5, 4.0)):
        yield Deed(at=at, kind="kill", whom=drawn.choice(KILLED))


def _carriers(drawn: random.Random, seconds: float) -> Iterator[Deed]:
    """One carrier at a time, by turns: the other of them is well."""
    begin = drawn.randrange(len(FAULTS))
    times = range(int((seconds - QUIET) // FAULT_SECONDS) + 1)
    for number in times:
        yield Deed(
            at=QUIET + number * FAULT_SECONDS,
            kind="carrier",
            whom=CARRIERS[number % len(CARRIERS)],
            fault=FAULTS[(begin + number) % len(FAULTS)],
        )


def _moments(drawn: random.Random, seconds: float, gap: tuple[float, float]) -> Iterator[float]:
    at = QUIET + drawn.uniform(0, gap[0])
    while at < seconds:
        yield at
        at += drawn.uniform(*gap)
