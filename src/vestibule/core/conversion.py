"""How many codes come back from where: numbers that only cost are stopped. Pure.

Whoever is paid for messages to certain numbers has thousands sent there, and types none of the
codes. So each *area* (a country's code, and a range of numbers: `core.reach` says the words) has a
debt: every code that is sent there raises it by one, every code that comes back pays for several,
and where it reaches a limit, no more are sent for a day. Strangers who log in, and numbers that are
only being added, are counted apart: who pumps the one does not stop the other. Nobody is counted in
a known browser whose number was proven: they go on, and pay for nobody else.

How many sends one code pays for comes from the area's own history: with a share of 1/4 and one code
in two usually coming back, one that comes back pays for eight. A debt therefore only grows where
less than a quarter of what is usual comes back (a one-sided CUSUM).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, log, log1p
from typing import Final

from vestibule import phone
from vestibule.core.caps import DAY
from vestibule.core.model import Whose

_MONTH: Final = timedelta(days=30)
_FADED: Final = 0.5
"""What has faded since the first send of many is not worth one more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The numbers of one profile."""

    range: int = 20
    """Codes more than those that came back pay for, after which a range of numbers is stopped; more
    where usually less than every second one comes back."""
    country: int = 100
    """The same of everything that begins with one country's code."""
    busy: float = 0.1
    """Where this part of what comes back on a usual day is more than that, it is the limit."""
    share: float = 0.25
    """The part of what usually comes back that must come back."""
    history: float = 0.5
    """What usually comes back where little was sent yet, a part of one."""
    known_after: int = 20
    """For how many sends that counts, beside those that there were."""
    least: float = 0.2
    """What usually comes back is taken for no less: a code pays for 20 sends at most."""
    memory: timedelta = _MONTH
    """How long what was counted still counts; it fades to a third in that time."""
    stop: timedelta = DAY
    """How long an area is stopped that nobody resumes; half its debt is forgotten then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """What was sent to numbers that begin with `name`, and what came back.

    Either for one kind of people, by all providers; or by one `provider`, for both kinds.
    """

    name: str
    whose: Whose | None = None
    provider: str = ""
    sent: float = 0.0
    returned: float = 0.0
    debt: float = 0.0
    as_of: datetime
    stopped_until: datetime | None = None

    def is_stopped(self, now: datetime) -> bool:
        """Say whether those of whom it tells get no code there."""
        return self.stopped_until is not None and now < self.stopped_until


def areas_of(range_: str) -> tuple[str, ...]:
    """Return the areas that numbers of a range are in: their country's, and the range itself.

    >>> areas_of("+4917012")
    ('+49', '+4917012')
    """
    country = phone.calling_code(range_)
    return (country,) if range_ == country else (country, range_)


def usual(area: Area, watch: Watch) -> float:
    """Return which part of what is sent usually comes back; what is owed just now does not tell."""
    settled = max(0.0, area.sent - area.debt)
    part = (area.returned + watch.history * watch.known_after) / (settled + watch.known_after)
    return min(1.0, max(watch.least, part))


def limit(area: Area, watch: Watch) -> float:
    """Return the debt at which an area is stopped.

    Where fewer codes come back it is more: so many as are missing in a row no oftener than 20 where
    every second one comes back. And it is more where much comes back in a day.
    """
    is_country = phone.calling_code(area.name) == area.name
    most = watch.country if is_country else watch.range
    rare = log(0.5) / log1p(-min(usual(area, watch), 0.5))
    a_day = area.returned * (DAY / watch.memory)
    return max(most * rare, watch.busy * a_day)


def sent(area: Area, watch: Watch, now: datetime) -> Area:
    """Return the area after one more send, which may be the one that stops it."""
    before = _begun_anew(_faded(area, watch, now), watch, now)
    after = replace(before, sent=before.sent + 1, debt=before.debt + 1)
    if after.debt + _FADED < limit(after, watch) or after.is_stopped(now):
        return after
    return replace(after, stopped_until=now + watch.stop)


def returned(area: Area, watch: Watch, now: datetime) -> Area:
    """Return the area after one code came back."""
    before = _faded(area, watch, now)
    paid = before.debt - 1 / (watch.share * usual(before, watch))
    after = replace(before, returned=before.returned + 1, debt=max(0.0, paid))
    return _lifted(after, owing_less_than=1)


def undone(area: Area, watch: Watch, now: datetime) -> Area:
    """Return the area after a send that was counted, and that no carrier took in the end.

    Where a carrier's bad day stopped it, it goes on at half the limit, as it would after its stop.
    """
    less = _one_less(area, watch, now)
    return _lifted(less, owing_less_than=limit(less, watch) / 2)


def unsent(area: Area, watch: Watch, now: datetime) -> Area:
    """Return the area after a send that was counted a moment ago, and never written.

    It was not stopped then. Where it is by now, and would not be without this send, it goes on.
    """
    less = _one_less(area, watch, now)
    return _lifted(less, owing_less_than=limit(less, watch) - _FADED)


def resumed(area: Area) -> Area:
    """Return the area as if nothing were owed: somebody has looked at it."""
    return _forgiven(area, 0.0)


def _one_less(area: Area, watch: Watch, now: datetime) -> Area:
    before = _faded(area, watch, now)
    return replace(before, sent=max(0.0, before.sent - 1), debt=max(0.0, before.debt - 1))


def _lifted(area: Area, owing_less_than: float) -> Area:
    """Return the area, stopped no more where less is owed after all: many asked at once."""
    return replace(area, stopped_until=None) if area.debt < owing_less_than else area


def _begun_anew(area: Area, watch: Watch, now: datetime) -> Area:
    """Return the area, on probation where its stop is over: half of what it may owe is owed."""
    if area.stopped_until is None or area.is_stopped(now):
        return area
    return _forgiven(area, min(area.debt, limit(area, watch) / 2))


def _forgiven(area: Area, debt: float) -> Area:
    """Return the area owing so much; what else it owed was never sent, as far as it remembers."""
    sent = max(0.0, area.sent - (area.debt - debt))
    return replace(area, sent=sent, debt=debt, stopped_until=None)


def _faded(area: Area, watch: Watch, now: datetime) -> Area:
    """Return the area as of `now`. A clock set back fades nothing."""
    elapsed = max(now - area.as_of, timedelta())
    left = exp(-(elapsed / watch.memory))
    return replace(
        area,
        sent=area.sent * left,
        returned=area.returned * left,
        debt=area.debt * left,
        as_of=max(now, area.as_of),
    )
