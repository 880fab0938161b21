"""A factor whose codes are sent, for tests of everything about sending that needs no carrier."""

from dataclasses import dataclass
from hmac import compare_digest

from vestibule.core.answers import digits_only
from vestibule.core.factor import Applicant, Draft, Env, Interaction, Opening, Traits
from vestibule.core.model import Challenge, Enrolment
from vestibule.core.verdict import Accepted, Reason, Rejected, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Sends six digits to an address that every subject of it shares."""

    digits: int = 6
    resistant: bool = False

    @property
    def name(self) -> str:
        """The factor's name."""
        return "letters"

    @property
    def traits(self) -> Traits:
        """A sent code, judged inline."""
        return Traits(
            interaction=Interaction.CODE,
            channels=("email",),
            digits=self.digits,
            strength=20,
            phishing_resistant=self.resistant,
        )

    def begin(self, applicant: Applicant, env: Env) -> Draft:
        """Take the account's name as the address."""
        del env
        return Draft(state={"to": applicant.account}, identifier=applicant.account)

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Name where the code goes."""
        del env
        return Opening(channel="email", destination=enrolment.state["to"], text="code")

    def reads(self, answer: str) -> str | None:
        """Return the digits alone."""
        return digits_only(answer, self.digits)

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        """Accept the one live code of the challenge."""
        del enrolment
        code = env.code_for(challenge, self.digits)
        if compare_digest(code.encode(), answer.encode()):
            return Accepted()
        return Rejected(reason=Reason.WRONG)
