"""Reserving: may the answer be compared at all, and what is counted before it is."""

from vestibule.core import limits
from vestibule.core.engine.attempt import Attempt
from vestibule.core.engine.judging import too_early
from vestibule.core.model import ChallengeStatus, Lane, Purpose
from vestibule.core.ruling import Ruling, Struck
from vestibule.core.verdict import Pending, Reason, Rejected


def refusal(attempt: Attempt) -> Rejected | None:
    """Return why the answer is not compared; None where it may be.

    Of these refusals MALFORMED is counted: it spends an attempt, like a wrong answer. So is WRONG,
    which a recovery code is where none is asked for, and EARLY, which only the whole ticket is
    told: any other is answered as where no ticket waits.
    """
    over = _over(attempt)
    if over is not None:
        return Rejected(reason=over)
    if not attempt.readable:
        worthless = Reason.WRONG if _is_recovery_code(attempt) else Reason.MALFORMED
        return too_early(attempt) or Rejected(reason=worthless)
    return _held_back(attempt)


def reserved(attempt: Attempt) -> Ruling:
    """Count an answer before it is judged apart: its attempt and its odds, as if it were wrong."""
    charge = attempt.charge(attempt.readable)
    ledger = attempt.case.ledger
    return Ruling(
        verdict=Pending(),
        struck=Struck(
            challenge_ids=tuple(asked.challenge.id for asked in attempt.open),
            enrolment_ids=(),
            charge=charge,
            lane=attempt.lane,
        ),
        ledger=limits.charged(ledger, charge, attempt.now, attempt.limits) if charge else None,
    )


def _is_recovery_code(attempt: Attempt) -> bool:
    """Say whether the answer is spelled like a recovery code, where a person may well type one.

    Of a set that is used up, suspended or void after a restore nothing is asked. Who types a code
    of it has mistyped nothing.
    """
    factor = attempt.context.registry.recovery_codes
    takes_any = attempt.answer.purpose in {Purpose.LOGIN, Purpose.FRESH}
    return takes_any and factor is not None and factor.name in attempt.answer.readings


def _over(attempt: Attempt) -> Reason | None:
    """Return why nothing here can be answered any more, None where something can."""
    if not attempt.is_in_time:
        return Reason.GONE
    if not attempt.open:
        return Reason.EXHAUSTED if _is_exhausted(attempt) else Reason.GONE
    return None if attempt.usable else Reason.DISABLED


def _is_exhausted(attempt: Attempt) -> bool:
    return any(
        asked.challenge.purpose is attempt.answer.purpose
        and asked.challenge.status is ChallengeStatus.OPEN
        and asked.challenge.attempts >= asked.challenge.max_attempts
        and attempt.now < asked.challenge.expires_at
        for asked in attempt.case.asked
    )


def _held_back(attempt: Attempt) -> Rejected | None:
    """Return the refusal of an answer that comes too soon or that the ledger cannot bear."""
    now, numbers, ledger = attempt.now, attempt.limits, attempt.case.ledger
    charge = attempt.charge(attempt.readable)
    # Whoever shares an address with a guesser is not slowed in a browser that is known.
    known = attempt.lane is Lane.KNOWN
    waits = [None if known else limits.source_wait_until(attempt.case.source, now, numbers)]
    if charge:
        waits.append(limits.wait_until(ledger, now, numbers))
    until = max((wait for wait in waits if wait is not None), default=None)
    if until is not None:
        return Rejected(reason=Reason.DELAYED, retry_at=until)
    if charge and not limits.room_for(ledger, charge, now, numbers):
        again = limits.room_again_at(ledger, charge, now, numbers)
        return Rejected(reason=Reason.CLOSED, retry_at=again)
    return None
