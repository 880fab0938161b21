"""Codes that are sent: a new one replaces the old, in one challenge with one attempt count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core import events, policy
from vestibule.core.booking import Booked
from vestibule.core.engine import booking
from vestibule.core.engine.booking import Posting
from vestibule.core.engine.context import Context
from vestibule.core.events import Event
from vestibule.core.model import (
    Awaited,
    Challenge,
    Enrolment,
    EnrolmentStatus,
    Lane,
    Message,
    Origin,
    Passage,
    Purpose,
)
from vestibule.core.ruling import Asked, Case, Ruling
from vestibule.core.tokens import token_hash
from vestibule.core.verdict import Pending, Reason, Rejected, Verdict

MOST_SENDS: Final = 5
DIGITS: Final = 6
"""The length of a sent code whose factor names none."""
FIRST_GAP: Final = timedelta(seconds=30)
_NOT_SENT: Final = "not_sent"
"""Under this a challenge remembers why its first code did not go out by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks for a code to be sent: when, from where, in which lane, and over which channel."""

    now: datetime
    origin: Origin
    lane: Lane
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resent:
    """Whether a code is on its way, which is `Pending`; if not, when it may be asked for again."""

    verdict: Verdict


def only_way(
    context: Context,
    ways: Sequence[Enrolment],
    challenges: Sequence[Challenge],
    asking: Asking,
) -> tuple[Sequence[Challenge], Sequence[Message]]:
    """Send at once where there is but one way and it must be sent; else nothing before a press.

    What only helps out is no other way: whoever has one phone and recovery codes means the phone.
    """
    primary = context.registry.primary_names()
    meant = [way.id for way in ways if way.factor in primary]
    return with_first_code(context, ways, challenges, meant[0] if len(meant) == 1 else "", asking)


def with_first_code(
    context: Context,
    ways: Sequence[Enrolment],
    challenges: Sequence[Challenge],
    wanted: str,
    asking: Asking,
) -> tuple[Sequence[Challenge], Sequence[Message]]:
    """Return new challenges, that of the enrolment `wanted` with the message that carries its code.

    Where that one is not sent or not among `ways` there is no message. Where its code must not go
    out there is none either, and its challenge remembers why: the page that comes next says it.
    """
    way = next((way for way in ways if way.id == wanted and is_sent(context, way)), None)
    sent = [c for c in challenges if way is not None and c.enrolment_id == way.id]
    if way is None or not sent:
        return challenges, ()
    booked = _book(context, sent[0], way, asking)
    if isinstance(booked, Rejected):
        if booked.reason is Reason.NO_CHANNEL:  # said to who asked for it, and to nobody later
            return challenges, ()
        return [_not_sent(c, booked) if c in sent else c for c in challenges], ()
    renewed = {c.id: _next(context, c, way, asking, booked) for c in sent}
    return (
        [renewed[c.id][0] if c.id in renewed else c for c in challenges],
        [message for _, message in renewed.values()],
    )


def sent_events(
    context: Context,
    challenges: Sequence[Challenge],
    messages: Sequence[Message],
    now: datetime,
    origin: Origin,
) -> tuple[Event, ...]:
    """Return what the audit trail is told of codes that go out: one event for each message."""
    by_id = {challenge.id: challenge for challenge in challenges}
    codes = [(by_id[message.challenge_id or ""], message) for message in messages]
    facts = [
        events.CodeSent(passage=c.passage_id, channel=m.channel, generation=c.generation)
        for c, m in codes
    ]
    return tuple(
        context.event(fact, challenge.subject, now, origin)
        for fact, (challenge, _) in zip(facts, codes, strict=True)
    )


def resend(
    context: Context,
    token: str | None,
    purpose: Purpose,
    enrolment_id: str,
    origin: Origin,
    *,
    channel: str | None = None,
) -> Resent:
    """Write a message with a new code for one open challenge; the code before is dead at once.

    `channel` is one of the factor's, None for the one it would choose itself. The send is counted
    before it is written: of many at once one is sent, and the others cost nothing.
    """
    now, key = context.now(), token_hash(token)
    case = context.store.look(key) if key else None
    if key is None or case is None:
        return Resent(verdict=Rejected(reason=Reason.GONE))
    asking = Asking(now=now, origin=origin, lane=case.passage.lane, channel=channel)

    def find(case: Case) -> Asked | Rejected:
        return _to_be_sent(context, case, purpose, enrolment_id, now)

    asked = find(case)
    if isinstance(asked, Rejected):
        return Resent(verdict=asked)
    booked = _book(context, asked.challenge, asked.enrolment, asking)
    if isinstance(booked, Rejected):
        return Resent(verdict=booked)
    return _resent(context, key, find, asking, booked)


def _resent(
    context: Context,
    key: bytes,
    find: Callable[[Case], Asked | Rejected],
    asking: Asking,
    booked: Booked,
) -> Resent:
    """Write the message that was counted; where another was quicker, give back what it cost."""

    def rule(case: Case) -> Ruling:
        asked = find(case)
        if isinstance(asked, Rejected):
            return Ruling(verdict=asked)
        return _renewed(context, asked, asking, booked)

    ruling = context.store.decide(key, None, rule)
    if ruling is None or not ruling.messages:
        booking.give_back(context, booked)
    if ruling is None:
        return Resent(verdict=Rejected(reason=Reason.GONE))
    context.tell(ruling.events)
    return Resent(verdict=ruling.verdict)


def _not_sent(challenge: Challenge, why: Rejected) -> Challenge:
    until = why.retry_at.isoformat() if why.retry_at else None
    told = {"reason": why.reason.value, "until": until}
    return replace(challenge, memo={**challenge.memo, _NOT_SENT: told})


def why_not_sent(challenge: Challenge, now: datetime) -> Rejected | None:
    """Return why a challenge's first code did not go out by itself; None once it could."""
    told = challenge.memo.get(_NOT_SENT)
    if told is None or challenge.sends:
        return None
    until = datetime.fromisoformat(told["until"]) if told["until"] else None
    if until is not None and until <= now:
        return None
    return Rejected(reason=Reason(told["reason"]), retry_at=until)


def send_again_at(challenge: Challenge) -> datetime | None:
    """Return when a code may be sent again: gaps double from 30 s; None after the fifth send."""
    if challenge.sends >= MOST_SENDS:
        return None
    sent_at = challenge.memo.get("sent_at")
    if challenge.sends == 0 or sent_at is None:
        return challenge.created_at
    gap: timedelta = FIRST_GAP * 2 ** (challenge.sends - 1)
    return datetime.fromisoformat(sent_at) + gap


def _to_be_sent(
    context: Context, case: Case, purpose: Purpose, enrolment_id: str, now: datetime
) -> Asked | Rejected:
    """Return what a code is sent for, or why none is: there is nothing left to send, or not yet."""
    if not _is_live(context, case.passage, now):
        return Rejected(reason=Reason.GONE)
    for asked in case.asked:
        challenge, enrolment = asked.challenge, asked.enrolment
        if enrolment.id != enrolment_id or challenge.purpose is not purpose:
            continue
        if challenge.is_open(now) and _may_be_sent(context, enrolment):
            return _too_soon(challenge, now) or asked
    return Rejected(reason=Reason.GONE)


def _too_soon(challenge: Challenge, now: datetime) -> Rejected | None:
    again = send_again_at(challenge)
    if again is not None and now >= again:
        return None
    return Rejected(reason=Reason.DELAYED, retry_at=again)


def _renewed(context: Context, asked: Asked, asking: Asking, booked: Booked) -> Ruling:
    renewed, message = _next(context, asked.challenge, asked.enrolment, asking, booked)
    told = sent_events(context, [renewed], [message], asking.now, asking.origin)
    return Ruling(verdict=Pending(), renewed=renewed, messages=(message,), events=told)


def _book(
    context: Context, challenge: Challenge, way: Enrolment, asking: Asking
) -> Booked | Rejected:
    """Count a send to where a way's codes go; where there must be none, return why."""
    wanted = asking.channel
    if wanted is not None and wanted not in context.channels(context.registry[way.factor]):
        return Rejected(reason=Reason.NO_CHANNEL)
    return booking.book(context, _posting(context, challenge, way, asking))


def _posting(context: Context, challenge: Challenge, way: Enrolment, asking: Asking) -> Posting:
    return Posting(
        challenge=challenge,
        way=way,
        opening=context.opening(way, asking.now, asking.channel),
        lane=asking.lane,
        origin=asking.origin,
    )


def _next(
    context: Context, challenge: Challenge, enrolment: Enrolment, asking: Asking, booked: Booked
) -> tuple[Challenge, Message]:
    """Return a challenge with a new code, and the message that carries it."""
    now, factor = asking.now, context.registry[enrolment.factor]
    posting = _posting(context, challenge, enrolment, asking)
    opening = posting.opening
    renewed = replace(
        challenge,
        generation=challenge.generation + (1 if challenge.sends else 0),
        sends=challenge.sends + 1,
        memo={**opening.memo, "sent_at": now.isoformat()},
    )
    message_id = context.new_id()
    message = Message(
        id=message_id,
        realm=context.realm,
        subject=challenge.subject,
        channel=posting.channel,
        text=opening.text or "code",
        destination=context.vault.seal_destination(message_id, posting.destination),
        created_at=now,
        not_after=challenge.expires_at,
        locale=asking.origin.locale,
        details={
            "digits": factor.code_format(enrolment).digits or DIGITS,
            "generation": renewed.generation,
        },
        challenge_id=challenge.id,
        range=posting.range,
        whose=posting.whose,
        awaited=Awaited.ASKED if booked.areas else None,
        strange=posting.is_strange,
        charges=booked.charges,
    )
    return renewed, message


def _is_live(context: Context, passage: Passage, now: datetime) -> bool:
    ours = passage.realm == context.realm
    return ours and (passage.is_pending(now) or passage.is_granted(now))


def is_sent(context: Context, enrolment: Enrolment) -> bool:
    """Say whether an enrolment's codes are sent; else the person already holds what is asked."""
    known = enrolment.factor in context.registry  # it may have been switched off meanwhile
    return known and bool(context.registry[enrolment.factor].traits.channels)


def _may_be_sent(context: Context, enrolment: Enrolment) -> bool:
    # It may have been removed while this login was being written, or altered since.
    living = enrolment.status is not EnrolmentStatus.REVOKED
    asked = living and not policy.is_suspended(enrolment, context.now())
    return asked and is_sent(context, enrolment) and context.opens(enrolment)
