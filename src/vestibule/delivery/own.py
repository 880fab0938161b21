"""A sender of the host's own, as the one provider of whatever no route names."""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from vestibule.core.ports import Sender
from vestibule.delivery.http import Http
from vestibule.delivery.provider import Parcel

OURS: Final = frozenset({"whatsapp", "push"})
"""Channels of factors of the house that a sender need not know of: a route names who does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSender:
    """Hands everything to `sender`, which says itself what it does not carry."""

    name: ClassVar[str] = "sender"
    channels: ClassVar[frozenset[str]] = frozenset({"sms", "call", "email"})

    sender: Sender = field(repr=False)

    def takes(self, channel: str) -> bool:
        """Say whether a channel is given to it: also one of a factor that is the host's own."""
        return channel not in OURS

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Hand a message over; the host's sender knows no carrier's id."""
        del http
        self.sender.send(
            channel=parcel.channel, to=parcel.to, subject=parcel.subject, text=parcel.text
        )
        return None
