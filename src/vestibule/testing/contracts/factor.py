"""What every factor promises to the engine, the pages and the store."""

import ast
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from inspect import getsourcefile
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final

import pytest

from vestibule.core import registry
from vestibule.core.factor import Applicant, Env, Factor, Interaction
from vestibule.core.model import Challenge, ChallengeStatus, Enrolment, EnrolmentStatus, Purpose
from vestibule.core.verdict import Accepted, Reason, Rejected
from vestibule.testing.clock import START
from vestibule.testing.contracts.typed import texts
from vestibule.testing.randomness import FixedRandom

MOMENTS: Final = (
    START,
    datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2100, 3, 1, tzinfo=UTC),
)
SHORTEST_CODE: Final = 6
SVG_PATH: Final = re.compile(r"M[-MmLlHhVvAaZz0-9. ]+")
OWN_SOURCES: Final = frozenset({"random", "secrets", "time", "vestibule.system"})
OWN_CALLS: Final = frozenset(
    {"getrandom", "now", "today", "urandom", "utcnow", "uuid1", "uuid4", "uuid6", "uuid7"}
)
CHALLENGE: Final = Challenge(
    id="c" * 32,
    passage_id="p" * 32,
    enrolment_id="e" * 32,
    realm="default",
    subject="ada",
    purpose=Purpose.LOGIN,
    status=ChallengeStatus.OPEN,
    created_at=START,
    expires_at=START,
    max_attempts=5,
)


class FactorContract:
    """Extend it as `class TestMine(FactorContract)`, with a factor and how it is answered.

    The rules call the factor as the engine does, with a moment and a randomness that are the same
    in every run. Nothing is stored and nothing is sent.
    """

    factor: ClassVar[Factor]
    """The factor, made with the settings it is to be tested with."""
    wrong: ClassVar[str]
    """An answer that is spelled right, and right at none of these moments."""
    told: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """What a person answers to the presentation's questions, by their names."""

    def right_answer(self, enrolment: Enrolment, env: Env) -> str:
        """Return what `enrolment`'s owner would type at `env.now`; its secret is open.

        A factor whose codes are sent needs none of its own: it is the code that is sent.
        """
        digits = self.factor.code_format(enrolment).digits
        if not self.factor.traits.channels or digits is None:
            raise NotImplementedError(
                f"{type(self).__name__} does not say how {self.factor.name!r} is answered: "
                "define right_answer(self, enrolment, env)"
            )
        return env.code_for(CHALLENGE, digits)

    # What it is

    def test_settings_can_name_it(self) -> None:
        """VESTIBULE_FACTORS can name it by its module and class: it can be imported from there."""
        kind = type(self.factor)
        spec = f"{kind.__module__}:{kind.__qualname__}"

        assert registry.factor_type(spec) is kind, f"{spec} is another class"

    def test_it_is_a_frozen_value(self) -> None:
        """It cannot change while a process lives, and neither can its traits."""
        kind: Any = type(self.factor)
        made = getattr(kind, "__dataclass_params__", None)
        assert getattr(made, "frozen", False), "make the class a @dataclass(frozen=True)"
        for field in dataclasses.fields(kind):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(self.factor, field.name, 0)
        assert self.factor.traits == self.factor.traits, "traits differ from call to call"
        name = self.factor.name
        assert name.isidentifier(), "rows and settings call it by its name: an identifier"
        assert len(name) <= registry.LONGEST_NAME, "the name does not fit its column"

    def test_it_presents_itself(self) -> None:
        """It brings its title, its drawing and what is asked, and its texts can be filled in."""
        shown, enrolment = self.factor.presentation, self.begun()
        values = {
            "site": "Site",
            "digits": self.factor.code_format(enrolment).digits,
            "to": self.factor.describe(enrolment),
        }

        assert shown.title[:1].isupper(), "the title is a heading"
        assert shown.short, "short is what it is called within a sentence"
        assert SVG_PATH.fullmatch(shown.icon), "the icon is the data of one SVG path"
        for text in (shown.prompt, shown.choice, shown.offer, shown.added, shown.start_over):
            assert "%" not in text % values, f"only {sorted(values)} can be filled into {text!r}"
        for question in shown.questions:
            assert question.name.isidentifier(), "a question's name is that of a form's field"

    def test_it_asks_before_it_begins(self) -> None:
        """What a person tells is taken; nothing at all only where nothing is asked."""
        has_questions = bool(self.factor.presentation.questions)

        assert self.factor.check(self.told) is None, "`told` is not what check takes"
        refused = self.factor.check({})
        assert (refused is not None) == has_questions, "what is asked must be answered"
        asked = {question.name for question in self.factor.presentation.questions}
        assert refused is None or refused.question in asked, "check names no question of its own"

    def test_every_code_is_priced_or_long(self) -> None:
        """A typed code has six digits or more and a price, or at least 64 bits and none."""
        traits, code = self.factor.traits, self.factor.code_format(self.begun())

        assert traits.interaction in Interaction
        assert code.digits is None or code.digits >= SHORTEST_CODE, "shorter codes are guessed"
        assert code.valid_at_once >= 1, "at least one code is right at a time"
        assert traits.primary or traits.stands_in or code.digits is None, (
            "what does not make an account enrolled has codes of 64 bits or more: digits=None"
        )

    def test_it_has_no_clock_and_no_chance_of_its_own(self) -> None:
        """Its source asks neither a clock nor a generator: both come in by `env`."""
        source = getsourcefile(type(self.factor))
        assert source is not None, "the source cannot be found"
        tree = ast.parse(Path(source).read_text(encoding="utf-8"))

        used = sorted(set(sources_used(tree)))
        assert not used, "take the moment from env.now, randomness from env.random"

    # What it keeps

    def test_a_new_enrolment_can_be_answered(self) -> None:
        """A new enrolment is not spent, and what is shown to set it up is text."""
        enrolment, env = self.begun(), world(START)
        applicant = self.applicant()

        assert not self.factor.is_spent(enrolment, env), "nobody would be asked for it"
        shown = self.factor.setup_data(enrolment, applicant)
        is_text = all(isinstance(part, str) for pair in shown.items() for part in pair)
        assert is_text, "what is shown to set it up is text, by names that are text"

    def test_what_is_shown_of_an_enrolment_is_no_secret(self) -> None:
        """What tells one from others is said while its secret is sealed, and says none of it."""
        enrolment = self.begun()
        sealed = dataclasses.replace(enrolment, secret=b"")
        env, factor = world(START), self.factor

        assert factor.describe(sealed) == factor.describe(enrolment), "describe read the secret"
        same = factor.code_format(sealed) == factor.code_format(enrolment)
        assert same, "code_format read the secret"
        same = factor.is_spent(sealed, env) == factor.is_spent(enrolment, env)
        assert same, "is_spent read the secret"
        secret = enrolment.secret.decode("latin-1")
        told = bool(secret) and secret in factor.describe(enrolment)
        assert not told, "describe is shown to whoever has the password: mask it"

    def test_a_state_survives_json(self) -> None:
        """What it keeps, before and after an answer, is the same once it was written as JSON."""
        enrolment, env = self.begun(), world(START)
        stored = dataclasses.replace(enrolment, state=through_json(enrolment.state))

        verdict = self.factor.judge(CHALLENGE, stored, self._right(enrolment, env), env)

        assert stored.state == dict(enrolment.state), "the state is not what JSON can hold"
        assert isinstance(verdict, Accepted), "a stored state is not judged as the new one was"
        if verdict.state is not None:
            assert through_json(verdict.state) == dict(verdict.state), "JSON cannot hold it"

    def test_after_a_restore_what_was_used_is_not_right(self) -> None:
        """A right answer of before a restore is refused after it, or is its challenge's alone."""
        enrolment, env = self.begun(), world(START)
        right = self._right(enrolment, env)
        sealed = dataclasses.replace(enrolment, secret=b"")
        after = self.factor.after_restore(sealed, env)
        opened = dataclasses.replace(after, secret=after.secret or enrolment.secret)

        accepted = isinstance(self.factor.judge(CHALLENGE, opened, right, env), Accepted)
        assert accepted == bool(self.factor.traits.channels), (
            "a backup does not know what was used since: after_restore must leave it behind"
        )
        assert through_json(after.state) == dict(after.state), "JSON cannot hold it"

    # How it judges

    @pytest.mark.parametrize("now", MOMENTS, ids=str)
    def test_the_only_clock_is_the_one_handed_in(self, now: datetime) -> None:
        """A right answer is right at whatever moment `env` says it is."""
        enrolment, env = self.begun(now), world(now)
        right = self._right(enrolment, env)

        verdict = self.factor.judge(CHALLENGE, enrolment, right, env)
        assert isinstance(verdict, Accepted), f"{right!r} is not right at {now}"

    def test_a_wrong_answer_is_refused(self) -> None:
        """A wrong answer that is spelled right is refused as wrong."""
        verdict = self.factor.judge(CHALLENGE, self.begun(), self._read(self.wrong), world(START))

        assert verdict == Rejected(reason=Reason.WRONG), "the engine counts what is refused so"

    def test_reading_never_raises(self) -> None:
        """Any text is read as one spelling or as none, and what was read is read as itself."""
        right = self._right(self.begun(), world(START))
        for text in texts(right):
            spelled = self.factor.reads(text)
            again = spelled if spelled is None else self.factor.reads(spelled)

            assert spelled == again, f"{text[:80]!r} has two spellings"

    def test_judging_any_text_it_reads_never_raises(self) -> None:
        """Whatever it reads, it judges without an error."""
        enrolment, env = self.begun(), world(START)
        for text in texts(self._right(enrolment, env)):
            spelled = self.factor.reads(text)
            if spelled is not None:
                verdict = self.factor.judge(CHALLENGE, enrolment, spelled, env)
                assert isinstance(verdict, Accepted | Rejected), f"{text[:80]!r} has no verdict"

    def test_judging_changes_nothing_by_itself(self) -> None:
        """Judging twice gives the same verdict twice and leaves the enrolment as it was."""
        enrolment, env = self.begun(), world(START)
        before = through_json(enrolment.state)

        for answer in (self._right(enrolment, env), self._read(self.wrong)):
            first = self.factor.judge(CHALLENGE, enrolment, answer, env)
            again = self.factor.judge(CHALLENGE, enrolment, answer, env)
            assert again == first, "what is to be remembered goes out in Accepted(state=…)"
        assert through_json(enrolment.state) == before, "judge wrote into the enrolment's state"

    def test_a_state_that_moved_on_refuses_the_same_answer(self) -> None:
        """Where it remembers what was used, the same answer is refused afterwards."""
        enrolment, env = self.begun(), world(START)
        right = self._right(enrolment, env)
        verdict = self.factor.judge(CHALLENGE, enrolment, right, env)
        assert isinstance(verdict, Accepted), f"{right!r} is not right"

        if verdict.state is None:
            # Then it is the challenge that is used up, and another one has another code.
            other = dataclasses.replace(CHALLENGE, generation=CHALLENGE.generation + 1)
            again = self.factor.judge(other, enrolment, right, env)
        else:
            used = dataclasses.replace(enrolment, state=verdict.state)
            again = self.factor.judge(CHALLENGE, used, right, env)
        assert not isinstance(again, Accepted), "a code counts once: keep in state what was used"

    def test_opening_says_where_a_code_goes(self) -> None:
        """Opening a challenge says where something is sent exactly if it sends something."""
        channels = self.factor.traits.channels
        opening = self.factor.open(self.begun(), world(START))

        assert (opening.channel is not None) == bool(channels), f"the traits say {channels}"
        assert (opening.destination is not None) == bool(channels), f"the traits say {channels}"
        assert opening.channel in {None, *channels}, f"the traits say {channels}"
        assert through_json(opening.memo) == dict(opening.memo), "JSON cannot hold the memo"

    # How the rules ask

    def applicant(self) -> Applicant:
        """Return who adds the factor, with what they told."""
        return Applicant(subject="ada", account="ada@site.test", issuer="Site", answers=self.told)

    def begun(self, now: datetime = START) -> Enrolment:
        """Return an enrolment of the factor, as the engine makes it of a draft."""
        draft = self.factor.begin(self.applicant(), world(now))
        return Enrolment(
            id="e" * 32,
            realm="default",
            subject="ada",
            factor=self.factor.name,
            status=EnrolmentStatus.ACTIVE,
            created_at=now,
            state=draft.state,
            secret=draft.secret,
        )

    def _read(self, answer: str) -> str:
        """Return an answer of the contract's own as the factor reads it."""
        spelled = self.factor.reads(answer)
        assert spelled is not None, f"{answer!r} is not spelled as this factor reads it"
        return spelled

    def _right(self, enrolment: Enrolment, env: Env) -> str:
        return self._read(self.right_answer(enrolment, env))


def world(now: datetime) -> Env:
    """Return what a factor may ask for at a moment. Each generation of a challenge has its code."""
    return Env(
        now=now,
        random=FixedRandom("contract").bytes,
        code_for=lambda challenge, digits: f"{challenge.generation:0{digits}}",
    )


def through_json(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state as it comes back from the store."""
    return dict(json.loads(json.dumps(dict(state))))


def sources_used(tree: ast.AST) -> Iterator[str]:
    """Return by what a module reads a clock, or makes something random, of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in OWN_SOURCES)
        elif isinstance(node, ast.ImportFrom):
            if node.module in OWN_SOURCES:
                yield node.module
            yield from (alias.name for alias in node.names if alias.name in OWN_CALLS)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in OWN_CALLS
        ):
            yield ast.unparse(node.func)
