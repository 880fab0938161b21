"""A telephone's factor of a host's own: one number, two channels, brought by its own class."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from vestibule.core.factor import Env, Interaction, Opening, Traits, Unusable
from vestibule.core.model import Enrolment
from vestibule.core.presentation import Presentation
from vestibule.testing import Letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing(Letters):
    """Writes to a number, or rings there."""

    name: ClassVar[str] = "ringing"
    presentation: ClassVar[Presentation] = Presentation(
        title="Text message",
        short="text messages",
        prompt="Type the code we sent to %(to)s.",
        instead={"call": "Call me instead"},
        questions=Letters.presentation.questions,
    )

    @property
    def traits(self) -> Traits:
        """Text first, call where it is asked for."""
        return Traits(interaction=Interaction.CODE, channels=("sms", "call"), strength=30)

    def check(self, answers: Mapping[str, str]) -> Unusable | None:
        """Take what is typed: whether a number gets codes is not this factor's to say."""
        del answers
        return None

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Name the number, and how it is reached."""
        channel = env.channel or "sms"
        return Opening(channel=channel, destination=enrolment.secret.decode(), text="code")
