"""The contracts that anybody's tests can extend: what breaks a rule is found by it, and told."""

import ast
import inspect
import logging
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from vestibule import oath
from vestibule.core.errors import ConfigurationError, UsageError
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
from vestibule.core.ports import Sender, SendError
from vestibule.core.presentation import Presentation, Question
from vestibule.core.spelling import digits_only
from vestibule.core.verdict import Accepted, Reason, Rejected, Verdict
from vestibule.testing import Inbox
from vestibule.testing.clock import START
from vestibule.testing.contracts import Arrived, FactorContract, FactorInUseContract, SenderContract
from vestibule.testing.contracts.factor import MOMENTS, sources_used
from vestibule.testing.contracts.in_use import Someone
from vestibule.testing.contracts.sender import TEXTS

SHOWN = Presentation(title="Device", short="device", offer="A device.", icon="M3 5.5h18v13H3z")


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device that shows the next code at each press."""

    name: ClassVar[str] = "device"
    presentation: ClassVar[Presentation] = SHOWN

    look_ahead: int = 10

    @property
    def traits(self) -> Traits:
        return Traits(interaction=Interaction.CODE)

    def check(self, answers: Mapping[str, str]) -> Unusable | None:
        del answers
        return None

    def begin(self, applicant: Applicant, env: Env) -> EnrolmentData:
        del applicant
        return EnrolmentData(state={"next": 0}, secret=env.random(20))

    def describe(self, enrolment: Enrolment) -> str:
        del enrolment
        return ""

    def setup_data(self, enrolment: Enrolment, applicant: Applicant) -> Mapping[str, str]:
        del enrolment, applicant
        return {}

    def code_format(self, enrolment: Enrolment) -> CodeFormat:
        del enrolment
        return CodeFormat(digits=6, valid_at_once=self.look_ahead)

    def is_spent(self, enrolment: Enrolment, env: Env) -> bool:
        del enrolment, env
        return False

    def open(self, enrolment: Enrolment, env: Env) -> Opening:
        del enrolment, env
        return Opening()

    def reads(self, answer: str) -> str | None:
        return digits_only(answer, 6)

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        del challenge, env
        first = enrolment.state["next"]
        press = oath.matching_step(enrolment.secret, answer, range(first, first + self.look_ahead))
        if press is None:
            return Rejected(reason=Reason.WRONG)
        return Accepted(state={"next": press + 1})

    def after_restore(self, enrolment: Enrolment, env: Env) -> Enrolment:
        del env
        return replace(enrolment, state={"next": enrolment.state["next"] + self.look_ahead})


class DeviceContract(FactorContract):
    """How a device is answered."""

    factor = Device()
    wrong = "271828"

    def right_answer(self, enrolment: Enrolment, env: Env) -> str:
        """What it shows at the next press."""
        del env
        return oath.hotp(enrolment.secret, enrolment.state["next"])


class TestDevice(DeviceContract, FactorInUseContract):
    """A factor that is nobody's of ours keeps every promise."""

    factor = Device(look_ahead=3)


def but(**others: Any) -> Device:
    """Return a device of which some names or methods are others."""
    plain: Any = type("Broken", (Device,), {"__module__": __name__, **others})
    kind: type[Device] = dataclass(frozen=True)(plain)
    return kind()


class Moody(Device):
    """A device that says something else each time it is asked what it is."""

    asked: ClassVar[list[int]] = []

    @property
    def traits(self) -> Traits:
        self.asked.append(1)
        return Traits(interaction=Interaction.CODE, strength=len(self.asked))


def says(verdict: object) -> Device:
    """Return a device that says the same of every answer."""
    return but(judge=lambda *_: verdict)


def remembers(self: Device, _: Challenge, enrolment: Enrolment, *__: object) -> Verdict:
    """Write into a state, as no method may, and tell of it."""
    state = dict(enrolment.state, next=enrolment.state["next"] + 1)
    enrolment.state.update(state)  # type: ignore[attr-defined]
    return Accepted(state=state)


def remembers_in_silence(self: Device, *asked: Any) -> Verdict:
    """Write into a state, and say nothing of it."""
    remembers(self, *asked)
    return Rejected(reason=Reason.WRONG)


def only_at_first(self: Device, challenge: Challenge, one: Enrolment, *rest: Any) -> Verdict:
    """Judge by a moment of its own."""
    typed, env = rest
    return Device.judge(self, challenge, one, typed if env.now == START else "", env)


def shown(**others: Any) -> Device:
    """Return a device that is presented otherwise."""
    return but(presentation=replace(SHOWN, **others))


LISTED = {"next": 0, "seen": (1,)}
"""A state that JSON gives back as another: it knows lists only."""
WRONG = Rejected(reason=Reason.WRONG)
ASKED = (Question(name="serial", label="Serial number"),)
ELSEWHERE = Unusable(question="colour", text="Type a colour.")
MAIL = Traits(interaction=Interaction.CODE, channels=("email",))
HELPER = Traits(interaction=Interaction.CODE, primary=False)
# For each rule of the contract: what the failure says, and the factor that breaks it.
BROKEN: Mapping[str, Sequence[tuple[str, Device]]] = {
    "settings_can_name_it": [("has no 'Broken'", but())],
    "it_is_a_frozen_value": [
        ("traits differ", Moody()),
        ("an identifier", but(name="a name")),
        ("fit its column", but(name="n" * 65)),
        ("frozen=True", type("Thawed", (), {"name": "thawed"})()),
    ],
    "it_presents_itself": [
        ("a heading", shown(title="device")),
        ("within a sentence", shown(short="")),
        ("one SVG path", shown(icon="<svg>")),
        ("can be filled", shown(offer="50 %% off")),
        ("form's field", shown(questions=(Question(name="a b", label="A"),))),
    ],
    "it_asks_before_it_begins": [
        ("must be answered", shown(questions=ASKED)),
        ("`told` is not", but(check=lambda *_: ELSEWHERE)),
    ],
    "every_code_is_priced_or_long": [
        ("are guessed", but(code_format=lambda *_: CodeFormat(digits=5))),
        ("at least one", but(code_format=lambda *_: CodeFormat(digits=6, valid_at_once=0))),
        ("64 bits", but(traits=HELPER)),
    ],
    "it_has_no_clock_and_no_chance_of_its_own": [
        ("env.random", but(__module__="vestibule.system")),
    ],
    "a_new_enrolment_can_be_answered": [
        ("nobody would be asked", but(is_spent=lambda *_: True)),
        ("set it up is text", but(setup_data=lambda *_: {"count": 7})),
    ],
    "what_is_shown_of_an_enrolment_is_no_secret": [
        ("describe read", but(describe=lambda _, one: str(len(one.secret)))),
        (
            "mask it",
            but(begin=lambda *_: EnrolmentData(secret=b"loud"), describe=lambda *_: "so loud"),
        ),
        ("code_format read", but(code_format=lambda _, one: CodeFormat(digits=len(one.secret)))),
        ("is_spent read", but(is_spent=lambda _, one, __: not one.secret)),
    ],
    "a_state_survives_json": [
        ("JSON can hold", but(begin=lambda *_: EnrolmentData(state=LISTED, secret=b"s"))),
        ("JSON cannot hold", says(Accepted(state=LISTED))),
        ("is not judged", says(WRONG)),
    ],
    "after_a_restore_what_was_used_is_not_right": [
        ("must leave it behind", but(after_restore=lambda _, one, __: one)),
        (
            "JSON cannot hold",
            but(after_restore=lambda _, one, __: replace(one, state=LISTED | {"next": 99})),
        ),
    ],
    "the_only_clock_is_the_one_handed_in": [("is not right at", but(judge=only_at_first))],
    "a_wrong_answer_is_refused": [
        ("refused so", says(Accepted(state={"next": 1}))),
        ("refused so", says(Rejected(reason=Reason.GONE))),
        ("not spelled", but(reads=lambda *_: None)),
    ],
    "reading_never_raises": [
        ("two spellings", but(reads=lambda _, typed: f"{typed}0")),
        ("invalid literal", but(reads=lambda _, typed: f"{int(typed):06}")),
    ],
    "judging_any_text_it_reads_never_raises": [("has no verdict", says(None))],
    "judging_changes_nothing_by_itself": [
        ("goes out in", but(judge=remembers)),
        ("wrote into", but(judge=remembers_in_silence)),
    ],
    "a_state_that_moved_on_refuses_the_same_answer": [
        ("counts once", says(Accepted(state={"next": 0}))),
        ("counts once", says(Accepted())),
        ("is not right", says(WRONG)),
    ],
    "opening_says_where_a_code_goes": [
        ("the traits say", but(open=lambda *_: Opening(channel="sms", destination="+1"))),
        ("the traits say", but(open=lambda *_: Opening(destination="+1"))),
        ("the traits say", but(traits=MAIL)),
        (
            "the traits say",
            but(traits=MAIL, open=lambda *_: Opening(channel="sms", destination="+1")),
        ),
        ("cannot hold the memo", but(open=lambda *_: Opening(memo=LISTED))),
    ],
}


def rules(contract: type) -> dict[str, Callable[..., None]]:
    """Every rule of a contract, by its name."""
    found = inspect.getmembers(contract, inspect.isfunction)
    return {name.removeprefix("test_"): rule for name, rule in found if name.startswith("test_")}


def test_every_rule_is_broken_once() -> None:
    """For each rule of a factor's contract there is a factor here that breaks it."""
    assert set(BROKEN) == set(rules(FactorContract))


@pytest.mark.parametrize(
    ("rule", "said", "factor"),
    [
        pytest.param(rule, said, factor, id=f"{rule}-{said}")
        for rule, factors in BROKEN.items()
        for said, factor in factors
    ],
)
def test_a_broken_promise_is_found(rule: str, said: str, factor: Device) -> None:
    """A factor that breaks a rule fails by it, and the failure says what is to be done."""
    contract = type("Test", (DeviceContract,), {"factor": factor})()
    takes_a_moment = "now" in inspect.signature(rules(FactorContract)[rule]).parameters

    with pytest.raises((AssertionError, ConfigurationError, ValueError)) as failed:
        rules(FactorContract)[rule](contract, *([MOMENTS[1]] if takes_a_moment else []))

    assert said in str(failed.value)


class Fickle(Device):
    """Takes the first code and no other."""

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        verdict = super().judge(challenge, enrolment, answer, env)
        return verdict if env.confirming else WRONG


class Careless(Device):
    """Takes whatever can be a code."""

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        del challenge, answer, env
        return Accepted(state={"next": enrolment.state["next"] + 1})


class Forgetful(Device):
    """Remembers no code."""

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        verdict = super().judge(challenge, enrolment, answer, env)
        return Accepted() if isinstance(verdict, Accepted) else verdict


class Chatty(Device):
    """Writes what was typed into the log."""

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        logging.getLogger("chatty").warning("somebody typed %s", answer)
        return super().judge(challenge, enrolment, answer, env)


# For each rule of a factor in use: what the failure says, and the factor that breaks it.
MISUSED: Mapping[str, tuple[str, Device]] = {
    "in_use_it_signs_in": ("a right answer got", Fickle()),
    "in_use_a_wrong_answer_is_counted": ("a wrong answer is Rejected", Careless()),
    "in_use_a_right_answer_works_once": ("another login took it", Forgetful()),
    "in_use_no_secret_is_told": ("the right answer is told", Chatty()),
}


def test_every_rule_of_use_is_broken_once() -> None:
    """For each rule of a factor in use there is a factor here that breaks it."""
    assert set(MISUSED) == set(rules(FactorInUseContract)) - set(rules(FactorContract))


@pytest.mark.parametrize("rule", MISUSED)
def test_a_promise_broken_in_use_is_found(
    rule: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A factor that breaks a rule when it is used fails by it, and the failure says why."""
    said, factor = MISUSED[rule]
    contract = type("Test", (DeviceContract, FactorInUseContract), {"factor": factor})()
    someone = Someone(contract, tmp_path)
    wants_the_log = "caplog" in inspect.signature(rules(FactorInUseContract)[rule]).parameters

    with pytest.raises(AssertionError) as failed:
        rules(FactorInUseContract)[rule](contract, someone, *([caplog] if wants_the_log else []))
    someone.close()

    assert said in str(failed.value)


def test_what_people_cannot_add_has_the_smaller_contract(tmp_path: Path) -> None:
    """A factor that people do not add themselves is told which contract is its own."""
    given = but(traits=Traits(interaction=Interaction.CODE, addable=False))
    for factor in (given, but(traits=HELPER)):
        contract = type("Test", (DeviceContract,), {"factor": factor})()

        with pytest.raises(UsageError, match="use FactorContract"):
            Someone(contract, tmp_path)


def test_a_factor_in_use_has_the_settings_that_the_contract_gave_it(tmp_path: Path) -> None:
    """What is not a default is handed on as an application sets it."""
    contract = type("Test", (DeviceContract,), {"factor": Device(look_ahead=3)})()

    someone = Someone(contract, tmp_path)

    assert someone.parts.engine.registry["device"] == Device(look_ahead=3)
    someone.close()


def test_an_answer_that_nobody_knows_is_asked_for() -> None:
    """A contract that does not say how its factor is answered is told what to define."""
    silent = type("Test", (FactorContract,), {"factor": Device(), "wrong": "271828"})()

    with pytest.raises(NotImplementedError, match="define right_answer"):
        silent.test_a_state_survives_json()


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("import random", ["random"]),
        ("from secrets import token_bytes", ["secrets"]),
        ("import time as t", ["time"]),
        ("from os import urandom", ["urandom"]),
        ("import os\nos.urandom(16)", ["os.urandom"]),
        ("import datetime\ndatetime.datetime.now()", ["datetime.datetime.now"]),
        ("from uuid import uuid4", ["uuid4"]),
        ("from datetime import timedelta\nenv.now + timedelta(days=1)", []),
        ("import os\nos.path.join('a')", []),
    ],
)
def test_a_clock_or_a_generator_is_found(source: str, used: list[str]) -> None:
    """What reads a clock or makes something random is found in a source, and nothing else."""
    assert list(sources_used(ast.parse(source))) == used


class TestInbox(SenderContract):
    """The inbox keeps the promises of a sender, in a file as in memory."""

    addresses: ClassVar = {"sms": "+491701234567", "email": "ada@post.example"}

    @pytest.fixture(autouse=True)
    def _stage(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.inbox = Inbox(tmp_path / "inbox.jsonl")

    def sender(self) -> Sender:
        """The inbox."""
        return self.inbox

    def unreachable(self) -> Sender:
        """An inbox whose file would be in a folder that is none."""
        (self.folder / "file").write_text("no folder")
        return Inbox(self.folder / "file" / "inbox.jsonl")

    def arrived(self) -> Sequence[Arrived]:
        """What is in it."""
        return [
            Arrived(to=found.to, text=found.text, subject=found.subject)
            for found in reversed(self.inbox.messages)
        ]


class Carrier:
    """A sender, and how it goes wrong."""

    def __init__(self, arrived: list[Arrived], error: Exception | None = None) -> None:
        self.arrived, self.error = arrived, error

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        if channel not in {"email", "pigeon"}:
            raise SendError("no such channel", permanent=True)
        if self.error is not None:
            raise self.error
        self.arrived.append(self.changed(Arrived(to=to, text=text, subject=subject)))

    def changed(self, message: Arrived) -> Arrived:
        return message


# For each rule of a sender's contract: what the failure says, and what a sender does then, or one
# that cannot be reached.
LOST: Mapping[str, Sequence[tuple[str, Mapping[str, Any]]]] = {
    "a_message_arrives_as_it_was_written": [
        ("another address", {"changed": lambda _, one: replace(one, to="bob@post.example")}),
        ("changed the text", {"changed": lambda _, one: replace(one, text=one.text[:70])}),
        ("changed the subject", {"changed": lambda _, one: replace(one, subject=None)}),
    ],
    "messages_arrive_from_any_thread": [
        ("a thread of its own", {"changed": lambda _, one: replace(one, text="x")}),
    ],
    "a_channel_it_does_not_carry_is_refused_for_good": [
        ("DID NOT RAISE", {}),
        ("permanent=True", {"error": SendError("busy")}),
    ],
    "what_was_not_handed_over_is_to_be_tried_again": [
        ("counts as handed over", {}),
        ("is no SendError", {"error": OSError("down")}),
        ("permanent=False", {"error": SendError("down", permanent=True)}),
    ],
    "an_error_quotes_nothing_of_the_message": [
        ("the code is in it", {"error": SendError("271828 was not sent")}),
        ("the address is in it", {"error": SendError("no mailbox ada@post.example")}),
        ("in a word", {"error": SendError("")}),
    ],
}


def test_every_rule_of_a_sender_is_broken_once() -> None:
    """For each rule of a sender's contract there is a sender here that breaks it."""
    assert set(LOST) == set(rules(SenderContract))


@pytest.mark.parametrize(
    ("rule", "said", "fault"),
    [
        pytest.param(rule, said, fault, id=f"{rule}-{said}")
        for rule, faults in LOST.items()
        for said, fault in faults
    ],
)
def test_a_sender_that_loses_messages_is_found(
    rule: str, said: str, fault: Mapping[str, Any]
) -> None:
    """A sender that breaks a rule fails by it, and the failure says what is to be done."""
    arrived: list[Arrived] = []
    broken = type("Broken", (Carrier,), {k: v for k, v in fault.items() if k == "changed"})
    contract = SenderContract()
    contract.addresses = {"email": "ada@post.example"}  # type: ignore[misc]
    contract.sender = lambda: broken(arrived, fault.get("error"))  # type: ignore[method-assign]
    contract.unreachable = contract.sender  # type: ignore[method-assign]
    contract.arrived = lambda: arrived  # type: ignore[method-assign]
    takes_a_text = "text" in inspect.signature(rules(SenderContract)[rule]).parameters

    with pytest.raises((AssertionError, pytest.fail.Exception)) as failed:
        rules(SenderContract)[rule](contract, *([TEXTS[1]] if takes_a_text else []))

    assert said in str(failed.value)


@pytest.mark.parametrize("name", ["sender", "unreachable", "arrived"])
def test_what_a_contract_of_a_sender_lacks_is_named(name: str) -> None:
    """A contract that does not say where its messages go is told what to define."""
    with pytest.raises(NotImplementedError, match=f"SenderContract defines no {name}"):
        getattr(SenderContract(), name)()


@pytest.mark.parametrize("module", ["vestibule.flask", "vestibule.testing"])
def test_the_contracts_come_by_their_own_name_only(module: str) -> None:
    """Neither Vestibule nor what plays the phone needs pytest, which the contracts need."""
    asks = f"import sys, {module}; sys.exit('pytest' in sys.modules or 'hypothesis' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", asks], check=False).returncode == 0


def test_a_failure_in_somebody_elses_tests_says_what_was_compared(tmp_path: Path) -> None:
    """Run by anybody's pytest, a rule that fails shows its advice and the values it compared."""
    (tmp_path / "test_mine.py").write_text(
        "from vestibule.testing import Letters\n"
        "from vestibule.testing.contracts import FactorContract\n"
        "class TestMine(FactorContract):\n"
        "    factor, wrong, told = Letters(), '000001', {'address': 'ada@post.example'}\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"]

    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "the engine counts what is refused so" in ran.stdout, ran.stdout
    assert "assert Accepted(" in ran.stdout
    assert "1 failed" in ran.stdout
