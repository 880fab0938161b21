"""The contract of a factor: three pure functions and a card of traits.

The engine owns what must never be forgotten (expiry, attempts, limits, single use, storage,
events); a factor only begins an enrolment, opens a challenge and judges an answer.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from vestibule.core.model import Challenge, Enrolment, Json
from vestibule.core.verdict import Verdict


class Interaction(StrEnum):
    """The ways a person can be asked. They are few and closed; factors are many."""

    CODE = "code"
    APPROVAL = "approval"
    CEREMONY = "ceremony"
    SILENT = "silent"


class Judged(StrEnum):
    """INLINE takes microseconds and runs inside the transaction; APART runs between two."""

    INLINE = "inline"
    APART = "apart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What the engine, the policy and the pages need to know of a factor.

    `primary` factors make an account enrolled; the others only help it through. `codes_valid`
    and `digits` price a wrong answer; `digits` None means at least 64 bits, which cost nothing.
    `strength` orders the methods offered (higher first). `single` means one enrolment a subject.
    """

    interaction: Interaction
    judged: Judged = Judged.INLINE
    primary: bool = True
    single: bool = False
    confirm_by_use: bool = True
    phishing_resistant: bool = False
    channels: tuple[str, ...] = ()
    codes_valid: int = 1
    digits: int | None = None
    strength: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who enrols: the account as the person knows it, and the site's name."""

    subject: str
    account: str
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A new enrolment's own data, before it is proven. `shown` is for the person's eyes, once."""

    state: Json = field(default_factory=dict)
    secret: bytes = field(default=b"", repr=False)
    identifier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opening a challenge brings: a note on the challenge, and a text to send, if any."""

    memo: Json = field(default_factory=dict)
    channel: str | None = None
    destination: str | None = field(default=None, repr=False)
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """What a factor may ask for: the moment, randomness, and the code derived for a challenge."""

    now: datetime
    random: Callable[[int], bytes]
    code_for: Callable[[Challenge, int], str]
    confirming: bool = False


class Factor(Protocol):
    """One kind of proof. All methods are pure: what they need comes in by argument."""

    @property
    def name(self) -> str:
        """The factor's name, as in the settings and the tables."""
        ...

    @property
    def traits(self) -> Traits:
        """The card of traits; the same for the life of the process."""
        ...

    def begin(self, applicant: Applicant, env: Env) -> Draft:
        """Return a new enrolment's data, not yet proven."""
        ...

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Return what a new challenge of `enrolment` needs."""
        ...

    def reads(self, answer: str) -> str | None:
        """Return `answer` in the one spelling that is judged, None where it cannot be one."""
        ...

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        """Return the verdict on `answer`, spelled as `reads` returned it."""
        ...
