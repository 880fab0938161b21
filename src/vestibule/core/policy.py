"""Which proof is asked, when, and what satisfies it. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from vestibule.core import stand_in
from vestibule.core.limits import Limits
from vestibule.core.model import Enrolment, EnrolmentStatus, Lane, Passage
from vestibule.core.profiles import Profile
from vestibule.core.registry import Registry


def is_fresh(passage: Passage, now: datetime, within: timedelta) -> bool:
    """Say whether somebody proved on this passage, within that time, that it is them.

    A remembered browser is never fresh by being remembered: only a proof is.
    """
    return (
        passage.is_granted(now)
        and not passage.is_acting
        and passage.proven_at is not None
        and timedelta() <= now - passage.proven_at < within
    )


def is_idle(passage: Passage, now: datetime, profile: Profile) -> bool:
    """Say whether a grant went unused for longer than the profile allows."""
    if profile.idle_life is None:
        return False
    last = passage.seen_at or passage.granted_at or passage.created_at
    return now - last >= profile.idle_life


def expires_at(now: datetime, *, remembered: bool, profile: Profile) -> datetime:
    """Return when a grant made now ends."""
    if remembered and profile.remembered_life is not None:
        return now + profile.remembered_life
    return now + profile.grant_life


def is_usable(enrolment: Enrolment, lane: Lane, limits: Limits, now: datetime) -> bool:
    """Say whether an enrolment may judge answers in `lane`.

    Whether it can have a right one is its factor's to say: `Context.can_be_used` asks both.
    """
    # Of what stands in for a way no owner could mend the count, and whoever has the password could
    # drive it up: each code that is sent is another, and the ledger bounds the odds of all.
    counts = enrolment.factor not in stand_in.NAMES
    return (
        enrolment.status is EnrolmentStatus.ACTIVE
        and not (counts and enrolment.failures(lane) >= limits.consecutive)
        and not is_suspended(enrolment, now)
    )


def is_suspended(enrolment: Enrolment, now: datetime) -> bool:
    """Say whether an enrolment judges nothing, because it was reported as not its owner's."""
    return suspended_until(enrolment, now) is not None


def suspended_until(enrolment: Enrolment, now: datetime) -> datetime | None:
    """Return until when an enrolment is suspended, None where it is not."""
    until = enrolment.suspended_until
    return until if until is not None and now < until else None


def offered(
    enrolments: Iterable[Enrolment], registry: Registry, *, last_factor: str | None = None
) -> Sequence[Enrolment]:
    """Return the ways to offer, the one to show first at the front.

    First the method last successful in this browser, then the preferred, then by strength, then
    the one used most recently. What only helps out (a recovery code) is shown first never.
    """

    def rank(enrolment: Enrolment) -> tuple[bool, bool, bool, int, float]:
        traits = registry[enrolment.factor].traits
        used = enrolment.last_used_at or enrolment.confirmed_at or enrolment.created_at
        return (
            traits.primary,
            enrolment.factor == last_factor,
            enrolment.preferred,
            traits.strength,
            used.timestamp(),
        )

    known = [enrolment for enrolment in enrolments if enrolment.factor in registry]
    return sorted(known, key=rank, reverse=True)
