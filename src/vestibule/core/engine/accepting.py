"""Accepting: what a right answer changes. The passage is granted, and nothing can be used twice."""

from dataclasses import replace

from vestibule.core import events, limits, ticket
from vestibule.core.engine.attempt import Attempt
from vestibule.core.engine.granting import Granted, granted
from vestibule.core.engine.judging import Right
from vestibule.core.model import (
    Enrolment,
    EnrolmentStatus,
    Lane,
    Ledger,
    Message,
    Notice,
    PassageStatus,
)
from vestibule.core.ruling import Ruling, Won
from vestibule.core.verdict import Accepted


def accepted(attempt: Attempt, right: Right) -> tuple[Ruling, Granted]:
    """Return the ruling on a right answer, and what the browser gets by it."""
    context, case = attempt.context, attempt.case
    answer, winner = attempt.answer, right.winner
    enrolment = _moved_on(attempt, winner.enrolment, right.accepted)
    through = granted(context, case.passage, enrolment, answer.purpose, attempt.now)
    same = [a.challenge for a in case.asked if a.challenge.purpose is answer.purpose]
    is_first = case.passage.status is PassageStatus.PENDING
    replaces = _replaced(attempt, enrolment)
    by_ticket = enrolment.factor == ticket.NAME
    ruling = Ruling(
        verdict=right.accepted,
        won=Won(
            was=winner.enrolment.status,
            challenge_id=winner.challenge.id,
            closed_ids=tuple(c.id for c in same if c.id != winner.challenge.id),
            enrolment=enrolment,
            replaces=replaces,
            replaces_all=by_ticket,
        ),
        ledger=_settled(attempt, sum(challenge.spent for challenge in same)),
        passage=through.passage,
        ends_others=by_ticket
        or enrolment.factor in replaces
        or (attempt.is_enrolling and is_first),
        events=attempt.events(*_facts(attempt, enrolment)),
        messages=_notices(attempt, enrolment),
    )
    return ruling, through


def _moved_on(attempt: Attempt, enrolment: Enrolment, accepted: Accepted) -> Enrolment:
    """Return the enrolment after its right answer: only a known browser's resets its own count."""
    known = 0 if attempt.lane is Lane.KNOWN else enrolment.failures_known
    moved = replace(
        enrolment,
        version=enrolment.version + 1,
        state=enrolment.state if accepted.state is None else accepted.state,
        last_used_at=attempt.now,
        failures_known=known,
    )
    if not attempt.is_enrolling:
        return moved
    return replace(
        moved,
        status=EnrolmentStatus.ACTIVE,
        confirmed_at=attempt.now,
        failures_known=0,
        failures_stranger=0,
    )


def _replaced(attempt: Attempt, enrolment: Enrolment) -> tuple[str, ...]:
    """Return the factors whose others go when a new way is proven: a ticket has done its work."""
    if not attempt.is_enrolling:
        return ()
    traits = attempt.context.registry[enrolment.factor].traits
    own = (enrolment.factor,) if traits.replaces else ()
    # What only helps out does not stand in the ticket's place: the password would be enough.
    return (*own, ticket.NAME) if traits.primary else own


def _settled(attempt: Attempt, given_back: int) -> Ledger | None:
    ledger = attempt.case.ledger
    if not given_back and not ledger.failures:
        return None
    return limits.settled(ledger, given_back, attempt.now, attempt.limits)


def _facts(attempt: Attempt, enrolment: Enrolment) -> tuple[events.Fact, ...]:
    passage = attempt.case.passage
    accepted = events.AnswerAccepted(
        passage=passage.id,
        purpose=attempt.answer.purpose,
        factor=enrolment.factor,
        enrolment=enrolment.id,
        lane=attempt.lane,
    )
    if not attempt.is_enrolling:
        return (accepted,)
    first = passage.status is PassageStatus.PENDING
    confirmed = events.EnrolmentConfirmed(
        enrolment=enrolment.id, factor=enrolment.factor, first=first
    )
    return (accepted, confirmed)


def _notices(attempt: Attempt, enrolment: Enrolment) -> tuple[Message, ...]:
    context, subject, factor = attempt.context, attempt.case.passage.subject, enrolment.factor
    now, origin = attempt.now, attempt.answer.origin
    if attempt.is_enrolling:
        return context.notice(Notice.ENROLMENT_CONFIRMED, subject, now, origin, factor=factor)
    if factor == ticket.NAME:
        return context.notice(Notice.RESET_USED, subject, now, origin)
    codes = context.registry.recovery_codes
    if codes is not None and factor == codes.name:
        return context.notice(Notice.RECOVERY_CODE_USED, subject, now, origin, factor=factor)
    return ()
