"""One send as the store counts it: under which caps, in which areas, and what is told of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vestibule.core.caps import DAY, Cap
from vestibule.core.conversion import Area, Watch
from vestibule.core.events import Event
from vestibule.core.model import Charge, Whose

SHARE: Final = Cap(most=3, window=DAY, is_ceiling=True)
"""Codes to one number that count in any day where it is looked for what comes back: whoever has a
few numbers, and code after code sent to them, is to stop no area."""
STOPPED: Final = "stopped"
"""Why a send is refused in an area that is stopped; else it is the kind of the count that is
full."""
SPENT: Final = "spent"
"""The kind of the count of a day's money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One send that is to be counted under each of `caps`, by their names, and in each area.

    `refused` makes what is told of a refusal, by its reason; `stopped` what is told of an area that
    this send stops.
    """

    caps: Mapping[str, Cap]
    areas: tuple[str, ...]
    whose: Whose | None
    """Whose send it is, in these areas; None where there are none."""
    watch: Watch
    refused: Callable[[str], Event]
    stopped: Callable[[Area], Event]
    share: str
    """The count of what one number may add to what its areas owe, which is under `SHARE`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What came of a booking: where it was not counted, `refused` says by what.

    `until` is when there is room again, None where nobody knows. `events` were written down.
    """

    refused: str = ""
    areas: tuple[str, ...] = ()
    """In which areas it counts, so that it is looked for whether it comes back."""
    whose: Whose | None = None
    """Whose send it is there."""
    share: str = ""
    """The count of what its number may add there."""
    until: datetime | None = None
    events: tuple[Event, ...] = ()
    charges: tuple[Charge, ...] = ()
    """What was counted in the day's money, and among the codes that nobody has typed in yet."""


def kind_of(name: str) -> str:
    """Return what kind of count bears a name: that of an address, of a network, of all.

    >>> kind_of("address:known:24:5fd1")
    'address'
    """
    return name.partition(":")[0]
