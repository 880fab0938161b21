"""The courier's thread: it looks for what is due, and has so many hands that send it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from vestibule.core.events import Event
from vestibule.core.model import Message, MessageStatus
from vestibule.delivery.courier import LEASE, Courier
from vestibule.delivery.insisting import CLOSED

HANDS: Final = 8
"""How many messages a process sends at once: one carrier that hangs holds up no other."""
COUNT_EVERY: Final = 5.0
"""Seconds between two looks at which codes came back."""
_log = logging.getLogger("vestibule.courier")


def _pool(hands: int) -> Executor:
    return ThreadPoolExecutor(hands, thread_name_prefix="vestibule-courier")


@dataclass(slots=True, kw_only=True)
class CourierThread:
    """Delivers what is due, in a thread of its own; nothing runs before `start`.

    `hands` bounds what is sent at once: by the thread, and by whoever calls `deliver`.
    """

    courier: Courier
    """One that waits for a store that is away."""
    tell: Callable[[Sequence[Event]], None]
    """Told of what the brake has written to the audit trail."""
    hands: int = HANDS
    patience: timedelta = timedelta()
    """How long a message is left to others before the thread takes it up."""
    pool: Callable[[int], Executor] = _pool
    _free: threading.Semaphore = field(init=False)
    _wake: threading.Event = field(init=False, default_factory=threading.Event)
    _stop: threading.Event = field(init=False, default_factory=threading.Event)
    _thread: threading.Thread | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Have all hands free."""
        self._free = threading.Semaphore(self.hands)

    def start(self, pause: float = 1.0) -> None:
        """Run until `stop`; look every so many seconds. A second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, args=(pause,), name="vestibule-courier", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """End the thread after the round it is in."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
            if self._thread.is_alive():
                return  # A message is being handed over: its carrier's answer is still waited for.
        self.courier.dispatch.http.close()

    def wake(self) -> None:
        """Look at once instead of at the end of the pause."""
        self._wake.set()

    def deliver(self, message_id: str) -> None:
        """Deliver one message as soon as a hand is free, if it is due then and nobody has it."""
        with self._free:
            self.courier.deliver(message_id)

    def count_returned(self) -> None:
        """Have it counted which codes came back, and tell the operator of what was stopped."""
        self.courier.dispatch.brake.credit_returned(self.courier.clock.now(), self.tell)

    def _run(self, pause: float) -> None:
        was_closed, counts_at = False, 0.0
        pool = self.pool(self.hands)
        while not self._stop.is_set():
            try:
                self._hand_out(pool)
                if time.monotonic() >= counts_at:
                    counts_at = time.monotonic() + COUNT_EVERY
                    self.count_returned()
                was_closed = False
            except CLOSED as error:
                if not was_closed:
                    _log.warning("the outbox cannot be read: %s; looking until it can", error)
                was_closed = True
            except Exception:  # noqa: BLE001 - the thread must outlive whatever goes wrong
                _log.exception("a round of the courier failed; looking again soon")
            self._wake.wait(pause)
            self._wake.clear()
        pool.shutdown()

    def _hand_out(self, pool: Executor) -> None:
        """Claim as much as there are hands free, and no more: what waits here, waits for nobody."""
        while batch := self._claimed():
            for place, message in enumerate(batch):
                try:
                    sending = pool.submit(self.courier.deliver_claimed, message)
                except RuntimeError:  # the process is ending, and Python begins nothing any more
                    self._give_back(batch[place:])
                    return
                sending.add_done_callback(self._sent)

    def _claimed(self) -> Sequence[Message]:
        """Take up to as many messages as there are hands free; for each one is taken."""
        free = 0
        while free < self.hands and self._free.acquire(blocking=False):
            free += 1
        batch: Sequence[Message] = ()
        try:
            if free:
                now = self.courier.clock.now()
                batch = self.courier.outbox.claim(now - self.patience, LEASE, free)
        finally:
            if free > len(batch):
                self._free.release(free - len(batch))
        return batch

    def _give_back(self, messages: Sequence[Message]) -> None:
        """Leave to others at once what was claimed here, and claim nothing more."""
        self._stop.set()
        self._free.release(len(messages))
        for message in messages:
            due = replace(message, status=MessageStatus.QUEUED)
            self.courier.outbox.settle_message(due)

    def _sent(self, sending: Future[bool]) -> None:
        """Have a hand free again."""
        self._free.release()
        error = sending.exception()
        if error is not None:
            _log.warning("a message waits until the outbox can be written: %s", error)
        self._wake.set()
