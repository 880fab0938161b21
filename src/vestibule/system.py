"""The only door to the machine's clock and randomness.

Nothing else in Vestibule asks the time or draws a random byte: both come in by argument, so that a
test can stand at any moment and know every draw. The linter keeps it so.
"""

import os
from datetime import UTC, datetime


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return this moment, in UTC."""
        return datetime.now(tz=UTC)


class SystemRandom:
    """The operating system's cryptographic generator."""

    def bytes(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
        return os.urandom(count)


def process_id() -> int:
    """Return the number of this process: what is opened in one must not be used in its fork."""
    return os.getpid()
