"""What the gate takes from a host: login values, users, and who is who."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask, session
from flask_login import LoginManager, UserMixin, login_user
from tests.contracts.gate_hosts import (
    DOOR,
    Host,
    Person,
    PlainShape,
    Shape,
    flask_login_host,
    plain_host,
)

from vestibule.bootstrap.operate import initialise
from vestibule.core.errors import ConfigurationError, DeploymentError
from vestibule.flask import Vestibule
from vestibule.flask.hosts import KeyedHost, identity_text, is_disguised, is_plain, watch


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ada", "ada"),
        (7, "7"),
        (-7, "-7"),
        ("añada", "añada"),
        ("ada lovelace", "ada lovelace"),
        (
            UUID("12345678-1234-5678-1234-567812345678"),
            "12345678-1234-5678-1234-567812345678",
        ),
        ("", None),
        (" ada", " ada"),
        ("a\u200dda", "a\u200dda"),
        ("a\x00da", None),
        ("\ud800", None),
        (True, None),
        (False, None),
        (1.0, None),
        (None, None),
        (b"ada", None),
        (["ada"], None),
        ({"id": "ada"}, None),
    ],
)
@pytest.mark.row("ATK-72", "ATK-73")
def test_a_login_value_is_plain_text_or_a_number(value: object, text: str | None) -> None:
    """Text, whole numbers and UUIDs are login values, and nothing else ever is."""
    assert identity_text(value) == text


@pytest.mark.parametrize(
    "text",
    ["01", "0x1", "+1", "1_0", "1e0", "1.0", "1.", ".1e1", "-0", "\uff11", "\u0661", "10e-1"],
)
def test_a_number_in_disguise_is_odd(text: str) -> None:
    """Whatever a database could read as a whole number spelled otherwise is odd."""
    assert is_disguised(text)


@pytest.mark.parametrize(
    "text",
    [
        "12345678-1234-5678-1234-56781234567A",
        "12345678123456781234567812345678",
        "{12345678-1234-5678-1234-567812345678}",
        "urn:uuid:12345678-1234-5678-1234-567812345678",
    ],
)
def test_a_uuid_in_disguise_is_odd(text: str) -> None:
    """A UUID has one spelling: a database reads many."""
    assert is_disguised(text)


@pytest.mark.parametrize("text", [" ada", "ada\n", "a\u200bda", "a\u202eda"])
def test_only_a_plain_id_is_one_where_nobody_else_looks(text: str) -> None:
    """Without a loader to ask, an id with anything around or unseen in it is refused."""
    assert not is_plain(text)
    assert KeyedHost(("user_id",), None).identity(text) is None


@pytest.mark.parametrize(
    "text", ["1", "-1", "0", "ada", "1a", "4f2a", "1.5", "1e999", "nan", "inf", "10e", "a1", "--1"]
)
def test_an_ordinary_id_is_not_odd(text: str) -> None:
    """Ordinary numbers and ordinary text are not."""
    assert not is_disguised(text)


def test_a_subject_loader_decides_what_is_odd() -> None:
    """A host that says whom a value means may use any text as its ids."""
    strict = KeyedHost(("user_id",), None)
    told = KeyedHost(("user_id",), lambda value: f"member {value}")

    assert strict.identity("007") is None
    assert told.identity("007") == "007"
    assert told.subject_of_user("007") == "member 007"
    assert told.identity(["007"]) is None


@pytest.mark.row("W11")
def test_an_operator_is_told_of_a_login_that_cannot_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A host whose own login makes a value we cannot read is told so, without the value."""
    host = plain_host(tmp_path)

    assert host.browser().login("007").status_code == 303

    assert "subject_loader" in caplog.text
    assert "session['user_id']" in caplog.text
    assert "007'" not in caplog.text
    host.close()


def test_all_login_keys_wait_together(tmp_path: Path) -> None:
    """Every key that a login set waits with the identifying one, and comes back with it."""

    def add(host: Host) -> None:
        @host.app.post("/in")
        def log_in() -> str:
            session.update(user_id="ada", tenant="north", roles=["editor", ("a", 1)])
            return "IN"

        @host.app.get("/all")
        def everything() -> dict[str, Any]:
            return {key: str(value) for key, value in session.items()}

    host = plain_host(tmp_path, PlainShape(clears=False), add=add)
    phone, browser = host.enrol(), host.browser()

    assert browser.client.post("/in").status_code == 401
    assert browser.get("/all").json == {}
    browser.second_step(phone)

    seen = browser.get("/all").get_json()
    assert seen == {"user_id": "ada", "tenant": "north", "roles": "['editor', ('a', 1)]"}
    host.close()


def production(folder: Path, kind: type[UserMixin], *, told: bool) -> Callable[[], Any]:
    """An application in production whose users are of `kind`; returned is one signed-in request."""
    keys = folder / "door.keys"
    url = f"sqlite:///{folder / 'door.sqlite3'}"
    initialise(url, keys)
    app = Flask("production", instance_path=str(folder))
    app.config.update(SECRET_KEY="k", VESTIBULE_DATABASE_URL=url, VESTIBULE_KEY_FILE=str(keys))
    app.config["PROPAGATE_EXCEPTIONS"] = True
    vestibule = Vestibule(app)
    if told:
        vestibule.subject_loader(lambda user: user.id)
    manager = LoginManager(app)
    manager.user_loader(kind)

    @app.post("/login")
    def login() -> str:
        login_user(kind("ada"))
        return "IN"

    return lambda: app.test_client().post("/login", base_url="https://localhost")


class Alternative(Person):
    def get_id(self) -> str:
        return f"token {self.id}"


def test_production_asks_what_names_a_user_for_good(tmp_path: Path) -> None:
    """In production a user class with its own get_id is refused until a subject_loader is given."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "c").mkdir()

    with pytest.raises(ConfigurationError, match="subject_loader"):
        production(tmp_path / "a", Alternative, told=False)()
    assert production(tmp_path / "b", Alternative, told=True)().text == "IN"
    assert production(tmp_path / "c", Person, told=False)().text == "IN"


@pytest.mark.row("W7", "ATK-69")
def test_production_has_no_secret_of_its_own(tmp_path: Path) -> None:
    """An application in production does not start on keys, a database or defaults of our making."""
    app = Flask("production", instance_path=str(tmp_path))
    app.config["SECRET_KEY"] = "k"

    with pytest.raises(DeploymentError, match="vestibule init"):
        Vestibule(app)
    app.config["VESTIBULE_DATABASE_URL"] = f"sqlite:///{tmp_path / 'door.sqlite3'}"
    with pytest.raises(DeploymentError, match="vestibule init"):
        Vestibule(app)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.row("A8", "ATK-34")
def test_a_token_that_changes_keeps_its_person(tmp_path: Path) -> None:
    """Where the session holds a token that changes with the password, its person stays enrolled."""
    host = flask_login_host(tmp_path, Shape(loader="token"))
    phone, browser = host.enrol("ada"), host.browser()

    assert browser.login("ada").location == DOOR
    browser.second_step(phone)
    assert browser.is_in()

    with host.app.test_request_context():
        session["_user_id"] = "token-of-bob"
    stolen = host.browser(**browser.cookies())
    with stolen.client.session_transaction() as kept:
        kept["_user_id"] = "token-of-bob"
    assert stolen.sees("/who").startswith("bob")
    assert host.engine.enrolments("token-of-ada") == []
    host.close()


def test_names_that_look_like_ids_are_other_people(tmp_path: Path) -> None:
    """Somebody who is called `1` is not the first user."""
    host = flask_login_host(tmp_path)
    phone = host.enrol("1")

    for name in ("one", "10", "ada"):
        assert host.browser().login(name).location == "/who"
    browser = host.browser()
    assert browser.login("1").location == DOOR
    browser.second_step(phone)
    assert browser.sees("/who").startswith("1 ")
    host.close()


def test_a_manager_is_watched_once() -> None:
    """A login manager that several applications share is stood beside once."""
    manager = LoginManager()
    manager.user_loader(Person)

    watch(manager)
    load, find = manager._load_user, manager._user_callback  # noqa: SLF001 - what is stood beside
    watch(manager)

    assert manager._load_user is load  # noqa: SLF001
    assert manager._user_callback is find  # noqa: SLF001


def test_a_manager_without_a_loader_says_so_itself(tmp_path: Path) -> None:
    """A login manager without any loader is told so by Flask-Login, as it always was."""
    app = Flask("bare", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="k", TESTING=True)
    LoginManager(app)
    Vestibule(app)
    client = app.test_client()
    assert client.get("/missing").status_code == 404
    with client.session_transaction() as kept:
        kept["_user_id"] = "ada"

    assert client.get("/missing").status_code == 404
