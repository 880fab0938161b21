"""What every factor promises. A new one in vestibule.factors is found here unasked."""

import ast
import json
import pkgutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from inspect import getsourcefile
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.site import LETTERS, Person, Site, reason, rejected

from vestibule import factors
from vestibule.core import stand_in
from vestibule.core.factor import Env, Factor
from vestibule.core.model import Enrolment, Lane, Purpose
from vestibule.core.profiles import DEFAULT
from vestibule.core.registry import load
from vestibule.core.spelling import ALPHABET
from vestibule.core.verdict import Accepted, Pending, Reason, Rejected
from vestibule.testing import SoftwareAuthenticator
from vestibule.testing.clock import START
from vestibule.testing.contracts import FactorContract, FactorInUseContract
from vestibule.testing.contracts.factor import CHALLENGE, MOMENTS, world

OURS = sorted(module.name for module in pkgutil.iter_modules(factors.__path__))
NAMES = [*OURS, LETTERS]
SWITCHED_ON = [name for name in NAMES if name not in stand_in.NAMES]
COSTS = {"recovery_codes": {"count": 4, "time_cost": 1, "memory_kib": 8}}

# Every factor, switched on.
ALL = load(SWITCHED_ON, DEFAULT, COSTS)
factor_names = pytest.mark.parametrize("factor", list(ALL), ids=lambda factor: factor.name)

# Anything at all, and what comes near to a code.
answers = (
    st.text()
    | st.text("0123456789 -", min_size=6, max_size=9)
    | st.text(ALPHABET, min_size=20, max_size=20)
)


class Promises(FactorContract):
    """What a factor of the house promises: what every factor does, and that we depend on it."""

    @pytest.mark.row("ASVS-6.5.8")
    def test_it_has_no_clock_and_no_chance_of_its_own(self) -> None:
        """The source of a factor of ours imports nothing that could be a clock or a generator."""
        super().test_it_has_no_clock_and_no_chance_of_its_own()

        source = getsourcefile(type(self.factor))
        assert source is not None
        imported = set(imports(ast.parse(Path(source).read_text(encoding="utf-8"))))
        assert not imported & {"datetime", "os", "uuid"}

    @pytest.mark.row("ATK-76")
    def test_after_a_restore_what_was_used_is_not_right(self) -> None:
        """A right answer of before a restore is refused after it, or is its challenge's alone."""
        super().test_after_a_restore_what_was_used_is_not_right()

    @pytest.mark.row("ASVS-6.5.8", "ATK-32")
    @pytest.mark.parametrize("now", MOMENTS, ids=str)
    def test_the_only_clock_is_the_one_handed_in(self, now: datetime) -> None:
        """A right answer is right whatever the machine's clock says, if the engine's agrees."""
        super().test_the_only_clock_is_the_one_handed_in(now)

    @pytest.mark.row("ATK-72", "ATK-73")
    def test_reading_never_raises(self) -> None:
        """Any text is read as one spelling or as none, and what was read is read as itself."""
        super().test_reading_never_raises()

    @pytest.mark.row("ATK-24", "ASVS-6.5.1")
    def test_a_state_that_moved_on_refuses_the_same_answer(self) -> None:
        """Where a factor remembers what was used, the same answer is refused afterwards."""
        super().test_a_state_that_moved_on_refuses_the_same_answer()


class TestTotp(Promises, FactorInUseContract):
    factor = ALL["totp"]
    wrong = "271828"

    def right_answer(self, enrolment: Enrolment, env: Env) -> str:
        """What the app shows."""
        return SoftwareAuthenticator(enrolment.secret).code(env.now)


class TestRecoveryCodes(Promises):
    factor = ALL["recovery_codes"]
    wrong = "0" * 20

    def right_answer(self, enrolment: Enrolment, env: Env) -> str:
        """The first code of the set, as it was shown."""
        del env
        return str(json.loads(enrolment.secret)[0])


class TestTicket(Promises):
    factor = ALL["ticket"]
    wrong = "0" * 16

    def right_answer(self, enrolment: Enrolment, env: Env) -> str:
        """What the help desk was told."""
        del env
        return enrolment.secret.decode()


class TestPhone(Promises, FactorInUseContract):
    factor = ALL["phone"]
    told: ClassVar = {"country": "DE", "number": "0170 1234567"}
    wrong = "271828"


class TestEmail(Promises, FactorInUseContract):
    factor = ALL["email"]
    told: ClassVar = {"address": "ada@site.test"}
    wrong = "271828"


class TestKnownAddress(Promises):
    factor = ALL["known_address"]
    told: ClassVar = {"address": "ada@site.test"}
    wrong = "271828"


class TestLetters(Promises, FactorInUseContract):
    factor = ALL["letters"]
    told: ClassVar = {"address": "ada@site.test"}
    wrong = "271828"


CONTRACTS = {contract.factor.name: contract() for contract in Promises.__subclasses__()}


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that a source imports from or by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_every_factor_is_under_contract() -> None:
    """Each factor there is has its class in this module, and each class a factor of its own."""
    assert sorted(CONTRACTS) == sorted(factor.name for factor in ALL)
    assert len(CONTRACTS) == len(Promises.__subclasses__())
    assert set(OURS) <= set(CONTRACTS)


@pytest.mark.row("ATK-72", "ATK-73")
@factor_names
@given(answer=answers)
def test_reading_any_text_never_raises(factor: Factor, answer: str) -> None:
    """Any text that Hypothesis finds is read as one spelling or as none."""
    spelled = factor.reads(answer)

    assert spelled is None or factor.reads(spelled) == spelled


@factor_names
@given(answer=answers)
def test_judging_any_text_it_reads_never_raises(factor: Factor, answer: str) -> None:
    """Whatever Hypothesis finds that a factor reads, it judges without an error."""
    spelled = factor.reads(answer)
    if spelled is not None:
        enrolment = CONTRACTS[factor.name].begun()
        verdict = factor.judge(CHALLENGE, enrolment, spelled, world(START))
        assert isinstance(verdict, Accepted | Rejected)


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
    elif CONTRACTS[factor.name].told:
        ada.add(factor.name, **CONTRACTS[factor.name].told)
    return ada, ada.enrolment(factor.name).id


def right_answer(person: Person, factor: Factor, token: str) -> str:
    """A right answer, as its owner comes by it."""
    site = person.site
    site.fake.move(timedelta(seconds=30))
    if factor.traits.channels:
        sent = site.engine.resend(token, Purpose.LOGIN, person.enrolment(factor.name).id)
        assert sent.verdict == Pending()
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

    outcome = ada.answer(begun_login.token, CONTRACTS[factor.name].wrong)

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
    ada.ask_fresh(Purpose.FRESH)
    assert not ada.answer(ada.token, answer, Purpose.FRESH).is_accepted


@pytest.mark.row("ATK-74", "ASVS-16.2.1..5,16.3.1..4,16.4.1")
@in_use
def test_no_secret_is_told(everything: Site, factor: Factor) -> None:
    """No event, to the trail or to a listener, holds an answer, a secret or a token."""
    ada, enrolment_id = equipped(everything, factor)
    begun_login = ada.login()
    answer = right_answer(ada, factor, begun_login.token)
    ada.answer(begun_login.token, CONTRACTS[factor.name].wrong)
    ada.answer(begun_login.token, answer)
    told = repr(everything.facts()) + repr(everything.heard)

    for secret in (answer, CONTRACTS[factor.name].wrong, begun_login.token, ada.token, ada.browser):
        assert secret not in told
    for code in ada.codes:
        assert code not in told
        assert code.replace("-", "")[5:] not in told
    assert repr(ada.app.secret)[2:-1] not in told
    assert enrolment_id in told
