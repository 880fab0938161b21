"""One-time tickets: 80 bits that the people who run a site hand to somebody who has lost all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import ClassVar, Final

from vestibule.core import stand_in, ticket
from vestibule.core.factor import (
    Applicant,
    CodeFormat,
    EnrolmentData,
    Env,
    Opening,
    Traits,
    Unusable,
)
from vestibule.core.model import Challenge, Enrolment
from vestibule.core.presentation import Presentation
from vestibule.core.spelling import ALPHABET, symbols_only
from vestibule.core.verdict import Accepted, Reason, Rejected, Verdict

PRESENTATION: Final = Presentation(
    title="One-time ticket",
    short="one-time ticket",
    prompt="Type the ticket that the people at %(site)s gave you.",
    label="Ticket",
    icon="M3.5 7.5h17v3a1.75 1.75 0 0 0 0 3.5v3h-17v-3a1.75 1.75 0 0 0 0-3.5zM14 8v8.5",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Opens once the page on which a new way is set up."""

    name: ClassVar[str] = ticket.NAME
    presentation: ClassVar[Presentation] = PRESENTATION

    @property
    def traits(self) -> Traits:
        """Judged inline, given by others, and no way to be enrolled by."""
        return stand_in.traits()

    def check(self, answers: Mapping[str, str]) -> Unusable | None:
        """Ask nothing: a ticket is not set up on a page."""
        del answers
        return None

    def begin(self, applicant: Applicant, env: Env) -> EnrolmentData:
        """Return a ticket that takes effect at `env.now`; `secret` is what the person is given."""
        del applicant
        symbols = "".join(ALPHABET[byte % len(ALPHABET)] for byte in env.random(ticket.SYMBOLS))
        return EnrolmentData(state=ticket.state(env.now), secret=symbols.encode())

    def describe(self, enrolment: Enrolment) -> str:
        """Return nothing: there is but one."""
        del enrolment
        return ""

    def setup_data(self, enrolment: Enrolment, applicant: Applicant) -> Mapping[str, str]:
        """Return nothing: it is told once, to whoever made it."""
        del enrolment, applicant
        return {}

    def code_format(self, enrolment: Enrolment) -> CodeFormat:
        """Return that no guess at it is worth counting."""
        del enrolment
        return CodeFormat()

    def is_spent(self, enrolment: Enrolment, env: Env) -> bool:
        """Say whether the ticket was used, is over, or has not taken effect."""
        return not ticket.is_open(enrolment, env.now)

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Return nothing to send."""
        del enrolment, env
        return Opening()

    def reads(self, answer: str) -> str | None:
        """Return its symbols, however they are grouped."""
        return symbols_only(answer, ticket.SYMBOLS)

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        """Accept the ticket once, while it is in effect; before that, say from when."""
        del challenge
        if not compare_digest(answer.encode(), enrolment.secret):
            return Rejected(reason=Reason.WRONG)
        if ticket.is_open(enrolment, env.now):
            return Accepted(state=ticket.used(enrolment, env.now))
        if ticket.is_early(enrolment, env.now):
            return Rejected(reason=Reason.EARLY, retry_at=ticket.valid_from(enrolment))
        return Rejected(reason=Reason.REPLAYED)

    def after_restore(self, enrolment: Enrolment, env: Env) -> Enrolment:
        """Return the ticket as one that was used: nobody knows whether it was."""
        return replace(enrolment, state=ticket.used(enrolment, env.now))
