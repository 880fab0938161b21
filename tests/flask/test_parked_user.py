"""A host that looks into its session to load a user is asked for the user of a login that waits."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, g, session
from flask.globals import request_ctx
from flask.testing import FlaskClient
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user

from vestibule.flask import Vestibule
from vestibule.flask.hosts import session_as
from vestibule.flask.state import state_of
from vestibule.testing import FakeClock, Inbox, SoftwareAuthenticator

JSON = {"Accept": "application/json"}
STAMPS = {"maren": "first"}


class User(UserMixin):  # type: ignore[misc]
    """Somebody whose id stands in the session, beside a stamp of the password."""

    def __init__(self, name: str) -> None:
        self.id = name


@pytest.fixture
def stamps() -> dict[str, str]:
    """The stamp of everybody's password."""
    return dict(STAMPS)


@pytest.fixture
def app(tmp_path: Path, stamps: dict[str, str]) -> Iterator[Flask]:
    """A site that ends sessions of an old password in its user loader, as many do."""
    made = Flask("site", instance_path=str(tmp_path))
    made.config.update(
        SECRET_KEY="for tests",
        TESTING=True,
        VESTIBULE_DATABASE_URL=f"sqlite:///{tmp_path}/door.db",
        VESTIBULE_REQUIRED="everyone",
        VESTIBULE_GRACE_DAYS=7,
    )
    manager = LoginManager(made)

    @manager.user_loader
    def load(name: str) -> User | None:
        session["looked"] = "at"  # a loader that writes: nothing of it may stay
        return User(name) if session.get("stamp") == stamps.get(name) else None

    @made.post("/login")
    def login() -> str:
        session["stamp"] = stamps["maren"]
        login_user(User("maren"))
        return "welcome"

    @made.get("/")
    @login_required
    def home() -> str:
        return "member"

    door = Vestibule(made, clock=FakeClock(), sender=Inbox())

    @door.contact_loader
    def contact(user: Any) -> dict[str, Any]:
        assert session["stamp"]  # a loader that wants something of the session, as a tenant
        assert current_user.get_id() == user.id  # and one that asks who is here
        since = datetime(2001, 1, 1, tzinfo=UTC)
        return {"name": user.id, "email": "maren@mail.example", "email_changed_at": since}

    yield made
    state_of(made).close()


def with_ticket(client: FlaskClient) -> None:
    """Give the password, then a ticket: from then on a first way can be set up."""
    engine = state_of(client.application).engine
    made = engine.reset("maren", by="bea", reason="new here", obliged=True)
    assert made is not None
    client.post("/login", headers=JSON)
    answer = client.post("/two-step/login", json={"code": made.ticket}, headers=JSON)
    assert answer.json is not None
    assert answer.json["location"] == "/two-step/first", answer.json


def test_a_first_way_is_set_up_where_the_loader_reads_the_session(app: Flask) -> None:
    """The set-up page knows whose login waits, and the app that is proven there completes it."""
    client = app.test_client()
    with_ticket(client)
    assert client.get("/", headers=JSON).status_code == 401
    assert client.post("/two-step/add/totp", json={}, headers=JSON).status_code == 200
    shown = client.get("/two-step/setup", headers=JSON).json
    assert shown is not None
    phone = SoftwareAuthenticator.scan(shown["otpauth"])
    code = phone.next_code(state_of(app).engine.now())
    assert client.post("/two-step/setup", json={"code": code}, headers=JSON).status_code == 200

    assert client.get("/").text == "member"


def test_a_password_that_changed_meanwhile_sets_up_nothing(
    app: Flask, stamps: dict[str, str]
) -> None:
    """What the loader says now counts: a login by an old password is over at the set-up page."""
    client = app.test_client()
    with_ticket(client)
    stamps["maren"] = "second"

    assert client.post("/two-step/add/totp", json={}, headers=JSON).status_code == 401


def test_later_is_possible_where_the_loader_reads_the_session(app: Flask) -> None:
    """Whoever puts it off is let in, and nothing of what the loader wrote in between is kept."""
    client = app.test_client()
    client.post("/login", headers=JSON)
    assert client.get("/", headers=JSON).status_code == 401
    with client.session_transaction() as before:
        assert "stamp" not in before
    answer = client.post("/two-step/first/later", json={}, headers=JSON)

    assert answer.status_code == 200, answer.json
    assert client.get("/").text == "member"


def test_what_a_loader_writes_while_it_is_asked_is_not_kept(app: Flask) -> None:
    """The session that is shown to the loader is a copy."""
    client = app.test_client()
    with_ticket(client)
    with client.session_transaction() as before:
        before.pop("looked", None)
    client.get("/two-step/setup", headers=JSON)

    with client.session_transaction() as after:
        assert "looked" not in after
        assert "_user_id" not in after


def test_whom_the_host_loads_meanwhile_is_forgotten(app: Flask) -> None:
    """Our pages at the door, and the template of the host around them, see nobody."""
    seen = []

    @app.after_request
    def look(response: Response) -> Response:
        seen.append(current_user.is_authenticated)
        return response

    client = app.test_client()
    with_ticket(client)
    client.post("/two-step/add/totp", json={}, headers=JSON)
    client.get("/two-step/setup", headers=JSON)

    assert len(seen) == 4
    assert not any(seen)


class Account:
    """Somebody the host has loaded, and an account of whom can be closed."""

    def close(self) -> None:
        """Close the account."""


def test_what_a_loader_keeps_beside_the_session_is_forgotten(app: Flask) -> None:
    """Who or what a loader wrote into `g` meanwhile stays for nobody, and what stood there does."""
    tenant = object()
    with app.test_request_context():
        g.tenant = tenant
        with session_as(request_ctx, {"stamp": "first"}):
            g.tenant, g.user, g.roles = object(), Account(), ["admin"]

        assert vars(g) == {"tenant": tenant}
        with session_as(request_ctx, {"stamp": "first"}):
            del g.tenant

        assert vars(g) == {"tenant": tenant}


def test_what_a_loader_has_opened_is_still_closed_by_the_host(app: Flask) -> None:
    """A connection that a loader was the first to open stays where the host looks for it."""
    with app.test_request_context():
        with session_as(request_ctx, {}), closing(sqlite3.connect(":memory:")) as opened:
            g.db = opened

        assert vars(g) == {"db": opened}


def test_pages_at_the_door_show_nobody_whom_a_loader_kept(app: Flask) -> None:
    """What the host does after a page of ours at the door finds nobody of a loader's in `g`."""
    seen: list[object] = []
    door: Vestibule = app.extensions["vestibule"]

    @door.contact_loader
    def contact(user: Any) -> dict[str, Any]:
        g.member = user.id
        return {"name": user.id}

    @app.after_request
    def look(response: Response) -> Response:
        seen.append(g.get("member"))
        return response

    client = app.test_client()
    with_ticket(client)
    client.post("/two-step/add/totp", json={}, headers=JSON)
    seen.clear()

    assert client.get("/two-step/setup", headers=JSON).status_code == 200
    assert seen == [None]


def test_a_server_side_session_keeps_its_id_for_a_loader(app: Flask) -> None:
    """A loader that reads `session.sid` finds it in what it is shown, too."""
    with app.test_request_context():
        session.sid = "a server-side id"  # type: ignore[attr-defined]
        with session_as(request_ctx, {"stamp": "first"}):
            assert (session.sid, dict(session)) == (  # type: ignore[attr-defined]
                "a server-side id",
                {"stamp": "first"},
            )
