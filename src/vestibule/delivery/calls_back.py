"""What carriers ask and tell us: what became of a message, and what a call says next.

All of it happens in a carrier's own request, so a store that is away is not waited for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from vestibule.core.links import Errand
from vestibule.core.model import Message, MessageStatus
from vestibule.core.ports import Clock, SendError
from vestibule.core.reach import CALL
from vestibule.core.vault import Vault
from vestibule.delivery.callbacks import Callbacks
from vestibule.delivery.last_look import LastLook
from vestibule.delivery.outbox import Heard, HeardAs, Outbox
from vestibule.delivery.parcels import Parcels
from vestibule.delivery.provider import Receipt, Speech
from vestibule.delivery.routes import Routes
from vestibule.delivery.testtext import TEST

_MAY_BE_TAKEN: Final = frozenset(
    {MessageStatus.SENT, MessageStatus.UNDELIVERED, MessageStatus.QUEUED}
)
"""As what a message may be with a carrier: one that nobody was sure of waits to be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsBack:
    """Hears carriers out for one realm."""

    outbox: Outbox
    routes: Routes = field(repr=False)
    parcels: Parcels
    last_look: LastLook
    vault: Vault
    clock: Clock
    callbacks: Callbacks | None
    """None where the site has no address that a carrier could call."""
    wake: Callable[[], None]
    """Has somebody look at once for what is due."""

    def message_named(self, errand: Errand, token: str) -> str | None:
        """Return the id of the message that a carrier's address names, None where it names none."""
        if self.callbacks is None:
            return None
        return self.callbacks.message_of(errand, token, self.clock.now())

    def hear(self, provider: str, message_id: str, receipt: Receipt, body: bytes) -> None:
        """Write down what a carrier told of a message; call a number that takes no text message."""
        heard = Heard(
            message_id=message_id,
            provider=provider,
            carrier_id=receipt.carrier_id,
            fate=receipt.fate,
            reason=receipt.reason,
            sealed=self.vault.seal_receipt(message_id, body),
            at=self.clock.now(),
            cannot_receive=receipt.cannot_receive,
        )
        was = self.outbox.hear(heard)
        if not receipt.cannot_receive or was is HeardAs.NOBODYS:
            return
        # Though it is known already: the store may have been away when a call was to be made of it.
        # What is being sent becomes one with whoever sends it, as soon as the carrier has answered.
        message = self.outbox.message(message_id)
        if message is None or not self._is_still_of_use(message, provider):
            return
        to = self.vault.open_destination(message.id, message.destination)
        look, is_new = self.last_look, was is HeardAs.NEW
        if look.could_be_called(message, to) and look.pay_for_call(message, to, tells=is_new):
            self.wake()

    def said_in_call(self, message_id: str, *, was_pressed: bool) -> tuple[Speech, str] | None:
        """Return what a call says once a key was pressed, and in which language.

        The code is said only while it is good, and only after a key; None for what is no call.
        """
        message = self.outbox.message(message_id)
        if message is None or not (message.challenge_id or message.text == TEST):
            return None
        # A text message that becomes a call is one in the table only when the carrier has answered.
        try:
            speech = self.parcels.rendered(replace(message, channel=CALL)).speech
        except SendError:
            speech = None
        if speech is None:
            return None
        if was_pressed:
            # Somebody listens: no carrier can tell that of a call.
            self.outbox.was_heard(message_id)
        said = speech if was_pressed else replace(speech, say=speech.farewell)
        return said, message.locale

    def _is_still_of_use(self, message: Message, provider: str) -> bool:
        """Say whether a provider may have taken a message, as the last, with its newest code."""
        now, status = self.clock.now(), message.status
        if message.challenge_id is None or status not in _MAY_BE_TAKEN or now >= message.not_after:
            return False
        challenge = self.outbox.challenge_of(message)
        if challenge is None or not challenge.is_open(now):
            return False
        if self.outbox.carrier_of(challenge.id) != provider:
            return False
        return bool(message.details["generation"] == challenge.generation)
