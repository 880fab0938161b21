"""What operators see of the way codes take: what waits, and what carriers made of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from vestibule.bootstrap.assemble import Parts
from vestibule.delivery.queue import LATE
from vestibule.store.delivery_desk import DeliveryDesk, ListedTry, Tries, Untried, Waiting

LOOK_BACK: Final = timedelta(hours=1)
"""Of how long ago the counts are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """How delivery stands, and the newest tries, the newest last."""

    waiting: Waiting
    by_workers: bool
    """Whether nobody sends but workers."""
    last_hour: Sequence[Tries]
    untried: Sequence[Untried]
    newest: Sequence[ListedTry]

    @property
    def lacks_worker(self) -> bool:
        """Whether what waits is told to workers, and none seems to run."""
        longest = self.waiting.longest
        return self.by_workers and longest is not None and longest > LATE


def deliveries(
    parts: Parts, most: int, *, carrier: str | None = None, only_failed: bool = False
) -> Deliveries:
    """Return how delivery stands; `carrier` and `only_failed` narrow the newest tries alone."""
    now, desk = parts.engine.now(), DeliveryDesk(parts.database, parts.settings.realm)
    since = now - LOOK_BACK
    return Deliveries(
        waiting=desk.waiting(now),
        by_workers=parts.settings.broker_url is not None,
        last_hour=desk.tries(since),
        untried=desk.untried(since),
        newest=desk.newest(most, carrier=carrier, only_failed=only_failed),
    )
