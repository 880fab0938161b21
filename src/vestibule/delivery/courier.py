"""The courier: claims what is due, sends it, writes down what came of it.

Nothing is sent inside a request. Two couriers never send the same message at once: each claims by
a conditional update, for a limited time, so that a crashed one's messages become due again.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.codes import Codes
from vestibule.core.errors import DeploymentError, StoreUnavailableError
from vestibule.core.model import Json, Message, MessageStatus, Notice
from vestibule.core.ports import Clock, Outbox, Random, Sender, SendError
from vestibule.core.tokens import new_id
from vestibule.core.vault import Vault
from vestibule.delivery import render, retry
from vestibule.delivery.links import Links
from vestibule.languages import LONGEST_NAME, Languages

LEASE: Final = timedelta(seconds=60)
BATCH: Final = 20
CONTACTS_FOR: Final = timedelta(days=30)
CONTACTS_FOR_LONG: Final = timedelta(days=400)
GRAVE: Final = frozenset({Notice.RESET_REQUESTED, Notice.RESET_AT_ONCE, Notice.RESET_USED})
"""Notices that an owner must get who has not been here for months, as long as one is known."""
CLOSED: Final = (StoreUnavailableError, DeploymentError)
"""What is no message's fault: a store that is down, or the wrong one."""
_log = logging.getLogger("vestibule.courier")


@dataclass(slots=True, kw_only=True)
class Courier:
    """Delivers one realm's messages through one sender."""

    outbox: Outbox
    sender: Sender = field(repr=False)
    vault: Vault
    codes: Codes
    clock: Clock
    random: Random
    site: str
    ways: Mapping[str, str] = field(default_factory=dict)
    """What each factor is called within a sentence, by its name."""
    languages: Languages = field(default_factory=Languages)
    links: Links | None = None
    """None where nobody said at which address people reach the site."""
    _wake: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self, pause: float = 1.0) -> None:
        """Run in a thread of its own until `stop`; a second call does nothing."""
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

    def wake(self) -> None:
        """Look at once instead of at the end of the pause."""
        self._wake.set()

    def deliver_due(self) -> int:
        """Deliver what is due now; return how many messages were taken up."""
        taken = 0
        while batch := self.outbox.claim(self.clock.now(), LEASE, BATCH):
            for message in batch:
                self._deliver(message)
            taken += len(batch)
        return taken

    def _run(self, pause: float) -> None:
        was_closed = False
        while not self._stop.is_set():
            try:
                self.deliver_due()
                was_closed = False
            except CLOSED as error:
                if not was_closed:
                    _log.warning("the outbox cannot be read: %s; looking until it can", error)
                was_closed = True
            except Exception:  # noqa: BLE001 - the thread must outlive whatever goes wrong
                _log.exception("a round of the courier failed; looking again soon")
            self._wake.wait(pause)
            self._wake.clear()

    def _deliver(self, message: Message) -> None:
        now = self.clock.now()
        if message.claimed_until is not None and now >= message.claimed_until:
            return  # those before it took so long that another courier may have it by now
        if now >= message.not_after:
            self._settle(message, MessageStatus.EXPIRED, "too late to be of use")
            return
        try:
            self._deliver_now(message, now)
        except SendError as error:
            self._put_off(message, now, str(error), permanent=error.permanent)
        except CLOSED:
            raise
        except Exception as error:  # noqa: BLE001 - see below
            # One message that cannot be made or sent must not hold up the others. Only the kind of
            # error is written down: its text may quote what was to be sent.
            _log.warning("message %s was not delivered: %s", message.id, type(error).__name__)
            self._put_off(message, now, type(error).__name__)

    def _deliver_now(self, message: Message, now: datetime) -> None:
        if message.channel == "notice":
            self.outbox.expand(message, self._copies(message, now))
            return
        to = self.vault.open_destination(message.id, message.destination)
        said = render.render(
            message,
            site=self.site,
            code=self._code(message),
            way=self._way(message),
            language=self.languages.of(message.locale),
            link=self.links.of(message) if self.links else "",
        )
        self.sender.send(channel=message.channel, to=to, subject=said.subject, text=said.text)
        self._settle(message, MessageStatus.SENT, "handed over")

    def _put_off(
        self, message: Message, now: datetime, why: str, *, permanent: bool = False
    ) -> None:
        again = retry.next_try(message, now, permanent=permanent)
        status = MessageStatus.FAILED if again is None else MessageStatus.QUEUED
        self._settle(message, status, why, due_at=again)

    def _code(self, message: Message) -> str | None:
        if message.challenge_id is None:
            return None
        challenge = self.outbox.challenge_of(message)
        if challenge is None or not challenge.is_open(self.clock.now()):
            raise SendError("the login it was for is over", permanent=True)
        return self.codes.code_for(challenge, int(message.details["digits"]))

    def _way(self, message: Message) -> str:
        factor = str(message.details.get("factor", ""))
        return self.ways.get(factor, factor.replace("_", " "))

    def _copies(self, notice: Message, now: datetime) -> Sequence[Message]:
        ago = CONTACTS_FOR_LONG if notice.text in GRAVE else CONTACTS_FOR
        found = self.outbox.contacts(notice.realm, notice.subject, now - ago)
        contacts = [self.vault.open_contact(passage_id, sealed) for passage_id, sealed in found]
        if notice.destination:
            to = self.vault.open_destination(notice.id, notice.destination)
            contacts.append({"email": to})
        # Of several with one address the newest is kept, which comes first.
        newest = {c["email"]: c for c in reversed(contacts) if c.get("email")}
        return [self._copy(notice, address, newest[address]) for address in sorted(newest)]

    def _copy(self, notice: Message, address: str, contact: Json) -> Message:
        copy_id = new_id(self.random.bytes)
        locale = str(contact.get("locale") or notice.locale)
        return replace(
            notice,
            id=copy_id,
            channel="email",
            locale=locale[:LONGEST_NAME],
            destination=self.vault.seal_destination(copy_id, address),
            status=MessageStatus.QUEUED,
            claimed_until=None,
            tries=0,
        )

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
        self.outbox.settle_message(settled)
