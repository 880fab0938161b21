"""What every carrier of the stand-in works with, and what a carrier is here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from vestibule.core.ports import Random
from vestibule.testing.carriers.archive import Archive, CarrierMessage
from vestibule.testing.carriers.asked import Asked, Reply
from vestibule.testing.carriers.callbacks import Callbacks, in_order
from vestibule.testing.carriers.faults import Fault

Accept = Callable[[], Reply]
"""Takes the message that was read, and returns what its sender is told."""


class Carrier(Protocol):
    """One carrier's HTTP."""

    @property
    def name(self) -> str:
        """What settings and faults call it by."""
        ...

    def knows(self, asked: Asked) -> bool:
        """Say whether a request is made to it, by its path."""
        ...

    def read(self, asked: Asked, fault: Fault) -> Reply | Accept:
        """Return what takes a good request, or the answer to any other. Nothing is taken yet."""
        ...

    def refusal(self, status: int | None, code: int | None) -> Reply:
        """Return an error in the carrier's own form, with whatever was not said filled in."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Keeps messages, draws ids, and sends receipts."""

    archive: Archive
    callbacks: Callbacks
    clock: Callable[[], datetime]
    random: Random
    pause: float
    """Seconds between an answer and its receipt, and between two receipts."""

    def sid(self, prefix: str) -> str:
        """Return a new id as Twilio writes them."""
        return prefix + self.random.bytes(16).hex()

    def uuid(self) -> str:
        """Return a new id as everybody else writes them (RFC 9562, version 4)."""
        drawn = bytearray(self.random.bytes(16))
        drawn[6] = drawn[6] & 0x0F | 0x40
        drawn[8] = drawn[8] & 0x3F | 0x80
        text = drawn.hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def digits(self, count: int) -> str:
        """Return a code of so many digits."""
        return str(int.from_bytes(self.random.bytes(16)))[-count:].zfill(count)

    def keep(self, fault: Fault, **fields: object) -> CarrierMessage:
        """Keep what was taken."""
        told = not (fault.accepts and fault.spoils)
        return self.archive.keep(at=self.clock(), told=told, **fields)

    def tell(
        self,
        message: CarrierMessage,
        statuses: tuple[str, ...],
        fault: Fault,
        post: Callable[[str], None],
    ) -> None:
        """Have receipts posted, in this order and each after a pause, as the fault wants them."""
        told = in_order(statuses, fault.receipts)

        def post_from(place: int) -> None:
            self.archive.note(message.carrier, message.id, told[place])
            post(told[place])
            if place + 1 < len(told):
                wait = 0.0 if fault.receipts == "early" else self.pause
                self.callbacks.after(wait, lambda: post_from(place + 1))

        if not told:
            return
        if fault.receipts == "early":
            post_from(0)
        else:
            self.callbacks.after(self.pause + fault.receipts_late, lambda: post_from(0))


def texts_of(fields: Mapping[str, object], *names: str) -> tuple[str, ...]:
    """Return some of the values sent, each as text; empty where one is missing or is no text."""
    values = (fields.get(name) for name in names)
    return tuple(value if isinstance(value, str) else "" for value in values)
