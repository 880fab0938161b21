"""The last look before a code goes to a phone: at its number, and at what a call would cost.

Whatever is refused here is an event.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vestibule.core.budget import Budget
from vestibule.core.events import Event, SendRefused
from vestibule.core.model import Message
from vestibule.core.ports import Clock, SendError
from vestibule.core.reach import CALL, PHONES
from vestibule.delivery.insisting import Insisting
from vestibule.delivery.number_check import NumberCheck
from vestibule.delivery.outbox import Called, Outbox
from vestibule.delivery.routes import Routes

_SPENT: Final = "spent"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLook:
    """Says of one realm's messages what may not be sent after all."""

    outbox: Outbox
    routes: Routes
    clock: Clock
    budget: Budget
    """What sending may cost."""
    note: Callable[[Event], None]
    """Writes to the audit trail, and tells of it, the operator too."""
    number_check: NumberCheck | None
    """The site's own look at a number, None where it has none."""
    insist: Insisting

    def refuse_untrusted(self, message: Message, to: str) -> None:
        """Raise `SendError` where the site's own look at a number says that it gets no code."""
        if self.number_check is None or message.channel not in PHONES:
            return
        if self.number_check.allows(to, message.subject):
            return
        self._note_refused(message, message.channel, "number_check")
        raise SendError("the site's number_check says no", permanent=True)

    def could_be_called(self, message: Message, to: str) -> bool:
        """Say whether a message is a text with a code, and somebody would call there."""
        is_text = message.channel == "sms" and message.challenge_id is not None
        return is_text and bool(self.routes.of(CALL, to))

    def pay_for_call(self, message: Message, to: str, *, tells: bool = True) -> bool:
        """Make a text a call and count its price; False, which it `tells`, where none is left."""
        now = self.clock.now()
        price = self.budget.counted(CALL, to, now, strange=message.strange)
        called = self.insist(self.outbox.call_instead, message, now, price)
        if called is Called.SPENT and tells:
            self._note_refused(message, CALL, _SPENT)
        return called is Called.YES

    def note_spent(self, message: Message) -> None:
        """Note that no other try is made at a message, as the day's money does not reach for it."""
        self._note_refused(message, message.channel, _SPENT)

    def _note_refused(self, message: Message, channel: str, reason: str) -> None:
        asks = message.challenge_id is not None
        challenge = self.insist(self.outbox.challenge_of, message) if asks else None
        fact = SendRefused(
            passage=challenge.passage_id if challenge else "",
            channel=channel,
            reason=reason,
            range=message.range or "",
        )
        now = self.clock.now()
        event = Event(at=now, realm=message.realm, subject=message.subject, fact=fact)
        self.insist(self.note, event)
