"""A clock that stands where a test puts it."""

from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2026, 1, 5, 9, 0, 0, tzinfo=UTC)


class FakeClock:
    """Tells the time it was set to; moves only when told."""

    def __init__(self, start: datetime = START) -> None:
        """Stand at `start`."""
        self._now = start

    def now(self) -> datetime:
        """Return the moment the clock stands at."""
        return self._now

    def move(
        self,
        by: timedelta | None = None,
        *,
        seconds: float = 0,
        minutes: float = 0,
        hours: float = 0,
        days: float = 0,
    ) -> datetime:
        """Move on (or back) and return the new moment."""
        more = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        self._now += (by or timedelta()) + more
        return self._now

    def stand_at(self, moment: datetime) -> None:
        """Jump to `moment`."""
        self._now = moment
