"""Codes by mail: six digits to a mailbox that its owner typed and proved to read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from vestibule.core.factor import (
    Applicant,
    EnrolmentData,
    Env,
    Interaction,
    Opening,
    Traits,
    Unusable,
)
from vestibule.core.model import Enrolment
from vestibule.core.presentation import Presentation
from vestibule.core.sent import SentCode, masked
from vestibule.factors.email.presentation import PRESENTATION

LONGEST: Final = 254
"""The most characters an address has (RFC 5321, 4.5.3.1.3, less its brackets)."""
# Only what surely is none is refused: whether an address is right is known when a code came back.
# A carrier may hand it to a mail program, for which a hyphen in front would begin an option.
_LABEL: Final = r"[^@\s,;<>\"()\\.:!?/|%&=#$*+~^`'{}\[\]]+"
_ADDRESS: Final = re.compile(rf"(?!-)[^@\s,;<>\"()\\]{{1,64}}@{_LABEL}(\.{_LABEL})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Email(SentCode):
    """Sends a code to an address, which NIST SP 800-63B-4, 3.1.3.1, takes for no second factor."""

    name: ClassVar[str] = "email"
    presentation: ClassVar[Presentation] = PRESENTATION

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

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Name the mailbox."""
        del env
        return Opening(channel="email", destination=enrolment.secret.decode(), text="code")
