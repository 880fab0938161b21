"""Having what was written carried, when a test says so."""

from dataclasses import dataclass, replace

from flask import Flask

from vestibule.core.errors import ConfigurationError
from vestibule.core.ports import Sender
from vestibule.flask.state import state_of


def deliver(app: Flask) -> int:
    """Carry every message that is due by the application's clock; return how many were handed over.

    For an application that was given a sender, and in testing mode or with a clock of the test's:
    then nothing is carried but by this. What the sender refuses with `SendError` is not counted,
    and is due again some seconds later. Raises `ConfigurationError` where the application has no
    Vestibule, or no sender.
    """
    courier = state_of(app).parts.courier
    if courier is None:
        raise ConfigurationError(
            "nothing carries messages in this application: give it an inbox, as "
            "Vestibule(app, sender=Inbox())"
        )
    counting = _Counting(courier.sender)
    replace(courier, sender=counting).deliver_due()
    return counting.carried


@dataclass(slots=True)
class _Counting:
    """A sender that counts what another has carried."""

    sender: Sender
    carried: int = 0

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        self.sender.send(channel=channel, to=to, subject=subject, text=text)
        self.carried += 1
