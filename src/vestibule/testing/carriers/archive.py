"""What the carriers took: the last messages of each, and the exact count of all of them."""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Condition
from typing import Any, Final

from vestibule.testing.inbox_storage import Channel, InboxMessage

FIELDS: Final = ("carrier", "channel", "to", "text")
"""What messages can be counted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierMessage:
    """One message that a carrier took. A call's text is what was said in it."""

    number: int
    """Counts up, over all carriers."""
    carrier: str
    channel: Channel
    to: str
    """A number as E.164 writes it, or a mail address."""
    text: str
    subject: str | None = None
    html: str | None = None
    id: str
    """The carrier's own."""
    at: datetime
    statuses: tuple[str, ...] = ()
    """What its receipts told, in the carrier's words, in the order they were sent."""
    told: bool = True
    """Whether its sender was told that it was taken; not so after `fault(…, accepts=True)`."""

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON writes it."""
        names = self.__dataclass_fields__
        return {name: getattr(self, name) for name in names} | {"at": self.at.isoformat()}

    def in_inbox(self) -> InboxMessage:
        """Return it as an inbox keeps it."""
        return InboxMessage(
            id=self.number,
            at=self.at.isoformat(timespec="seconds"),
            channel=self.channel,
            to=self.to,
            subject=self.subject,
            text=self.text,
        )


class Archive:
    """Keeps the last messages of each carrier; safe for several threads."""

    def __init__(self, kept: int) -> None:
        """Keep as many messages of each carrier; the count goes on without end."""
        self._kept = kept
        self._changed = Condition()
        self._messages: dict[int, CarrierMessage] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._numbers_to: dict[str, deque[int]] = {}
        self._numbers_of: dict[str, deque[int]] = {}
        self._counts: Counter[tuple[str, str, str, str]] = Counter()
        self._last = 0

    def keep(self, **fields: Any) -> CarrierMessage:
        """Keep and return one message more."""
        with self._changed:
            self._last += 1
            message = CarrierMessage(number=self._last, **fields)
            self._messages[message.number] = message
            self._ids[message.carrier, message.id] = message.number
            self._numbers_to.setdefault(message.to, deque()).append(message.number)
            of_carrier = self._numbers_of.setdefault(message.carrier, deque())
            of_carrier.append(message.number)
            if len(of_carrier) > self._kept:
                self._forget(of_carrier.popleft())
            self._counts[_key(message)] += 1
            self._changed.notify_all()
            return message

    def find(self, carrier: str, carriers_id: str) -> CarrierMessage | None:
        """Return the newest message with this id of a carrier; None where none is kept."""
        with self._changed:
            return self._messages.get(self._ids.get((carrier, carriers_id), 0))

    def note(self, carrier: str, carriers_id: str, status: str) -> None:
        """Add what a receipt tells of a message."""
        with self._changed:
            message = self.find(carrier, carriers_id)
            if message is not None:
                statuses = (*message.statuses, status)
                self._messages[message.number] = replace(message, statuses=statuses)
                self._changed.notify_all()

    def say(self, carrier: str, carriers_id: str, text: str) -> None:
        """Put what was said into a call."""
        with self._changed:
            message = self.find(carrier, carriers_id)
            if message is not None:
                self._counts[_key(message)] -= 1
                message = self._messages[message.number] = replace(message, text=text)
                self._counts[_key(message)] += 1
                self._changed.notify_all()

    def all(self, to: str | None = None) -> tuple[CarrierMessage, ...]:
        """Return what is kept, of one person's if said, newest first."""
        with self._changed:
            return tuple(self._newest_first(to))

    def latest(self, to: str | None, channel: str | None, within: float) -> CarrierMessage | None:
        """Return the newest message, waiting so many seconds for one; None where none came."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest(to, channel) is not None, within)
            return self._newest(to, channel)

    def tally(self, by: tuple[str, ...]) -> Mapping[tuple[str, ...], int]:
        """Return how many messages were taken, told apart by these fields."""
        places = [FIELDS.index(name) for name in by]
        counted: Counter[tuple[str, ...]] = Counter()
        with self._changed:
            for key, count in self._counts.items():
                counted[tuple(key[place] for place in places)] += count
        return +counted

    def clear(self) -> None:
        """Forget everything, and count from nothing."""
        with self._changed:
            for kept in (self._messages, self._ids, self._numbers_to, self._numbers_of):
                kept.clear()
            self._counts.clear()

    def _newest(self, to: str | None, channel: str | None) -> CarrierMessage | None:
        found = (m for m in self._newest_first(to) if channel in {None, m.channel})
        return next(found, None)

    def _newest_first(self, to: str | None) -> Iterator[CarrierMessage]:
        numbers = self._messages if to is None else self._numbers_to.get(to, ())
        return (self._messages[number] for number in reversed(numbers))

    def _forget(self, number: int) -> None:
        message = self._messages.pop(number)
        # Mail has the ids that its senders give it, and may have one twice.
        if self._ids.get((message.carrier, message.id)) == number:
            del self._ids[message.carrier, message.id]
        to_whom = self._numbers_to[message.to]
        to_whom.remove(number)
        if not to_whom:
            del self._numbers_to[message.to]


def _key(message: CarrierMessage) -> tuple[str, str, str, str]:
    return message.carrier, message.channel, message.to, message.text
