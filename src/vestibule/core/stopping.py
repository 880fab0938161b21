"""What the audit trail is told of areas that are stopped or go on, and of carriers put last."""

from vestibule.core.conversion import Area
from vestibule.core.events import (
    AreaResumed,
    AreaStopped,
    CarrierPutBack,
    CarrierPutLast,
    Fact,
)


def stopped(area: Area) -> Fact:
    """Return what is told of an area that was just stopped, for some people or for one carrier."""
    until = area.stopped_until.isoformat(timespec="seconds") if area.stopped_until else ""
    if area.provider:
        return CarrierPutLast(area=area.name, provider=area.provider, until=until)
    return AreaStopped(area=area.name, whose=area.whose or "", until=until)


def resumed(area: Area, by: str = "") -> Fact:
    """Return what is told of one that goes on: `by` an operator, or by itself where it is empty."""
    if area.provider:
        return CarrierPutBack(area=area.name, provider=area.provider, by=by)
    return AreaResumed(area=area.name, whose=area.whose or "", by=by)
