"""What a host may listen to. Each is sent after the change is committed.

What a receiver does wrong takes nothing back and keeps nobody out: it is logged, and the others
hear of it all the same. A developer is shown the error, as `tell` says.
"""

from typing import Any

from blinker import NamedSignal, Namespace
from flask import Flask

_signals = Namespace()

event_recorded = _signals.signal("vestibule-event-recorded")
"""Sender: the application; `event`: the `vestibule.core.events.Event` that was written."""

login_paused = _signals.signal("vestibule-login-paused")
"""Sender: the application; `subject`: whose password login now waits for the second step."""

login_completed = _signals.signal("vestibule-login-completed")
"""Sender: the application; `subject`, and `factor`: how the second step was taken."""


def tell(app: Flask, signal: NamedSignal, about: str, **said: Any) -> None:
    """Send a signal to everybody who listens, and log the error of a receiver, `about` what.

    In debug and testing mode the first error is raised once all have heard, unless
    PROPAGATE_EXCEPTIONS is False. That it is True counts for nothing: it is in production too.
    """
    if signal.is_muted:
        return
    failed: Exception | None = None
    for receiver in signal.receivers_for(app):
        try:
            app.ensure_sync(receiver)(app, **said)
        except Exception as error:
            failed = failed or error
            app.logger.exception(
                "a receiver of the signal %s failed; %s stands all the same", signal.name, about
            )
    if failed is not None and _shows_errors(app):
        raise failed


def _shows_errors(app: Flask) -> bool:
    return (app.debug or app.testing) and app.config["PROPAGATE_EXCEPTIONS"] is not False
