"""How long it takes from the first carrier that fails to the one that takes a message."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from vestibule.delivery.courier import LEASE

Row = Mapping[str, Any]
SECOND: Final = 1_000_000
FAILED: Final = frozenset({"failed", "refused", "unsure"})
NEARLY_A_LEASE: Final = LEASE.total_seconds() * 0.9


@dataclass(frozen=True, slots=True)
class FailOver:
    """The seconds of each, those apart whose courier was killed in the middle."""

    seconds: Sequence[float]
    after_crash: Sequence[float]

    @property
    def slowest(self) -> float:
        """The longest."""
        return max(self.seconds, default=0.0)


def percentile(seconds: Sequence[float], share: float) -> float:
    """Return what such a share of them stays below, 0 of none."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def waits(messages: Iterable[Row], tries: Mapping[str, Sequence[Row]]) -> Sequence[float]:
    """Return how long each message waited until a carrier was known to have taken it."""
    return [
        (_end(one) - int(message["created_at"])) / SECOND
        for message in messages
        for one in tries.get(message["id"], ())
        if one["outcome"] == "accepted"
    ]


def failovers(tries: Iterable[Sequence[Row]]) -> FailOver:
    """Return how long each took, given the tries of each message in their order."""
    alive: list[float] = []
    crashed: list[float] = []
    for of_message in tries:
        first = next((n for n, one in enumerate(of_message) if one["outcome"] in FAILED), None)
        taken = [n for n, one in enumerate(of_message) if one["outcome"] == "accepted"]
        if first is None or not taken or taken[0] < first:
            continue
        between = of_message[first : taken[0] + 1]
        seconds = (_end(between[-1]) - _end(between[0])) / SECOND
        (crashed if _was_killed(between) else alive).append(seconds)
    return FailOver(alive, crashed)


def _end(one: Row) -> int:
    return int(one["at"]) + int(one["milliseconds"] or 0) * 1000


def _was_killed(tries: Sequence[Row]) -> bool:
    """Say whether another courier had to take over: a lease ran out, or a try has no end."""
    if any(one["outcome"] == "started" for one in tries):
        return True
    gaps = ((int(b["at"]) - _end(a)) / SECOND for a, b in pairwise(tries))
    return any(gap >= NEARLY_A_LEASE for gap in gaps)
