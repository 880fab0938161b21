"""Mail goes out through whatever stands in `app.extensions["mail"]`.

A transport is called with `to`, `subject` and `text`. It should hand the message over and return:
a form that answers later when it has a mail to send tells strangers who has an account.
"""

from typing import Protocol, cast

from flask import Flask, current_app


class Transport(Protocol):
    """What carries a mail."""

    def __call__(self, *, to: str, subject: str, text: str) -> object:
        """Take one mail on its way."""


def init_app(app: Flask) -> None:
    """Have a transport from the start, though not yet one that carries anything."""
    app.extensions["mail"] = _warn


def send(to: str, subject: str, text: str) -> None:
    """Hand one mail to the transport."""
    cast("Transport", current_app.extensions["mail"])(to=to, subject=subject, text=text)


def _warn(*, to: str, subject: str, text: str) -> None:  # noqa: ARG001 -- what a transport is given
    # Neither address nor text: the one is private, and the other may hold a link.
    current_app.logger.warning("No mail transport is set; “%s” was not sent.", subject)
