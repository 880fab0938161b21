"""Accepting: what a right answer changes. The passage is granted, and nothing can be used twice."""

from dataclasses import replace

from vestibule.core import events, limits, stand_in
from vestibule.core.engine import moving
from vestibule.core.engine.attempt import Attempt
from vestibule.core.engine.granting import Granted, Opened, granted, opened
from vestibule.core.engine.judging import Right
from vestibule.core.events import Event
from vestibule.core.model import (
    Challenge,
    Enrolment,
    EnrolmentStatus,
    Lane,
    Ledger,
    Message,
    Notice,
    PassageStatus,
)
from vestibule.core.ruling import Ruling, Won


def stood_in(attempt: Attempt, right: Right) -> tuple[Ruling, Opened]:
    """Return the ruling on a right answer of what stands in for a way: one may be set up now.

    Nothing that was set up before ends yet, and nobody is let in.
    """
    enrolment = _moved_on(attempt, right)
    through = opened(attempt.context, attempt.case.passage, enrolment, attempt.now)
    ruling = Ruling(
        verdict=right.accepted,
        won=_won(attempt, right, enrolment),
        ledger=_settled(attempt, _spent(attempt)),
        passage=through.passage,
        events=attempt.events(*_facts(attempt, enrolment)),
        messages=_notices(attempt, enrolment),
    )
    return ruling, through


def accepted(attempt: Attempt, right: Right) -> tuple[Ruling, Granted]:
    """Return the ruling on a right answer, and what the browser gets by it."""
    context, case = attempt.context, attempt.case
    answer = attempt.answer
    enrolment = _moved_on(attempt, right)
    through = granted(context, case.passage, enrolment, answer.purpose, attempt.now)
    lets_in = attempt.is_enrolling and case.passage.status is PassageStatus.PENDING
    replaces = _replaced(attempt, enrolment)
    succeeds = moving.finished(attempt, right.winner.enrolment)
    ruling = Ruling(
        verdict=right.accepted,
        won=replace(
            _won(attempt, right, enrolment),
            replaces=replaces,
            succeeds=succeeds,
            # Whoever stood in for a way has lost every other one, or never had one.
            replaces_all=lets_in and bool(case.passage.proofs),
        ),
        ledger=_settled(attempt, _spent(attempt)),
        passage=through.passage,
        ends_others=lets_in or enrolment.factor in replaces or succeeds is not None,
        events=attempt.events(
            *_facts(attempt, enrolment), *moving.facts(enrolment.factor, succeeds)
        ),
        messages=(
            *_notices(attempt, enrolment),
            *moving.notices(attempt, enrolment.factor, succeeds),
        ),
        revoked=lambda other, factor: _revoked(attempt, other, factor),
    )
    return ruling, through


def _revoked(attempt: Attempt, enrolment_id: str, factor: str) -> Event:
    fact = events.EnrolmentRevoked(enrolment=enrolment_id, factor=factor, last=False)
    return attempt.events(fact)[0]


def _won(attempt: Attempt, right: Right, enrolment: Enrolment) -> Won:
    winner = right.winner
    return Won(
        was=winner.enrolment.status,
        challenge_id=winner.challenge.id,
        closed_ids=tuple(c.id for c in _asked(attempt) if c.id != winner.challenge.id),
        enrolment=enrolment,
    )


def _asked(attempt: Attempt) -> list[Challenge]:
    purpose = attempt.answer.purpose
    return [a.challenge for a in attempt.case.asked if a.challenge.purpose is purpose]


def _spent(attempt: Attempt) -> int:
    """Return what this login's wrong answers were charged: a right one gives it back."""
    return sum(challenge.spent for challenge in _asked(attempt))


def _moved_on(attempt: Attempt, right: Right) -> Enrolment:
    """Return the enrolment after its right answer: only a known browser's resets its own count."""
    enrolment, state = right.winner.enrolment, right.accepted.state
    known = 0 if attempt.lane is Lane.KNOWN else enrolment.failures_known
    moved = replace(
        enrolment if right.winner.challenge.sends == 0 else _answered(attempt, enrolment),
        version=enrolment.version + 1,
        state=enrolment.state if state is None else state,
        last_used_at=attempt.now,
        failures_known=known,
    )
    if not attempt.is_enrolling:
        return replace(moved, succeeds=None)
    return replace(
        moved,
        status=EnrolmentStatus.ACTIVE,
        confirmed_at=attempt.now,
        failures_known=0,
        failures_stranger=0,
    )


def _answered(attempt: Attempt, enrolment: Enrolment) -> Enrolment:
    """Return the enrolment after a code that was sent came back, in the lane it was asked for."""
    if attempt.lane is Lane.KNOWN:
        return replace(enrolment, answered_known=attempt.now)
    return replace(enrolment, answered_stranger=attempt.now)


def _replaced(attempt: Attempt, enrolment: Enrolment) -> tuple[str, ...]:
    """Return the factors whose others go when a new way is proven.

    What stood in for a way has done its work. What only helps out does not take its place: the
    password would be enough.
    """
    if not attempt.is_enrolling:
        return ()
    traits = attempt.context.registry[enrolment.factor].traits
    own = (enrolment.factor,) if traits.replaces else ()
    return (*own, *sorted(stand_in.NAMES)) if traits.primary else own


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
    by_ticket = bool(passage.proofs) and passage.proofs[-1].factor == stand_in.TICKET
    first = passage.status is PassageStatus.PENDING and not by_ticket
    confirmed = events.EnrolmentConfirmed(
        enrolment=enrolment.id, factor=enrolment.factor, first=first
    )
    return (accepted, confirmed)


def _notices(attempt: Attempt, enrolment: Enrolment) -> tuple[Message, ...]:
    context, subject, factor = attempt.context, attempt.case.passage.subject, enrolment.factor
    now, origin = attempt.now, attempt.answer.origin
    if attempt.is_enrolling:
        return context.notice(
            Notice.ENROLMENT_CONFIRMED, subject, now, origin, factor=factor, about=enrolment.id
        )
    if factor == stand_in.TICKET:
        return context.notice(Notice.RESET_USED, subject, now, origin)
    codes = context.registry.recovery_codes
    if codes is not None and factor == codes.name:
        return context.notice(Notice.RECOVERY_CODE_USED, subject, now, origin, factor=factor)
    return ()
