"""What "this was not me" suspends: the way it is said of and all that was added since. Pure.

Nothing older is ever touched. Whoever added a way of theirs can have nothing suspended that was
there before it, and keeps nothing that came after what is.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core import policy, stand_in
from vestibule.core.model import Enrolment, EnrolmentStatus

LIFE: Final = timedelta(days=7)
"""How long after it was added a way can be reported, and how long it is suspended then."""


def reported(
    enrolments: Sequence[Enrolment], enrolment_id: str, now: datetime
) -> Sequence[Enrolment]:
    """Return what is to be suspended, the one that is reported first; nothing where it may not be.

    A way can be reported once: who has it again has shown by an older one that it is theirs. A
    ticket of the help desk's is no way, and is cancelled instead.
    """
    own = [
        e
        for e in enrolments
        if e.status is EnrolmentStatus.ACTIVE and e.factor not in stand_in.NAMES
    ]
    meant = next((e for e in own if e.id == enrolment_id), None)
    if meant is None or meant.suspended_until is not None or now >= added_at(meant) + LIFE:
        return []
    since = [e for e in own if e is not meant and added_at(e) >= added_at(meant)]
    return [meant, *(e for e in since if not policy.is_suspended(e, now))]


def added_at(enrolment: Enrolment) -> datetime:
    """Return when an enrolment was proven, and so was added."""
    return enrolment.confirmed_at or enrolment.created_at


def suspended(enrolment: Enrolment, now: datetime) -> Enrolment:
    """Return `enrolment` as it judges nothing for a while."""
    return replace(enrolment, suspended_until=now + LIFE, version=enrolment.version + 1)


def restored(enrolment: Enrolment, now: datetime) -> Enrolment:
    """Return `enrolment` as it judges again: that it was suspended stays known."""
    return replace(enrolment, suspended_until=now, version=enrolment.version + 1)
