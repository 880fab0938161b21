"""A message that says it is a test, sent as a code would be, and what came of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from vestibule.core.errors import UsageError
from vestibule.core.model import Message, MessageStatus
from vestibule.core.ports import SendError
from vestibule.core.tokens import new_id
from vestibule.delivery.courier import LEASE, Courier
from vestibule.delivery.outbox import Tried, TryOutcome
from vestibule.delivery.provider import Fate, Provider, TellsReceipts
from vestibule.delivery.routes import Routes
from vestibule.delivery.testtext import TEST

LOOK_AGAIN: Final = 0.2
_LAST: Final = frozenset({Fate.DELIVERED, Fate.UNDELIVERED, Fate.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What came of a test: every try at it, and a word where nobody took it."""

    channel: str
    tries: Sequence[Tried]
    awaits_receipt: bool
    """Whether its carrier was asked to tell what becomes of it."""
    outcome: str

    @property
    def taken(self) -> Tried | None:
        """The try by which a carrier took it."""
        return next((one for one in self.tries if one.outcome is TryOutcome.ACCEPTED), None)

    @property
    def is_lost(self) -> bool:
        """Whether nobody took it, or its carrier has told that it did not arrive."""
        return self.taken is None or self.taken.fate in {Fate.UNDELIVERED, Fate.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Sends tests for one realm, by its courier's own routes."""

    courier: Courier
    realm: str

    def send(self, channel: str, to: str, *, only: str | None = None) -> str:
        """Hand a test over, once, and return its id; `only` names the one provider that is asked.

        Raises `UsageError` where no route has that provider, or it does not carry the channel.
        """
        dispatch = self.courier.dispatch
        if only is not None:
            routes = Routes(named={channel: (self._provider(only, channel),)})
            dispatch = replace(dispatch, routes=routes)
        message = self._message(channel, to)
        self.courier.outbox.write(message)
        try:
            dispatch.carry(message, self.courier.parcels.parcel(message, to))
        except SendError as error:
            self._give_up(message, str(error))
        return message.id

    def what_came_of(self, message_id: str, seconds: float = 0.0) -> Rehearsed:
        """Return what is known of a test; wait up to `seconds` for a receipt, if one may come."""
        until = time.monotonic() + seconds
        while True:
            known = self._known(message_id)
            is_over = not known.awaits_receipt or time.monotonic() >= until
            if is_over or (known.taken is not None and known.taken.fate in _LAST):
                return known
            time.sleep(LOOK_AGAIN)

    def _message(self, channel: str, to: str) -> Message:
        """Return a test that is in our hands, and too late to be sent once it is not any more."""
        courier, now = self.courier, self.courier.clock.now()
        message_id = new_id(courier.parcels.random.bytes)
        return Message(
            id=message_id,
            realm=self.realm,
            subject="",
            channel=channel,
            text=TEST,
            destination=courier.vault.seal_destination(message_id, to),
            created_at=now,
            not_after=now + LEASE,
            locale=courier.parcels.languages.of("").name,
            status=MessageStatus.SENDING,
            claimed_until=now + LEASE,
        )

    def _give_up(self, message: Message, why: str) -> None:
        """Write down that nobody took it: a test has no second go."""
        failed = replace(message, status=MessageStatus.FAILED, outcome=why[:200], tries=1)
        self.courier.outbox.settle_message(failed)

    def _known(self, message_id: str) -> Rehearsed:
        outbox, dispatch = self.courier.outbox, self.courier.dispatch
        message, tries = outbox.message(message_id), outbox.tries(message_id)
        last = dispatch.routes.provider(tries[-1].provider) if tries else None
        was_taken = any(one.outcome is TryOutcome.ACCEPTED for one in tries)
        tells = (
            dispatch.callbacks is not None
            and isinstance(last, TellsReceipts)
            and dispatch.callbacks.are_reached_by(last)
        )
        return Rehearsed(
            channel=message.channel if message else "",
            tries=tries,
            awaits_receipt=was_taken and tells,
            outcome=message.outcome if message else "",
        )

    def _provider(self, name: str, channel: str) -> Provider:
        routes = self.courier.dispatch.routes
        found = {one.name: one for route in routes.named.values() for one in route}
        if routes.otherwise is not None:
            found[routes.otherwise.name] = routes.otherwise
        if name not in found:
            names = ", ".join(sorted(found))
            raise UsageError(f"no route has a provider {name!r}, but these: {names}")
        if channel not in found[name].channels:
            carried = ", ".join(sorted(found[name].channels))
            raise UsageError(f"{name} carries no {channel}, but {carried}")
        return found[name]
