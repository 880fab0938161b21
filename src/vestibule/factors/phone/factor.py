"""Codes by phone: six digits in a text message, in WhatsApp, or read out in a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from vestibule import phone
from vestibule.core.errors import ConfigurationError
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
from vestibule.core.sent import SentCode
from vestibule.factors.phone.presentation import PRESENTATION
from vestibule.phone import Country, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone(SentCode):
    """Sends a code to a phone (NIST SP 800-63B-4, 3.1.3.3: a restricted authenticator).

    A number may be shared: codes belong to challenges, not to numbers.
    """

    name: ClassVar[str] = "phone"
    presentation: ClassVar[Presentation] = PRESENTATION

    country: str = "US"
    """The country chosen at first where a browser names none, by its two letters (ISO 3166); the
    first of `VESTIBULE_COUNTRIES` where these are named without it."""

    def __post_init__(self) -> None:
        """Refuse a country without numbers, besides what no sent code may be."""
        SentCode.__post_init__(self)
        try:
            regions = {one.region for one in phone.countries()}
        except ModuleNotFoundError as error:
            message = "the factor 'phone' needs two libraries more: pip install babel phonenumbers"
            raise ConfigurationError(message) from error
        if self.country not in regions:
            raise ValueError(f"country is two letters such as US, not {self.country!r}")

    @property
    def traits(self) -> Traits:
        """A sent code, judged inline; a new number takes the old one's place."""
        return Traits(
            interaction=Interaction.CODE,
            channels=("sms", "call", "whatsapp"),
            strength=20,
            replaces=True,
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

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Name the number: a text message where it takes one and no call was asked for."""
        takes_texts = enrolment.state.get("kind") != Kind.LANDLINE
        channel = env.channel or ("sms" if takes_texts else "call")
        return Opening(channel=channel, destination=enrolment.secret.decode(), text="code")


def _number(answers: Mapping[str, str]) -> phone.Number | None:
    return phone.read(answers.get("number", ""), answers.get("country", ""))
