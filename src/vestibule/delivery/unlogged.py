"""What the HTTP library would log of our requests, kept out of the log.

It logs every address and, at DEBUG, every header that comes back: Twilio's addresses hold a number,
and a carrier may put into a header whatever it was sent. A host's own requests are logged as ever.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

LOGGERS: Final = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)
_is_ours: ContextVar[bool] = ContextVar("vestibule_request", default=False)


@contextmanager
def unlogged() -> Iterator[None]:
    """Have nothing logged of the requests that this thread makes meanwhile."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_is_anothers)  # which is there once, however often added
    before = _is_ours.set(True)
    try:
        yield
    finally:
        _is_ours.reset(before)


def _is_anothers(record: logging.LogRecord) -> bool:
    del record
    return not _is_ours.get()
