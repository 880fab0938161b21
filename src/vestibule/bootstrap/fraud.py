"""What operators see of the brake on fraud, and do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vestibule.bootstrap.assemble import Parts
from vestibule.bootstrap.operate import OPERATOR
from vestibule.core import stopping
from vestibule.core.budget import UNIT
from vestibule.core.conversion import Area
from vestibule.core.errors import UsageError
from vestibule.core.events import Event
from vestibule.core.traffic import Traffic, with_countries
from vestibule.store.brake_desk import BrakeDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What went to phones of late, what of it came back, what today cost, and what is stopped.

    `put_last` are the areas of one carrier each, which comes last on the route there.
    """

    days: int
    traffic: Sequence[Traffic]
    stopped: Sequence[Area]
    put_last: Sequence[Area]
    spent: float
    per_day: float | None
    """The most that a day may cost, None where it is not limited."""
    refused_strangers: Sequence[str]
    """What no stranger and no new number gets until midnight (UTC), by the names of its prices."""
    refused_all: Sequence[str]
    """What nobody gets until then."""


def report(parts: Parts, days: int) -> Report:
    """Return how things stand, with every code counted that has come back by now."""
    now = parts.engine.now()
    _count_returned(parts)
    desk = BrakeDesk(parts.database, parts.settings.realm)
    stopped, spent = desk.stopped(now), desk.spent(now)
    budget, counted = parts.engine.context.budget, round(spent * UNIT)
    return Report(
        days=days,
        traffic=with_countries(desk.traffic(now - timedelta(days=days))),
        stopped=[area for area in stopped if not area.provider],
        put_last=[area for area in stopped if area.provider],
        spent=spent,
        per_day=parts.settings.spend_per_day,
        refused_strangers=budget.refused(counted, strange=True),
        refused_all=budget.refused(counted, strange=False),
    )


def resume(parts: Parts, area: str, *, by: str) -> None:
    """Let codes go to an area again, to strangers and new numbers; no carrier is last there.

    Raises `UsageError` where it was not stopped, and no carrier put last.
    """
    context = parts.engine.context
    now, desk = context.now(), BrakeDesk(parts.database, context.realm)

    def told(one: Area) -> Event:
        return context.event(stopping.resumed(one, by), "", now, OPERATOR)

    _count_returned(parts)
    written = tuple(desk.resume(area, now, told))
    if not written:
        names = ", ".join(sorted({one.name for one in desk.stopped(now)})) or "nothing is"
        raise UsageError(
            f"{area} is not stopped in the realm {context.realm}, and no carrier comes last there; "
            f"to be resumed: {names}"
        )
    context.tell(written)


def _count_returned(parts: Parts) -> None:
    context = parts.engine.context
    parts.brake.credit_returned(context.now(), context.tell)
