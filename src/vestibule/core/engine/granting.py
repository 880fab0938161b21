"""What makes a grant of a passage that waits, and what a grant is good for afterwards.

What stands in for a way makes none: it opens a passage for a set-up.
"""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core import events, policy
from vestibule.core.engine.context import Context
from vestibule.core.model import (
    Enrolment,
    Lane,
    Origin,
    Passage,
    PassageKind,
    PassageStatus,
    Proof,
    Purpose,
)
from vestibule.core.ruling import Standing
from vestibule.core.tokens import identity_hash, token_hash

SEEN_EVERY: Final = timedelta(hours=1)
"""How often at the most a grant's use is noted where nothing ends by it: its owner is told when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A passage just proven: its new token, the browser's own new token, and what was parked."""

    passage: Passage
    token: str = field(repr=False)
    browser: str = field(repr=False)
    parked: bytes = field(repr=False)


def granted(
    context: Context, passage: Passage, enrolment: Enrolment, purpose: Purpose, now: datetime
) -> Granted:
    """Return `passage` as a live grant under a new token; the old one names nothing any more.

    Every acceptance goes through here: a new value of the cookie at each proof (ASVS 7.2.4).
    """
    token, browser = context.new_token(), context.new_token()
    proof = Proof(factor=enrolment.factor, enrolment_id=enrolment.id, purpose=purpose, at=now)
    first = passage.status is PassageStatus.PENDING
    # A factor just added proves itself, not the person: it freshens only a first grant.
    proven = first or purpose is not Purpose.ENROL
    through = replace(
        passage,
        status=PassageStatus.GRANTED,
        token_hash=token_hash(token) or b"",
        browser_hash=token_hash(browser),
        parked=None,
        lane=Lane.KNOWN,
        proofs=(*passage.proofs[-9:], proof),
        granted_at=passage.granted_at or now,
        proven_at=now if proven else passage.proven_at,
        seen_at=now,
        expires_at=_end(context, passage, now) if first else passage.expires_at,
    )
    parked = context.vault.open_parked(passage.id, passage.parked) if passage.parked else b""
    return Granted(passage=through, token=token, browser=browser, parked=parked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A login that may set up a way now, and nothing else until it is proven: its new token."""

    passage: Passage
    token: str = field(repr=False)


def opened(context: Context, passage: Passage, enrolment: Enrolment, now: datetime) -> Opened:
    """Return `passage` as one on which a way is set up, under a new token; it is not granted."""
    token = context.new_token()
    proof = Proof(factor=enrolment.factor, enrolment_id=enrolment.id, purpose=Purpose.LOGIN, at=now)
    through = replace(
        passage,
        purpose=Purpose.ENROL,
        token_hash=token_hash(token) or b"",
        proofs=(*passage.proofs, proof),
        expires_at=now + context.profile.enrolment_life,
    )
    return Opened(passage=through, token=token)


def standing(context: Context, subject: str | None, token: str | None) -> Standing:
    """Return, by one statement, whether `subject` is enrolled and the passage `token` names.

    A grant that lay idle for longer than the profile allows is no passage any more, and neither
    is another realm's.
    """
    found = context.store.standing(context.realm, subject, token_hash(token))
    passage = found.passage
    if passage is None:
        return found
    elsewhere = passage.realm != context.realm
    if elsewhere or policy.is_idle(passage, context.now(), context.profile):
        return replace(found, passage=None)
    return found


def is_live(context: Context, passage: Passage | None, subject: str | None, identity: str) -> bool:
    """Say whether a passage is a live grant made for this very login.

    Without a `subject`, whose it is follows from it: a grant is bound to realm, subject and login
    value at once.
    """
    return (
        passage is not None
        and passage.kind is PassageKind.BROWSER
        and passage.is_granted(context.now())
        and passage.realm == context.realm
        and (subject is None or passage.subject == subject)
        and hmac.compare_digest(passage.identity_hash, identity_hash(identity))
    )


def is_waiting(context: Context, passage: Passage | None, identity: str) -> bool:
    """Say whether a passage is this very login, waiting at the door."""
    return (
        passage is not None
        and passage.kind is PassageKind.BROWSER
        and passage.is_at_door(context.now())
        and hmac.compare_digest(passage.identity_hash, identity_hash(identity))
    )


def keep_alive(context: Context, passage: Passage) -> None:
    """Note that a grant was used: often enough to count idle time by it; seldom a write."""
    idle, now = context.profile.idle_life, context.now()
    step = SEEN_EVERY if idle is None else min(SEEN_EVERY, idle / 12)
    if now - (passage.seen_at or passage.created_at) >= step:
        context.store.touch(passage.id, now)


def end(context: Context, passage: Passage, why: str, origin: Origin) -> None:
    """End one passage, whatever it was, from the next request on in every process."""
    fact = events.PassageEnded(passage=passage.id, why=why)
    event = context.event(fact, passage.subject, context.now(), origin)
    if context.store.end_passage(passage.id, [event]):
        context.tell((event,))


def redeem(context: Context, proof: str | None, subject: str, origin: Origin) -> bool:
    """Use up a program's proof; say whether it was one, of this subject, live and unused."""
    key = token_hash(proof)
    if key is None:
        return False
    now = context.now()
    passage = context.store.standing(context.realm, None, key).passage
    if passage is None:
        return False
    fact = events.ProofRedeemed(passage=passage.id)
    event = context.event(fact, subject, now, origin)
    if not context.store.redeem(context.realm, subject, key, now, [event]):
        return False
    context.tell((event,))
    return True


def _end(context: Context, passage: Passage, now: datetime) -> datetime:
    if passage.kind is PassageKind.PROGRAM:
        return now + context.profile.proof_life
    return policy.expires_at(now, remembered=passage.remembered, profile=context.profile)
