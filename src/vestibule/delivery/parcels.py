"""What is handed to carriers: texts made this moment, and a notice's copies for its contacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.codes import Codes
from vestibule.core.model import Json, Message, MessageStatus, Notice
from vestibule.core.ports import Clock, Random, SendError
from vestibule.core.tokens import new_id
from vestibule.core.vault import Vault
from vestibule.delivery import render
from vestibule.delivery.codetext import LiveCode
from vestibule.delivery.insisting import Insisting
from vestibule.delivery.links import Links
from vestibule.delivery.outbox import Outbox
from vestibule.delivery.provider import Parcel
from vestibule.delivery.render import Rendered
from vestibule.languages import LONGEST_NAME, Languages

MINUTE: Final = timedelta(minutes=1)
CONTACTS_FOR: Final = timedelta(days=30)
CONTACTS_FOR_LONG: Final = timedelta(days=400)
GRAVE: Final = frozenset({Notice.RESET_REQUESTED, Notice.RESET_AT_ONCE, Notice.RESET_USED})
"""Notices that an owner must get who has not been here for months, as long as one is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcels:
    """Makes one realm's messages what a provider is handed."""

    outbox: Outbox
    vault: Vault
    codes: Codes
    clock: Clock
    random: Random
    site: str
    host: str | None
    """That of the login, as the settings say it: what codes are filled in by."""
    ways: Mapping[str, str]
    """What each factor is called within a sentence, by its name."""
    languages: Languages
    links: Links | None
    """None where nobody said at which address people reach the site."""
    insist: Insisting

    def parcel(self, message: Message, to: str) -> Parcel:
        """Return a message as a provider is handed it, its text made this moment.

        Raises `SendError` where it carries the code of a login that is over, or not its newest.
        """
        code = self._code(message)
        said = self._rendered(message, code)
        return Parcel(
            id=message.id,
            channel=message.channel,
            to=to,
            subject=said.subject,
            text=said.text,
            code=code.digits if code else None,
            html=said.html,
            speech=said.speech,
            language=message.locale,
        )

    def rendered(self, message: Message) -> Rendered:
        """Return what a message says at this moment; raises `SendError` as `parcel` does."""
        return self._rendered(message, self._code(message))

    def copies(self, notice: Message, now: datetime) -> Sequence[Message]:
        """Return one mail for each address at which the subject of a notice is known."""
        since = now - (CONTACTS_FOR_LONG if notice.text in GRAVE else CONTACTS_FOR)
        found = self.insist(self.outbox.contacts, notice.realm, notice.subject, since)
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

    def _rendered(self, message: Message, code: LiveCode | None) -> Rendered:
        return render.render(
            message,
            site=self.site,
            code=code,
            way=self._way(message),
            language=self.languages.of(message.locale),
            link=self.links.of(message) if self.links else "",
            host=self.host,
        )

    def _code(self, message: Message) -> LiveCode | None:
        if message.challenge_id is None:
            return None
        challenge = self.insist(self.outbox.challenge_of, message)
        now = self.clock.now()
        if challenge is None or not challenge.is_open(now):
            raise SendError("the login it was for is over", permanent=True)
        if message.details["generation"] != challenge.generation:
            # Sent late, it would be the newer one's text twice.
            raise SendError("a newer code has taken its place", permanent=True)
        return LiveCode(
            digits=self.codes.code_for(challenge, int(message.details["digits"])),
            purpose=challenge.purpose,
            minutes=max(1, round((challenge.expires_at - now) / MINUTE)),
        )

    def _way(self, message: Message) -> str:
        factor = str(message.details.get("factor", ""))
        return self.ways.get(factor, factor.replace("_", " "))
