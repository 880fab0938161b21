"""Waiting, for a moment, for what becomes of a message."""

import time
from typing import Final

from vestibule.core.model import ON_ITS_WAY
from vestibule.delivery.outbox import Outbox

LOOK_AGAIN: Final = 0.05


def wait_until_over(outbox: Outbox, message_id: str, seconds: float) -> None:
    """Return as soon as a message is no more on its way, and after `seconds` at the latest.

    Whoever carries it may do so in another process.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        message = outbox.message(message_id)
        if message is None or message.status not in ON_ITS_WAY:
            return
        time.sleep(LOOK_AGAIN)
