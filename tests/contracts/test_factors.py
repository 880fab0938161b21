"""What every factor promises. A new one in vestibule.factors is found here unasked."""

import ast
import dataclasses
import json
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from inspect import getsourcefile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.site import LETTERS, Person, Site, applicant, reason, rejected

from vestibule import factors
from vestibule.core import stand_in
from vestibule.core.factor import Env, Factor, Interaction
from vestibule.core.model import (
    Challenge,
    ChallengeStatus,
    Enrolment,
    EnrolmentStatus,
    Lane,
    Purpose,
)
from vestibule.core.profiles import DEFAULT
from vestibule.core.registry import Registry, load
from vestibule.core.spelling import ALPHABET
from vestibule.core.verdict import Accepted, Reason, Rejected
from vestibule.testing import FixedRandom, SoftwareAuthenticator
from vestibule.testing.clock import START

OURS = sorted(module.name for module in pkgutil.iter_modules(factors.__path__))
NAMES = [*OURS, LETTERS]
SWITCHED_ON = [name for name in NAMES if name not in stand_in.NAMES]
COSTS = {"recovery_codes": {"count": 4, "time_cost": 1, "memory_kib": 8}}
MOMENTS = [START, datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2100, 3, 1, tzinfo=UTC)]

CHALLENGE = Challenge(
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


def registry() -> Registry:
    """Every factor, switched on."""
    return load(SWITCHED_ON, DEFAULT, COSTS)


ALL = list(registry())
factor_names = pytest.mark.parametrize("factor", ALL, ids=lambda factor: factor.name)

# Anything at all, and what comes near to a code.
answers = (
    st.text()
    | st.text("0123456789 -", min_size=6, max_size=9)
    | st.text(ALPHABET, min_size=20, max_size=20)
)


def world(now: datetime) -> Env:
    """What a factor may ask for, at a moment."""
    return Env(
        now=now,
        random=FixedRandom("contract").bytes,
        code_for=lambda challenge, digits: f"{challenge.generation:0{digits}}",
    )


def begun(factor: Factor, now: datetime = START) -> Enrolment:
    """An enrolment of a factor, as the engine makes it of a draft."""
    draft = factor.begin(replace(applicant("ada"), answers=TOLD.get(factor.name, {})), world(now))
    return Enrolment(
        id="e" * 32,
        realm="default",
        subject="ada",
        factor=factor.name,
        status=EnrolmentStatus.ACTIVE,
        created_at=now,
        state=draft.state,
        secret=draft.secret,
    )


# What a person tells before one can be added.
TOLD: Mapping[str, Mapping[str, str]] = {
    "email": {"address": "ada@site.test"},
    "known_address": {"address": "ada@site.test"},
    "letters": {"address": "ada@site.test"},
    "phone": {"country": "DE", "number": "0170 1234567"},
}
# How each factor's owner comes to know a right answer.
ANSWERS: Mapping[str, Callable[[Enrolment, Env], str]] = {
    "totp": lambda enrolment, env: SoftwareAuthenticator(enrolment.secret).code(env.now),
    "recovery_codes": lambda enrolment, _: str(json.loads(enrolment.secret)[0]),
    "ticket": lambda enrolment, _: enrolment.secret.decode(),
    **{name: lambda _, env: env.code_for(CHALLENGE, 6) for name in TOLD},
}
WRONG = {
    "totp": "271828",
    "recovery_codes": "0" * 20,
    "ticket": "0" * 16,
    **dict.fromkeys(TOLD, "271828"),
}


def read(factor: Factor, answer: str) -> str:
    """An answer that the factor can read, as it reads it."""
    spelled = factor.reads(answer)
    assert spelled is not None
    return spelled


def test_every_factor_is_under_contract() -> None:
    """Each factor there is has an answer and a wrong answer in this suite."""
    assert {factor.name for factor in ALL} == set(ANSWERS) == set(WRONG)
    assert set(OURS) <= {factor.name for factor in ALL}


@factor_names
def test_a_factor_is_a_frozen_value(factor: Factor) -> None:
    """A factor cannot change while a process lives, and neither can its traits."""
    for field in dataclasses.fields(factor):  # type: ignore[arg-type]
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(factor, field.name, 0)
    assert type(factor).__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert factor.traits == factor.traits
    assert factor.name.isidentifier()
    assert len(factor.name) <= 64


@factor_names
def test_a_factor_presents_itself(factor: Factor) -> None:
    """A factor brings its title, its drawing and what is asked; its texts can be filled in."""
    shown, enrolment = factor.presentation, begun(factor)
    values = {
        "site": "Site",
        "digits": factor.code_format(enrolment).digits,
        "to": factor.describe(enrolment),
    }

    assert shown.title[0].isupper()
    assert shown.short
    assert re.fullmatch(r"M[-MmLlHhVvAaZz0-9. ]+", shown.icon)
    for text in (shown.prompt, shown.choice, shown.offer, shown.added, shown.start_over):
        assert "%" not in text % values
    for question in shown.questions:
        assert question.name.isidentifier()
    assert (factor.check({}) is None) == (not shown.questions)


@factor_names
def test_what_is_shown_of_an_enrolment_is_no_secret(factor: Factor) -> None:
    """What tells one from others can be said while its secret is sealed, and says none of it."""
    enrolment = begun(factor)
    sealed = dataclasses.replace(enrolment, secret=b"")

    assert factor.describe(sealed) == factor.describe(enrolment)
    assert factor.code_format(sealed) == factor.code_format(enrolment)
    assert enrolment.secret.decode("latin-1") not in factor.describe(enrolment)


@pytest.mark.row("ATK-76")
@factor_names
def test_after_a_restore_what_was_used_is_not_right(factor: Factor) -> None:
    """A right answer of before a restore is refused after it, or is its challenge's alone."""
    enrolment, env = begun(factor), world(START)
    right = read(factor, ANSWERS[factor.name](enrolment, env))
    sealed = dataclasses.replace(enrolment, secret=b"")
    after = factor.after_restore(sealed, env)
    opened = dataclasses.replace(after, secret=enrolment.secret)

    accepted = isinstance(factor.judge(CHALLENGE, opened, right, env), Accepted)
    assert accepted == bool(factor.traits.channels)
    assert through_json(after.state) == dict(after.state)


@factor_names
def test_every_code_is_priced_or_long(factor: Factor) -> None:
    """A typed code has six digits or more and a price, or at least 64 bits and none."""
    traits, code = factor.traits, factor.code_format(begun(factor))

    assert traits.interaction in Interaction
    assert code.digits is None or code.digits >= 6
    assert code.valid_at_once >= 1
    assert traits.primary or traits.stands_in or code.digits is None


@pytest.mark.row("ATK-72", "ATK-73")
@factor_names
@given(answer=answers)
def test_reading_never_raises(factor: Factor, answer: str) -> None:
    """Any text is read as one spelling or as none, and what was read is read again as itself."""
    spelled = factor.reads(answer)

    assert spelled is None or factor.reads(spelled) == spelled


@factor_names
@given(answer=answers)
def test_judging_any_text_it_reads_never_raises(factor: Factor, answer: str) -> None:
    """Whatever a factor reads, it judges without an error."""
    spelled = factor.reads(answer)
    if spelled is not None:
        verdict = factor.judge(CHALLENGE, begun(factor), spelled, world(START))
        assert isinstance(verdict, Accepted | Rejected)


@factor_names
def test_opening_is_pure(factor: Factor) -> None:
    """Opening a challenge says where something is sent exactly if the factor sends something."""
    opening = factor.open(begun(factor), world(START))

    assert (opening.channel is not None) == bool(factor.traits.channels)
    assert (opening.destination is not None) == bool(factor.traits.channels)
    assert opening.channel in {None, *factor.traits.channels}
    assert json.loads(json.dumps(dict(opening.memo))) == dict(opening.memo)


@pytest.mark.row("ASVS-6.5.8", "ATK-32")
@factor_names
@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_the_only_clock_is_the_one_handed_in(factor: Factor, now: datetime) -> None:
    """A right answer is right whatever the machine's clock says, as long as the engine's agrees."""
    enrolment, env = begun(factor, now), world(now)
    right = read(factor, ANSWERS[factor.name](enrolment, env))

    assert isinstance(factor.judge(CHALLENGE, enrolment, right, env), Accepted)


@pytest.mark.row("ASVS-6.5.8")
@factor_names
def test_no_clock_and_no_chance_is_imported(factor: Factor) -> None:
    """The source of a factor imports neither a clock nor a generator of its own."""
    source = getsourcefile(type(factor))
    assert source is not None
    tree = ast.parse(Path(source).read_text(encoding="utf-8"))

    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not imported & {
        "time",
        "datetime",
        "random",
        "secrets",
        "os",
        "uuid",
        "vestibule.system",
    }


@factor_names
def test_judging_changes_nothing_by_itself(factor: Factor) -> None:
    """Judging twice gives the same verdict twice and leaves the enrolment as it was."""
    enrolment, env = begun(factor), world(START)
    before = json.dumps(dict(enrolment.state), sort_keys=True)
    right = read(factor, ANSWERS[factor.name](enrolment, env))

    for answer in (right, read(factor, WRONG[factor.name])):
        first = factor.judge(CHALLENGE, enrolment, answer, env)
        assert factor.judge(CHALLENGE, enrolment, answer, env) == first
    assert json.dumps(dict(enrolment.state), sort_keys=True) == before


@factor_names
def test_a_state_survives_json(factor: Factor) -> None:
    """What a factor keeps, before and after an answer, is the same once it was written as JSON."""
    enrolment, env = begun(factor), world(START)
    stored = dataclasses.replace(enrolment, state=through_json(enrolment.state))
    right = read(factor, ANSWERS[factor.name](enrolment, env))

    verdict = factor.judge(CHALLENGE, stored, right, env)

    assert stored.state == dict(enrolment.state)
    assert isinstance(verdict, Accepted)
    if verdict.state is not None:
        assert through_json(verdict.state) == dict(verdict.state)


def through_json(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state as it comes back from the store."""
    return dict(json.loads(json.dumps(dict(state))))


@pytest.mark.row("ATK-24", "ASVS-6.5.1")
@factor_names
def test_a_state_that_moved_on_refuses_the_same_answer(factor: Factor) -> None:
    """Where a factor remembers what was used, the same answer is refused afterwards."""
    enrolment, env = begun(factor), world(START)
    right = read(factor, ANSWERS[factor.name](enrolment, env))
    verdict = factor.judge(CHALLENGE, enrolment, right, env)
    assert isinstance(verdict, Accepted)

    if verdict.state is None:
        # Then it is the challenge that is used up, and another one has another code.
        other = dataclasses.replace(CHALLENGE, generation=2)
        assert not isinstance(factor.judge(other, enrolment, right, env), Accepted)
    else:
        used = dataclasses.replace(enrolment, state=verdict.state)
        assert not isinstance(factor.judge(CHALLENGE, used, right, env), Accepted)


# The same with the engine around it, which counts, closes and tells. A code to a known address is
# asked of nobody who has a way: tests/core/engine/test_obliging.py has its own.
in_use = pytest.mark.parametrize(
    "factor",
    [factor for factor in ALL if factor.name != stand_in.KNOWN_ADDRESS],
    ids=lambda factor: factor.name,
)


@pytest.fixture
def everything(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site on which every factor is switched on."""
    config = {"VESTIBULE_FACTORS": ",".join(SWITCHED_ON), "VESTIBULE_RESET_DELAY": 0}
    site = Site.open(database_url, tmp_path, config=config)
    yield site
    site.close()


def equipped(site: Site, factor: Factor) -> tuple[Person, str]:
    """Somebody with that factor, and the id of its enrolment."""
    ada = site.enrol()
    if factor.name == "recovery_codes":
        ada.make_recovery_codes()
    elif factor.name == "ticket":
        made = site.engine.reset("ada", by="bea", reason="lost")
        assert made is not None
        ada.codes = [made.ticket]
    elif factor.name in TOLD:
        ada.add(factor.name, **TOLD[factor.name])
    return ada, ada.enrolment(factor.name).id


def right_answer(person: Person, factor: Factor, token: str) -> str:
    """A right answer, as its owner comes by it."""
    site = person.site
    site.fake.move(timedelta(seconds=30))
    if factor.traits.channels:
        sent = site.engine.resend(token, Purpose.LOGIN, person.enrolment(factor.name).id)
        assert sent.is_on_its_way
        person.deliver()
        return site.post.code()
    return person.codes[0] if person.codes else person.code()


@pytest.mark.row("ATK-13", "NIST-16")
@in_use
def test_a_wrong_answer_is_counted(everything: Site, factor: Factor) -> None:
    """A wrong answer costs a try, and its odds where it has a price."""
    ada, enrolment_id = equipped(everything, factor)
    begun_login = ada.login()
    right_answer(ada, factor, begun_login.token)
    priced = factor.code_format(ada.enrolment(factor.name)).digits is not None

    outcome = ada.answer(begun_login.token, WRONG[factor.name])

    assert rejected(outcome) == Rejected(reason=Reason.WRONG, tries_left=4)
    row = next(r for r in everything.rows("enrolment") if r["id"] == enrolment_id)
    assert row["failures_stranger"] == int(priced)
    assert (ada.ledger(Lane.STRANGER)["spent"] > 0) is priced
    assert {r["attempts"] for r in everything.rows("challenge") if r["purpose"] == "login"} == {1}


@pytest.mark.row("ATK-24", "ATK-29", "C6", "ASVS-6.5.1", "NIST-18")
@in_use
def test_a_right_answer_works_once(everything: Site, factor: Factor) -> None:
    """A right answer lets in once: no login and no step-up takes it again."""
    ada, enrolment_id = equipped(everything, factor)
    begun_login, other = ada.login(), ada.login()
    answer = right_answer(ada, factor, begun_login.token)

    outcome = ada.answer(begun_login.token, answer)
    assert outcome.is_accepted
    assert outcome.enrolment is not None
    assert outcome.enrolment.id == enrolment_id
    assert reason(ada.answer(begun_login.token, answer)) is Reason.GONE
    assert not ada.answer(other.token, answer).is_accepted
    ada.ask_again(Purpose.MANAGE)
    assert not ada.answer(ada.token, answer, Purpose.MANAGE).is_accepted


@pytest.mark.row("ATK-74", "ASVS-16.2.1..5,16.3.1..4,16.4.1")
@in_use
def test_no_secret_is_told(everything: Site, factor: Factor) -> None:
    """No event, to the trail or to a listener, holds an answer, a secret or a token."""
    ada, enrolment_id = equipped(everything, factor)
    begun_login = ada.login()
    answer = right_answer(ada, factor, begun_login.token)
    ada.answer(begun_login.token, WRONG[factor.name])
    ada.answer(begun_login.token, answer)
    told = repr(everything.facts()) + repr(everything.heard)

    for secret in (answer, WRONG[factor.name], begun_login.token, ada.token, ada.browser):
        assert secret not in told
    for code in ada.codes:
        assert code not in told
        assert code.replace("-", "")[5:] not in told
    assert repr(ada.app.secret)[2:-1] not in told
    assert enrolment_id in told
