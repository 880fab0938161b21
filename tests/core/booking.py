"""Sends to count in tests of the store, without an engine that makes them."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from vestibule.core import stopping
from vestibule.core.booking import Booking
from vestibule.core.caps import Cap
from vestibule.core.conversion import Watch
from vestibule.core.events import Event, SendRefused
from vestibule.core.model import Whose


def booking(
    now: datetime, caps: Mapping[str, Cap], *areas: str, watch: Watch | None = None
) -> Booking:
    """A send that is counted under caps and in areas."""
    event = partial(Event, at=now, realm="default", subject="ada")
    return Booking(
        caps=caps,
        areas=areas,
        share="share:x",
        whose=Whose.NEW if areas else None,
        watch=watch or Watch(),
        refused=lambda why: event(
            fact=SendRefused(passage="p", channel="sms", reason=why, range="+4917012")
        ),
        stopped=lambda area: event(fact=stopping.stopped(area)),
    )
