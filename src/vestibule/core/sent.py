"""What factors whose codes are sent have in common: one code is live in a challenge, and expires.

A factor of this kind is a dataclass that extends `SentCode` by its name, its presentation, its
traits, and what it asks of a person before it can send anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from vestibule.core.factor import Applicant, CodeFormat, Env
from vestibule.core.model import Challenge, Enrolment
from vestibule.core.spelling import digits_only
from vestibule.core.verdict import Accepted, Reason, Rejected, Verdict

SHORTEST: Final = 6
LONGEST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCode:
    """Judges codes that were sent; `state["to"]` tells the owner where they go."""

    digits: int = 6
    """Length of the codes, 6 to 10."""

    def __post_init__(self) -> None:
        """Refuse a length that is guessed soon or typed wrong."""
        if not SHORTEST <= self.digits <= LONGEST:
            raise ValueError(f"digits must be {SHORTEST} to {LONGEST}, not {self.digits}")

    def describe(self, enrolment: Enrolment) -> str:
        """Return the part of the number or address that is shown."""
        return str(enrolment.state.get("to", ""))

    def setup_data(self, enrolment: Enrolment, applicant: Applicant) -> Mapping[str, str]:
        """Return where the first code goes."""
        del applicant
        return {"to": self.describe(enrolment)}

    def code_format(self, enrolment: Enrolment) -> CodeFormat:
        """Return the length of the codes, of which one is live."""
        del enrolment
        return CodeFormat(digits=self.digits)

    def is_spent(self, enrolment: Enrolment, env: Env) -> bool:
        """Return that codes can be sent for ever."""
        del enrolment, env
        return False

    def reads(self, answer: str) -> str | None:
        """Return the digits alone."""
        return digits_only(answer, self.digits)

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        """Accept the code that was sent last in `challenge`, and no other."""
        del enrolment
        code = env.code_for(challenge, self.digits)
        if compare_digest(code.encode(), answer.encode()):
            return Accepted()
        return Rejected(reason=Reason.WRONG)

    def after_restore(self, enrolment: Enrolment, env: Env) -> Enrolment:
        """Return `enrolment` itself: codes belong to challenges, which all ended."""
        del env
        return enrolment


def masked(address: str) -> str:
    """Return a mail address so that its owner knows it and nobody else learns it.

    >>> masked("ada@site.example")
    'a•••@site.example'
    """
    name, _, site = address.partition("@")
    return f"{name[:1]}•••@{site}"
