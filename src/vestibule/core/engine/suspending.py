"""Saying "this was not me": a link in a mail suspends what was added, and who it is lifts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vestibule.core import events, links, policy, stand_in, suspension
from vestibule.core.engine import managing
from vestibule.core.engine.context import Context
from vestibule.core.events import Event
from vestibule.core.links import Errand, Link
from vestibule.core.model import Enrolment, Lane, Notice, Origin, Passage


class ReportStatus(StrEnum):
    """What can come of a report now."""

    OPEN = "open"
    SUSPENDED = "suspended"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a link to report a way would do: `suspends`, the way itself first, and what is `left`.

    Suspended, both are as they are. `until` is when that ends, or would.
    """

    status: ReportStatus
    suspends: Sequence[Enrolment] = ()
    left: Sequence[Enrolment] = ()
    until: datetime | None = None


def read(context: Context, errand: Errand, text: str) -> Link | None:
    """Return what a link in a mail says; None where it is none of ours, or is over."""
    return links.read(context.vault.box, context.realm, errand, text, context.now())


def look(context: Context, link: Link) -> Report:
    """Return what a report would do, changing nothing."""
    now, own = context.now(), managing.active(context, link.subject)
    meant = next((e for e in own if e.id == link.about), None)
    if meant is None or meant.factor not in context.registry:
        return Report(status=ReportStatus.OVER)
    until = policy.suspended_until(meant, now)
    if until is not None:
        out = [meant, *(e for e in own if e is not meant and policy.is_suspended(e, now))]
        left = _left(context, own, out)
        return Report(status=ReportStatus.SUSPENDED, suspends=out, left=left, until=until)
    out = list(suspension.reported(own, meant.id, now))
    if not out:
        return Report(status=ReportStatus.OVER)
    left, until = _left(context, own, out), now + suspension.LIFE
    return Report(status=ReportStatus.OPEN, suspends=out, left=left, until=until)


def report(context: Context, link: Link, by: Passage, origin: Origin) -> bool:
    """Suspend what a link names and all that was added since; say whether that was done.

    `by` is the login that waits, or the grant, in which the password was right. Every session
    ends, and every other login that waits.
    """
    now, subject = context.now(), link.subject
    until = (now + suspension.LIFE).isoformat()
    if by.subject != subject or by.realm != context.realm:
        return False
    meant = next((e for e in managing.active(context, subject) if e.id == link.about), None)
    if meant is None:
        return False

    def rule(own: Sequence[Enrolment]) -> Sequence[Enrolment]:
        return [suspension.suspended(e, now) for e in suspension.reported(own, link.about, now)]

    def event(suspended: Enrolment) -> Event:
        fact = events.EnrolmentSuspended(
            enrolment=suspended.id,
            factor=suspended.factor,
            reported=link.about,
            until=until,
        )
        return context.event(fact, subject, now, origin)

    told = context.notice(
        Notice.ENROLMENT_SUSPENDED, subject, now, origin, factor=meant.factor, time=until
    )
    written = context.store.suspend(
        context.realm, subject, by=by.id, rule=rule, event=event, messages=told
    )
    context.tell(tuple(written))
    return bool(written)


def restore(context: Context, enrolment: Enrolment, by: Passage, origin: Origin) -> bool:
    """Take a suspended way into use again; False where a proof by another one is not there.

    Whether the grant `by` is fresh is the caller's to ask.
    """
    now = context.now()
    proven = by.proofs[-1].enrolment_id if by.proofs else enrolment.id
    if proven == enrolment.id or not policy.is_suspended(enrolment, now):
        return False
    fact = events.EnrolmentRestored(enrolment=enrolment.id, factor=enrolment.factor)
    event = context.event(fact, enrolment.subject, now, origin)
    told = context.notice(
        Notice.ENROLMENT_RESTORED, enrolment.subject, now, origin, factor=enrolment.factor
    )
    done = context.store.restore(
        suspension.restored(enrolment, now), by=by.id, events=[event], messages=told
    )
    if done:
        context.tell((event,))
    return done


def _left(
    context: Context, own: Sequence[Enrolment], out: Sequence[Enrolment]
) -> Sequence[Enrolment]:
    """Return the ways that still let their owner in; a ticket is not the owner's yet."""
    gone = {e.id for e in out}
    return [
        e
        for e in own
        if e.id not in gone
        and e.factor not in stand_in.NAMES
        # As a new browser is asked: what it cannot use may not be all that is left.
        and context.can_be_used(e, Lane.STRANGER)
        and context.opens(e)
    ]
