"""What the second step costs a person: actions and seconds from the password to the page."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.codes import code_in, is_code
from tests.e2e.conftest import Open
from tests.e2e.phone import Phone
from tests.e2e.served import PASSWORD, Served, notebook
from tests.e2e.visitor import SECOND_STEP, Visitor

from vestibule.core.engine import Login
from vestibule.core.factor import Applicant
from vestibule.core.model import Purpose
from vestibule.flask.state import state_of
from vestibule.testing import Inbox

pytestmark = pytest.mark.browser
MOST_ACTIONS = {"totp": 1, "recovery_codes": 3, "sms": 1, "call": 2, "email": 1}
"""An action is a press, a choice, or a field filled in; a full field of digits sends itself."""
NUMBER = {"country": "DE", "number": "0170 1234567"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Jotter, with every way there is."""
    factors = "totp,recovery_codes,phone,email"
    with notebook(tmp_path, VESTIBULE_FACTORS=factors) as opened:
        yield opened


@dataclass
class Counted:
    """Somebody whose every action is counted from the moment the password was right."""

    me: Visitor
    began: float = 0.0
    actions: list[str] = field(default_factory=list)

    def type(self, code: str) -> None:
        """Fill in the field."""
        self.actions.append("type the code")
        self.me.type_code(code)

    def press(self, name: str) -> None:
        """Press a button."""
        self.actions.append(name)
        self.me.press(name)

    def follow(self, name: str) -> None:
        """Choose something."""
        self.actions.append(name)
        self.me.follow(name)


@dataclass
class Household:
    """The one person with an account at Jotter, and what she logs in by."""

    served: Served
    subject: str
    app: Phone | None = None
    codes: list[str] = field(default_factory=list)

    def set_up(self, factor: str, **answers: str) -> None:
        """Set a way up, past the pages."""
        engine = state_of(self.served.app).engine
        who = Applicant(subject=self.subject, account="agnes", issuer="Jotter", answers=answers)
        login = Login(subject=self.subject, identity=self.subject)
        draft = engine.begin_enrolment(engine.registry[factor], who, login, None)
        assert draft is not None
        shown = engine.registry[factor].setup_data(draft.enrolment, who)
        if "otpauth" in shown:
            self.app = Phone(shown["otpauth"])
        code = self.app.next() if self.app else self.mailed()
        assert engine.verify(draft.token, Purpose.ENROL, code).is_accepted
        self.codes = list(engine.new_recovery_codes(who).codes)

    def mailed(self) -> str:
        """The code that was sent last."""
        inbox = self.served.app.extensions["vestibule_inbox"]
        courier = state_of(self.served.app).parts.courier
        assert isinstance(inbox, Inbox)
        assert courier is not None
        until = time.monotonic() + 20
        while time.monotonic() < until:
            courier.deliver_due()
            sent = [message.text for message in inbox.messages if is_code(message.text)]
            if sent:
                inbox.clear()
                return code_in(sent[0])
            time.sleep(0.05)
        raise AssertionError("no code arrived")


def by_app(home: Household, counted: Counted) -> None:
    """The code that the app shows."""
    assert home.app is not None
    counted.type(home.app.next())


def by_recovery_code(home: Household, counted: Counted) -> None:
    """A code from paper."""
    counted.follow("Recovery code")
    counted.type(home.codes[0])
    counted.press("Continue")


def by_message(home: Household, counted: Counted) -> None:
    """The code that was sent with the login, as there is but one place to send it to."""
    counted.type(home.mailed())


def by_call(home: Household, counted: Counted) -> None:
    """The code of a call, for whom the message does not reach."""
    home.mailed()
    time.sleep(30)  # the pause before another code
    counted.me.page.reload()
    counted.began = time.monotonic()
    counted.press("Call me instead")
    counted.type(home.mailed())


WAYS: dict[str, tuple[str, dict[str, str], Callable[[Household, Counted], None]]] = {
    "totp": ("totp", {}, by_app),
    "recovery_codes": ("totp", {}, by_recovery_code),
    "sms": ("phone", NUMBER, by_message),
    "call": ("phone", NUMBER, by_call),
    "email": ("email", {"address": "agnes@mail.example"}, by_message),
}


@pytest.mark.row("A11Y-3")
@pytest.mark.parametrize("method", WAYS)
def test_the_second_step_is_short(
    served: Served, open_browser: Open, capsys: pytest.CaptureFixture[str], method: str
) -> None:
    """From the password to the page that was wanted it takes few actions; the seconds are told."""
    factor, answers, prove = WAYS[method]
    me = open_browser(served)
    _give_password(me, "/register")
    home = Household(served, subject="1")
    home.set_up(factor, **answers)
    _give_password(me, "/login")
    me.page.wait_for_url(SECOND_STEP)
    counted = Counted(me, began=time.monotonic())
    prove(home, counted)
    me.page.wait_for_url(f"{served.url}/")
    seconds = time.monotonic() - counted.began

    with capsys.disabled():
        print(f"\n{method}: {len(counted.actions)} actions, {seconds:.1f} s")  # noqa: T201
    assert len(counted.actions) <= MOST_ACTIONS[method], counted.actions


def _give_password(me: Visitor, path: str) -> None:
    me.page.goto(path)
    me.page.get_by_label("Name").fill("agnes")
    me.page.get_by_label("Password").fill(PASSWORD)
    me.page.get_by_role("main").get_by_role("button").click()
    me.page.wait_for_url(lambda url: urlsplit(url).path != path)
