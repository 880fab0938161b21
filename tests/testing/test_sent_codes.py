"""Codes that are sent, in a host's own tests: carried when a test says so, and typed for it."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, redirect, session
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue

from vestibule.core.errors import ConfigurationError
from vestibule.core.ports import SendError
from vestibule.flask import Vestibule
from vestibule.flask.state import state_of
from vestibule.testing import (
    FakeClock,
    Inbox,
    Recipient,
    SoftwareAuthenticator,
    deliver,
    enrol_app,
    login_with_second_factor,
    take_second_step,
)

PROGRAM = {"Accept": "application/json"}
MAILBOX, NUMBER = "ada@post.example", "+491701234567"
TOLD = {
    "email": {"address": MAILBOX},
    "phone": {"country": "DE", "number": "0170 1234567"},
}


class Moody(Inbox):
    """An inbox that takes its time, or nothing at all."""

    pause = 0.0
    is_down = False

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        time.sleep(self.pause)
        if self.is_down:
            raise SendError("down", permanent=True)
        super().send(channel=channel, to=to, subject=subject, text=text)


class Failing:
    """A carrier that is down."""

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        del channel, to, subject, text
        raise SendError("down")


def host(folder: Path, **world: Any) -> Flask:
    """A host with a login that asks for no password, and every way there is."""
    app = Flask("host", instance_path=str(folder))
    app.config |= {"SECRET_KEY": "x", "TESTING": True, "VESTIBULE_LOGIN_KEYS": ["user_id"]}
    app.config["VESTIBULE_FACTORS"] = ["totp", "email", "phone", "recovery_codes"]
    Vestibule(app, **world).contact_loader(lambda _: {"email": "ada@mail.example"})

    @app.post("/login")
    def login() -> ResponseReturnValue:
        session["user_id"] = "ada"
        return redirect("/")

    @app.post("/logout")
    def logout() -> ResponseReturnValue:
        session.clear()
        return redirect("/")

    @app.get("/")
    def home() -> str:
        return str(session.get("user_id"))

    return app


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the host."""
    return FakeClock()


@pytest.fixture
def inbox() -> Inbox:
    """What carries for the host."""
    return Inbox()


@pytest.fixture
def client(tmp_path: Path, clock: FakeClock, inbox: Inbox) -> FlaskClient:
    """A browser in which somebody has just signed in."""
    client = host(tmp_path, clock=clock, sender=inbox).test_client()
    client.post("/login")
    return client


def add(client: FlaskClient, factor: str, recipient: Recipient) -> None:
    """Add a way whose codes are sent."""
    client.post(f"/two-step/add/{factor}", json=TOLD[factor], headers=PROGRAM)
    deliver(client.application)
    code = recipient.code()
    answer = client.post("/two-step/setup", json={"code": code}, headers=PROGRAM)
    assert answer.get_json()["status"] in {"accepted", "added"}


class TestDeliver:
    def test_counts_what_was_handed_over(self, client: FlaskClient, inbox: Inbox) -> None:
        """Every message that is due is carried, once, and the count is that of the inbox."""
        client.post("/two-step/add/email", json=TOLD["email"], headers=PROGRAM)
        assert inbox.latest() is None

        assert deliver(client.application) == 1
        assert deliver(client.application) == 0
        assert [message.to for message in inbox.messages] == [MAILBOX]

    def test_a_notice_counts_as_its_mails(self, client: FlaskClient, inbox: Inbox) -> None:
        """A notice is counted by the mails that it became."""
        add(client, "email", inbox.recipient(MAILBOX))
        before = len(inbox.messages)

        carried = deliver(client.application)

        assert carried == len(inbox.messages) - before > 0

    def test_what_was_refused_is_not_counted(self, tmp_path: Path, clock: FakeClock) -> None:
        """What the sender refused is not counted, and is tried again later."""
        client = host(tmp_path, clock=clock, sender=Failing()).test_client()
        client.post("/login")
        client.post("/two-step/add/email", json=TOLD["email"], headers=PROGRAM)

        assert deliver(client.application) == 0

    def test_an_application_without_vestibule(self) -> None:
        """An application that has no Vestibule is told so, and what to call."""
        with pytest.raises(ConfigurationError, match=r"call Vestibule\(app\) first"):
            deliver(Flask("bare"))

    def test_an_application_without_a_sender(self, tmp_path: Path, clock: FakeClock) -> None:
        """An application that carries nothing is told how it is given an inbox."""
        app = host(tmp_path, clock=clock)

        with pytest.raises(ConfigurationError, match=r"sender=Inbox\(\)"):
            deliver(app)
        state_of(app).close()


class TestRecipient:
    def test_reads_its_own_messages(self, inbox: Inbox) -> None:
        """A recipient sees what came to its address, newest first, and nobody else's."""
        for number, to in enumerate((MAILBOX, NUMBER, MAILBOX)):
            inbox.deliver(channel="email", to=to, text=f"message {number}")

        texts = [message.text for message in inbox.recipient(MAILBOX).messages]
        assert texts == ["message 2", "message 0"]

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("271828 is your code for Shop 24.", "271828"),
            ("Hello. 2, 7, 1, 8, 2, 8 is your code. Once more: 2, 7, 1, 8, 2, 8.", "271828"),
            ("0012345678 ist Ihr Code", "0012345678"),
            ("Call +49170123456 about https://shop.example/-123456-/ : 314159", "314159"),
        ],
    )
    def test_reads_a_code(self, inbox: Inbox, text: str, code: str) -> None:
        """A code is read in one piece, whether it was written or read out."""
        inbox.deliver(channel="sms", to=NUMBER, text=text)

        assert inbox.recipient(NUMBER).code() == code

    def test_reads_the_newest_code(self, inbox: Inbox) -> None:
        """Of several codes the newest is read, past messages that hold none."""
        for text in ("111111 is old", "222222 is new", "A way was added on 2026-01-05."):
            inbox.deliver(channel="sms", to=NUMBER, text=text)

        assert inbox.recipient(NUMBER).code() == "222222"

    def test_says_what_is_missing(self, inbox: Inbox) -> None:
        """Where no code came, an error names the address and what has codes delivered."""
        with pytest.raises(LookupError, match=rf"{re.escape(NUMBER)}.*deliver\(app\)"):
            inbox.recipient(NUMBER).code()

    @pytest.mark.parametrize(
        ("to", "shown", "may_be"),
        [
            (MAILBOX, "a•••@post.example", True),
            (MAILBOX, "b•••@post.example", False),
            (MAILBOX, "a•••@post.example.net", False),
            (MAILBOX, "", False),
            ("s@x.example", "s•••@x.example", True),
            (NUMBER, "+49\N{NO-BREAK SPACE}•••\N{NO-BREAK SPACE}67", True),
            (NUMBER, "+49\N{NO-BREAK SPACE}•••\N{NO-BREAK SPACE}68", False),
        ],
    )
    def test_knows_itself_behind_a_mask(
        self, inbox: Inbox, to: str, shown: str, *, may_be: bool
    ) -> None:
        """A recipient is known by as much of its address as a page shows."""
        assert inbox.recipient(to).could_be(shown) is may_be


class TestSecondStep:
    def test_the_only_way_is_sent_with_the_password(
        self, client: FlaskClient, clock: FakeClock, inbox: Inbox
    ) -> None:
        """A login whose code came with the password is answered with that code."""
        mailbox = inbox.recipient(MAILBOX)
        add(client, "email", mailbox)
        client.post("/logout")
        clock.move(minutes=1)
        sent = len(mailbox.messages)

        answer = login_with_second_factor(client, mailbox, "/login")

        assert answer.status_code == 303
        assert client.get("/").text == "ada"
        assert len(mailbox.messages) == sent + 1

    @pytest.mark.parametrize("to", [MAILBOX, NUMBER])
    def test_another_way_is_sent_when_asked_for(
        self, client: FlaskClient, clock: FakeClock, inbox: Inbox, to: str
    ) -> None:
        """Of several ways the recipient's own is chosen, and its code sent, delivered, typed."""
        enrol_app(client)
        for name, address in (("email", MAILBOX), ("phone", NUMBER)):
            add(client, name, inbox.recipient(address))
        inbox.clear()
        client.post("/logout")
        clock.move(minutes=1)
        client.post("/login")
        assert client.get("/").text == "None"

        take_second_step(client, inbox.recipient(to))

        assert client.get("/").text == "ada"
        assert [message.to for message in inbox.messages if "is your code" in message.text] == [to]

    def test_nothing_is_sent_to_a_stranger(
        self, client: FlaskClient, clock: FakeClock, inbox: Inbox
    ) -> None:
        """A recipient to whom no way sends is an error that names the ways on offer."""
        enrol_app(client)
        client.post("/logout")
        clock.move(minutes=1)

        with pytest.raises(AssertionError, match=r"0 of the ways .* send to ada@.*'totp'"):
            login_with_second_factor(client, inbox.recipient(MAILBOX), "/login")

    def test_a_code_that_a_thread_carries_is_waited_for(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        """Where a thread of the application's carries, no older code is read meanwhile."""
        inbox = Moody()
        app = host(tmp_path, clock=clock)
        inbox.init_app(app)
        client, mailbox = app.test_client(), inbox.recipient(MAILBOX)
        client.post("/login")
        client.post("/two-step/add/email", json=TOLD["email"], headers=PROGRAM)
        until = time.monotonic() + 5
        while not mailbox.messages and time.monotonic() < until:
            time.sleep(0.01)
        client.post("/two-step/setup", json={"code": mailbox.code()}, headers=PROGRAM)
        client.post("/logout")
        clock.move(minutes=1)
        inbox.pause = 0.5

        login_with_second_factor(client, mailbox, "/login")

        assert client.get("/").text == "ada"

    def test_a_code_that_nobody_took_is_said(self, tmp_path: Path, clock: FakeClock) -> None:
        """Where the code was refused for good, that is said, and no older one is typed."""
        inbox = Moody()
        client = host(tmp_path, clock=clock, sender=inbox).test_client()
        client.post("/login")
        add(client, "email", inbox.recipient(MAILBOX))
        client.post("/logout")
        clock.move(minutes=1)
        inbox.is_down = True

        with pytest.raises(AssertionError, match=f"code for {MAILBOX} has not come, it is failed"):
            login_with_second_factor(client, inbox.recipient(MAILBOX), "/login")

    def test_an_answer_that_is_refused_is_said(self, client: FlaskClient, clock: FakeClock) -> None:
        """A wrong code is an error that quotes it, and what the page says."""
        enrol_app(client)
        client.post("/logout")
        clock.move(minutes=1)
        another = SoftwareAuthenticator.scan("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP")

        with pytest.raises(AssertionError, match=r"the code \d{6} was not taken: 422"):
            login_with_second_factor(client, another, "/login")
