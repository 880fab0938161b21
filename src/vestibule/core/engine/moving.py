"""Moving to another device: a new way is added, tried, and takes the old one's place by being used.

Both work until then. `Enrolment.succeeds` of the new one names the old; nothing else is kept, so
whoever leaves in the middle loses nothing, and any right answer of the new one ends the move.
"""

from collections.abc import Mapping, Sequence

from vestibule.core import events, policy
from vestibule.core.engine.attempt import Attempt
from vestibule.core.engine.context import Context
from vestibule.core.factor import Factor
from vestibule.core.model import (
    Enrolment,
    Message,
    Notice,
    Origin,
    Passage,
    Purpose,
)


def movable(context: Context, enrolments: Sequence[Enrolment]) -> list[Enrolment]:
    """Return the active ways that another of their kind can take the place of.

    Those are the ways that live in a device, but for what is part of a move already or suspended.
    """
    now, pairs = context.now(), under_way(enrolments)
    busy = {*pairs, *(old.id for old in pairs.values())}
    return [
        way
        for way in enrolments
        if way.id not in busy
        and not policy.is_suspended(way, now)
        and way.factor in context.registry
        and _lives_in_a_device(context.registry[way.factor])
    ]


def under_way(enrolments: Sequence[Enrolment]) -> Mapping[str, Enrolment]:
    """Return the ways whose place another takes once it has been used, by the other's id."""
    by_id = {way.id: way for way in enrolments}
    return {way.id: by_id[way.succeeds] for way in enrolments if way.succeeds in by_id}


def ask(context: Context, passage: Passage, new: Enrolment, origin: Origin) -> None:
    """Ask for a code of a new way alone; what was asked so before is gone."""
    now = context.now()
    challenge = context.challenge(passage, new, Purpose.TRY, now)
    fact = events.ChallengesOpened(passage=passage.id, purpose=Purpose.TRY)
    told = (context.event(fact, passage.subject, now, origin),)
    context.store.open_challenges(passage, Purpose.TRY, [challenge], (), told)
    context.tell(told)


def finished(attempt: Attempt, used: Enrolment) -> str | None:
    """Return the id of the way that goes because `used` has been; None where none does.

    The code that proves a new way is seen together with its secret: it uses nothing.
    """
    return None if attempt.is_enrolling else used.succeeds


def facts(factor: str, gone: str | None) -> tuple[events.Fact, ...]:
    """Return what the audit trail is told of a way that has gone so."""
    if gone is None:
        return ()
    return (events.EnrolmentRevoked(enrolment=gone, factor=factor, last=False),)


def notices(attempt: Attempt, factor: str, gone: str | None) -> tuple[Message, ...]:
    """Return what its owner is told of it."""
    if gone is None:
        return ()
    subject, origin = attempt.case.passage.subject, attempt.answer.origin
    return attempt.context.notice(
        Notice.ENROLMENT_REVOKED, subject, attempt.now, origin, factor=factor
    )


def _lives_in_a_device(factor: Factor) -> bool:
    """Say whether a way of this kind is left behind with the phone it was set up on."""
    traits = factor.traits
    once = traits.single or traits.replaces
    return traits.primary and traits.addable and not traits.channels and not once
