"""What a person who has just proven who they are may change: names, the preferred way, removal."""

from collections.abc import Sequence
from dataclasses import replace

from vestibule.core import events, policy
from vestibule.core.engine import sending
from vestibule.core.engine.house import House
from vestibule.core.engine.login import is_askable
from vestibule.core.model import Enrolment, EnrolmentStatus, Origin, Passage, Purpose

LONGEST_LABEL = 40


def own(house: House, subject: str, enrolment_id: str) -> Enrolment | None:
    """Return the subject's own active enrolment of that id; anybody else's does not exist."""
    for enrolment in house.store.enrolments(house.realm, subject):
        if enrolment.id == enrolment_id and enrolment.status is EnrolmentStatus.ACTIVE:
            return enrolment
    return None


def rename(house: House, enrolment: Enrolment, label: str, origin: Origin) -> bool:
    """Give an enrolment the name its owner calls it; control characters do not survive."""
    clean = "".join(c for c in label if c.isprintable()).strip()[:LONGEST_LABEL]
    changed = replace(enrolment, label=clean, version=enrolment.version + 1)
    return _save(house, changed, "renamed", origin)


def prefer(house: House, enrolment: Enrolment, origin: Origin) -> bool:
    """Make an enrolment the one that is asked first; the one before is so no longer."""
    changed = replace(enrolment, preferred=True, version=enrolment.version + 1)
    return _save(house, changed, "preferred", origin)


def remove(house: House, enrolment: Enrolment, by: Passage | None, origin: Origin) -> bool:
    """Revoke an enrolment and end every other session of its owner, at once and everywhere.

    With the last primary factor goes everything that only helps out.
    """
    now, subject = house.now(), enrolment.subject
    primary = house.registry.primary_names()
    others = [
        e
        for e in house.store.enrolments(house.realm, subject)
        if e.factor in primary and e.id != enrolment.id and e.status is EnrolmentStatus.ACTIVE
    ]
    last = enrolment.factor in primary and not others
    fact = events.EnrolmentRevoked(enrolment=enrolment.id, factor=enrolment.factor, last=last)
    event = house.event(fact, subject, now, origin)
    done = house.store.revoke(
        enrolment,
        by=by.id if by else "",
        events=[event],
        messages=house.notice("enrolment_revoked", subject, now, factor=enrolment.factor),
    )
    if done:
        house.tell((event,))
    return done


def ask_again(
    house: House,
    passage: Passage,
    purpose: Purpose,
    origin: Origin,
    *,
    send: str = "",
    channel: str | None = None,
) -> bool:
    """Ask a signed-in person to prove anew that it is them; what was asked before is gone.

    `send` is the id of an enrolment whose code is sent at once, in the same transaction, over
    `channel`; say whether one was.
    """
    now = house.now()
    enrolments = house.store.enrolments(house.realm, passage.subject)
    ways = [e for e in enrolments if is_askable(house, e, passage) and house.opens(e)]
    opened = [house.challenge(passage, way, purpose, now) for way in ways]
    challenges, messages = sending.with_first_code(house, ways, opened, send, now, channel)
    fact = events.ChallengesOpened(passage=passage.id, purpose=purpose)
    event = house.event(fact, passage.subject, now, origin)
    house.store.open_challenges(passage.id, purpose, challenges, messages, [event])
    house.tell((event,))
    return bool(messages)


def askable(house: House, passage: Passage) -> Sequence[Enrolment]:
    """Return the ways that can judge an answer on a grant, the one to show first at the front."""
    enrolments = house.store.enrolments(house.realm, passage.subject)
    usable = [e for e in enrolments if is_askable(house, e, passage)]
    return policy.offered(usable, house.registry)


def _save(house: House, enrolment: Enrolment, change: str, origin: Origin) -> bool:
    fact = events.EnrolmentChanged(enrolment=enrolment.id, factor=enrolment.factor, change=change)
    event = house.event(fact, enrolment.subject, house.now(), origin)
    done = house.store.save_enrolment(enrolment, [event])
    if done:
        house.tell((event,))
    return done
