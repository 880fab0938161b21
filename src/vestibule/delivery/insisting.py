"""Asking a store that is away for a moment: a restart must not cost what is known by now."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar

from vestibule.core.errors import DeploymentError, StoreUnavailableError

AWAY: Final = 8.0
"""Seconds for which a courier's thread waits for a store: longer than one takes to start again."""
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 1.0
CLOSED: Final = (StoreUnavailableError, DeploymentError)
"""What is no message's fault: a store that is down, or the wrong one."""
Asked = ParamSpec("Asked")
Told = TypeVar("Told")


@dataclass(slots=True)
class Allowance:
    """So many seconds of waiting for the store, for all that it is asked by this together."""

    seconds: float

    def __call__(
        self, ask: Callable[Asked, Told], *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Told:
        """Return what `ask` returns; raise `StoreUnavailableError` once the time is up."""
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                return ask(*args, **kwargs)
            except StoreUnavailableError:
                self.seconds -= time.monotonic() - began
                if pause > self.seconds:
                    raise
            time.sleep(pause)
            self.seconds -= pause
            pause = min(pause * 2, LONGEST_PAUSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Insisting:
    """Asks again and again while the store is away, for so many seconds."""

    seconds: float = 0.0
    """None at first: whoever carries by hand is told at once."""

    def __call__(
        self, ask: Callable[Asked, Told], *args: Asked.args, **kwargs: Asked.kwargs
    ) -> Told:
        """Return what `ask` returns; raise `StoreUnavailableError` once the time is up."""
        return self.together()(ask, *args, **kwargs)

    def together(self) -> Allowance:
        """Return what waits no longer for several things than this does for one."""
        return Allowance(self.seconds)
