"""Verifications that a carrier makes and checks itself: one for each number, never two mixed.

A carrier keeps one open verification for a number, and sends the same code once more when it is
asked again. So before another is opened the former is cancelled there; where that fails, another
carrier is asked. Which verification is whose stands in the database: an answer is taken to the
carrier only for the very challenge, and the very sending of its code, that opened it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from vestibule.core.model import Challenge, Message
from vestibule.core.ports import Clock, SendError
from vestibule.core.vault import Vault
from vestibule.core.verdict import Accepted, Reason, Rejected, Verdict
from vestibule.delivery.breaker import Breaker, note
from vestibule.delivery.http import Http
from vestibule.delivery.insisting import Allowance
from vestibule.delivery.outbox import Hosted, Outbox
from vestibule.delivery.provider import Checked, Hosts, Parcel
from vestibule.delivery.routes import Routes

OWNED_FOR: Final = timedelta(minutes=10)
"""How long an owner's own code is let be: as long as a login waits."""
OPENING: Final = timedelta(seconds=60)
"""How long one who opens a verification has the number for himself: then he has crashed."""


_VERDICTS: Final[Mapping[Checked, Verdict]] = {
    Checked.RIGHT: Accepted(),
    Checked.WRONG: Rejected(reason=Reason.WRONG),
    Checked.OVER: Rejected(reason=Reason.UNCHECKED),
}
_log = logging.getLogger("vestibule.carriers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """Opens a carrier's verifications for one realm, and has answers judged by it."""

    routes: Routes
    outbox: Outbox
    http: Http
    clock: Clock
    vault: Vault
    breaker: Breaker
    """What is known of each carrier in this process."""

    def open(self, provider: Hosts, message: Message, parcel: Parcel, insist: Allowance) -> str:
        """Have the carrier make a code and send it; return its id of the verification.

        `insist` says how long a store that is away is waited for.

        Raises `SendError` where it does not, or where a former one of that number stays open.
        """
        challenge = insist(self.outbox.challenge_of, message) if message.challenge_id else None
        if challenge is None:
            raise SendError("carries codes alone", permanent=True)
        now, address = self.clock.now(), self.vault.name_of(parcel.to, use="hosted")
        former = insist(self.outbox.hosted_at, provider.name, address)
        mine = Hosted(
            provider=provider.name,
            address=address,
            challenge_id=challenge.id,
            generation=challenge.generation,
            owned=not message.strange,
            opened_at=now,
        )
        if former is not None and _is_anothers(former, mine):
            raise SendError("another code for that number is open there", blameless=True)
        if not insist(self.outbox.take_hosted, mine, former):
            raise SendError("another code for that number is being made there", blameless=True)
        try:
            carrier_id = self._sent(provider, parcel, former, mine)
            self._name(replace(mine, carrier_id=carrier_id), insist)
        except SendError:
            # Whoever waits for a code to that number must not wait for this one to be given up.
            given_up = replace(mine, owned=False, opened_at=now - OPENING)
            insist(self.outbox.take_hosted, given_up, mine)
            raise
        return carrier_id

    def _sent(self, provider: Hosts, parcel: Parcel, former: Hosted | None, mine: Hosted) -> str:
        if former is not None:
            self._cancel(provider, parcel.to)
        carrier_id = provider.send(parcel, self.http)
        if not carrier_id or (former is not None and _is_former(carrier_id, former, mine)):
            raise SendError("opened no verification of its own", unsure=True)
        return carrier_id

    def _cancel(self, provider: Hosts, to: str) -> None:
        """End what is open for a number there; where that is not known, nothing is sent all the
        same.
        """
        try:
            provider.cancel(to, self.http)
        except SendError as error:
            raise SendError(
                str(error),
                permanent=error.permanent,
                blameless=error.blameless,
                not_let_in=error.not_let_in,
            ) from error

    def _name(self, named: Hosted, insist: Allowance) -> None:
        if not insist(self.outbox.name_hosted, named):
            raise SendError("opened no verification of its own", unsure=True)

    def judge(self, challenge: Challenge, answer: str) -> Verdict | None:
        """Return what the carrier says of an answer; None where the code is one of ours."""
        hosted = self.outbox.hosted_of(challenge.id) if challenge.sends else None
        if hosted is None or hosted.generation != challenge.generation or not hosted.carrier_id:
            is_opening = hosted is not None and hosted.generation == challenge.generation
            return self._voided(challenge, is_opening=is_opening)
        provider = self.routes.provider(hosted.provider)
        if not isinstance(provider, Hosts):
            return Rejected(reason=Reason.UNCHECKED)
        checked = self._checked(provider, hosted.carrier_id, answer)
        return Rejected(reason=Reason.UNCHECKED) if checked is None else _VERDICTS[checked]

    def _checked(self, provider: Hosts, carrier_id: str, answer: str) -> Checked | None:
        """Return what a carrier says of an answer, None where it is kept out or says nothing."""
        # Its checks may fail while it sends.
        key = f"{provider.name} (checks)"
        if not self.breaker.admit(key, self.clock.now()):
            return None
        try:
            checked = provider.check(carrier_id, answer, self.http)
        except SendError as error:
            note(self.breaker, key, error, self.clock.now())
            return None
        except Exception as error:  # noqa: BLE001 - whatever a carrier answers, nobody is shown a 500
            _log.warning("%s did not judge an answer: %s", provider.name, type(error).__name__)
            return None
        note(self.breaker, key, None, self.clock.now())
        return checked

    def _voided(self, challenge: Challenge, *, is_opening: bool) -> Verdict | None:
        """Refuse an answer to a code that a carrier made and that is its number's last no more.

        Nobody can say whether it was right: it is not compared with one that was never sent. So is
        one that came before the carrier has said that it sent a code.
        """
        carrier = self.outbox.carrier_of(challenge.id) if challenge.sends else None
        if carrier is None:
            return Rejected(reason=Reason.UNCHECKED) if is_opening else None
        made = isinstance(self.routes.provider(carrier), Hosts)
        return Rejected(reason=Reason.UNCHECKED) if made else None


def _is_former(carrier_id: str, former: Hosted, mine: Hosted) -> bool:
    """Say whether a carrier has sent the code of a former verification once more."""
    same = (former.challenge_id, former.generation) == (mine.challenge_id, mine.generation)
    return carrier_id == former.carrier_id and not same


def _is_anothers(former: Hosted, mine: Hosted) -> bool:
    """Say whether a verification is in use that `mine` must not end.

    A stranger, or whoever only adds the number, does not end what its owner waits for; and who is
    being served has the number for himself.
    """
    if (former.challenge_id, former.generation) == (mine.challenge_id, mine.generation):
        return False
    if former.owned and not mine.owned and mine.opened_at < former.opened_at + OWNED_FOR:
        return True
    return not former.carrier_id and mine.opened_at < former.opened_at + OPENING
