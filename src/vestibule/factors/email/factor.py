"""Codes by mail: six digits to a mailbox that its owner typed and proved to read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from vestibule.core import sent
from vestibule.core.factor import (
    Applicant,
    CodeFormat,
    EnrolmentData,
    Env,
    Interaction,
    Opening,
    Traits,
    Unusable,
)
from vestibule.core.model import Challenge, Enrolment
from vestibule.core.presentation import Presentation
from vestibule.core.spelling import digits_only
from vestibule.core.verdict import Verdict
from vestibule.factors.email.presentation import PRESENTATION

LONGEST: Final = 254
"""The most characters an address has (RFC 5321, 4.5.3.1.3, less its brackets)."""
# Only what surely is none is refused: whether an address is right is known when a code came back.
# A carrier may hand it to a mail program, for which a hyphen in front would begin an option.
_LABEL: Final = r"[^@\s,;<>\"()\\.:!?/|%&=#$*+~^`'{}\[\]]+"
_ADDRESS: Final = re.compile(rf"(?!-)[^@\s,;<>\"()\\]{{1,64}}@{_LABEL}(\.{_LABEL})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """Sends a code to an address, which NIST SP 800-63B-4, 3.1.3.1, takes for no second factor."""

    name: ClassVar[str] = "email"
    presentation: ClassVar[Presentation] = PRESENTATION

    digits: int = 6
    """Length of the codes, 6 to 10."""

    def __post_init__(self) -> None:
        """Refuse a length that is guessed soon or typed wrong."""
        if not 6 <= self.digits <= 10:  # noqa: PLR2004 - said in the message
            raise ValueError(f"digits must be 6 to 10, not {self.digits}")

    @property
    def traits(self) -> Traits:
        """A sent code, judged inline; the weakest of all."""
        return Traits(interaction=Interaction.CODE, channels=("email",), strength=10)

    def check(self, answers: Mapping[str, str]) -> Unusable | None:
        """Refuse what is no address."""
        typed = answers.get("address", "").strip()
        if typed.isprintable() and len(typed) <= LONGEST and _ADDRESS.fullmatch(typed):
            return None
        return Unusable(question="address", text="Type a whole address, like you@site.example.")

    def begin(self, applicant: Applicant, env: Env) -> EnrolmentData:
        """Keep the address sealed, and in clear what its owner knows it by."""
        del env
        name, _, site = applicant.answers.get("address", "").strip().partition("@")
        address = f"{name}@{site.lower()}"
        return EnrolmentData(state={"to": masked(address)}, secret=address.encode())

    def describe(self, enrolment: Enrolment) -> str:
        """Return the part of the address that is shown."""
        return str(enrolment.state.get("to", ""))

    def setup_data(self, enrolment: Enrolment, applicant: Applicant) -> Mapping[str, str]:
        """Return where the first code goes."""
        del applicant
        return {"to": self.describe(enrolment)}

    def code_format(self, enrolment: Enrolment) -> CodeFormat:
        """Return the length of the codes, of which one is live."""
        del enrolment
        return CodeFormat(digits=self.digits)

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Name the mailbox."""
        del env
        return Opening(channel="email", destination=enrolment.secret.decode(), text="code")

    def reads(self, answer: str) -> str | None:
        """Return the digits alone."""
        return digits_only(answer, self.digits)

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        """Accept the code that was sent last."""
        del enrolment
        return sent.judge(challenge, answer, self.digits, env)

    def after_restore(self, enrolment: Enrolment, env: Env) -> Enrolment:
        """Return `enrolment` itself: codes belong to challenges, which all ended."""
        del env
        return enrolment


def masked(address: str) -> str:
    """Return an address so that its owner knows it and nobody else learns it.

    >>> masked("ada@site.example")
    'a•••@site.example'
    """
    name, _, site = address.partition("@")
    return f"{name[:1]}•••@{site}"
