"""Codes by phone: six digits in a text message, or read out in a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from vestibule import phone
from vestibule.core import sent
from vestibule.core.errors import ConfigurationError
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
from vestibule.factors.phone.presentation import PRESENTATION
from vestibule.phone import Country, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """Sends a code to a phone (NIST SP 800-63B-4, 3.1.3.3: a restricted authenticator).

    A number may be shared: codes belong to challenges, not to numbers.
    """

    name: ClassVar[str] = "phone"
    presentation: ClassVar[Presentation] = PRESENTATION

    digits: int = 6
    """Length of the codes, 6 to 10."""
    country: str = "US"
    """The country chosen at first where a browser names none, by its two letters (ISO 3166)."""

    def __post_init__(self) -> None:
        """Refuse a length that is guessed soon or typed wrong, and a country without numbers."""
        if not 6 <= self.digits <= 10:  # noqa: PLR2004 - said in the message
            raise ValueError(f"digits must be 6 to 10, not {self.digits}")
        try:
            regions = {one.region for one in phone.countries()}
        except ModuleNotFoundError as error:
            message = "the factor 'phone' needs two libraries more: pip install 'vestibule[phone]'"
            raise ConfigurationError(message) from error
        if self.country not in regions:
            raise ValueError(f"country is two letters such as US, not {self.country!r}")

    @property
    def traits(self) -> Traits:
        """A sent code, judged inline; a new number takes the old one's place."""
        return Traits(
            interaction=Interaction.CODE, channels=("sms", "call"), strength=20, replaces=True
        )

    def countries(self, locale: str) -> Sequence[Country]:
        """Return what the page offers to choose from."""
        return phone.countries(locale)

    def check(self, answers: Mapping[str, str]) -> Unusable | None:
        """Refuse what is no ordinary phone number."""
        if _number(answers) is not None:
            return None
        return Unusable(
            question="number",
            text=(
                "That is no phone number we can reach. Choose its country and type it as you "
                "would dial it there, or with + in front."
            ),
        )

    def begin(self, applicant: Applicant, env: Env) -> EnrolmentData:
        """Keep the number sealed, and in clear what its owner knows it by."""
        del env
        number = _number(applicant.answers)
        if number is None:
            raise ValueError("begin() is called with answers that check() has passed")
        state = {"to": phone.masked(number), "kind": number.kind.value}
        return EnrolmentData(state=state, secret=number.e164.encode())

    def describe(self, enrolment: Enrolment) -> str:
        """Return the part of the number that is shown."""
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
        """Name the number: a text message where it takes one and no call was asked for."""
        takes_texts = enrolment.state.get("kind") != Kind.LANDLINE
        channel = env.channel or ("sms" if takes_texts else "call")
        return Opening(channel=channel, destination=enrolment.secret.decode(), text="code")

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


def _number(answers: Mapping[str, str]) -> phone.Number | None:
    return phone.read(answers.get("number", ""), answers.get("country", ""))
