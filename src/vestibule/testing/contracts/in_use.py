"""What every factor promises once people use it: with an engine, a store and a login around it."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from vestibule.bootstrap import Parts, assemble, read_settings
from vestibule.core.engine import Login, Outcome
from vestibule.core.errors import UsageError
from vestibule.core.events import Event
from vestibule.core.factor import Factor
from vestibule.core.model import Enrolment, Origin, Purpose
from vestibule.core.verdict import Reason, Rejected
from vestibule.testing.clock import FakeClock
from vestibule.testing.contracts.factor import FactorContract, world
from vestibule.testing.inbox import Inbox
from vestibule.testing.randomness import FixedRandom

LATER: Final = timedelta(minutes=1)
"""After this an app shows another code."""


class FactorInUseContract(FactorContract):
    """The same, and besides somebody adds the factor and signs in by it, in a store of their own.

    For factors that people add themselves and that make an account enrolled. `right_answer` is
    asked for the enrolment as it is stored by then; what was sent is read by the contract itself.
    """

    @pytest.fixture
    def someone(self, tmp_path: Path) -> Iterator["Someone"]:
        """Somebody who has just added the factor and proven it, whose secret we know."""
        someone = Someone(self, tmp_path)
        yield someone
        someone.close()

    def test_in_use_it_signs_in(self, someone: "Someone") -> None:
        """Who has added it is let in by a right answer, and the answer counts for it."""
        login = someone.begin()

        outcome = someone.say(login, someone.right_answer())

        assert outcome.is_accepted, f"a right answer got {outcome.verdict}"
        assert outcome.enrolment is not None
        assert outcome.enrolment.id == someone.secret.id

    def test_in_use_a_wrong_answer_is_counted(self, someone: "Someone") -> None:
        """A wrong answer costs a try of the login, and the right one is still taken after it."""
        login = someone.begin()
        right = someone.right_answer()

        outcome = someone.say(login, self.wrong)

        tries = someone.parts.engine.profile.limits.attempts
        refused = Rejected(reason=Reason.WRONG, tries_left=tries - 1)
        assert outcome.verdict == refused, "a wrong answer is Rejected, as wrong"
        assert someone.say(login, right).is_accepted, "a wrong answer spoilt the right one"

    def test_in_use_a_right_answer_works_once(self, someone: "Someone") -> None:
        """A right answer lets in once: neither its own login nor another takes it again."""
        other, login = someone.begin(), someone.begin()
        answer = someone.right_answer()
        assert someone.say(login, answer).is_accepted, "a right answer is refused"

        again, elsewhere = someone.say(login, answer), someone.say(other, answer)

        assert not again.is_accepted, "its login took the answer twice"
        assert not elsewhere.is_accepted, "another login took it: keep in state what was used"

    def test_in_use_no_secret_is_told(
        self, someone: "Someone", caplog: pytest.LogCaptureFixture
    ) -> None:
        """No event and no line of the log holds an answer or the secret."""
        login = someone.begin()
        right = someone.right_answer()
        someone.say(login, self.wrong)
        someone.say(login, right)

        told = repr(someone.told) + caplog.text
        assert someone.secret.id in told, "nothing was told of it at all"
        assert right not in told, "the right answer is told"
        assert self.wrong not in told, "the wrong answer is told"
        secret = repr(someone.secret.secret)[2:-1]
        assert not secret or secret not in told, "the secret is told"


class Someone:
    """Somebody with the factor as their only way, at a site that has no other."""

    def __init__(self, contract: FactorContract, folder: Path) -> None:
        """Open the site in `folder`, add the factor, and prove it."""
        traits = contract.factor.traits
        if not (traits.addable and traits.primary):
            raise UsageError("people do not add this factor to sign in by it: use FactorContract")
        self.contract, self.clock, self.inbox = contract, FakeClock(), Inbox()
        self.told: list[Event] = []
        self.parts = self._site(folder)
        engine, factor = self.parts.engine, self.parts.engine.registry[contract.factor.name]
        self.login = Login(subject="ada", identity="ada")
        draft = engine.begin_enrolment(factor, contract.applicant(), self.login, None)
        assert draft is not None, "there is nobody in this store yet"
        self.secret: Enrolment = draft.enrolment
        first = engine.verify(draft.token, Purpose.ENROL, self._typed(draft.enrolment), Origin())
        assert first.is_accepted, f"the first right answer got {first.verdict}"

    def _site(self, folder: Path) -> Parts:
        kind = type(self.contract.factor)
        settings = {
            "VESTIBULE_DEVELOPMENT": True,
            "VESTIBULE_DATABASE_URL": f"sqlite:///{folder / 'contract.db'}",
            "VESTIBULE_FACTORS": [f"{kind.__module__}:{kind.__qualname__}"],
            **settings_of(self.contract.factor),
        }
        return assemble(
            read_settings(settings, {}),
            application="Site",
            instance=folder,
            clock=self.clock,
            random=FixedRandom("in use"),
            sender=self.inbox,
            after_commit=self.told.append,
        )

    def begin(self) -> str:
        """Give the right password a minute later; return the token of the login that waits."""
        self.clock.move(LATER)
        return self.parts.engine.begin_login(self.login).token

    def say(self, token: str, answer: str) -> Outcome:
        """Type an answer at the second step of a login."""
        return self.parts.engine.verify(token, Purpose.LOGIN, answer, Origin())

    def right_answer(self) -> str:
        """Return what this person would type now: at the login begun last, if codes are sent."""
        enrolments = self.parts.engine.enrolments("ada")
        stored = next(one for one in enrolments if one.id == self.secret.id)
        return self._typed(dataclasses.replace(stored, secret=self.secret.secret))

    def _typed(self, enrolment: Enrolment) -> str:
        """Return the newest code that was sent, or what the contract says is right by now."""
        opening = self.contract.factor.open(enrolment, world(self.clock.now()))
        if opening.destination is None or self.parts.courier is None:
            return self.contract.right_answer(enrolment, world(self.clock.now()))
        self.parts.courier.deliver_due()
        return self.inbox.recipient(opening.destination).code()

    def close(self) -> None:
        """Close the store."""
        self.parts.database.close()


def settings_of(factor: Factor) -> dict[str, Any]:
    """Return the settings by which an application would have this very factor."""
    fields = dataclasses.fields(factor)  # type: ignore[arg-type]
    return {
        f"VESTIBULE_{factor.name.upper()}_{field.name.upper()}": getattr(factor, field.name)
        for field in fields
        if field.init and getattr(factor, field.name) != field.default
    }
