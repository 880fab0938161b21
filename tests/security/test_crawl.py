"""The crawl: with the password alone no route of either example shows more than a stranger sees."""

import re
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from examples.microblog import create_app as create_microblog
from examples.microblog.models import Post, User, db
from examples.microblog.passwords import hash_password
from examples.plain_session import create_app as create_notebook
from flask import Flask
from flask.testing import FlaskClient
from flask_login.utils import encode_cookie
from itsdangerous import URLSafeSerializer
from sqlalchemy import text
from tests.contracts.gate_hosts import signed
from tests.security.crawl import PAGE, Crawl, Step, View, long_walk, short_walk

from vestibule.core.engine import Engine, Login
from vestibule.core.factor import Applicant
from vestibule.core.model import Purpose
from vestibule.flask.state import state_of
from vestibule.testing import SoftwareAuthenticator

PASSWORD = "leek and potato soup"
KEY = "a key for tests and for nothing else"
DOOR = "/two-step/login"
OURS = {
    *("vestibule.login", "vestibule.answer", "vestibule.stuck", "vestibule.cancel"),
    *("vestibule.first", "vestibule.begin_first", "vestibule.put_off"),
}
"""The second step itself: the one place where a login that waits is shown something else."""

Cookies = dict[str, str]


@dataclass
class Example(ABC):
    """An example application with two people in it, and what a crawl needs to know of it."""

    app: Flask
    session_cookie: str
    values: dict[str, str]

    @property
    def engine(self) -> Engine:
        """The engine behind the door."""
        return state_of(self.app).engine

    @cached_property
    def crawl(self) -> Crawl:
        """A crawl that fills in every form so that it could change something."""
        fields = {
            "login": "maren",
            "username": "maren",
            "password": PASSWORD,
            "remember": "y",
            "email": "maren@mail.example",
            "current": PASSWORD,
            "repeat": "another " + PASSWORD,
            "about": "crawled",
            "body": "crawled",
            "title": "crawled",
            "label": "crawled",
            "kept": "yes",
            "code": "000000",
        }
        return Crawl(self.app, fields, self.token)

    def token(self, client: FlaskClient) -> str:
        """The anti-forgery value on the login page, or where that leads whoever is signed in."""
        return self.forgery_value(client.get("/login", follow_redirects=True).text)

    def forgery_value(self, page: str) -> str:
        """The anti-forgery value on a page."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        return found[1] if found else ""

    def sign_in(self, client: FlaskClient, **more: str) -> None:
        """Send maren's password."""
        name = {"login": "maren", "username": "maren", "password": PASSWORD}
        fields = name | more | {"csrf_token": self.token(client)}
        assert client.post("/login", data=fields, headers=PAGE).status_code in {302, 303}

    def second_step(self, client: FlaskClient, phone: SoftwareAuthenticator) -> None:
        """Answer for maren."""
        code = phone.next_code(self.engine.now())
        assert client.post(DOOR, json={"code": code}).status_code == 200

    def enrol(self) -> SoftwareAuthenticator:
        """Give maren an app, in a browser far away."""
        engine = self.engine
        draft = engine.begin_enrolment(
            engine.registry["totp"],
            Applicant(subject="1", account="maren", issuer="Example"),
            Login(subject="1", identity="1"),
            None,
        )
        assert draft is not None
        phone = SoftwareAuthenticator(draft.enrolment.secret)
        code = phone.next_code(engine.now())
        assert engine.verify(draft.token, Purpose.ENROL, code).is_accepted
        self.values["enrolment_id"] = draft.enrolment.id
        return phone

    @abstractmethod
    def rows(self) -> list[Any]:
        """Everything in the host's own database."""

    @abstractmethod
    def forged(self) -> Cookies:
        """Every cookie of the host's that somebody can make who has its key and its database."""


class Microblog(Example):
    def rows(self) -> list[Any]:
        with self.app.app_context():
            tables = ("users", "posts", "follows", "api_tokens")
            return [
                tuple(row)
                for table in tables
                for row in db.session.execute(text(f"SELECT * FROM {table}"))  # noqa: S608
            ]

    def forged(self) -> Cookies:
        with self.app.test_request_context():
            stamp = db.session.get_one(User, 1).password_stamp
            sealer = URLSafeSerializer(
                KEY,
                salt="microblog.remember",
                signer_kwargs={"digest_method": "sha256", "key_derivation": "hmac"},
            )
            return {
                "microblog_session": signed(
                    self.app, {"_user_id": "1", "_fresh": True, "password_stamp": stamp}
                ),
                "remember_token": encode_cookie("1"),
                "remember_seal": str(sealer.dumps([1, stamp, 4_000_000_000])),
            }


class Notebook(Example):
    def rows(self) -> list[Any]:
        connection = sqlite3.connect(self.app.config["DATABASE"])
        try:
            return [
                row
                for table in ("user", "note")
                for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608
            ]
        finally:
            connection.close()

    def forged(self) -> Cookies:
        return {"jotter_session": signed(self.app, {"user_id": 1})}


def microblog(folder: Path) -> Example:
    """Porchlight, with a post of maren's."""
    app = create_microblog(
        {
            "TESTING": True,
            "SECRET_KEY": KEY,
            "INSTANCE_PATH": folder,
            "SQLALCHEMY_DATABASE_URI": "sqlite://",
            "PASSWORD_METHOD": "scrypt:256:8:1",
            "CLOCK": lambda: datetime(2030, 1, 2, tzinfo=UTC),
        }
    )
    app.extensions["mail"] = lambda **mail: mail
    with app.app_context():
        db.create_all()
        for name in ("maren", "ines"):
            email, password = f"{name}@mail.example", hash_password(PASSWORD)
            db.session.add(User(username=name, email=email, password_hash=password))
        db.session.add(Post(author_id=1, body="from maren"))
        db.session.commit()
    values = {
        "token": "an-old-link",
        "post_id": "1",
        "username": "ines",
        "filename": "porchlight.css",
        "factor": "totp",
    }
    return Microblog(app, "microblog_session", values)


def notebook(folder: Path) -> Example:
    """Jotter, with a note of maren's."""
    app = create_notebook(
        {
            "TESTING": True,
            "SECRET_KEY": KEY,
            "INSTANCE_PATH": folder,
            "DATABASE": folder / "jotter.sqlite3",
            "PASSWORD_METHOD": "scrypt:256:8:1",
        }
    )
    made = Notebook(
        app, "jotter_session", {"note_id": "1", "filename": "jotter.css", "factor": "totp"}
    )
    client = app.test_client()
    token = made.token(client)
    for name in ("maren", "ines"):
        fields = {"username": name, "password": PASSWORD, "csrf_token": token}
        client.post("/register", data=fields)
    made.sign_in(client)
    fields = {"title": "mine", "body": "secret", "csrf_token": made.token(client)}
    client.post("/new", data=fields)
    assert len(made.rows()) == 3
    return made


@pytest.fixture(params=[microblog, notebook])
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Example]:
    """Each of the examples."""
    made: Example = request.param(tmp_path)
    yield made
    state_of(made.app).close()
    if isinstance(made, Microblog):
        with made.app.app_context():
            db.engine.dispose()


def kept(client: FlaskClient) -> Cookies:
    """Every cookie of a browser."""
    found = client._cookies or {}  # noqa: SLF001 - there is no public list
    return {cookie.key: cookie.value for cookie in found.values()}


def alone_and_together(cookies: Cookies) -> Iterator[Cookies]:
    """Each of the cookies alone, and all together."""
    yield cookies
    if len(cookies) > 1:
        for name, value in cookies.items():
            yield {name: value}


def is_led_on(step: Step, visitor: View, stranger: View) -> bool:
    """Say whether a difference is the second step, or the way there instead of to a login page."""
    if step.endpoint in OURS:
        return True
    sent_away = step.endpoint.startswith("vestibule.") and stranger.status == 303
    asked_to_sign_in = stranger.status == 401 or "/login" in stranger.location or sent_away
    shown = re.sub(r"\s", "", visitor.body)
    to_page = (visitor.status, visitor.location) == (303, DOOR)
    # What it can go on by is said to whoever holds the cookie of the login that waits.
    to_program = visitor.status == 401 and shown == (
        '{"error":"second_step_required","location":"' + DOOR + '","methods":["totp"]}'
    )
    return asked_to_sign_in and (to_page or to_program)


def ends_a_login(step: Step) -> bool:
    """Say whether a step could be the end of a login that waits."""
    ours = OURS - {"vestibule.stuck", "vestibule.first"}
    return step.endpoint in ours or (step.method == "POST" and "/log" in step.path.lower())


def walk_through(example: Example, walk: list[Step], cookies: Cookies) -> list[str]:
    """Every difference from a stranger; what could end a login that waits is tried last."""
    return example.crawl.differences(sorted(walk, key=ends_a_login), cookies, allowed=is_led_on)


def assert_is_stranger(example: Example, *browsers: Cookies) -> None:
    """A browser with these cookies sees and changes what a stranger does."""
    before, walk = example.rows(), short_walk(example.app, example.values)
    for cookies in browsers:
        found = walk_through(example, walk, cookies)
        assert found == [], "\n".join(found[:5])
    assert example.rows() == before


def waiting(example: Example) -> Cookies:
    """Every cookie of the password step; the login it began still waits."""
    client = example.app.test_client()
    example.sign_in(client, remember="y")
    assert client.get(DOOR, headers={"Accept": "application/json"}).status_code == 200
    return kept(client)


@pytest.mark.row("H-7", "ATK-01", "ATK-02", "ATK-70", "ASVS-7.2.1", "ASVS-8.2.1", "ASVS-8.3.1")
def test_a_crawl_finds_what_is_there(example: Example) -> None:
    """The crawl tells somebody signed in by both steps from a stranger, and what he changes."""
    phone, client = example.enrol(), example.app.test_client()
    example.sign_in(client)
    example.second_step(client, phone)
    before = example.rows()

    found = walk_through(example, short_walk(example.app, example.values), kept(client))

    assert len(found) > 12
    assert example.rows() != before


@pytest.mark.row("H-7", "ATK-01", "ATK-03", "ASVS-7.2.1", "ASVS-8.3.1")
def test_the_password_shows_no_more_than_a_stranger_sees(example: Example) -> None:
    """After the password each route but the second step itself answers as to a stranger."""
    example.enrol()
    for name in waiting(example):
        assert_is_stranger(example, {name: waiting(example)[name]})
    assert_is_stranger(example, waiting(example))


@pytest.mark.row("H-7", "ATK-01", "ATK-70", "ASVS-2.3.1")
def test_no_method_spelling_or_header_shows_more(example: Example) -> None:
    """Neither methods nor spellings of paths nor headers make more of a login that waits."""
    example.enrol()
    before, cookies = example.rows(), waiting(example)
    walk = long_walk(example.app, example.values)

    found = walk_through(example, [step for step in walk if not ends_a_login(step)], cookies)
    client = example.crawl.browser(cookies)
    still = client.get(DOOR, headers={"Accept": "application/json"})
    found += walk_through(example, [step for step in walk if ends_a_login(step)], cookies)

    assert found == [], "\n".join(found[:5])
    assert still.get_json()["status"] == "waiting"
    assert example.rows() == before


@pytest.mark.row("ATK-06", "A6", "ASVS-7.4.1")
def test_after_a_logout_nothing_is_left(example: Example) -> None:
    """Every cookie from before a logout is a stranger's, alone and together."""
    phone, client = example.enrol(), example.app.test_client()
    example.sign_in(client, remember="y")
    example.second_step(client, phone)
    cookies = kept(client)
    page = example.forgery_value(client.get("/").text)
    assert client.post("/logout", data={"csrf_token": page}).status_code == 302

    assert_is_stranger(example, *alone_and_together(cookies))


@pytest.mark.row("ATK-36", "ATK-37", "ASVS-7.4.3", "ASVS-6.5.6")
def test_after_the_removal_of_a_factor_nothing_is_left(example: Example) -> None:
    """When one of two apps is removed, other browsers are strangers again."""
    phone, client, other = example.enrol(), example.app.test_client(), example.app.test_client()
    example.sign_in(client)
    example.second_step(client, phone)
    assert client.post("/two-step/add/totp", json={}).status_code == 200
    setup = client.get("/two-step/setup", headers={"Accept": "application/json"}).get_json()
    second = SoftwareAuthenticator.scan(setup["otpauth"])
    code = second.next_code(example.engine.now())
    assert client.post("/two-step/setup", json={"code": code}).status_code == 200
    example.sign_in(other, remember="y")
    example.second_step(other, second)
    first = next(e.id for e in example.engine.enrolments("1") if e.factor == "totp")

    assert client.post(f"/two-step/ways/{first}/remove", json={}).status_code == 200

    assert_is_stranger(example, *alone_and_together(kept(other)))


@pytest.mark.row("ATK-37", "A5")
def test_what_is_older_than_the_enrolment_is_a_strangers(example: Example) -> None:
    """Session and remember cookies from before the enrolment show no more than a stranger sees."""
    client = example.app.test_client()
    example.sign_in(client, remember="y")
    cookies = kept(client)
    example.enrol()

    assert_is_stranger(example, *alone_and_together(cookies))


@pytest.mark.row("ATK-03", "ATK-06", "W7")
def test_who_has_the_hosts_key_and_database_is_a_stranger(example: Example) -> None:
    """Cookies forged with the host's own key and data show no more than a stranger sees."""
    example.enrol()

    assert_is_stranger(example, *alone_and_together(example.forged()))
