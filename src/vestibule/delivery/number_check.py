"""The site's own look at a number before a code goes there: whether it has moved to another card.

Who has taken over a number gets its codes (SIM swap, porting, a number given to somebody new). Some
carriers can be asked about that; whoever runs the site knows which (NIST SP 800-63B-4, 3.1.3.3).
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

SECONDS: Final = 5.0
"""How long it may take. Nobody waits for it in a request; what is not known by then is a no."""
MOST: Final = 32
"""How many may be asked at once; of those that never answer there are no more."""
_log = logging.getLogger("vestibule.fraud")


@dataclass(slots=True)
class NumberCheck:
    """Asks `may_send(number, subject)`, which says whether a code may go to a phone now."""

    may_send: Callable[[str, str], object]
    seconds: float = SECONDS
    _free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MOST))

    def allows(self, number: str, subject: str) -> bool:
        """Say whether a code may go to `number`; an error, or too long a time, says that none may.

        What went wrong is in the log by its kind alone: its text may quote the number.
        """
        said: list[bool] = []

        def ask() -> None:
            try:
                said.append(bool(self.may_send(number, subject)))
            except Exception as error:  # noqa: BLE001 - it is the site's own function
                said.append(False)
                kind = type(error).__name__
                _log.warning("number_check failed, and no code was sent: %s", kind)
            finally:
                self._free.release()

        if not self._free.acquire(blocking=False):
            _log.warning("number_check answers nobody any more: no code was sent")
            return False
        # A thread that hangs must keep no process from its end.
        asking = threading.Thread(target=ask, name="vestibule-number", daemon=True)
        asking.start()
        asking.join(self.seconds)
        if not said:
            _log.warning("number_check took longer than %s s: no code was sent", self.seconds)
        return said == [True]
