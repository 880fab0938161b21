"""Verify: reserve, judge, settle. The one place where a proof can be accepted.

Inline factors are judged inside the transaction that counts the answer. Factors judged apart are
counted first (and that commits), judged with nothing open, and settled by a second, conditional
transaction: a crash between costs the person one attempt and gives none away.
"""

from dataclasses import dataclass, field, fields
from typing import Final

from vestibule.core.engine.accepting import accepted, stood_in
from vestibule.core.engine.attempt import Answer, Attempt, attempt, read
from vestibule.core.engine.context import Context
from vestibule.core.engine.granting import Granted, Opened
from vestibule.core.engine.judging import Judgement, Right, confirmed, judge
from vestibule.core.engine.rejecting import late, unheard, unread, wrong
from vestibule.core.engine.reserving import refusal, reserved
from vestibule.core.model import Enrolment, Origin, Purpose
from vestibule.core.ruling import Case, Ruling
from vestibule.core.tokens import token_hash
from vestibule.core.verdict import Accepted, Pending, Reason, Rejected, Verdict
from vestibule.secretbox import SealError


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The verdict, the case it was about, and, where accepted, what the browser gets.

    Either it is let in, or, by what stands in for a way, to the page on which one is set up.
    """

    verdict: Verdict
    case: Case | None = None
    granted: Granted | None = field(default=None, repr=False)
    opened: Opened | None = field(default=None, repr=False)
    enrolment: Enrolment | None = None

    @property
    def is_accepted(self) -> bool:
        """Say whether the answer was right."""
        return isinstance(self.verdict, Accepted)

    @property
    def rejected(self) -> Rejected:
        """Return why nothing came of the answer: what was not judged at all is gone."""
        verdict = self.verdict
        return verdict if isinstance(verdict, Rejected) else Rejected(reason=Reason.GONE)


_NOWHERE: Final = Outcome(verdict=Rejected(reason=Reason.GONE))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision(Ruling):
    """A ruling with the attempt it was made on, and what the browser gets by it."""

    attempt: Attempt
    granted: Granted | None = field(default=None, repr=False)
    opened: Opened | None = field(default=None, repr=False)


def verify(
    context: Context, token: str | None, purpose: Purpose, text: str, origin: Origin
) -> Outcome:
    """Judge `text` against everything asked for `purpose` on the passage that `token` names.

    One field is judged against every open code factor at once; the first that accepts settles,
    and a wrong answer is charged once, at the sum of what it was worth against each.
    """
    key = token_hash(token)
    if key is None:
        return _NOWHERE
    answer = read(context, purpose, text, origin)
    try:
        if answer.is_judged_apart(context):
            return _outcome(context, _apart(context, key, answer))
        return _outcome(context, _inline(context, key, answer))
    except SealError:
        # What the login had parked was altered: all is rolled back, and the login is over.
        return _NOWHERE


def _inline(context: Context, key: bytes, answer: Answer) -> _Decision | None:
    def decide(case: Case) -> _Decision:
        trying = attempt(context, case, answer)
        return _refused(trying) or _settled(trying, judge(trying), counted=False)

    return context.store.decide(key, answer.network, decide)


def _apart(context: Context, key: bytes, answer: Answer) -> _Decision | None:
    def reserve(case: Case) -> _Decision:
        trying = attempt(context, case, answer)
        return _refused(trying) or _decision(trying, reserved(trying))

    first = context.store.decide(key, answer.network, reserve)
    if first is None or not isinstance(first.verdict, Pending):
        return first
    judgement = judge(first.attempt)

    def settle(case: Case) -> _Decision:
        trying = attempt(context, case, answer)
        if not trying.is_in_time:
            return _decision(trying, late(trying, Rejected(reason=Reason.GONE)))
        return _settled(trying, confirmed(judgement, first.attempt, trying), counted=True)

    return context.store.decide(key, answer.network, settle)


def _refused(trying: Attempt) -> _Decision | None:
    """Return the decision that refuses before anything is compared, None where it may be."""
    if trying.case.passage.realm != trying.context.realm:
        # Another realm's, with a trail of its own.
        return _decision(trying, Ruling(verdict=Rejected(reason=Reason.GONE)))
    rejected = refusal(trying)
    if rejected is None:
        return None
    spends = rejected.reason in {Reason.MALFORMED, Reason.WRONG, Reason.EARLY}
    refuse = unread if spends else unheard
    return _decision(trying, refuse(trying, rejected))


def _settled(trying: Attempt, judgement: Judgement, *, counted: bool) -> _Decision:
    if isinstance(judgement, Right):
        factor = trying.context.registry[judgement.winner.enrolment.factor]
        if factor.traits.stands_in:
            ruling, opened = stood_in(trying, judgement)
            return _decision(trying, ruling, opened=opened)
        ruling, through = accepted(trying, judgement)
        return _decision(trying, ruling, through)
    return _decision(trying, wrong(trying, judgement, counted=counted))


_RULED: Final = tuple(own.name for own in fields(Ruling))


def _decision(
    trying: Attempt,
    ruling: Ruling,
    through: Granted | None = None,
    *,
    opened: Opened | None = None,
) -> _Decision:
    ruled = {name: getattr(ruling, name) for name in _RULED}
    return _Decision(attempt=trying, granted=through, opened=opened, **ruled)


def _outcome(context: Context, decision: _Decision | None) -> Outcome:
    if decision is None:
        return _NOWHERE
    context.tell(decision.events)
    return Outcome(
        verdict=decision.verdict,
        case=decision.attempt.case,
        granted=decision.granted,
        opened=decision.opened,
        enrolment=decision.won.enrolment if decision.won else None,
    )
