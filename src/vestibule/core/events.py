"""One type for each thing worth auditing. The names are public: they appear in the event table.

An event never holds a code, a secret, a token or a full address of a person.
"""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar

from vestibule.core.model import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What happened; each subclass is one kind of thing that can."""

    name: ClassVar[str] = ""

    def data(self) -> dict[str, Any]:
        """Return the fact's own fields, ready for JSON."""
        own = {own.name: getattr(self, own.name) for own in fields(self)}
        return {name: value for name, value in own.items() if value not in (None, "")}


def names() -> list[str]:
    """Return the name of every kind of thing that can happen, in order."""
    return sorted({kind.name for kind in Fact.__subclasses__()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact with its time, its subject and where it came from."""

    at: datetime
    realm: str
    subject: str
    fact: Fact
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPaused(Fact):
    """A password login waits for its second step, or for a first way to be set up."""

    name: ClassVar[str] = "login_paused"
    passage: str
    lane: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAccepted(Fact):
    """A right answer was accepted: its passage is granted, renewed, or open for a set-up."""

    name: ClassVar[str] = "answer_accepted"
    passage: str
    purpose: str
    factor: str
    enrolment: str
    lane: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRejected(Fact):
    """An answer was refused; `evaluated` says whether it was compared with anything."""

    name: ClassVar[str] = "answer_rejected"
    passage: str
    purpose: str
    reason: str
    lane: str
    evaluated: bool
    odds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorDisabled(Fact):
    """An enrolment reached its limit of consecutive wrong answers in a lane."""

    name: ClassVar[str] = "factor_disabled"
    enrolment: str
    factor: str
    lane: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentBegun(Fact):
    """Somebody began to add a factor."""

    name: ClassVar[str] = "enrolment_begun"
    enrolment: str
    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentConfirmed(Fact):
    """A factor was added and proven by use."""

    name: ClassVar[str] = "enrolment_confirmed"
    enrolment: str
    factor: str
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentChanged(Fact):
    """A factor was renamed or preferred."""

    name: ClassVar[str] = "enrolment_changed"
    enrolment: str
    factor: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentRevoked(Fact):
    """A factor was removed."""

    name: ClassVar[str] = "enrolment_revoked"
    enrolment: str
    factor: str
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentSuspended(Fact):
    """A factor was suspended: by a link in a mail its owner said that it was not them."""

    name: ClassVar[str] = "enrolment_suspended"
    enrolment: str
    factor: str
    reported: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentRestored(Fact):
    """A suspended factor was taken into use again, by a proof with another one."""

    name: ClassVar[str] = "enrolment_restored"
    enrolment: str
    factor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesMade(Fact):
    """A new set of recovery codes replaced the old."""

    name: ClassVar[str] = "recovery_codes_made"
    enrolment: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesKept(Fact):
    """The person said whether the recovery codes shown were saved."""

    name: ClassVar[str] = "recovery_codes_kept"
    enrolment: str
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengesOpened(Fact):
    """A signed-in person was asked to prove it is them."""

    name: ClassVar[str] = "challenges_opened"
    passage: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSent(Fact):
    """A code went out to be sent; of a later generation, in the place of the one before."""

    name: ClassVar[str] = "code_sent"
    passage: str
    channel: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRefused(Fact):
    """A code was asked for and not sent, or not tried again though it may not have arrived.

    `reason` is `kind` or `country` of a number that gets none, `stopped` of an area that is,
    `number_check` where the site's own look at a number says no, or the count that was full:
    `address`, `subject`, `network`, `range`, `block`, `all` or `spent`. `range` is what the number
    begins with.
    """

    name: ClassVar[str] = "send_refused"
    passage: str
    channel: str
    reason: str
    range: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaStopped(Fact):
    """So few codes came back from numbers that begin so that none are sent there for a while.

    `whose` says to whom: to `stranger`s, or to `new` numbers.
    """

    name: ClassVar[str] = "area_stopped"
    area: str
    whose: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaResumed(Fact):
    """Numbers that begin so get codes again: by an operator, or because codes came back after all.

    `by` is empty of the latter.
    """

    name: ClassVar[str] = "area_resumed"
    area: str
    whose: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierPutLast(Fact):
    """So few codes came back from an area that one carrier took: the others go first there.

    Codes still go to that area, and where there is no other carrier, by this one.
    """

    name: ClassVar[str] = "carrier_put_last"
    area: str
    provider: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierPutBack(Fact):
    """A carrier has its place on the route again: by an operator, or because codes came back.

    `by` is empty of the latter.
    """

    name: ClassVar[str] = "carrier_put_back"
    area: str
    provider: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageEnded(Fact):
    """A grant or a waiting login was ended."""

    name: ClassVar[str] = "passage_ended"
    passage: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(Fact):
    """Everything of a subject was ended, logins that wait too; but the grant that was `kept`."""

    name: ClassVar[str] = "sessions_ended"
    by: str
    reason: str
    kept: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRedeemed(Fact):
    """A program's proof was used; it is worthless from now on."""

    name: ClassVar[str] = "proof_redeemed"
    passage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationBegun(Fact):
    """Somebody without a second step is obliged to have one from a certain moment on."""

    name: ClassVar[str] = "obligation_begun"
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetRequested(Fact):
    """The people who run the site gave somebody a ticket to set up two-step login anew."""

    name: ClassVar[str] = "reset_requested"
    ticket: str
    by: str
    reason: str
    at_once: bool
    valid_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetCancelled(Fact):
    """A ticket was made worthless before it was used, by its owner or by an operator."""

    name: ClassVar[str] = "reset_cancelled"
    ticket: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingBegun(Fact):
    """Somebody of the site's people began to use it as a user; written under both of them."""

    name: ClassVar[str] = "acting_begun"
    passage: str
    by: str
    user: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsReset(Fact):
    """An operator reset a subject's counts."""

    name: ClassVar[str] = "limits_reset"
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectForgotten(Fact):
    """Everything of a subject was deleted, except what the audit trail says of it."""

    name: ClassVar[str] = "subject_forgotten"
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSent(Fact):
    """An operator sent a message that says it is a test; `provider` is who took it."""

    name: ClassVar[str] = "test_sent"
    channel: str
    provider: str
    taken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysRotated(Fact):
    """All sealed values were sealed anew under a newer key."""

    name: ClassVar[str] = "keys_rotated"
    version: int
    resealed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored(Fact):
    """The store came back from a backup: nothing that was live in it counts any more."""

    name: ClassVar[str] = "restored"
    epoch: int
