"""Codes that are sent: a new one replaces the old, in one challenge with one attempt count."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core import events
from vestibule.core.engine.house import House
from vestibule.core.model import (
    Challenge,
    Enrolment,
    EnrolmentStatus,
    Message,
    Origin,
    Passage,
)
from vestibule.core.ruling import Case, Ruling
from vestibule.core.tokens import token_hash
from vestibule.core.verdict import Pending, Reason, Rejected, Verdict

MOST_SENDS: Final = 5
DIGITS: Final = 6
"""The length of a sent code whose factor names none."""
FIRST_GAP: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Whether a code is on its way; if not, when it may be asked for again."""

    verdict: Verdict

    @property
    def is_on_its_way(self) -> bool:
        """Say whether a message was written."""
        return isinstance(self.verdict, Pending)


def only_way(
    house: House,
    passage: Passage,
    ways: Sequence[Enrolment],
    challenges: list[Challenge],
    now: datetime,
) -> tuple[list[Challenge], list[Message]]:
    """Send at once where there is but one way and it must be sent; else nothing before a press."""
    if len(ways) != 1 or not _is_sent(house, ways[0]):
        return challenges, []
    challenge, message = _next(house, passage, challenges[0], ways[0], now)
    return [challenge], [message]


def resend(house: House, token: str, enrolment_id: str, origin: Origin) -> Sent:
    """Write a message with a new code for one open challenge; the code before is dead at once."""
    now = house.now()

    def rule(case: Case) -> Ruling:
        if not _is_live(house, case.passage, now):
            return Ruling(verdict=Rejected(reason=Reason.GONE))
        for asked in case.asked:
            challenge, enrolment = asked.challenge, asked.enrolment
            if enrolment.id == enrolment_id and challenge.is_open(now):
                if not _is_sent(house, enrolment) or enrolment.status is EnrolmentStatus.REVOKED:
                    break  # it may have been removed while this login was being written
                return _rule(house, case, challenge, enrolment, now, origin)
        return Ruling(verdict=Rejected(reason=Reason.GONE))

    key = token_hash(token)
    ruling = house.store.decide(key, None, rule) if key else None
    if ruling is None:
        return Sent(verdict=Rejected(reason=Reason.GONE))
    house.tell(ruling.events)
    return Sent(verdict=ruling.verdict)


def send_again_at(challenge: Challenge) -> datetime | None:
    """Return when a code may be sent again: gaps double from 30 s; None after the fifth send."""
    if challenge.sends >= MOST_SENDS:
        return None
    sent_at = challenge.memo.get("sent_at")
    if challenge.sends == 0 or sent_at is None:
        return challenge.created_at
    gap: timedelta = FIRST_GAP * 2 ** (challenge.sends - 1)
    return datetime.fromisoformat(sent_at) + gap


def _rule(
    house: House,
    case: Case,
    challenge: Challenge,
    enrolment: Enrolment,
    now: datetime,
    origin: Origin,
) -> Ruling:
    again = send_again_at(challenge)
    if again is None or now < again:
        return Ruling(verdict=Rejected(reason=Reason.DELAYED, retry_at=again))
    renewed, message = _next(house, case.passage, challenge, enrolment, now)
    fact = events.CodeResent(
        passage=case.passage.id, channel=message.channel, generation=renewed.generation
    )
    event = house.event(fact, case.passage.subject, now, origin)
    return Ruling(verdict=Pending(), renewed=renewed, messages=(message,), events=(event,))


def _next(
    house: House, passage: Passage, challenge: Challenge, enrolment: Enrolment, now: datetime
) -> tuple[Challenge, Message]:
    opening = house.opening(enrolment, now)
    renewed = replace(
        challenge,
        generation=challenge.generation + (1 if challenge.sends else 0),
        sends=challenge.sends + 1,
        memo={**opening.memo, "sent_at": now.isoformat()},
    )
    message_id = house.new_id()
    message = Message(
        id=message_id,
        realm=house.realm,
        subject=passage.subject,
        channel=opening.channel or "",
        text=opening.text or "code",
        destination=house.vault.seal_destination(message_id, opening.destination or ""),
        created_at=now,
        not_after=challenge.expires_at,
        details={"digits": house.registry[enrolment.factor].traits.digits or DIGITS},
        challenge_id=challenge.id,
    )
    return renewed, message


def _is_live(house: House, passage: Passage, now: datetime) -> bool:
    ours = passage.realm == house.realm
    return ours and (passage.is_pending(now) or passage.is_granted(now))


def _is_sent(house: House, enrolment: Enrolment) -> bool:
    return bool(house.registry[enrolment.factor].traits.channels)
