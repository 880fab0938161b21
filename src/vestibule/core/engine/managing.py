"""What a person who has just proven who they are may change: names, the preferred way, removal."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from vestibule.core import events, policy, stand_in
from vestibule.core.engine import moving, recovery, sending
from vestibule.core.engine.context import Context
from vestibule.core.engine.login import is_askable
from vestibule.core.engine.sending import Asking
from vestibule.core.events import Event
from vestibule.core.model import Enrolment, EnrolmentStatus, Lane, Notice, Origin, Passage, Purpose

LONGEST_LABEL = 40
REMEMBERED = timedelta(days=30)
"""How long the owner is shown that somebody was stopped."""


def active(context: Context, subject: str) -> Sequence[Enrolment]:
    """Return the subject's active enrolments."""
    found = context.store.enrolments(context.realm, subject)
    return [enrolment for enrolment in found if enrolment.status is EnrolmentStatus.ACTIVE]


def own(context: Context, subject: str, enrolment_id: str) -> Enrolment | None:
    """Return the subject's own active enrolment of that id; anybody else's does not exist.

    Neither does a ticket: it is cancelled, where something else is left, and never removed; nor
    whatever else stands in for a way.
    """
    found = (e for e in active(context, subject) if e.id == enrolment_id)
    return next((e for e in found if e.factor not in stand_in.NAMES), None)


def rename(context: Context, enrolment: Enrolment, label: str, origin: Origin) -> bool:
    """Give an enrolment the name its owner calls it; control characters do not survive."""
    clean = "".join(c for c in label if c.isprintable()).strip()[:LONGEST_LABEL]
    changed = replace(enrolment, label=clean, version=enrolment.version + 1)
    return _save(context, changed, "renamed", origin)


def prefer(context: Context, enrolment: Enrolment, origin: Origin) -> bool:
    """Make an enrolment the one that is asked first; the one before is so no longer."""
    changed = replace(enrolment, preferred=True, version=enrolment.version + 1)
    return _save(context, changed, "preferred", origin)


def remove(
    context: Context,
    enrolment: Enrolment,
    by: Passage | None,
    origin: Origin,
    *,
    keeps_last: bool = False,
) -> bool:
    """Revoke an enrolment and end every other session of its owner, at once and everywhere.

    With the last primary factor goes everything that only helps out. Whether it was the last is
    found by the store, which holds the lock: two may be removed at once. Who `keeps_last` must have
    a second step: their last way stays.
    """
    now, subject, factor = context.now(), enrolment.subject, enrolment.factor

    def removed(last: bool) -> Event:  # noqa: FBT001 - what the store found
        fact = events.EnrolmentRevoked(enrolment=enrolment.id, factor=factor, last=last)
        return context.event(fact, subject, now, origin)

    event = context.store.revoke(
        enrolment,
        by=by.id if by else "",
        keeps_last=keeps_last,
        event=removed,
        messages=context.notice(Notice.ENROLMENT_REVOKED, subject, now, origin, factor=factor),
    )
    if event is None:
        return False
    context.tell((event,))
    return True


def is_last(context: Context, enrolment: Enrolment) -> bool:
    """Say whether an enrolment is the only one of its owner's that makes the account enrolled."""
    primary = context.registry.primary_names()
    others = [e for e in active(context, enrolment.subject) if e.id != enrolment.id]
    return enrolment.factor in primary and not any(e.factor in primary for e in others)


def has_one_way(context: Context, enrolments: Sequence[Enrolment]) -> bool:
    """Say whether nothing but one way lets a subject in; False where there is none.

    Two of which one goes when the other is used are one; recovery codes that are left are another.
    """
    working, spare = _ways_in(context, enrolments)
    going = {old.id for old in moving.under_way(working).values()}
    return len(working) - len(going) == 1 and not spare


def is_only_way(context: Context, way: Enrolment, enrolments: Sequence[Enrolment]) -> bool:
    """Say whether a way lets its owner in, and nothing would without it.

    Of two of which one goes when the other is used, either is left without the other.
    """
    working, spare = _ways_in(context, enrolments)
    return [one.id for one in working] == [way.id] and not spare


def _ways_in(context: Context, enrolments: Sequence[Enrolment]) -> tuple[Sequence[Enrolment], bool]:
    """Return the primary ways that are not suspended, and whether a recovery code is left."""
    now, primary = context.now(), context.registry.primary_names()
    working = [way for way in enrolments if not policy.is_suspended(way, now)]
    codes = recovery.current(context, working)
    return [way for way in working if way.factor in primary], bool(codes and codes.remaining)


def stopped_at(context: Context, subject: str) -> datetime | None:
    """Return when somebody with the password was stopped last; None where nobody was of late.

    It is known as long as no browser that was new has brought the right answer since.
    """
    ledger = context.store.ledger(context.realm, subject, Lane.STRANGER)
    if ledger is None or ledger.failed_at is None:
        return None
    many = ledger.failures >= context.profile.limits.free_failures
    return ledger.failed_at if many and context.now() - ledger.failed_at < REMEMBERED else None


def reset_limits(context: Context, subject: str, *, by: str, reason: str) -> None:
    """Set a subject's counts to nothing; who did it, and why, stands in the audit trail."""
    fact = events.LimitsReset(by=by, reason=reason)
    event = context.event(fact, subject, context.now(), Origin())
    context.store.reset_limits(context.realm, subject, [event])
    context.tell((event,))


def forget(context: Context, subject: str, origin: Origin, *, by: str) -> bool:
    """Delete everything of a subject but the audit trail; say whether there was anything."""
    event = context.event(events.SubjectForgotten(by=by), subject, context.now(), origin)
    done = context.store.forget(context.realm, subject, [event])
    if done:
        context.tell((event,))
    return done


def ask_fresh(
    context: Context,
    passage: Passage,
    purpose: Purpose,
    origin: Origin,
    *,
    send: str = "",
    channel: str | None = None,
) -> bool:
    """Ask a signed-in person to prove anew that it is them; what was asked before is gone.

    `send` is the id of an enrolment whose code is sent at once, in the same transaction, over
    `channel`; say whether one was.
    """
    now = context.now()
    enrolments = context.store.enrolments(context.realm, passage.subject)
    ways = [e for e in enrolments if _may_prove_anew(context, e, passage)]
    opened = [context.challenge(passage, way, purpose, now) for way in ways]
    asking = Asking(now=now, origin=origin, lane=passage.lane, channel=channel)
    challenges, messages = sending.with_first_code(context, ways, opened, send, asking)
    fact = events.ChallengesOpened(passage=passage.id, purpose=purpose)
    told = (
        context.event(fact, passage.subject, now, origin),
        *sending.sent_events(context, challenges, messages, now, origin),
    )
    context.store.open_challenges(passage, purpose, challenges, messages, told)
    context.tell(told)
    return bool(messages)


def fresh_ways(context: Context, passage: Passage) -> Sequence[Enrolment]:
    """Return the ways that can judge an answer on a grant, the one to show first at the front."""
    enrolments = context.store.enrolments(context.realm, passage.subject)
    usable = [e for e in enrolments if _may_prove_anew(context, e, passage)]
    return policy.offered(usable, context.registry)


def _may_prove_anew(context: Context, enrolment: Enrolment, passage: Passage) -> bool:
    """Say whether a way can prove anew who is signed in; a ticket does not."""
    if enrolment.factor in stand_in.NAMES or not is_askable(context, enrolment, passage):
        return False
    return context.opens(enrolment)


def _save(context: Context, enrolment: Enrolment, change: str, origin: Origin) -> bool:
    fact = events.EnrolmentChanged(enrolment=enrolment.id, factor=enrolment.factor, change=change)
    event = context.event(fact, enrolment.subject, context.now(), origin)
    done = context.store.save_enrolment(enrolment, [event])
    if done:
        context.tell((event,))
    return done
