"""When to try again: a pure rule."""

from datetime import datetime, timedelta
from typing import Final

from vestibule.core.model import Message

FIRST_WAIT: Final = timedelta(seconds=2)
LONGEST_WAIT: Final = timedelta(minutes=5)


def next_try(message: Message, now: datetime, *, permanent: bool) -> datetime | None:
    """Return when a failed message is due again, None where it is given up.

    The wait doubles with each try, and no try is made past the end of the message's life.
    """
    if permanent:
        return None
    again = now + min(FIRST_WAIT * 2 ** min(message.tries, 10), LONGEST_WAIT)
    return again if again < message.not_after else None
