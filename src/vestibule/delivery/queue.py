"""Celery, where one machine is outgrown: its workers are told which message is due, and no more.

A task names a message and nothing else. What is due stands in the database, and so does who has
claimed it: a task that comes twice does nothing the second time, and one that is lost is found by
the sweep of any worker a few seconds later. Celery is a library more, imported when a broker is
set: `pip install "celery[redis]"`.
"""

import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from vestibule.core.ports import Clock
from vestibule.delivery.insisting import CLOSED
from vestibule.delivery.outbox import Outbox
from vestibule.delivery.thread import CourierThread

if TYPE_CHECKING:
    from celery import Celery

TASK: Final = "vestibule.deliver"
MOST: Final = 100
SWEEP: Final = timedelta(seconds=3)
"""How long a message may be due before a worker takes it though nobody told of it."""
AGAIN: Final = timedelta(seconds=10)
"""How long what was published is not published again."""
LATE: Final = timedelta(seconds=30)
"""What is due for so long no worker takes: none runs, or they are too few."""
LOOK_AFTER: Final = LATE + timedelta(seconds=5)
"""When it is looked whether what was told of was taken."""
SAY_AGAIN: Final = timedelta(minutes=5)
"""How long the log is left in peace once it has said that something is late."""
CONNECT_SECONDS: Final = 2
UNACKED_SECONDS: Final = 120
"""After how long Redis hands on what a worker took and did not finish."""
_log = logging.getLogger("vestibule.queue")


def is_installed() -> bool:
    """Say whether Celery is there."""
    return find_spec("celery") is not None


def celery_of(broker_url: str, realm: str) -> "Celery":
    """Return the application that publishes and takes one realm's tasks. Nothing is opened yet."""
    from celery import Celery

    app = Celery("vestibule", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_default_queue=f"vestibule.{realm}",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_publish_retry=False,
        worker_prefetch_multiplier=1,
        broker_connection_timeout=CONNECT_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_hijack_root_logger=False,
        # Nobody steers a worker through the broker; and two on one machine would be in each other's
        # way there.
        worker_enable_remote_control=False,
        accept_content=["json"],
    )
    if broker_url.startswith("redis"):
        options = {
            "visibility_timeout": UNACKED_SECONDS,
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": CONNECT_SECONDS * 5,
        }
        app.conf.update(broker_transport_options=options)
    return app


@dataclass(slots=True, kw_only=True)
class Publisher:
    """Tells workers what is due, from a thread of its own: no request waits for a broker."""

    outbox: Outbox
    clock: Clock
    broker_url: str = field(repr=False)
    realm: str
    look_after: timedelta = LOOK_AFTER
    _told: dict[str, datetime] = field(default_factory=dict)
    _wake: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _celery: Any = None
    _is_down: bool = False
    _said_at: datetime | None = None
    _patience: timedelta | None = None
    """How long to wait before looking again though nobody woke us; None for ever."""

    def start(self) -> None:
        """Run until `stop`; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="vestibule-publisher", daemon=True
            )
            self._thread.start()

    def wake(self) -> None:
        """Look at once whether anything is due."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread after what it is doing."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
            if self._thread.is_alive():
                return  # It publishes still; what it publishes with ends with the process.
        if self._celery is not None:
            self._celery.close()

    def publish_due(self) -> int:
        """Tell of what is due and was not told of lately; return how many messages that were."""
        now = self.clock.now()
        self._told = {one: at for one, at in self._told.items() if at > now - AGAIN}
        new = [one for one in self.outbox.due(now, MOST + len(self._told)) if one not in self._told]
        if new and self._celery is None:
            self._celery = celery_of(self.broker_url, self.realm)
        for message_id in new:
            self._celery.send_task(TASK, args=[message_id], retry=False, ignore_result=True)
            self._told[message_id] = now
        return len(new)

    def warn_of_late(self) -> bool:
        """Say in the log, once in a while, that workers leave messages lying; return if they do."""
        now = self.clock.now()
        if self._said_at is not None and now < self._said_at + SAY_AGAIN:
            return True
        self._said_at = None
        if not self.outbox.due(now - LATE, 1):
            return False
        self._said_at = now
        _log.warning(
            "a message is due for more than %d seconds and no worker has taken it: look whether a "
            "vestibule worker runs for the realm %s; vestibule deliveries says how many wait",
            LATE.total_seconds(),
            self.realm,
        )
        return True

    def _run(self) -> None:
        while not self._stop.is_set():
            patience = self._patience
            is_woken = self._wake.wait(None if patience is None else patience.total_seconds())
            self._wake.clear()
            if not self._stop.is_set():
                self._round(is_woken=is_woken)

    def _round(self, *, is_woken: bool) -> None:
        """Publish where something is new, and look whether what was published is taken.

        Once more, when it should have been: where nobody takes anything, nobody may wake us either.
        """
        if is_woken:
            self._publish()
        try:
            is_late = self.warn_of_late()
        except CLOSED:
            is_late = False  # who publishes has said so
        if is_woken:
            self._patience = self.look_after
        else:
            self._patience = SAY_AGAIN if is_late else None

    def _publish(self) -> None:
        try:
            if self.publish_due():  # else the broker was not asked
                self._is_down = False
        except CLOSED as error:
            _log.warning("what is due cannot be read: %s", error)
        except Exception as error:  # noqa: BLE001 - whatever a broker's library raises
            # Its text may hold the broker's address with its password.
            if not self._is_down:
                _log.warning(
                    "the broker takes nothing (%s): workers find what is due by themselves, some "
                    "seconds later",
                    type(error).__name__,
                )
            self._is_down = True


def work(thread: CourierThread, broker_url: str, realm: str) -> None:
    """Deliver what is published, and what nobody told of, until the process is told to stop.

    What is published and what is found share the hands of `thread`.
    """
    app = celery_of(broker_url, realm)

    def deliver(message_id: str) -> None:
        try:
            thread.deliver(message_id)
        except CLOSED as error:
            _log.warning("a message waits until the outbox can be written: %s", error)

    app.task(name=TASK)(deliver)
    thread.start()
    try:
        app.worker_main(
            [
                *("worker", "--pool", "threads", "--concurrency", str(thread.hands)),
                *("--without-gossip", "--without-mingle", "--loglevel", "WARNING"),
            ]
        )
    finally:
        thread.stop()
