"""Whoever opens the door: finds the carrier that is asked for, and does what is wrong with it."""

import select
import socket
from collections.abc import Callable, Sequence
from threading import Event
from time import monotonic
from typing import Final

from vestibule.testing.carriers.asked import Asked, Reply
from vestibule.testing.carriers.desk import Carrier
from vestibule.testing.carriers.faults import Fault, Faults

GARBAGE: Final = b'\xff\xfe<html>{"sid": \x00'
LONG: Final = 4 * 1024 * 1024
LOOK: Final = 0.1
"""Seconds between two looks whether anybody is still waiting."""

Gone = Callable[[], bool]
"""Says whether whoever asked has hung up."""


class Front:
    """Answers for all carriers."""

    def __init__(self, carriers: Sequence[Carrier], faults: Faults, ended: Event) -> None:
        """Ask the first of the carriers that knows a request; wait no longer than to the end."""
        self._carriers = carriers
        self._faults = faults
        self._ended = ended

    def answer(self, asked: Asked, gone: Gone) -> Reply | None:
        """Return what is answered; None where no carrier is asked."""
        carrier = next((c for c in self._carriers if c.knows(asked)), None)
        if carrier is None:
            return None
        fault = self._faults.strike(carrier.name)
        accept = carrier.read(asked, fault)
        if isinstance(accept, Reply):
            return accept
        if not fault.accepts:
            spoilt = self._spoil(carrier, fault, gone)
            return spoilt if spoilt is not None else _dressed(accept(), fault)
        reply = accept()
        spoilt = self._spoil(carrier, fault, gone)
        return spoilt if spoilt is not None else _dressed(reply, fault)

    def _spoil(self, carrier: Carrier, fault: Fault, gone: Gone) -> Reply | None:
        """Wait as the fault has it; return what it answers, None where that is nothing special."""
        if fault.slow and not self._waited(fault.slow, gone):
            return Reply(manner="cut")
        if fault.cut:
            return Reply(manner="cut")
        if fault.redirect:
            return Reply(status=307, headers={"Location": fault.redirect})
        if fault.status or fault.code:
            return carrier.refusal(fault.status, fault.code)
        return None

    def _waited(self, seconds: float, gone: Gone) -> bool:
        """Wait; say whether anybody still wants an answer."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            if self._ended.wait(min(left, LOOK)) or gone():
                return False
        return True


def _dressed(reply: Reply, fault: Fault) -> Reply:
    """Return a good answer as a faulty carrier writes it."""
    if fault.body == "garbage":
        return Reply(status=reply.status, body=GARBAGE)
    if fault.body == "long":
        return Reply(status=reply.status, body=b'{"sid": "' + b"x" * LONG)
    if fault.body == "drip":
        return Reply(status=reply.status, body=reply.body, manner="drip")
    return reply


def has_hung_up(connection: socket.socket) -> bool:
    """Say whether the other side has closed its end."""
    try:
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except (OSError, ValueError):
        return True
