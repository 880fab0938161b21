"""Having what was written carried, when a test says so."""

from flask import Flask

from vestibule.core.errors import ConfigurationError
from vestibule.delivery.courier import BATCH, LEASE
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
    carried = 0
    while batch := courier.outbox.claim(courier.clock.now(), LEASE, BATCH):
        carried += sum(courier.deliver_claimed(message) for message in batch)
    return carried
