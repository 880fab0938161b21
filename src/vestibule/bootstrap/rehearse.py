"""An operator's question whether a carrier is set right: a test is sent, and the trail has it."""

from vestibule.bootstrap.assemble import Parts
from vestibule.bootstrap.operate import OPERATOR
from vestibule.core import events
from vestibule.core.errors import ConfigurationError
from vestibule.delivery.rehearsal import Rehearsal, Rehearsed


def rehearse(
    parts: Parts, channel: str, to: str, *, only: str | None = None, seconds: float = 0.0
) -> Rehearsed:
    """Send a test; return what came of it within so many seconds.

    Raises `ConfigurationError` where nothing carries anything.
    """
    if parts.courier is None:
        raise ConfigurationError("nothing carries messages: name who does in VESTIBULE_ROUTES")
    rehearsal = Rehearsal(courier=parts.courier, realm=parts.settings.realm)
    message_id = rehearsal.send(channel, to, only=only)
    known = rehearsal.what_came_of(message_id)
    taken, context = known.taken, parts.engine.context
    fact = events.TestSent(
        channel=channel, provider=taken.provider if taken else "", taken=taken is not None
    )
    parts.upkeep.add_events([context.event(fact, "", context.now(), OPERATOR)])
    return rehearsal.what_came_of(message_id, seconds)
