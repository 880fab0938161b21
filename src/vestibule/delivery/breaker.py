"""The circuit breaker: a broken carrier is kept out for a while, and let back by one try.

Each process keeps its own: what one has learnt costs another a few seconds, and nothing is asked of
the database.
"""

import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.ports import SendError

IN_A_ROW: Final = 3
"""So many failures, none between them a success, keep a carrier out."""
FIRST_PAUSE: Final = timedelta(seconds=15)
LONGEST_PAUSE: Final = timedelta(minutes=2)
TRYING: Final = timedelta(seconds=10)
"""How long one try has to show that it is back, before another is let through."""
AT_LAST: Final = timedelta(seconds=2)
"""How long a carrier is left alone even by messages that nobody else takes."""
_log = logging.getLogger("vestibule.carriers")


@dataclass(slots=True)
class _Record:
    failures: int = 0
    shut_until: datetime | None = None
    failed_at: datetime | None = None
    tried_at: datetime | None = None
    """Since when one try is under way that is to show whether it is back."""


@dataclass(slots=True)
class Breaker:
    """What is known of each carrier, by a name; safe for several threads."""

    _records: dict[str, _Record] = field(default_factory=dict)
    _not_let_in: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, name: str, now: datetime) -> bool:
        """Let `name` be tried now, or not; after a pause, of all who ask one is let."""
        with self._lock:
            record = self._records.get(name)
            if record is None or record.shut_until is None:
                return True
            if now < record.shut_until:
                return False
            record.shut_until, record.tried_at = now + TRYING, now
            return True

    def admit_at_last(self, name: str, now: datetime) -> bool:
        """Let `name`, which is kept out, be tried with what nobody else has taken, or not.

        It may have been well for long, and whoever took its place be broken now. So one may try,
        and the next when that one has failed, after a moment.
        """
        with self._lock:
            record = self._records.get(name)
            if record is None:
                return True
            is_tried = record.tried_at is not None and now < record.tried_at + TRYING
            is_fresh = record.failed_at is not None and now < record.failed_at + AT_LAST
            if is_tried or is_fresh:
                return False
            record.tried_at = now
            return True

    def worked(self, name: str) -> bool:
        """Note that a carrier did what it was asked; say whether it had been kept out."""
        with self._lock:
            self._not_let_in.discard(name)
            record = self._records.pop(name, None)
            return record is not None and record.shut_until is not None

    def not_let_in(self, name: str) -> bool:
        """Note that a carrier will not have our credentials; say whether that is new."""
        with self._lock:
            is_new = name not in self._not_let_in
            self._not_let_in.add(name)
            return is_new

    def failed(self, name: str, now: datetime) -> bool:
        """Note that a carrier did not; say whether this is what shuts it out."""
        with self._lock:
            record = self._records.setdefault(name, _Record())
            record.failures += 1
            record.failed_at, record.tried_at = now, None
            if record.failures < IN_A_ROW:
                return False
            was_in = record.shut_until is None
            doubled = FIRST_PAUSE * 2 ** min(record.failures - IN_A_ROW, 10)
            record.shut_until = now + min(doubled, LONGEST_PAUSE)
            return was_in


def note(breaker: Breaker, name: str, error: SendError | None, now: datetime) -> None:
    """Let the breaker learn what came of asking a carrier, and log what an operator is to know.

    What is wrong with a message is no carrier's fault.
    """
    if error is not None and error.blameless:
        return
    if error is not None and error.not_let_in and breaker.not_let_in(name):
        _log.warning("%s does not take our credentials: %s; look at its settings", name, error)
    if error is not None and not error.permanent:
        if breaker.failed(name, now):
            _log.warning("%s failed several times and is kept out for a while: %s", name, error)
    elif breaker.worked(name):
        _log.warning("%s works again", name)
