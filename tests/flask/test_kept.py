"""Whoever is loaded and then refused stays nowhere: neither in `g` nor on the request."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Request, g, request, request_started, session
from flask.testing import FlaskClient
from flask_login import LoginManager, UserMixin, current_user, login_user

from vestibule.flask import Vestibule
from vestibule.flask.kept import Kept
from vestibule.flask.state import state_of
from vestibule.testing import FakeClock, enrol_app

BASIC = {"Authorization": "Basic " + b64encode(b"ada:right").decode()}


class Person(UserMixin):  # type: ignore[misc]
    """Somebody with an id."""

    def __init__(self, name: str) -> None:
        self.id = name


@dataclass
class Connection:
    """What a loader opens, and the site closes at the end of the request."""

    closed: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Note that it was closed."""
        self.closed.append("closed")


def keep(name: str) -> None:
    """What a careless loader does, in all the places where hosts do it."""
    g.user = g.me = name
    request.person = name  # type: ignore[attr-defined]


def kept() -> str:
    """What a careless view reads."""
    found = [g.get("user"), g.get("me"), getattr(request, "person", None)]
    return "nobody" if not any(found) else f"kept {found}"


@pytest.fixture
def careless(tmp_path: Path) -> Iterator[Flask]:
    """A site with Flask-Login whose loaders keep the user for its views."""
    made = Flask("site", instance_path=str(tmp_path))
    made.config.update(SECRET_KEY="for tests", TESTING=True)
    manager = LoginManager(made)

    @manager.user_loader
    def load(name: str) -> Person:
        keep(name)
        return Person(name)

    @manager.request_loader
    def load_by_password(incoming: Request) -> Person | None:
        sent = incoming.authorization
        if sent is None or sent.password != "right":
            return None
        keep(str(sent.username))
        return Person(str(sent.username))

    @made.before_request
    def look() -> None:
        assert current_user.is_anonymous or current_user.id

    @made.post("/login")
    def login() -> str:
        login_user(Person("ada"), remember=True)
        return "in"

    made.add_url_rule("/kept", view_func=kept)
    Vestibule(made, clock=FakeClock())
    yield made
    state_of(made).close()


def enrolled(site: Flask) -> FlaskClient:
    """Have somebody sign in and add an app."""
    client = site.test_client()
    client.post("/login")
    enrol_app(client)
    return client


def test_a_password_in_the_request_leaves_nobody(careless: Flask) -> None:
    """Whom a request loader found by the password alone is in no place where a view looks."""
    assert "kept" in careless.test_client().get("/kept", headers=BASIC).text
    enrolled(careless)

    assert careless.test_client().get("/kept", headers=BASIC).text == "nobody"


def test_an_old_remember_cookie_leaves_nobody(careless: Flask) -> None:
    """Nor is whom a remember cookie names, from before there was a second step."""
    early = careless.test_client()
    early.post("/login")
    enrolled(careless)
    early.delete_cookie("session")

    assert early.get("/kept").text == "nobody"


def test_a_user_who_may_stay_is_kept(careless: Flask) -> None:
    """What a loader keeps of somebody with a second step is there for the views."""
    assert "kept" in enrolled(careless).get("/kept").text


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Flask]:
    """A site without Flask-Login, where a loader that is asked keeps what it found."""
    made = Flask("site", instance_path=str(tmp_path))
    made.config.update(SECRET_KEY="for tests", TESTING=True, VESTIBULE_LOGIN_KEYS=["user_id"])
    vestibule, passwords = Vestibule(made, clock=FakeClock()), {"ada": "first"}
    made.extensions["passwords"] = passwords

    @vestibule.subject_loader
    def subject(name: str) -> str:
        keep(name)
        return name.removeprefix("also-")

    @vestibule.password_stamp
    def stamp(name: str) -> str:
        keep(name)
        return passwords[name.removeprefix("also-")]

    @made.post("/login/<name>")
    def login(name: str) -> str:
        session["user_id"] = name
        return "in"

    made.add_url_rule("/kept", view_func=kept)
    yield made
    state_of(made).close()


def test_a_session_that_ends_leaves_nobody(plain: Flask) -> None:
    """Whom a session from before the second step names is kept nowhere as it is refused."""
    early, owner = plain.test_client(), plain.test_client()
    early.post("/login/also-ada")
    owner.post("/login/ada")
    enrol_app(owner)

    assert early.get("/kept").text == "nobody"


def test_a_new_password_leaves_nobody(plain: Flask) -> None:
    """The first request after a new password finds nobody either."""
    owner = plain.test_client()
    owner.post("/login/ada")
    enrol_app(owner)
    assert "kept" in owner.get("/kept").text
    plain.extensions["passwords"]["ada"] = "second"

    assert owner.get("/kept").text == "nobody"


def test_a_receiver_of_the_start_sees_who_may_stay(plain: Flask) -> None:
    """Who listens to the start of a request finds a session that has been weighed."""
    early, owner, heard = plain.test_client(), plain.test_client(), []
    early.post("/login/also-ada")
    owner.post("/login/ada")
    enrol_app(owner)

    def started(sender: Flask, **told: Any) -> None:
        heard.append(session.get("user_id"))

    with request_started.connected_to(started, plain):
        early.get("/kept")
    assert heard == [None]


def test_what_was_opened_is_closed_by_the_site() -> None:
    """A connection that was opened meanwhile stays for the site to close; a user does not."""
    site = Flask("site")
    with site.test_request_context("/"), closing(Connection()) as connection:
        g.early, request.early = "early", "early"  # type: ignore[attr-defined]
        before = Kept()
        g.early = request.early = "late"  # type: ignore[attr-defined]
        g.database, g.user, g.late = connection, connection, "late"
        request.late = "late"  # type: ignore[attr-defined]
        read = request.args
        before.bring_back()

        assert dict(vars(g)) == {"early": "early", "database": connection}
        assert request.early == "early"  # type: ignore[attr-defined]
        assert not hasattr(request, "late")
        assert request.args is read, "what the request has read of itself is not read again"


def test_what_is_spared_stays() -> None:
    """A name that is to be left alone is."""
    with Flask("site").test_request_context("/"):
        before = Kept()
        g.one = g.other = "late"
        before.bring_back(but=("one",))
        assert dict(vars(g)) == {"one": "late"}
