"""The values the rules speak of: enrolments, challenges, passages, ledgers, messages.

All are frozen; a change is a new value. Times are aware datetimes in UTC, odds are whole numbers
of trillionths (see `limits`), ids are 128-bit random values in text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

Json = Mapping[str, Any]


class Purpose(StrEnum):
    """What a proof is for. A proof for one purpose is worthless for another.

    FRESH is asked of somebody signed in, who proves anew that it is them: before a change to how
    they log in, and wherever the host wants a fresh proof. TRY is asked of one way alone, which is
    to take another's place. ACT is asked of nobody: it marks the passage of somebody who uses the
    site as another.
    """

    LOGIN = "login"
    ENROL = "enrol"
    FRESH = "manage"
    """What is stored is the older word."""
    TRY = "try"
    ACT = "act"


class Lane(StrEnum):
    """Who is counted together: browsers that completed a login before, and all others."""

    KNOWN = "known"
    STRANGER = "stranger"


class EnrolmentStatus(StrEnum):
    """The life of an enrolment; it moves forward only."""

    PENDING = "pending"
    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One subject's own factor.

    `state` is the factor's, in JSON; `secret` is sealed wherever it rests and opened by the vault
    just before a factor sees it. `version` grows by one with every change and is what a change is
    conditional on.
    """

    id: str
    realm: str
    subject: str
    factor: str
    status: EnrolmentStatus
    created_at: datetime
    label: str = ""
    state: Json = field(default_factory=dict)
    secret: bytes = field(default=b"", repr=False)
    version: int = 1
    preferred: bool = False
    confirmed_at: datetime | None = None
    last_used_at: datetime | None = None
    failures_known: int = 0
    failures_stranger: int = 0
    answered_known: datetime | None = None
    """When a code that was sent to a known browser was last typed in; the next, a stranger's."""
    answered_stranger: datetime | None = None
    suspended_until: datetime | None = None
    """Judges nothing before: somebody reported that it is not theirs."""
    succeeds: str | None = None
    """The id of another of its owner's, whose place it takes once it has been used."""

    def failures(self, lane: Lane) -> int:
        """Return the consecutive wrong answers counted in `lane`."""
        return self.failures_known if lane is Lane.KNOWN else self.failures_stranger

    def answered_in(self, lane: Lane) -> datetime | None:
        """Return when a code that was sent in `lane` was last typed in, None where none was."""
        return self.answered_known if lane is Lane.KNOWN else self.answered_stranger


class ChallengeStatus(StrEnum):
    """Open, or one terminal state that is never left."""

    OPEN = "open"
    ACCEPTED = "accepted"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One proof with a life: asked of one enrolment, on one passage, for one purpose.

    `generation`, `salt` and `key_version` are all that a code we send is derived from; the code
    itself is nowhere. `spent` is what the wrong answers here were charged to the ledger.
    """

    id: str
    passage_id: str
    enrolment_id: str
    realm: str
    subject: str
    purpose: Purpose
    status: ChallengeStatus
    created_at: datetime
    expires_at: datetime
    max_attempts: int
    attempts: int = 0
    spent: int = 0
    generation: int = 1
    sends: int = 0
    salt: bytes = field(default=b"", repr=False)
    key_version: int = 0
    memo: Json = field(default_factory=dict)

    def is_open(self, now: datetime) -> bool:
        """Say whether an answer may still be given at `now`."""
        return (
            self.status is ChallengeStatus.OPEN
            and self.attempts < self.max_attempts
            and now < self.expires_at
        )


class PassageStatus(StrEnum):
    """A passage is pending until a proof, granted until its end, and then ended for good."""

    PENDING = "pending"
    GRANTED = "granted"
    ENDED = "ended"


class PassageKind(StrEnum):
    """Whether a cookie names the passage, or a handle in a program's hands."""

    BROWSER = "browser"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was proven, for what purpose, and when; `by` whom, where that is not the subject."""

    factor: str
    enrolment_id: str
    purpose: Purpose
    at: datetime
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One browser's way through: a pending record while PENDING, a grant while GRANTED.

    One row serves both, so that consuming the one and writing the other is a single conditional
    change. `token_hash` is all we keep of the value in the cookie. `parked` is what the host's
    login put into its session, sealed; it is gone once granted.
    """

    id: str
    realm: str
    subject: str
    status: PassageStatus
    kind: PassageKind
    purpose: Purpose
    lane: Lane
    token_hash: bytes
    created_at: datetime
    expires_at: datetime
    identity_hash: bytes = b""
    browser_hash: bytes | None = None
    password_stamp: bytes | None = None
    parked: bytes | None = field(default=None, repr=False)
    contact: bytes | None = field(default=None, repr=False)
    remembered: bool = False
    proofs: tuple[Proof, ...] = ()
    granted_at: datetime | None = None
    proven_at: datetime | None = None
    seen_at: datetime | None = None

    @property
    def is_acting(self) -> bool:
        """Whether somebody else acts as the subject: nothing can be proven or changed here."""
        return self.purpose is Purpose.ACT

    def is_pending(self, now: datetime) -> bool:
        """Say whether the passage waits for a proof."""
        return self.status is PassageStatus.PENDING and now < self.expires_at

    def is_at_door(self, now: datetime) -> bool:
        """Say whether a login waits here: for its second step, or for a first way to be set up."""
        waits = self.purpose is Purpose.LOGIN or self.parked is not None or bool(self.proofs)
        return waits and self.is_pending(now)

    def is_granted(self, now: datetime) -> bool:
        """Say whether the passage is a live grant."""
        return self.status is PassageStatus.GRANTED and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A subject's account of guessing odds in one lane.

    `spent` is what stood charged at `as_of`; it drains with time (`limits.spent_at`). `failures`
    counts wrong answers since the lane's last success and sets how long to wait after each.
    `told_at` is when the audit trail was last told that an answer was not even compared.
    """

    realm: str
    subject: str
    lane: Lane
    spent: int
    as_of: datetime
    failures: int = 0
    failed_at: datetime | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A network address that gave wrong answers: its recent count, draining with time."""

    realm: str
    address: str
    failures: float
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many codes were sent in one respect: a recent count, draining with time."""

    realm: str
    name: str
    level: float
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a message was counted as, and in which tally: a try at it over a channel in that of a
    day's money, or the code that it carries, where `channel` is empty.
    """

    channel: str
    tally: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """Since when a subject without a second step is obliged to have one.

    `address` is a keyed fingerprint of the mail address the account had last, which it has had at
    least since `address_since`. `sealed_address` is the address itself, kept to tell it of a change
    where codes would go to it.
    """

    realm: str
    subject: str
    since: datetime
    address: bytes | None
    address_since: datetime
    sealed_address: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from, for the audit trail and for slowing a source.

    `locale` is the language it was answered in, and messages it asks for are written in; empty for
    the site's first.
    """

    address: str = ""
    agent: str = ""
    locale: str = ""


class MessageStatus(StrEnum):
    """The life of a message in the outbox."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"


ON_ITS_WAY: Final = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})
"""As what a message is still to be handed over."""
TAKEN: Final = frozenset({MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNDELIVERED})
"""As what a message was taken by a carrier, whatever became of it there."""


class Awaited(StrEnum):
    """How far it is known of a message if its code came back (`core.conversion`)."""

    ASKED = "asked"
    """It is counted to its area."""
    CARRIED = "carried"
    """It is counted to its carrier, too."""
    RETURNED = "returned"
    LOST = "lost"
    """No carrier is known to have taken it, and it is counted to nobody any more."""
    UNPAID = "unpaid"
    """It was carried, and pays for nothing: another code took its place, or its later call went
    wrong. It stays counted, and nothing more is looked for."""


class Whose(StrEnum):
    """Whose codes are awaited, each counted apart: who pumps the one does not stop the other."""

    STRANGER = "stranger"
    """Of somebody in a browser that is not known, whose number was proven."""
    NEW = "new"
    """To a number that is only being added."""


class Notice(StrEnum):
    """What a person is told of without having asked; the text of a message on `notice`."""

    ENROLMENT_CONFIRMED = "enrolment_confirmed"
    ENROLMENT_REVOKED = "enrolment_revoked"
    ENROLMENT_SUSPENDED = "enrolment_suspended"
    ENROLMENT_RESTORED = "enrolment_restored"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    FACTOR_DISABLED = "factor_disabled"
    """For browsers that are not known; the next is for those that are."""
    FACTOR_DISABLED_KNOWN = "factor_disabled_known"
    INTRUDER_STOPPED = "intruder_stopped"
    """Told once for each run of wrong answers, when it begins to be slowed."""
    OBLIGED = "obliged"
    ADDRESS_CHANGED = "address_changed"
    """To the address before, of somebody who has no way yet."""
    RESET_REQUESTED = "reset_requested"
    RESET_AT_ONCE = "reset_at_once"
    RESET_CANCELLED = "reset_cancelled"
    RESET_USED = "reset_used"
    ACTING_BEGUN = "acting_begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing to deliver. It names its text; what it says is rendered when it is sent.

    `destination` is sealed. `challenge_id` is set where a code must be derived. After `not_after`
    it is never sent. A message on the channel `notice` is turned by the courier into one for each
    contact of the subject, and one for its own destination, where it has any.
    """

    id: str
    realm: str
    channel: str
    text: str
    subject: str
    destination: bytes = field(default=b"", repr=False)
    created_at: datetime
    not_after: datetime
    locale: str = "en"
    details: Json = field(default_factory=dict)
    challenge_id: str | None = None
    status: MessageStatus = MessageStatus.QUEUED
    tries: int = 0
    due_at: datetime | None = None
    claimed_until: datetime | None = None
    outcome: str = ""
    range: str | None = None
    """What the number begins with that it goes to; None where it goes to no phone."""
    whose: Whose | None = None
    awaited: Awaited | None = None
    """None, as `whose`, where nobody asks if its code came back."""
    strange: bool = False
    """Whether somebody unknown asked for its code, or it goes to where nobody is known to be."""
    charges: tuple[Charge, ...] = ()
    """What was counted for it when it was written; what is counted later stands in the store."""
