"""What sending costs, and how much of it a day bears. Pure.

Money is counted in whole millionths of whatever the prices are in, so that sums are exact in every
database. A day goes from midnight to midnight in UTC, and its count does not drain: what was spent
is gone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.caps import DAY, Cap, for_strangers
from vestibule.core.model import Charge

UNIT: Final = 1_000_000
"""How many of what is counted here make one of what prices are in."""
_BOUNDLESS: Final = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Prices by channel, or by channel and prefix of a number; and the most a day may cost."""

    prices: Mapping[str, int] = field(default_factory=dict)
    per_day: int | None = None

    def price(self, channel: str, destination: str) -> int:
        """Return what a message costs: the price for the longest prefix, 0 where there is none.

        >>> prices = {"sms": 60_000, "sms:+49": 90_000}
        >>> Budget(prices=prices).price("sms", "+491701234567")
        90000
        """
        reached = [
            (len(prefix), price)
            for name, price in self.prices.items()
            for of, _, prefix in [name.partition(":")]
            if of == channel and destination.startswith(prefix)
        ]
        return max(reached, default=(0, 0))[1]

    def refused(self, spent: int, *, strange: bool) -> Sequence[str]:
        """Return the prices that a day bears no more, of which so much was spent: by their names.

        >>> Budget(prices={"sms": 60, "call": 200}, per_day=1000).refused(700, strange=True)
        ['call']
        """
        if self.per_day is None:
            return []
        bears = for_strangers(self.per_day) if strange else self.per_day
        return [where for where, price in self.prices.items() if 0 < price > bears - spent]

    def counted(
        self, channel: str, destination: str, now: datetime, *, strange: bool
    ) -> Mapping[str, Cap]:
        """Return the count of the day's spending with the cap on it; none where nothing costs.

        As of everything that is counted for all together, a fifth is kept for known browsers.
        """
        price = self.price(channel, destination)
        if not price:
            return {}
        most = _BOUNDLESS if self.per_day is None else self.per_day
        bears = for_strangers(most) if strange and self.per_day is not None else most
        cap = Cap(most=bears, window=DAY, weight=price, ends=next_midnight(now))
        return {spent_on(now): cap}


def charged(channel: str, counted: Mapping[str, Cap]) -> tuple[Charge, ...]:
    """Return what stands on a message of what was `counted` for it; nothing where it is free."""
    return tuple(
        Charge(channel=channel, tally=tally, amount=cap.weight) for tally, cap in counted.items()
    )


def must_pay(channel: str, charges: Sequence[Charge], taken: Sequence[str]) -> bool:
    """Say whether one more try over a channel is to be paid for.

    `taken` has the channel of each try that a carrier has taken, or may have. What was paid for one
    that is known not to have been taken pays for the next.
    """
    used = taken.count(channel)
    return 0 < used >= sum(one.channel == channel for one in charges)


def parted(
    charges: Iterable[Charge], taken: Iterable[str]
) -> tuple[Sequence[Charge], Sequence[Charge]]:
    """Return the charges that stand for a try which a carrier has taken, or may have; and the rest.

    What was counted for the code itself stands where any try may have been taken.

    >>> paid = [Charge(channel="sms", tally=day, amount=1) for day in ("spent:a", "spent:b")]
    >>> used, unused = parted(paid, ["sms"])
    >>> [one.tally for one in used], [one.tally for one in unused]
    (['spent:a'], ['spent:b'])
    """
    left = Counter(taken)
    is_taken = bool(left)
    used: list[Charge] = []
    unused: list[Charge] = []
    for one in charges:
        stands = left[one.channel] > 0 if one.channel else is_taken
        (used if stands else unused).append(one)
        left[one.channel] -= 1
    return used, unused


def spent_on(now: datetime) -> str:
    """Return the name of the count of a day's spending."""
    return f"spent:{now.date().isoformat()}"


def next_midnight(now: datetime) -> datetime:
    """Return when the next day begins. All times here are in UTC."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
