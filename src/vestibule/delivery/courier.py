"""The courier: claims what is due, sends it, writes down what came of it.

Nothing is sent inside a request. Two couriers never send the same message at once: each claims by
a conditional update, for a limited time, so that a crashed one's messages become due again.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.model import Message, MessageStatus
from vestibule.core.ports import Clock, SendError
from vestibule.core.reach import CALL
from vestibule.core.vault import Vault
from vestibule.delivery import retry
from vestibule.delivery.dispatch import Dispatch, NotTriedError, UnwrittenError
from vestibule.delivery.insisting import CLOSED, Insisting
from vestibule.delivery.last_look import LastLook
from vestibule.delivery.outbox import NotTried, Outbox
from vestibule.delivery.parcels import Parcels

LEASE: Final = timedelta(seconds=60)
BATCH: Final = 20
"""How many messages are claimed at once by a round that sends one after the other."""
_log = logging.getLogger("vestibule.courier")


@dataclass(slots=True, kw_only=True)
class Courier:
    """Delivers one realm's messages."""

    outbox: Outbox
    dispatch: Dispatch = field(repr=False)
    parcels: Parcels
    last_look: LastLook
    vault: Vault
    clock: Clock

    def insisting(self, seconds: float) -> "Courier":
        """Return one that waits so long for a store that is away."""
        insist = Insisting(seconds=seconds)
        return replace(
            self,
            dispatch=replace(self.dispatch, insist=insist),
            parcels=replace(self.parcels, insist=insist),
            last_look=replace(self.last_look, insist=insist),
        )

    def deliver(self, message_id: str) -> None:
        """Deliver one message, if it is due and nobody has it; what it stands for, too."""
        for message in self.outbox.claim(self.clock.now(), LEASE, 1, only=message_id):
            self.deliver_claimed(message)

    def deliver_due(self) -> int:
        """Deliver what is due now, one after the other; return how many messages were taken up."""
        taken = 0
        while batch := self.outbox.claim(self.clock.now(), LEASE, BATCH):
            for message in batch:
                self.deliver_claimed(message)
            taken += len(batch)
        return taken

    def deliver_claimed(self, message: Message) -> bool:
        """Deliver one message that was claimed, or put it off; return if it was handed over.

        Raises `StoreUnavailableError` and `DeploymentError` where the store keeps away; the message
        is then due again soon, or once its lease is over.
        """
        now = self.clock.now()
        if message.claimed_until is not None and now >= message.claimed_until:
            return False  # those before it took so long that another courier may have it by now
        if now >= message.not_after:
            self._settle(message, MessageStatus.EXPIRED, "too late to be of use")
            return False
        try:
            if message.channel == "notice":
                copies = self.parcels.copies(message, now)
                self.dispatch.insist(self.outbox.expand, message, copies)
            elif not self._carry_or_pay(message):
                # The same code, told by a voice: a landline takes no text message. It stays a call,
                # which is paid for once, however often it has to be tried.
                message = replace(message, channel=CALL)
                self._carry(message)
        except SendError as error:
            self._put_off(message, str(error), permanent=error.permanent)
        except UnwrittenError:
            raise  # who asks again at once may send twice: whether it was taken may be told yet
        except CLOSED:
            self._leave(message)
            raise
        except Exception as error:  # noqa: BLE001 - see below
            # One message that cannot be made or sent must not hold up the others. Only the kind of
            # error is written down: its text may quote what was to be sent.
            _log.warning("message %s was not delivered: %s", message.id, type(error).__name__)
            self._put_off(message, type(error).__name__)
        else:
            return message.channel != "notice"  # its copies are, each for itself
        return False

    def _carry_or_pay(self, message: Message) -> bool:
        """Hand a message over; False where it is a call from now on, and paid for."""
        to = self._to(message)
        self.last_look.refuse_untrusted(message, to)
        try:
            self._carry(message)
        except SendError as error:
            is_landline = error.cannot_receive and self.last_look.could_be_called(message, to)
            if is_landline and self.last_look.pay_for_call(message, to):
                return False
            raise
        return True

    def _carry(self, message: Message) -> None:
        parcel = self.parcels.parcel(message, self._to(message))
        try:
            self.dispatch.carry(message, parcel)
        except NotTriedError as error:
            if error.why is NotTried.SPENT:
                self.last_look.note_spent(message)
            raise

    def _to(self, message: Message) -> str:
        return self.vault.open_destination(message.id, message.destination)

    def _leave(self, message: Message) -> None:
        """Have a message due again soon that no carrier has taken, as is known; it was no try."""
        again = self.clock.now() + retry.FIRST_WAIT
        due = replace(message, status=MessageStatus.QUEUED, due_at=again)
        with suppress(*CLOSED):  # then it is due when its lease ends
            self.dispatch.insist(self.outbox.settle_message, due)

    def _put_off(self, message: Message, why: str, *, permanent: bool = False) -> None:
        """Have a message tried again after a pause, which begins now: a round takes its time."""
        again = retry.next_try(message, self.clock.now(), permanent=permanent)
        status = MessageStatus.FAILED if again is None else MessageStatus.QUEUED
        self._settle(message, status, why, due_at=again)

    def _settle(
        self,
        message: Message,
        status: MessageStatus,
        outcome: str,
        *,
        due_at: datetime | None = None,
    ) -> None:
        settled = replace(
            message,
            status=status,
            outcome=outcome[:200],
            tries=message.tries + 1,
            due_at=due_at or message.due_at,
        )
        self.dispatch.insist(self.outbox.settle_message, settled)
