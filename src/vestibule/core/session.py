"""A session as its owner is shown it: what tells one from another, and nothing that opens one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vestibule.core.model import Passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A live grant of a browser, without its token or any fingerprint of one.

    `last_used_at` is true to within an hour. `agent` is what the browser called itself as it was
    let in, empty where the audit trail does not have it; it may be a lie.
    """

    id: str
    signed_in_at: datetime
    last_used_at: datetime
    remembered: bool
    factor: str
    """What was proven as it was let in, by its name; empty where nobody knows."""
    agent: str = ""
    acting_by: str = ""
    """The subject of whoever works for the site and is there as this user; empty for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """The sessions of a subject, and whether there are more than are told."""

    told: Sequence[Session]
    more: bool


def session_of(passage: Passage, agent: str) -> Session:
    """Return a grant as its owner is shown it."""
    since = passage.granted_at or passage.created_at
    proof = next((p for p in passage.proofs if p.at == since), None)
    newest = passage.proofs[-1] if passage.proofs else None
    shown = proof or newest
    return Session(
        id=passage.id,
        signed_in_at=since,
        last_used_at=passage.seen_at or since,
        remembered=passage.remembered,
        factor=shown.factor if shown else "",
        agent=agent,
        acting_by=newest.by if newest and passage.is_acting else "",
    )
