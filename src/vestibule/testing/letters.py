"""A factor whose codes are sent, for tests of everything about sending that needs no carrier.

Like a factor of anybody else's it is loaded by its path: `vestibule.testing.letters:Letters`.
"""

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
from vestibule.core.presentation import Presentation, Question
from vestibule.core.sent import SentCode, masked

ADDRESS: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters(SentCode):
    """Sends six digits to an address that its owner typed."""

    name: ClassVar[str] = "letters"
    presentation: ClassVar[Presentation] = Presentation(
        title="Code by mail",
        short="codes by mail",
        another="Another mail address",
        offer="We send a code to your mailbox when you sign in.",
        prompt="Type the code we sent to %(to)s.",
        choice="Have a code sent to %(to)s.",
        set_up="Set up codes by mail",
        added="Done. From now on we can send you a code by mail.",
        start_over="There were several wrong codes. Have a new one sent.",
        icon="M3 5.5h18v13H3zM3 6.5l9 7 9-7",
        questions=(
            Question(
                name="address",
                label="Mail address",
                hint="It should be one that only you read.",
                inputmode="email",
                autocomplete="email",
            ),
        ),
    )

    resistant: bool = False

    @property
    def traits(self) -> Traits:
        """A sent code, judged inline."""
        return Traits(
            interaction=Interaction.CODE,
            channels=("email",),
            strength=20,
            phishing_resistant=self.resistant,
        )

    def check(self, answers: Mapping[str, str]) -> Unusable | None:
        """Refuse what is no address."""
        typed = answers.get("address", "").strip()
        if typed.isprintable() and ADDRESS.fullmatch(typed):
            return None
        return Unusable(question="address", text="Type a whole address, like you@site.example.")

    def begin(self, applicant: Applicant, env: Env) -> EnrolmentData:
        """Take the address that was typed, else the account's name; the list shows a part of it."""
        del env
        address = applicant.answers.get("address", "").strip() or applicant.account
        return EnrolmentData(state={"to": masked(address)}, secret=address.encode())

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Name where the code goes."""
        del env
        return Opening(channel="email", destination=enrolment.secret.decode(), text="code")
