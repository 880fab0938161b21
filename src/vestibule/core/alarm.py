"""What the operator is told at once, in the log, of what the audit trail says."""

import logging
from datetime import date
from threading import Lock
from typing import Final

from vestibule.core.events import (
    AreaResumed,
    AreaStopped,
    CarrierPutBack,
    CarrierPutLast,
    Event,
    SendRefused,
)

_log = logging.getLogger("vestibule.fraud")
_STOPPED: Final = (
    "hardly any code %s comes back from numbers that begin with %s: until %s none are sent. "
    "To look at it: vestibule fraud report. To end it: vestibule fraud resume %s --by NAME"
)
_PUT_LAST: Final = (
    "hardly any code that %s carries to numbers that begin with %s comes back: until %s it comes "
    "last on the route there, and codes go on. To look at it: vestibule fraud report"
)
_FOR: Final = {"stranger": "for strangers", "new": "for new numbers", "": ""}
_RESUMED: Final = "codes come back from numbers that begin with %s: they get codes again"
_PUT_BACK: Final = (
    "codes that %s carries to numbers that begin with %s come back: it comes last there no more"
)
_SPENT: Final = (
    "the money of this day (VESTIBULE_SPEND_PER_DAY) is spent, or all but the fifth of it that is "
    "kept for known browsers: until midnight (UTC) codes that cost something are refused. "
    "To look at it: vestibule fraud report"
)


class Alarm:
    """Writes what an operator must know into the log; every event that was committed is heard here.

    What an operator has done is no alarm.
    """

    def __init__(self) -> None:
        """Begin with a day of which nothing was said."""
        self._lock = Lock()
        self._spent_on: date | None = None

    def hear(self, event: Event) -> None:
        """Say which areas were stopped, which carriers put last, and what goes on by itself.

        That a day's money is spent is said once a day (UTC) and process, at the first send that is
        refused for it.
        """
        match event.fact:
            case AreaStopped(area=area, whose=whose, until=until):
                _log.warning(_STOPPED, _FOR[whose], area, until, area)
            case AreaResumed(area=area, by=""):
                _log.warning(_RESUMED, area)
            case CarrierPutLast(area=area, provider=provider, until=until):
                _log.warning(_PUT_LAST, provider, area, until)
            case CarrierPutBack(area=area, provider=provider, by=""):
                _log.warning(_PUT_BACK, provider, area)
            case SendRefused(reason="spent") if self._is_new(event.at.date()):
                _log.warning(_SPENT)
            case _:
                pass

    def _is_new(self, day: date) -> bool:
        with self._lock:
            is_new, self._spent_on = self._spent_on != day, day
            return is_new
