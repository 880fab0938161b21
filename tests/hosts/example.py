"""An application with the second step and two people in it, and what tests must know of it."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Final

from flask import Flask
from flask.testing import FlaskClient
from tests.security.crawl import PAGE, Crawl
from werkzeug.test import TestResponse

from vestibule.core.engine import Engine, Login
from vestibule.core.factor import Applicant
from vestibule.core.model import Purpose
from vestibule.flask.state import state_of
from vestibule.testing import SoftwareAuthenticator

PASSWORD: Final = "leek and potato soup"
KEY: Final = "a key for tests and for nothing else"
DOOR: Final = "/two-step/login"

Cookies = dict[str, str]


@dataclass
class Example(ABC):
    """An application; in it are maren, who is its user 1, and ines."""

    app: Flask
    session_cookie: str
    values: dict[str, str]
    """What its routes have in the place of their variables."""
    account: dict[str, str] = field(
        default_factory=lambda: {"login": "maren", "username": "maren", "password": PASSWORD}
    )
    """What maren types to log in."""
    login_path: ClassVar[str] = "/login"
    logout_path: ClassVar[str] = "/logout"
    logout_method: ClassVar[str] = "POST"

    @property
    def engine(self) -> Engine:
        """The engine behind the door."""
        return state_of(self.app).engine

    @cached_property
    def crawl(self) -> Crawl:
        """A crawl that fills in every form so that it could change something."""
        fields = {
            "remember": "y",
            "email": "maren@mail.example",
            "current": PASSWORD,
            "repeat": "another " + PASSWORD,
            "new_password": "another " + PASSWORD,
            "about": "crawled",
            "body": "crawled",
            "title": "crawled",
            "label": "crawled",
            "kept": "yes",
            "code": "000000",
        }
        return Crawl(self.app, fields | self.account, self.token)

    def token(self, client: FlaskClient) -> str:
        """The anti-forgery value on the login page, or where that leads whoever is signed in."""
        return self.forgery_value(client.get(self.login_path, follow_redirects=True).text)

    def forgery_value(self, page: str) -> str:
        """The anti-forgery value on a page."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        return found[1] if found else ""

    def give_password(self, client: FlaskClient, **more: str) -> TestResponse:
        """Send maren's password, and return what is answered."""
        fields = self.account | more | {"csrf_token": self.token(client)}
        return client.post(self.login_path, data=fields, headers=PAGE)

    def sign_in(self, client: FlaskClient, **more: str) -> None:
        """Send maren's password, which is right."""
        assert self.give_password(client, **more).status_code in {302, 303}

    def sign_out(self, client: FlaskClient) -> None:
        """Leave."""
        fields = {"csrf_token": self.forgery_value(client.get("/").text)}
        left = client.open(self.logout_path, method=self.logout_method, data=fields)
        assert left.status_code == 302

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
        outcome = engine.verify(draft.token, Purpose.ENROL, code)
        assert outcome.granted is not None
        self.values["enrolment_id"] = draft.enrolment.id
        self.values["session_id"] = outcome.granted.passage.id
        return phone

    @abstractmethod
    def rows(self) -> list[Any]:
        """Everything in the host's own database."""

    @abstractmethod
    def forged(self) -> Cookies:
        """Every cookie of the host's that somebody can make who has its key and its database."""


def kept(client: FlaskClient) -> Cookies:
    """Every cookie of a browser."""
    found = client._cookies or {}  # noqa: SLF001 - there is no public list
    return {cookie.key: cookie.value for cookie in found.values()}
