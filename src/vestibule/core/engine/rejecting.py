"""Rejecting: what a refused answer is counted as, and what it leaves in the audit trail."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from vestibule.core import events, limits, stand_in
from vestibule.core.engine.attempt import Attempt
from vestibule.core.engine.judging import Wrong
from vestibule.core.engine.sending import is_sent
from vestibule.core.model import Enrolment, Lane, Ledger, Message, Notice, Origin, Source
from vestibule.core.ruling import Ruling, Struck
from vestibule.core.verdict import Reason, Rejected
from vestibule.secretbox import SealError

UNKNOWN = Origin()
"""Whoever typed wrong codes does not choose the language in which the owner is warned of it."""


def unheard(attempt: Attempt, rejected: Rejected) -> Ruling:
    """Refuse without comparing: nothing was learned, so nothing is charged, and told only once."""
    ledger, now = attempt.case.ledger, attempt.now
    if limits.is_told(ledger, now, attempt.limits):
        return Ruling(verdict=rejected)
    fact = _fact(attempt, rejected, charge=0, evaluated=False)
    return Ruling(
        verdict=rejected, ledger=replace(ledger, told_at=now), events=attempt.events(fact)
    )


def unread(attempt: Attempt, rejected: Rejected) -> Ruling:
    """Refuse what is worth no guess: no code asked for has its shape, or it is right too early.

    It is an attempt all the same, so that a login answers, and leaves in the trail, a few at most.
    """
    verdict = replace(rejected, tries_left=_tries_left(attempt, counted=False))
    early = rejected.reason is Reason.EARLY
    return Ruling(
        verdict=verdict,
        struck=_struck(attempt, (), charge=0, counted=False),
        events=attempt.events(_fact(attempt, verdict, charge=0, evaluated=early)),
    )


def late(attempt: Attempt, rejected: Rejected) -> Ruling:
    """Refuse what was judged apart for too long; it was counted when it was reserved."""
    verdict = replace(rejected, tries_left=_tries_left(attempt, counted=True))
    fact = _fact(attempt, verdict, charge=0, evaluated=False)
    return Ruling(verdict=verdict, events=attempt.events(fact))


def wrong(attempt: Attempt, wrong: Wrong, *, counted: bool) -> Ruling:
    """Refuse what was compared; `counted` says that its attempt and odds were reserved before.

    The attempt counts on every challenge, and the odds are charged once, at their sum.
    """
    charge = attempt.charge(wrong.compared)
    verdict = replace(wrong.rejected, tries_left=_tries_left(attempt, counted=counted))
    guessed = [a.enrolment for a in wrong.compared if attempt.price(a)]
    counts = [] if attempt.is_enrolling else guessed
    closing = [e for e in counts if _reaches_its_limit(attempt, e)]
    compared = bool(wrong.compared)
    disabled = [
        events.FactorDisabled(enrolment=e.id, factor=e.factor, lane=attempt.lane) for e in closing
    ]
    ledger = None if counted else _charged(attempt, charge)
    return Ruling(
        verdict=verdict,
        struck=_struck(attempt, counts, charge=charge, counted=counted),
        ledger=ledger,
        source=_source_after(attempt) if _is_guess(attempt, wrong) else None,
        events=attempt.events(
            _fact(attempt, verdict, charge=charge, evaluated=compared), *disabled
        ),
        messages=(*_notices(attempt, closing), *_warning(attempt, ledger)),
    )


def _struck(
    attempt: Attempt, enrolments: Sequence[Enrolment], *, charge: int, counted: bool
) -> Struck:
    return Struck(
        challenge_ids=() if counted else tuple(a.challenge.id for a in attempt.open),
        enrolment_ids=tuple(enrolment.id for enrolment in enrolments),
        charge=charge,
        lane=attempt.lane,
    )


def _tries_left(attempt: Attempt, *, counted: bool) -> int:
    left = min(
        (a.challenge.max_attempts - a.challenge.attempts for a in attempt.open),
        default=0,
    )
    return max(0, left - (0 if counted else 1))


def _reaches_its_limit(attempt: Attempt, enrolment: Enrolment) -> bool:
    if enrolment.factor in stand_in.NAMES:
        return False  # it has none: see `policy.is_usable`
    return enrolment.failures(attempt.lane) + 1 >= attempt.limits.consecutive


def _charged(attempt: Attempt, charge: int) -> Ledger | None:
    if not charge:
        return None
    return limits.charged(attempt.case.ledger, charge, attempt.now, attempt.limits)


def _is_guess(attempt: Attempt, wrong: Wrong) -> bool:
    """Say whether something was guessed at: not where the secret stood on the same screen."""
    sent = any(is_sent(attempt.context, a.enrolment) for a in wrong.compared)
    return bool(wrong.compared) and (sent or not attempt.is_enrolling)


def _source_after(attempt: Attempt) -> Source | None:
    network, now = attempt.answer.network, attempt.now
    if network is None:
        return None
    new = Source(realm=attempt.context.realm, address=network, failures=0, as_of=now)
    return limits.missed(attempt.case.source or new, now, attempt.limits)


def _notices(attempt: Attempt, closing: Sequence[Enrolment]) -> list[Message]:
    context, subject, now = attempt.context, attempt.case.passage.subject, attempt.now
    known = attempt.lane is Lane.KNOWN
    notice = Notice.FACTOR_DISABLED_KNOWN if known else Notice.FACTOR_DISABLED
    return [
        message
        for enrolment in closing
        for message in context.notice(notice, subject, now, UNKNOWN, factor=enrolment.factor)
    ]


def _warning(attempt: Attempt, after: Ledger | None) -> tuple[Message, ...]:
    """Tell the owner of somebody who has the password, once when a run begins to be slowed."""
    strange = attempt.lane is Lane.STRANGER and not attempt.is_enrolling
    if not strange or after is None or after.failures != attempt.limits.free_failures:
        return ()
    subject, now = attempt.case.passage.subject, attempt.now
    notice, time = Notice.INTRUDER_STOPPED, now.isoformat()
    made = attempt.context.notice(notice, subject, now, UNKNOWN, time=time)
    return tuple(_also_to_known_address(attempt, message) for message in made)


def _also_to_known_address(attempt: Attempt, notice: Message) -> Message:
    """Name the address a code was asked from: whoever has no way yet has left us no contact."""
    vault = attempt.context.vault
    for asked in attempt.readable:
        if asked.enrolment.factor == stand_in.KNOWN_ADDRESS:
            with suppress(SealError):
                address = vault.opened(asked.enrolment).secret.decode()
                return replace(notice, destination=vault.seal_destination(notice.id, address))
    return notice


def _fact(
    attempt: Attempt, rejected: Rejected, *, charge: int, evaluated: bool
) -> events.AnswerRejected:
    return events.AnswerRejected(
        passage=attempt.case.passage.id,
        purpose=attempt.answer.purpose,
        reason=rejected.reason,
        lane=attempt.lane,
        evaluated=evaluated,
        odds=charge,
    )
