"""What a rule is given and what it answers: a case goes in, a ruling comes out, the store obeys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vestibule.core.caps import Cap
from vestibule.core.events import Event
from vestibule.core.model import (
    Challenge,
    Enrolment,
    EnrolmentStatus,
    Lane,
    Ledger,
    Message,
    Obligation,
    Passage,
    Source,
)
from vestibule.core.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one request needs to know: is this subject enrolled, and whose passage is this?"""

    enrolled: bool
    passage: Passage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A challenge with the enrolment it asks."""

    challenge: Challenge
    enrolment: Enrolment


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A passage with all that hangs on it, locked while a rule looks at it."""

    passage: Passage
    ledger: Ledger
    source: Source | None
    asked: tuple[Asked, ...]
    last_factor: str | None = None
    """How this browser last completed a login of the subject, where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A refused answer, counted: on every challenge, and on each enrolment that compared it."""

    challenge_ids: tuple[str, ...]
    enrolment_ids: tuple[str, ...]
    charge: int
    lane: Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Won:
    """An accepted answer: one challenge accepted, its siblings closed, its enrolment moved on.

    The change holds only if the enrolment still has the version before `enrolment.version` and
    the status `was`.
    """

    was: EnrolmentStatus
    challenge_id: str
    closed_ids: tuple[str, ...]
    enrolment: Enrolment
    replaces: tuple[str, ...] = ()
    """Revoke the subject's other enrolments of these factors: this one takes their place."""
    replaces_all: bool = False
    """Revoke all of the subject's other enrolments."""
    succeeds: str | None = None
    """Revoke the subject's other enrolment of this id: this one has been used in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The verdict, and every row that changes because of it. None means: stays as it is."""

    verdict: Verdict
    struck: Struck | None = None
    won: Won | None = None
    ledger: Ledger | None = None
    source: Source | None = None
    passage: Passage | None = None
    renewed: Challenge | None = None
    ends_others: bool = False
    """End every other passage of the subject: old sessions, and other enrolments under way."""
    events: tuple[Event, ...] = ()
    messages: tuple[Message, ...] = ()
    revoked: Callable[[str, str], Event] | None = None
    """Tells of an enrolment whose place is taken, by its id and its factor: who holds the lock
    finds which they are."""

    @property
    def reaches_further(self) -> bool:
        """Whether it changes rows that are not of its case."""
        won = self.won
        return self.ends_others or (
            won is not None and bool(won.replaces or won.replaces_all or won.succeeds)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What is noted anew of somebody obliged, and who is told because of it."""

    obligation: Obligation
    events: tuple[Event, ...] = ()
    messages: tuple[Message, ...] = ()
    caps: Mapping[str, Cap] = field(default_factory=dict)
    """What the messages are counted to, once: where one is full, none of them is written."""
