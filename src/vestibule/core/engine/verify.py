"""Verify: reserve, judge, settle. The one place where a proof can be accepted.

Inline factors are judged inside the transaction that counts the answer. Factors judged apart are
counted first (and that commits), judged with nothing open, and settled by a second, conditional
transaction: a crash between costs the person one attempt and gives none away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from vestibule.core import events, limits, policy
from vestibule.core.engine.granting import Granted, granted
from vestibule.core.engine.house import House, network_of
from vestibule.core.factor import Interaction, Judged
from vestibule.core.model import (
    ChallengeStatus,
    Enrolment,
    EnrolmentStatus,
    Lane,
    Message,
    Origin,
    Passage,
    PassageStatus,
    Purpose,
    Source,
)
from vestibule.core.ruling import Asked, Case, Ruling, Struck, Won
from vestibule.core.tokens import token_hash
from vestibule.core.verdict import Accepted, Pending, Reason, Rejected, Verdict
from vestibule.secretbox import SealError

Readings = Mapping[str, str]
"""The answer as each factor that can read it spells it, by the factor's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The verdict, the case it was about, and, where accepted, what the browser gets."""

    verdict: Verdict
    case: Case | None = None
    granted: Granted | None = field(default=None, repr=False)
    enrolment: Enrolment | None = None

    @property
    def is_accepted(self) -> bool:
        """Say whether the answer was right."""
        return isinstance(self.verdict, Accepted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """One answer on its way through the rules."""

    purpose: Purpose
    readings: Readings = field(repr=False)
    now: datetime
    origin: Origin


def verify(
    house: House, token: str | None, purpose: Purpose, answer: str, origin: Origin
) -> Outcome:
    """Judge `answer` against everything asked for `purpose` on the passage that `token` names.

    One field is judged against every open code factor at once; the first that accepts settles,
    and a wrong answer is charged once, at the sum of what it was worth against each.
    """
    key = token_hash(token)
    if key is None:
        return Outcome(verdict=Rejected(reason=Reason.GONE))
    readings = {
        factor.name: spelled
        for factor in house.registry
        if factor.traits.interaction is Interaction.CODE
        and (spelled := factor.reads(answer)) is not None
    }
    given = _Answer(purpose=purpose, readings=readings, now=house.now(), origin=origin)
    apart = {name for name in readings if house.registry[name].traits.judged is Judged.APART}
    try:
        return _apart(house, key, given) if apart else _inline(house, key, given)
    except SealError:
        # What the login had parked was altered: all is rolled back, and the login is over.
        return Outcome(verdict=Rejected(reason=Reason.GONE))


def _inline(house: House, key: bytes, given: _Answer) -> Outcome:
    seen: list[Case] = []
    passed: list[Granted] = []

    def rule(case: Case) -> Ruling:
        seen[:] = [case]
        heard = _heard(house, given)
        refused = _refusal(house, case, heard)
        if refused is not None:
            return refused
        judged = _judge_all(house, case, heard)
        return _settle(house, case, heard, judged, passed)

    ruling = house.store.decide(key, network_of(given.origin.address), rule)
    return _outcome(house, ruling, seen, passed)


def _apart(house: House, key: bytes, given: _Answer) -> Outcome:
    seen: list[Case] = []
    passed: list[Granted] = []
    heard = [given]
    address = network_of(given.origin.address)

    def reserve(case: Case) -> Ruling:
        seen[:], heard[:] = [case], [_heard(house, given)]
        refused = _refusal(house, case, heard[0])
        if refused is not None:
            return refused
        return _reserved(house, case, heard[0])

    reserved = house.store.decide(key, address, reserve)
    if reserved is None or not isinstance(reserved.verdict, Pending):
        return _outcome(house, reserved, seen, passed)
    judged = _judge_all(house, seen[0], heard[0])

    def settle(case: Case) -> Ruling:
        before, seen[:] = seen[0], [case]
        late = _heard(house, given)
        if not _may_answer(case.passage, late):
            return _rejected(house, case, late, Rejected(reason=Reason.GONE), counted=True)
        if not _still(case, before, judged, late):
            replayed = Rejected(reason=Reason.REPLAYED)
            return _rejected(house, case, late, replayed, counted=True)
        return _settle(house, case, late, _seen_anew(judged, case), passed, counted=True)

    return _outcome(house, house.store.decide(key, address, settle), seen, passed)


def _heard(house: House, given: _Answer) -> _Answer:
    """Return the answer at this moment, asked for under the lock: who waited too long is late."""
    return replace(given, now=house.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What came of comparing: who was asked, who accepted, and what the refusals said."""

    asked: tuple[Asked, ...]
    winner: Asked | None = None
    accepted: Accepted | None = None
    rejection: Rejected | None = None


def _refusal(house: House, case: Case, given: _Answer) -> Ruling | None:
    """Return the ruling that refuses before anything is compared, None where it may be compared."""
    if case.passage.realm != house.realm:
        return Ruling(verdict=Rejected(reason=Reason.GONE))  # another realm's, with its own trail
    over = _over(house, case, given)
    if over is not None:
        return _uncounted(house, case, given, Rejected(reason=over))
    readable = _readable(house, case, given)
    if not readable:
        return _rejected(house, case, given, Rejected(reason=Reason.MALFORMED))
    held_back = _held_back(house, case, given, _charge(house, readable, given))
    return None if held_back is None else _uncounted(house, case, given, held_back)


def _over(house: House, case: Case, given: _Answer) -> Reason | None:
    """Return why nothing here can be answered any more, None where something can."""
    if not _may_answer(case.passage, given):
        return Reason.GONE
    asked = [a for a in case.asked if a.challenge.purpose is given.purpose]
    if not any(a.challenge.is_open(given.now) for a in asked):
        return _why_closed(asked, given.now)
    return None if _usable(house, case, given) else Reason.DISABLED


def _held_back(house: House, case: Case, given: _Answer, charge: int) -> Rejected | None:
    """Return the refusal of an answer that comes too soon or that the ledger cannot bear."""
    now, numbers = given.now, house.profile.limits
    until = limits.source_wait_until(case.source, now, numbers)
    if charge:
        until = _later(until, limits.wait_until(case.ledger, now, numbers))
    if until is not None:
        return Rejected(reason=Reason.DELAYED, retry_at=until)
    if charge and not limits.room_for(case.ledger, charge, now, numbers):
        again = limits.room_again_at(case.ledger, charge, now, numbers)
        return Rejected(reason=Reason.CLOSED, retry_at=again)
    return None


def _judge_all(house: House, case: Case, given: _Answer) -> _Judged:
    """Compare the answer with every way that reads it. Pure, but for opening the secrets."""
    asked = _readable(house, case, given)
    rejection = Rejected(reason=Reason.WRONG)
    for one in asked:
        factor = house.registry[one.enrolment.factor]
        try:
            enrolment = house.vault.opened(one.enrolment)
        except SealError:
            continue
        env = house.env(given.now, given.purpose)
        verdict = factor.judge(one.challenge, enrolment, given.readings[factor.name], env)
        if isinstance(verdict, Accepted):
            return _Judged(asked=asked, winner=one, accepted=verdict)
        if isinstance(verdict, Rejected) and (verdict.hint or verdict.reason is Reason.REPLAYED):
            rejection = verdict
    return _Judged(asked=asked, rejection=rejection)


def _reserved(house: House, case: Case, given: _Answer) -> Ruling:
    """Count an answer before it is judged apart: its attempt and its odds, as if it were wrong."""
    charge = _charge(house, _readable(house, case, given), given)
    struck = Struck(
        challenge_ids=_open_ids(case, given),
        enrolment_ids=(),
        charge=charge,
        lane=case.passage.lane,
    )
    numbers = house.profile.limits
    return Ruling(
        verdict=Pending(),
        struck=struck,
        ledger=limits.charged(case.ledger, charge, given.now, numbers) if charge else None,
    )


def _settle(
    house: House,
    case: Case,
    given: _Answer,
    judged: _Judged,
    passed: list[Granted],
    *,
    counted: bool = False,
) -> Ruling:
    if judged.winner is None or judged.accepted is None:
        rejection = judged.rejection or Rejected(reason=Reason.WRONG)
        charge = _charge(house, judged.asked, given)
        return _rejected(
            house, case, given, rejection, judged=judged.asked, charge=charge, counted=counted
        )
    return _accepted(house, case, given, judged, passed)


def _accepted(
    house: House, case: Case, given: _Answer, judged: _Judged, passed: list[Granted]
) -> Ruling:
    winner, accepted = judged.winner, judged.accepted
    if winner is None or accepted is None:  # pragma: no cover - the caller looked
        raise AssertionError
    enrolment = _moved_on(winner.enrolment, accepted, case.passage.lane, given)
    through = granted(house, case.passage, enrolment, given.purpose, given.now)
    passed[:] = [through]
    same = [a.challenge for a in case.asked if a.challenge.purpose is given.purpose]
    given_back = sum(challenge.spent for challenge in same)
    ledger = limits.settled(case.ledger, given_back, given.now, house.profile.limits)
    dirty = given_back > 0 or case.ledger.failures > 0
    facts = _facts_of_acceptance(case, given, enrolment)
    return Ruling(
        verdict=accepted,
        won=Won(
            was=winner.enrolment.status,
            challenge_id=winner.challenge.id,
            closed_ids=tuple(c.id for c in same if c.id != winner.challenge.id),
            enrolment=enrolment,
        ),
        ledger=ledger if dirty else None,
        passage=through.passage,
        ends_others=given.purpose is Purpose.ENROL and case.passage.status is PassageStatus.PENDING,
        events=tuple(house.event(f, case.passage.subject, given.now, given.origin) for f in facts),
        messages=_notices_of_acceptance(house, case, given, enrolment),
    )


def _rejected(
    house: House,
    case: Case,
    given: _Answer,
    rejection: Rejected,
    *,
    judged: tuple[Asked, ...] = (),
    charge: int = 0,
    counted: bool = False,
) -> Ruling:
    """Count a refused answer: an attempt on every challenge, and odds only where it was compared.

    `counted` says that the attempt and the odds were reserved before.
    """
    numbers, passage = house.profile.limits, case.passage
    open_ids = _open_ids(case, given)
    guessable = tuple(a for a in judged if _price(house, a))
    counts = guessable if given.purpose is not Purpose.ENROL else ()
    struck = Struck(
        challenge_ids=() if counted else open_ids,
        enrolment_ids=tuple(a.enrolment.id for a in counts),
        charge=charge,
        lane=passage.lane,
    )
    due = charge and not counted
    ledger = limits.charged(case.ledger, charge, given.now, numbers) if due else None
    left = min(
        (
            a.challenge.max_attempts - a.challenge.attempts
            for a in case.asked
            if a.challenge.id in open_ids
        ),
        default=0,
    )
    verdict = replace(rejection, tries_left=max(0, left - (0 if counted else 1)))
    closing = [
        a.enrolment for a in counts if a.enrolment.failures(passage.lane) + 1 >= numbers.consecutive
    ]
    facts = (
        _rejection_fact(case, given, verdict, evaluated=bool(judged), charge=charge),
        *(
            events.FactorDisabled(enrolment=e.id, factor=e.factor, lane=passage.lane)
            for e in closing
        ),
    )
    notices = [
        m
        for e in closing
        for m in house.notice("factor_disabled", passage.subject, given.now, factor=e.factor)
    ]
    return Ruling(
        verdict=verdict,
        struck=struck,
        ledger=ledger,
        source=_source_after(house, case, given) if judged else None,
        events=tuple(house.event(f, passage.subject, given.now, given.origin) for f in facts),
        messages=tuple(notices),
    )


def _uncounted(house: House, case: Case, given: _Answer, rejection: Rejected) -> Ruling:
    """Refuse without comparing: nothing was learned, so nothing is charged."""
    fact = _rejection_fact(case, given, rejection, evaluated=False, charge=0)
    return Ruling(
        verdict=rejection,
        events=(house.event(fact, case.passage.subject, given.now, given.origin),),
    )


def _may_answer(passage: Passage, given: _Answer) -> bool:
    if given.purpose is Purpose.LOGIN:
        return passage.purpose is Purpose.LOGIN and passage.is_pending(given.now)
    if given.purpose is Purpose.ENROL and passage.status is PassageStatus.PENDING:
        return passage.purpose is Purpose.ENROL and passage.is_pending(given.now)
    return passage.is_granted(given.now)


def _why_closed(asked: list[Asked], now: datetime) -> Reason:
    spent = [
        a
        for a in asked
        if a.challenge.status is ChallengeStatus.OPEN
        and a.challenge.attempts >= a.challenge.max_attempts
        and now < a.challenge.expires_at
    ]
    return Reason.EXHAUSTED if spent else Reason.GONE


def _usable(house: House, case: Case, given: _Answer) -> list[Asked]:
    return [
        a
        for a in case.asked
        if a.challenge.purpose is given.purpose
        and a.challenge.is_open(given.now)
        and a.enrolment.factor in house.registry
        and _judges(house, a, case.passage.lane, given.purpose)
    ]


def _readable(house: House, case: Case, given: _Answer) -> tuple[Asked, ...]:
    """Return the ways that can judge this answer: in use, open, and able to read it."""
    return tuple(a for a in _usable(house, case, given) if a.enrolment.factor in given.readings)


def _judges(house: House, asked: Asked, lane: Lane, purpose: Purpose) -> bool:
    traits = house.registry[asked.enrolment.factor].traits
    if traits.channels and not asked.challenge.sends:
        return False  # nothing was sent: there is no code to know
    if purpose is Purpose.ENROL:
        return asked.enrolment.status is EnrolmentStatus.PENDING
    return policy.is_usable(asked.enrolment, lane, house.profile.limits)


def _still(case: Case, before: Case, judged: _Judged, given: _Answer) -> bool:
    """Say whether what was judged apart is still what is there."""
    if judged.winner is None:
        return True
    now_there = {a.challenge.id: a for a in case.asked}
    then = {a.challenge.id: a for a in before.asked}[judged.winner.challenge.id]
    found = now_there.get(judged.winner.challenge.id)
    return (
        found is not None
        and found.challenge.status is ChallengeStatus.OPEN
        and given.now < found.challenge.expires_at
        and found.enrolment.version == then.enrolment.version
        and found.enrolment.status is then.enrolment.status
    )


def _seen_anew(judged: _Judged, case: Case) -> _Judged:
    """Return what was judged apart with the winner as it stands now: its counts may have moved."""
    if judged.winner is None:
        return judged
    challenge_id = judged.winner.challenge.id
    return replace(judged, winner=next(a for a in case.asked if a.challenge.id == challenge_id))


def _open_ids(case: Case, given: _Answer) -> tuple[str, ...]:
    return tuple(
        a.challenge.id
        for a in case.asked
        if a.challenge.purpose is given.purpose and a.challenge.is_open(given.now)
    )


def _charge(house: House, asked: tuple[Asked, ...], given: _Answer) -> int:
    if given.purpose is Purpose.ENROL:
        return 0  # the new secret is on the same screen, and opens nothing yet
    return sum(_price(house, one) for one in asked)


def _price(house: House, asked: Asked) -> int:
    traits = house.registry[asked.enrolment.factor].traits
    if traits.digits is None:
        return 0
    return limits.cost(codes_valid=traits.codes_valid, digits=traits.digits)


def _moved_on(enrolment: Enrolment, accepted: Accepted, lane: Lane, given: _Answer) -> Enrolment:
    """Return the enrolment after its right answer: only a known browser's resets its own count."""
    moved = replace(
        enrolment,
        version=enrolment.version + 1,
        state=enrolment.state if accepted.state is None else accepted.state,
        last_used_at=given.now,
        failures_known=0 if lane is Lane.KNOWN else enrolment.failures_known,
    )
    if given.purpose is not Purpose.ENROL:
        return moved
    return replace(
        moved,
        status=EnrolmentStatus.ACTIVE,
        confirmed_at=given.now,
        failures_known=0,
        failures_stranger=0,
    )


def _source_after(house: House, case: Case, given: _Answer) -> Source | None:
    address = network_of(given.origin.address)
    if address is None:
        return None
    source = case.source or Source(realm=house.realm, address=address, failures=0, as_of=given.now)
    return limits.missed(source, given.now, house.profile.limits)


def _rejection_fact(
    case: Case, given: _Answer, verdict: Rejected, *, evaluated: bool, charge: int
) -> events.AnswerRejected:
    return events.AnswerRejected(
        passage=case.passage.id,
        purpose=given.purpose,
        reason=verdict.reason,
        lane=case.passage.lane,
        evaluated=evaluated,
        odds=charge,
    )


def _facts_of_acceptance(
    case: Case, given: _Answer, enrolment: Enrolment
) -> tuple[events.Fact, ...]:
    accepted = events.AnswerAccepted(
        passage=case.passage.id,
        purpose=given.purpose,
        factor=enrolment.factor,
        enrolment=enrolment.id,
        lane=case.passage.lane,
    )
    if given.purpose is not Purpose.ENROL:
        return (accepted,)
    first = case.passage.status is PassageStatus.PENDING
    confirmed = events.EnrolmentConfirmed(
        enrolment=enrolment.id, factor=enrolment.factor, first=first
    )
    return (accepted, confirmed)


def _notices_of_acceptance(
    house: House, case: Case, given: _Answer, enrolment: Enrolment
) -> tuple[Message, ...]:
    subject = case.passage.subject
    if given.purpose is Purpose.ENROL:
        return house.notice("enrolment_confirmed", subject, given.now, factor=enrolment.factor)
    if not house.registry[enrolment.factor].traits.primary:
        return house.notice("recovery_code_used", subject, given.now, factor=enrolment.factor)
    return ()


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    moments = [moment for moment in (one, other) if moment is not None]
    return max(moments, default=None)


def _outcome(
    house: House, ruling: Ruling | None, seen: list[Case], passed: list[Granted]
) -> Outcome:
    if ruling is None:
        return Outcome(verdict=Rejected(reason=Reason.GONE))
    house.tell(ruling.events)
    accepted = isinstance(ruling.verdict, Accepted)
    return Outcome(
        verdict=ruling.verdict,
        case=seen[0],
        granted=passed[0] if accepted and passed else None,
        enrolment=ruling.won.enrolment if ruling.won else None,
    )
