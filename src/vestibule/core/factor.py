"""The contract of a factor: a name, a card of traits, a presentation, and a few pure functions.

The engine owns what must never be forgotten (expiry, attempts, limits, single use, storage,
events); a factor only begins an enrolment, opens a challenge, judges an answer, and says what its
enrolments look like. Everything it needs comes in by argument, everything it wants goes out as a
value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from vestibule.core.model import Challenge, Enrolment, Json
from vestibule.core.presentation import Presentation
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
    """What the engine, the policy and the pages need to know of a factor."""

    interaction: Interaction
    judged: Judged = Judged.INLINE
    primary: bool = True
    """It makes an account enrolled; the others only help it through."""
    addable: bool = True
    """A person adds one on the pages; others are made otherwise, such as recovery codes."""
    single: bool = False
    """A person has one at most."""
    replaces: bool = False
    """A person has one at most, and a new one takes its place once it is proven."""
    stands_in: bool = False
    """It proves who somebody is who has no way yet: a first one is set up by it, no more."""
    phishing_resistant: bool = False
    channels: tuple[str, ...] = ()
    """Over what its codes are sent; empty where the person already holds what is asked."""
    shown_once: bool = False
    """Its secret is for the person's eyes, and forgotten once it may be seen no more."""
    strength: int = 0
    """Orders the methods offered, higher first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFormat:
    """What the codes of one enrolment look like, which is also what a guess is worth.

    `digits` None means at least 64 bits, which cost a guesser too much to be counted;
    `valid_at_once` is how many codes would be accepted at one moment.
    """

    digits: int | None = None
    valid_at_once: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who enrols: the account as the person knows it, the site's name, and what was answered.

    `answers` holds what the person typed, by the names of the presentation's questions.
    """

    subject: str
    account: str
    issuer: str
    answers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentData:
    """A new enrolment's own data. `state` rests in clear, `secret` sealed."""

    state: Json = field(default_factory=dict)
    secret: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """What a person answered cannot be used: which question, and a sentence on what to type."""

    question: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opening a challenge brings: a note on the challenge, and where a code goes, if anywhere.

    `text` names what the message is for in its row; what it says is the same for all factors.
    """

    memo: Json = field(default_factory=dict)
    channel: str | None = None
    destination: str | None = field(default=None, repr=False)
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """What a factor may ask for: the moment, randomness, and the code derived for a challenge.

    `confirming` says that an enrolment is being proven; `channel` is the one of its channels that
    the person asked for, None for whichever is best.
    """

    now: datetime
    random: Callable[[int], bytes]
    code_for: Callable[[Challenge, int], str]
    confirming: bool = False
    channel: str | None = None


class Factor(Protocol):
    """One kind of proof: a frozen dataclass whose fields are its settings. All methods are pure.

    `name` and `presentation` are the class's own (`ClassVar`), known before one is made.
    """

    @property
    def name(self) -> str:
        """What it is called in the tables and in the names of its settings: an identifier."""
        ...

    @property
    def presentation(self) -> Presentation:
        """How it is shown."""
        ...

    @property
    def traits(self) -> Traits:
        """The card of traits; the same for the life of the process."""
        ...

    def check(self, answers: Mapping[str, str]) -> Unusable | None:
        """Return what is wrong with what a person answered, None where it can be used."""
        ...

    def begin(self, applicant: Applicant, env: Env) -> EnrolmentData:
        """Return a new enrolment's data, not yet proven; the answers have passed `check`."""
        ...

    def describe(self, enrolment: Enrolment) -> str:
        """Return what tells one from others of its kind, such as the end of a number; or nothing.

        It is shown to whoever has the password, so it is masked. The secret may be sealed.
        """
        ...

    def setup_data(self, enrolment: Enrolment, applicant: Applicant) -> Mapping[str, str]:
        """Return what a person must see to set it up, by names that its template and JSON use."""
        ...

    def code_format(self, enrolment: Enrolment) -> CodeFormat:
        """Return what this enrolment's codes look like. The secret may be sealed."""
        ...

    def is_spent(self, enrolment: Enrolment, env: Env) -> bool:
        """Say whether no answer can be right at `env.now`: then nobody is asked for one.

        The secret may be sealed.
        """
        ...

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Return what a new challenge of `enrolment` needs."""
        ...

    def reads(self, answer: str) -> str | None:
        """Return `answer` in the one spelling that is judged, None where it can be no answer.

        What does not fit an enrolment's own `code_format` is not judged against it.
        """
        ...

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        """Return the verdict on `answer`, spelled as `reads` returned it."""
        ...

    def after_restore(self, enrolment: Enrolment, env: Env) -> Enrolment:
        """Return `enrolment` with a state and a secret for which nothing used before now counts.

        A backup does not know what was used since it was made. The secret may be sealed.
        """
        ...


@runtime_checkable
class IssuesCodes(Factor, Protocol):
    """A factor whose enrolment is a set of codes, made at once and each good for once."""

    def shown(self, enrolment: Enrolment) -> Sequence[str]:
        """Return the unused codes while the person may still see them; the secret is open."""
        ...

    def remaining(self, enrolment: Enrolment) -> int:
        """Return how many codes of the set are still good."""
        ...

    def total(self, enrolment: Enrolment) -> int:
        """Return how many codes the set was made with."""
        ...
