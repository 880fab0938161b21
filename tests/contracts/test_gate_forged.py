"""Who knows the host's SECRET_KEY makes any cookie he likes; none of them opens a door."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import g, session
from flask_login.utils import encode_cookie
from markupsafe import Markup
from tests.contracts.gate_hosts import (
    DOOR,
    PROGRAM,
    Host,
    Person,
    PlainShape,
    Shape,
    flask_login_host,
    plain_host,
    signed,
)

SPELLINGS: list[Any] = [
    "1",
    1,
    True,
    1.0,
    "01",
    "0001",
    " 1",
    "1 ",
    "\t1",
    "1\n",
    "+1",
    "1e0",
    "10e-1",
    "1.0",
    "1.",
    ".1e1",
    "0_1",
    "\uff11",
    "\u0661",
    "\u0967",
    "1\u00a0",
    "1\u200b",
    "1\x00",
    b"1",
    Markup("1"),
    [1],
    ["1"],
    {"id": 1},
    (1,),
]
"""All mean the first user to some host or other."""


def as_number(value: Any) -> int | None:
    """Read an id as kindly as any host could."""
    if isinstance(value, dict):
        return as_number(value["id"])
    text = value[0] if isinstance(value, (list, tuple)) else value
    text = text.decode() if isinstance(text, bytes) else str(int(text) if text is True else text)
    text = text.strip().strip("\x00\u200b")
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return int(float(text))
    except ValueError:
        return None


def test_every_spelling_means_the_first_user() -> None:
    """The spellings tried here are all read as the same id by a host that is kind enough."""
    assert {as_number(value) for value in SPELLINGS} == {1}


def kind_loader(host: Host, *, late: bool) -> None:
    """Have a host with Flask-Login load whomever a value could possibly mean."""

    def load(value: Any) -> Person | None:
        host.loads.append(value)
        if late and "tenant" not in g:
            raise LookupError
        number = as_number(value)
        return None if number is None else Person(str(number))

    host.manager.user_loader(load)


def kind_database(host: Host) -> None:
    """Have a plain host look its users up as SQLite does, which reads numbers in any spelling."""
    users = sqlite3.connect(":memory:", check_same_thread=False)
    users.execute("CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT)")
    users.executemany("INSERT INTO user VALUES (?, ?)", [(1, "ada"), (2, "bob")])

    @host.app.before_request
    def look_up() -> None:
        value, g.user = session.get("user_id"), None
        if isinstance(value, (str, int, float, bytes)):
            found = users.execute("SELECT id FROM user WHERE id = ?", (value,)).fetchone()
            g.user = found[0] if found else None
        elif value is not None:
            g.user = as_number(value)
        if g.user is not None:
            host.diary.append(f"{g.user} looked up")


def flask_login_of(folder: Path, *, late: bool) -> Host:
    """A host with Flask-Login and the kindest of loaders."""
    host = flask_login_host(folder, Shape(protection=None))
    kind_loader(host, late=late)
    return host


@pytest.fixture(params=["at once", "late"])
def flask_login(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host with Flask-Login and the kindest of loaders, which may want something first."""
    host = flask_login_of(tmp_path, late=request.param == "late")
    yield host
    host.close()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Host]:
    """A host without Flask-Login whose database reads numbers in any spelling."""
    host = plain_host(tmp_path, PlainShape(loads_in="app"), add=kind_database)
    yield host
    host.close()


@pytest.fixture(params=["Flask-Login", "late Flask-Login", "plain"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host of each kind."""
    if request.param == "plain":
        made = plain_host(tmp_path, PlainShape(loads_in="app"), add=kind_database)
    else:
        made = flask_login_of(tmp_path, late=request.param.startswith("late"))
    yield made
    made.close()


def assert_is_shut(host: Host, **cookies: str) -> None:
    """Nobody is seen with these cookies, and none of the host's own code ran for anybody."""
    host.diary.clear()
    browser = host.browser(**cookies)

    assert browser.sees("/secret") != "SECRET"
    assert browser.sees("/who").startswith("None")
    assert browser.get("/two-step/", headers=PROGRAM).status_code == 401
    assert host.diary == []


@pytest.mark.row("ATK-03", "ATK-06", "A8", "W7")
def test_no_spelling_of_a_session_opens(flask_login: Host) -> None:
    """A forged session of an enrolled subject is nobody's, however the id is spelled."""
    flask_login.enrol("1")

    for value in SPELLINGS:
        forged = {"_user_id": value, "_fresh": True, "colour": "green"}
        assert_is_shut(flask_login, session=signed(flask_login.app, forged))


@pytest.mark.row("ATK-37", "A8", "W7")
def test_no_spelling_of_a_remember_cookie_opens(flask_login: Host) -> None:
    """A forged remember cookie of an enrolled subject is nobody's, however the id is spelled."""
    flask_login.enrol("1")

    for value in SPELLINGS:
        if isinstance(value, str) and value.isprintable() and value:
            with flask_login.app.app_context():
                assert_is_shut(flask_login, remember_token=encode_cookie(value))


@pytest.mark.row("ATK-03", "ATK-06", "A8", "W7")
def test_no_spelling_opens_a_plain_host(plain: Host) -> None:
    """A forged session of an enrolled subject is nobody's to a database that reads any number."""
    plain.enrol("1")

    for value in SPELLINGS:
        forged = {"user_id": value, "is_admin": True}
        assert_is_shut(plain, session=signed(plain.app, forged))


@pytest.mark.row("A8")
def test_a_subject_loader_makes_every_spelling_one(tmp_path: Path) -> None:
    """With a subject_loader every spelling is whoever the host says, and needs its grant."""
    host = plain_host(tmp_path, PlainShape(loads_in="app"), add=kind_database)
    assert host.vestibule is not None
    host.vestibule.subject_loader(lambda value: str(as_number(value)))
    host.enrol("1")

    for value in SPELLINGS:
        assert_is_shut(host, session=signed(host.app, {"user_id": value}))
    host.close()


@pytest.mark.row("ATK-05", "ATK-07", "A3")
def test_ones_own_grant_opens_nobody_elses_session(host: Host) -> None:
    """A live grant of one's own beside a forged session of somebody else opens nothing."""
    host.enrol("1")
    mine, browser = host.enrol("2"), host.browser()
    browser.login("2")
    browser.second_step(mine)
    assert browser.is_in()
    own = {n: v for n, v in browser.cookies().items() if n.startswith("vestibule")}

    for value in SPELLINGS:
        forged = signed(host.app, {"_user_id": value, "user_id": value, "_fresh": True})
        assert_is_shut(host, session=forged, **own)


@pytest.mark.row("ATK-01", "ATK-06")
def test_a_login_that_waits_opens_no_forged_session(host: Host) -> None:
    """The cookie of a login that waits is no grant, whatever session lies beside it."""
    host.enrol("1")
    browser = host.browser()
    assert browser.login("1").location == DOOR
    waiting = browser.cookies()
    waiting.pop("session", None)

    for value in SPELLINGS:
        forged = signed(host.app, {"_user_id": value, "user_id": value, "_fresh": True})
        assert_is_shut(host, session=forged, **waiting)


@pytest.mark.row("ATK-02", "ATK-08")
def test_a_programs_handle_or_proof_is_no_cookie(flask_login: Host) -> None:
    """What a program is given to prove itself, waiting or proven, opens no browser's session."""
    phone = flask_login.enrol("1")
    assert flask_login.vestibule is not None
    vestibule = flask_login.vestibule

    @flask_login.app.post("/tokens")
    def tokens() -> Any:
        return vestibule.challenge(Person("1")) or "TOKEN"

    client = flask_login.app.test_client()
    handle = client.post("/tokens").get_json()["handle"]
    forged = signed(flask_login.app, {"_user_id": "1", "_fresh": True})
    assert_is_shut(flask_login, **{"vestibule-default": handle, "session": forged})

    code = phone.next_code(flask_login.clock.now())
    proof = client.post(DOOR, json={"handle": handle, "code": code}).get_json()["proof"]

    assert_is_shut(flask_login, **{"vestibule-default": proof, "session": forged})
    assert client.post("/tokens", headers={"Vestibule-Proof": proof}).text == "TOKEN"


@pytest.mark.parametrize("name", ["7", "bob", "4f2a", "ada@mail.example", "0b3e6f7a-1c2d", "1e999"])
@pytest.mark.row("A8")
def test_an_ordinary_id_is_let_in(plain: Host, name: str) -> None:
    """Ids of the ordinary kinds are let in by a plain host without further ado."""
    browser = plain.browser()

    browser.login(name)

    assert f"{name} seen before site.login" not in plain.diary
    with browser.client.session_transaction() as kept:
        assert kept["user_id"] == name
