"""Carriers for tests: they take what they are handed, or fail as they are told."""

from dataclasses import dataclass, field
from typing import ClassVar

from vestibule.core.ports import SendError
from vestibule.delivery.http import Answer, Http, Request
from vestibule.delivery.provider import Parcel


@dataclass
class Counter:
    """What reached a carrier, and the trouble it has in store."""

    taken: list[Parcel] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)
    asked: int = 0

    def refuse(self, reason: str = "busy", times: int = 1, **how: bool) -> None:
        """Fail the next messages."""
        self.trouble += [SendError(reason, **how) for _ in range(times)]


@dataclass(frozen=True)
class Fake:
    """A carrier of every channel, called by the name it is given."""

    name: str
    counter: Counter = field(default_factory=Counter)
    channels: ClassVar[frozenset[str]] = frozenset({"sms", "call", "email"})

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Keep a message, or raise the next trouble in store."""
        del http
        self.counter.asked += 1
        if self.counter.trouble:
            raise self.counter.trouble.pop(0)
        self.counter.taken.append(parcel)
        return f"{self.name}-{len(self.counter.taken)}"


class NoHttp:
    """Nothing is reached."""

    def ask(self, request: Request) -> Answer:
        """Say so."""
        del request
        raise SendError("no network in this test")

    def close(self) -> None:
        """Close nothing."""
