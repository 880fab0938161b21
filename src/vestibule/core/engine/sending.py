"""Codes that are sent: a new one replaces the old, in one challenge with one attempt count."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core import caps, events, policy
from vestibule.core.caps import Send
from vestibule.core.engine.context import Context, network_of
from vestibule.core.events import Event
from vestibule.core.model import (
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

    Where that one is not sent, not among `ways`, or has had its sends, there is no message.
    """
    way = next((way for way in ways if way.id == wanted and is_sent(context, way)), None)
    if way is None or _count_or_wait(context, way, asking) is not None:
        return challenges, ()
    sent = [c for c in challenges if c.enrolment_id == way.id]
    renewed = {c.id: _next(context, c, way, asking) for c in sent}
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
    before it is written: of many at once, each counts, and one is sent.
    """
    now, key = context.now(), token_hash(token)

    def rule(case: Case) -> Ruling:
        asking = Asking(now=now, origin=origin, lane=case.passage.lane, channel=channel)
        asked = _asked_for(context, case, purpose, enrolment_id, now)
        if asked is None:
            return Ruling(verdict=Rejected(reason=Reason.GONE))
        return _too_soon(asked.challenge, now) or _renewed(context, asked, asking)

    case = context.store.look(key) if key else None
    if key is None or case is None:
        return Resent(verdict=Rejected(reason=Reason.GONE))
    asking = Asking(now=now, origin=origin, lane=case.passage.lane, channel=channel)
    until = _counted(context, _asked_for(context, case, purpose, enrolment_id, now), asking)
    if until is not None:
        return Resent(verdict=Rejected(reason=Reason.CAPPED, retry_at=until))
    ruling = context.store.decide(key, None, rule)
    if ruling is None:
        return Resent(verdict=Rejected(reason=Reason.GONE))
    context.tell(ruling.events)
    return Resent(verdict=ruling.verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How it stands with an enrolment whose codes are sent.

    `again_at` is when one may be asked for, None where there can be no more in this challenge.
    """

    is_sent: bool
    again_at: datetime | None


def sending_of(
    context: Context, enrolment: Enrolment, challenge: Challenge | None
) -> Sending | None:
    """Return how sending stands, None where nothing is sent; a challenge may still be opened."""
    if not is_sent(context, enrolment):
        return None
    if challenge is None:
        return Sending(is_sent=False, again_at=context.now())
    return Sending(is_sent=challenge.sends > 0, again_at=send_again_at(challenge))


def send_again_at(challenge: Challenge) -> datetime | None:
    """Return when a code may be sent again: gaps double from 30 s; None after the fifth send."""
    if challenge.sends >= MOST_SENDS:
        return None
    sent_at = challenge.memo.get("sent_at")
    if challenge.sends == 0 or sent_at is None:
        return challenge.created_at
    gap: timedelta = FIRST_GAP * 2 ** (challenge.sends - 1)
    return datetime.fromisoformat(sent_at) + gap


def _asked_for(
    context: Context, case: Case, purpose: Purpose, enrolment_id: str, now: datetime
) -> Asked | None:
    """Return what a code is asked for, None where none may be sent for it any more."""
    if not _is_live(context, case.passage, now):
        return None
    for asked in case.asked:
        challenge, enrolment = asked.challenge, asked.enrolment
        if enrolment.id != enrolment_id or challenge.purpose is not purpose:
            continue
        if challenge.is_open(now) and _may_be_sent(context, enrolment):
            return asked
    return None


def _too_soon(challenge: Challenge, now: datetime) -> Ruling | None:
    again = send_again_at(challenge)
    if again is not None and now >= again:
        return None
    return Ruling(verdict=Rejected(reason=Reason.DELAYED, retry_at=again))


def _renewed(context: Context, asked: Asked, asking: Asking) -> Ruling:
    renewed, message = _next(context, asked.challenge, asked.enrolment, asking)
    told = sent_events(context, [renewed], [message], asking.now, asking.origin)
    return Ruling(verdict=Pending(), renewed=renewed, messages=(message,), events=told)


def _counted(context: Context, asked: Asked | None, asking: Asking) -> datetime | None:
    """Count a send that is due, as `_count_or_wait` does; any other is refused without."""
    if asked is None or _too_soon(asked.challenge, asking.now) is not None:
        return None
    return _count_or_wait(context, asked.enrolment, asking)


def _count_or_wait(context: Context, way: Enrolment, asking: Asking) -> datetime | None:
    """Count a send to where a way's codes go; where there is no room, return when there is."""
    destination = context.opening(way, asking.now, asking.channel).destination or ""
    send = Send(
        address=context.vault.name_of(caps.spelled(destination), use="address"),
        subject=context.vault.name_of(way.subject, use="subject"),
        network=network_of(asking.origin.address),
        range=caps.range_of(destination),
        lane=asking.lane,
        proven=way.status is EnrolmentStatus.ACTIVE,
    )
    wanted = caps.counted(send, context.profile.caps)
    return context.store.count_send(context.realm, wanted, asking.now)


def _next(
    context: Context, challenge: Challenge, enrolment: Enrolment, asking: Asking
) -> tuple[Challenge, Message]:
    now = asking.now
    opening = context.opening(enrolment, now, asking.channel)
    factor = context.registry[enrolment.factor]
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
        channel=opening.channel or "",
        text=opening.text or "code",
        destination=context.vault.seal_destination(message_id, opening.destination or ""),
        created_at=now,
        not_after=challenge.expires_at,
        locale=asking.origin.locale,
        details={"digits": factor.code_format(enrolment).digits or DIGITS},
        challenge_id=challenge.id,
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
