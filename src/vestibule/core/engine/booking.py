"""Booking: may one more code be sent there, and if not, why; either is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from vestibule.core import budget, caps, conversion, events, stopping
from vestibule.core.booking import SPENT, STOPPED, Booked, Booking
from vestibule.core.caps import Cap, Send
from vestibule.core.engine.context import Context, network_of
from vestibule.core.events import Event, Fact
from vestibule.core.factor import Opening
from vestibule.core.model import Challenge, Charge, Enrolment, EnrolmentStatus, Lane, Origin, Whose
from vestibule.core.reach import PHONES
from vestibule.core.stand_in import KNOWN_ADDRESS
from vestibule.core.verdict import Reason, Rejected

_REASONS: Final = {STOPPED: Reason.STOPPED, SPENT: Reason.SPENT}
"""What is told of a refusal by its kind; of any other count that is full it is one word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One code that somebody wants sent: for which challenge, to where, by whom."""

    challenge: Challenge
    way: Enrolment
    opening: Opening
    lane: Lane
    origin: Origin

    @property
    def channel(self) -> str:
        """Over what it goes."""
        return self.opening.channel or ""

    @property
    def destination(self) -> str:
        """Where it goes."""
        return self.opening.destination or ""

    @property
    def range(self) -> str | None:
        """What the number begins with; None where it goes to no phone."""
        return caps.range_of(self.destination) if self.channel in PHONES else None

    @property
    def is_strange(self) -> bool:
        """Whether somebody unknown asks for it, or it goes to where nobody is known to be."""
        return self.lane is Lane.STRANGER or self.way.status is not EnrolmentStatus.ACTIVE

    @property
    def whose(self) -> Whose | None:
        """Whose code it is, if anybody asks whether it comes back: of known owners nobody does."""
        if self.range is None:
            return None
        if self.way.status is not EnrolmentStatus.ACTIVE:
            return Whose.NEW
        return Whose.STRANGER if self.lane is Lane.STRANGER else None


def book(context: Context, posting: Posting) -> Booked | Rejected:
    """Count one more send; or count nothing and return why it must not be sent.

    The refusal is in the audit trail, and so is the stop of an area that this send has led to.
    """
    now = context.now()
    barrier = context.reach.barrier(posting.channel, posting.destination)
    if barrier is not None:
        written = _refused(context, posting, barrier.value)
        context.store.add_events([written])
        context.tell((written,))
        return Rejected(reason=Reason.UNREACHABLE)
    send = _send(context, posting)
    if send.proven:
        send = replace(send, answered_at=posting.way.answered_in(posting.lane))
    price = context.budget.counted(
        posting.channel, posting.destination, now, strange=send.is_strange
    )
    booked = context.store.book_send(context.realm, _booking(context, posting, send, price), now)
    context.tell(booked.events)
    if not booked.refused:
        code = Charge(channel="", tally=caps.unanswered(send), amount=1)
        return replace(booked, charges=(*budget.charged(posting.channel, price), code))
    reason = _REASONS.get(booked.refused, Reason.CAPPED)
    return Rejected(reason=reason, retry_at=booked.until)


def give_back(context: Context, booked: Booked) -> None:
    """Take back a send that was counted and not written, since another of its kind was quicker."""
    now = context.now()
    context.tell(context.store.unbook_send(context.realm, booked, context.profile.watch, now))


def _booking(context: Context, posting: Posting, send: Send, price: Mapping[str, Cap]) -> Booking:
    """Return under what a send is counted, and what is told of it."""
    range_ = posting.range if posting.whose else None
    return Booking(
        caps={**caps.counted(send, context.profile.caps), **price},
        areas=conversion.areas_of(range_) if range_ else (),
        whose=posting.whose,
        watch=context.profile.watch,
        share=f"share:{send.address}",
        refused=lambda why: _refused(context, posting, why),
        stopped=lambda area: _event(context, posting, stopping.stopped(area), subject=""),
    )


def _send(context: Context, posting: Posting) -> Send:
    vault, way = context.vault, posting.way
    is_first = posting.range is not None and posting.challenge.sends == 0
    block = caps.block_of(posting.destination) if is_first else None
    is_proven = way.status is EnrolmentStatus.ACTIVE
    return Send(
        address=vault.name_of(caps.spelled(posting.destination), use="address"),
        subject=vault.name_of(way.subject, use="subject"),
        network=network_of(posting.origin.address),
        range=caps.range_of(posting.destination),
        lane=posting.lane,
        proven=is_proven,
        is_stand_in=way.factor == KNOWN_ADDRESS,
        block=vault.name_of(block, use="block") if block else None,
        way=way.id,
    )


def _refused(context: Context, posting: Posting, why: str) -> Event:
    fact = events.SendRefused(
        passage=posting.challenge.passage_id,
        channel=posting.channel,
        reason=why,
        range=posting.range or "",
    )
    return _event(context, posting, fact, subject=posting.way.subject)


def _event(context: Context, posting: Posting, fact: Fact, *, subject: str) -> Event:
    return context.event(fact, subject, context.now(), posting.origin)
