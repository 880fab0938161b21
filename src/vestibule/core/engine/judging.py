"""Judging: the answer is compared with every way that reads it.

Pure, but for opening secrets, and for asking a carrier about a code that it made: it is asked last.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from vestibule.core.engine.attempt import Attempt
from vestibule.core.model import ChallengeStatus
from vestibule.core.ruling import Asked
from vestibule.core.verdict import Accepted, Reason, Rejected, Verdict
from vestibule.secretbox import SealError


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """The answer is right: by which way, and what its factor said."""

    winner: Asked
    accepted: Accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """The answer is wrong: the rejection that says most, and the ways it was compared with."""

    rejected: Rejected
    compared: tuple[Asked, ...] = ()


Judgement = Right | Wrong
_SAY_MORE = frozenset({Reason.REPLAYED, Reason.UNCHECKED})


def judge(attempt: Attempt) -> Judgement:
    """Return the first way that accepts, or why none does."""
    rejection, unread = Rejected(reason=Reason.WRONG), []
    for asked, verdict in _verdicts(attempt, attempt.readable):
        if isinstance(verdict, Accepted):
            return Right(winner=asked, accepted=verdict)
        if isinstance(verdict, Rejected) and verdict.reason is Reason.UNCHECKED:
            unread.append(asked)
        if isinstance(verdict, Rejected) and (verdict.hint or verdict.reason in _SAY_MORE):
            rejection = verdict
    compared = tuple(asked for asked in attempt.readable if asked not in unread)
    return Wrong(rejected=rejection, compared=compared)


def too_early(attempt: Attempt) -> Rejected | None:
    """Return from when the answer is right; None where it is not, or where nothing waits so."""
    for _, verdict in _verdicts(attempt, attempt.early):
        if isinstance(verdict, Rejected) and verdict.reason is Reason.EARLY:
            return verdict
    return None


def _verdicts(attempt: Attempt, compared: Iterable[Asked]) -> Iterator[tuple[Asked, Verdict]]:
    context, answer = attempt.context, attempt.answer
    env = context.env(attempt.now, answer.purpose)
    for asked in sorted(compared, key=lambda asked: asked.challenge.sends > 0):
        factor = context.registry[asked.enrolment.factor]
        try:
            enrolment = context.vault.opened(asked.enrolment)
        except SealError:
            continue
        reading = answer.readings[factor.name]
        said = _carriers(attempt, asked, reading)
        yield asked, said or factor.judge(asked.challenge, enrolment, reading, env)


def _carriers(attempt: Attempt, asked: Asked, reading: str) -> Verdict | None:
    """Return what a carrier says that made the code itself; None where it was made here."""
    verifier = attempt.context.verifier
    return verifier.judge(asked.challenge, reading) if verifier else None


def confirmed(judgement: Judgement, before: Attempt, late: Attempt) -> Judgement:
    """Return what was judged apart as it holds now, when the case is locked again.

    A right answer holds if its challenge is open still and its enrolment is as it was compared;
    else another has used it.
    """
    if isinstance(judgement, Wrong):
        return judgement
    challenge_id = judgement.winner.challenge.id
    then = next(asked for asked in before.case.asked if asked.challenge.id == challenge_id)
    now = next((asked for asked in late.case.asked if asked.challenge.id == challenge_id), None)
    if now is None or not _is_as_compared(now, then, late):
        return Wrong(rejected=Rejected(reason=Reason.REPLAYED))
    return replace(judgement, winner=now)  # its counts may have moved


def _is_as_compared(now: Asked, then: Asked, late: Attempt) -> bool:
    return (
        now.challenge.status is ChallengeStatus.OPEN
        and now.challenge.generation == then.challenge.generation
        and late.now < now.challenge.expires_at
        and now.enrolment.version == then.enrolment.version
        and now.enrolment.status is then.enrolment.status
    )
