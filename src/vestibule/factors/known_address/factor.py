"""A code to the mail address of the account: whoever has only the password does not read it.

Nobody sets it up. It is asked of people who are obliged to have a second step and have none yet,
where the site has known the address for a week, and it lets them set up a way, no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from vestibule.core import stand_in
from vestibule.core.factor import (
    Applicant,
    EnrolmentData,
    Env,
    Opening,
    Traits,
    Unusable,
)
from vestibule.core.model import Enrolment
from vestibule.core.presentation import Presentation
from vestibule.core.sent import SentCode, masked

PRESENTATION: Final = Presentation(
    title="Code to your mail address",
    short="code to your mail address",
    prompt="Type the code we sent to %(to)s, the address %(site)s knows you by.",
    choice="Have a code sent to %(to)s.",
    start_over="There were several wrong codes. Have a new one sent.",
    icon="M3 5.5h18v13H3zM3 6.5l9 7 9-7",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAddress(SentCode):
    """Proves that the owner of an account is here who has no way yet."""

    name: ClassVar[str] = stand_in.KNOWN_ADDRESS
    presentation: ClassVar[Presentation] = PRESENTATION

    @property
    def traits(self) -> Traits:
        """A sent code, judged inline, that stands in where there is no way yet."""
        return stand_in.traits("email")

    def check(self, answers: Mapping[str, str]) -> Unusable | None:
        """Ask nothing: the application tells the address."""
        del answers
        return None

    def begin(self, applicant: Applicant, env: Env) -> EnrolmentData:
        """Keep the address sealed, and in clear what its owner knows it by."""
        del env
        address = applicant.answers.get("address", "")
        return EnrolmentData(state={"to": masked(address)}, secret=address.encode())

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        """Name the mailbox."""
        del env
        return Opening(channel="email", destination=enrolment.secret.decode(), text="code")
