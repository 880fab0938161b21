import hashlib
import re
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

import pytest
from examples.plain_session import create_app
from flask import Flask
from werkzeug.test import TestResponse

PASSWORD = "leek and potato soup"
KEY = "a key for tests and for nothing else"


class Browser:
    """A person at the site: fills in the forms of its pages, with the token they carry."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def submit(self, page: str, to: str | None = None, **fields: str) -> TestResponse:
        """Load a page and send a form of it, to the page itself or to where it points."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page).text)
        assert found, f"{page} has no form"
        return self.client.post(to or page, data={"csrf_token": found[1], **fields})

    def log_in(self, username: str = "maren", password: str = PASSWORD) -> TestResponse:
        return self.submit("/login", username=username, password=password)

    def write(self, title: str, body: str = "") -> TestResponse:
        return self.submit("/new", title=title, body=body)

    def is_logged_in(self) -> bool:
        return self.get("/").status_code == 200


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """Return the application with two people in it, maren and ines."""
    app = create_app(
        {
            "TESTING": True,
            "SECRET_KEY": KEY,
            "DATABASE": tmp_path / "jotter.sqlite3",
            "PASSWORD_METHOD": "scrypt:256:8:1",
        }
    )
    for name in ("maren", "ines"):
        Browser(app).submit("/register", username=name, password=PASSWORD)
    return app


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Return a browser that nobody has logged in on."""
    return Browser(app)


def rows(app: Flask, statement: str) -> list[tuple[object, ...]]:
    """Return what the database holds."""
    db = sqlite3.connect(app.config["DATABASE"])
    try:
        return db.execute(statement).fetchall()
    finally:
        db.close()


def hashings(call: Callable[[], object]) -> int:
    """Return how often scrypt ran while this was called."""
    count = 0

    def watch(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event == "c_call" and argument is hashlib.scrypt

    sys.setprofile(watch)
    try:
        call()
    finally:
        sys.setprofile(None)
    return count


# --- accounts ------------------------------------------------------------------------------------


def test_register_then_log_in(browser: Browser) -> None:
    """Who registers can log in and has an empty notebook."""
    answer = browser.submit("/register", username="amina", password=PASSWORD)
    assert (answer.status_code, answer.location) == (302, "/login")
    assert "Your account is made." in browser.get("/login").text

    assert browser.log_in("amina").location == "/"
    assert "You have no notes yet." in browser.get("/").text


@pytest.mark.parametrize(
    ("username", "password", "says"),
    [
        ("maren", PASSWORD, "Somebody else has this name."),
        ("MAREN", PASSWORD, "Somebody else has this name."),
        (" maren ", PASSWORD, "Somebody else has this name."),
        ("", PASSWORD, "A name has 2 to 30"),
        ("a", PASSWORD, "A name has 2 to 30"),
        ("a" * 31, PASSWORD, "A name has 2 to 30"),
        ("a b", PASSWORD, "A name has 2 to 30"),
        ("amina", "too short", "A password has 10 to 256"),
        ("amina", "x" * 257, "A password has 10 to 256"),
    ],
)
def test_registering_says_what_is_wrong(
    app: Flask, browser: Browser, username: str, password: str, says: str
) -> None:
    """A name that is taken or no name, and a password too short or too long, make no account."""
    answer = browser.submit("/register", username=username, password=password)

    assert answer.status_code == 422
    assert says in answer.text
    assert rows(app, "SELECT count(*) FROM user") == [(2,)]


def test_passwords_are_kept_as_scrypt_hashes(tmp_path: Path) -> None:
    """A password is kept as a scrypt hash at the library's full cost."""
    app = create_app({"TESTING": True, "SECRET_KEY": KEY, "INSTANCE_PATH": tmp_path})
    Browser(app).submit("/register", username="maren", password=PASSWORD)

    ((kept,),) = rows(app, "SELECT password_hash FROM user")
    assert str(kept).startswith("scrypt:32768:8:1$")


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("maren", "not " + PASSWORD),
        ("maren", ""),
        ("nobody", PASSWORD),
        ("", ""),
        ("1", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    ],
)
def test_wrong_login_is_refused(browser: Browser, username: str, password: str) -> None:
    """A wrong password and an unknown name are refused with the same words and status."""
    answer = browser.log_in(username, password)

    assert answer.status_code == 422
    assert "This name and this password do not belong together." in answer.text
    assert not browser.is_logged_in()


def test_unknown_names_cost_as_much_as_wrong_passwords(app: Flask) -> None:
    """A password is hashed once for each login, whether the name exists or not."""
    Browser(app).log_in("nobody")
    counts = [
        hashings(partial(Browser(app).log_in, name, "wrong password"))
        for name in ("maren", "nobody")
    ]

    assert counts == [1, 1]


def test_a_login_is_the_users_id_and_nothing_else(browser: Browser) -> None:
    """A login empties the session and puts the user's id into it."""
    with browser.client.session_transaction() as session:
        session["left_behind"] = "by somebody"

    browser.log_in()

    with browser.client.session_transaction() as session:
        assert dict(session) == {"user_id": 1}


def test_every_page_leads_to_two_step_login(browser: Browser) -> None:
    """Whoever is signed in finds where the second step is set up."""
    browser.log_in()

    assert 'href="/two-step/"' in browser.get("/").text
    assert browser.get("/two-step/").status_code == 200


def test_logout_is_a_post(browser: Browser) -> None:
    """A link cannot log anybody out; the button can."""
    browser.log_in()

    assert browser.get("/logout").status_code == 405
    assert browser.is_logged_in()
    assert browser.submit("/", to="/logout").location == "/login"
    assert not browser.is_logged_in()


def test_a_deleted_user_is_nobody(app: Flask, browser: Browser) -> None:
    """A session whose user is gone is the session of nobody."""
    browser.log_in()
    with sqlite3.connect(app.config["DATABASE"]) as db:
        db.execute("DELETE FROM user WHERE username = 'maren'")
    db.close()

    assert not browser.is_logged_in()


@pytest.mark.parametrize("path", ["/", "/new", "/1"])
def test_notes_need_a_login(browser: Browser, path: str) -> None:
    """Who is not logged in is sent to the login page."""
    assert browser.get(path).location == "/login"


# --- notes ---------------------------------------------------------------------------------------


def test_a_note_is_written_changed_and_deleted(browser: Browser) -> None:
    """Somebody writes a note, changes it, and throws it away."""
    browser.log_in()

    assert browser.write("Soup <1>", "Leek,\r\npotato").location == "/"
    assert "Soup &lt;1&gt;" in browser.get("/").text
    assert "Leek,\npotato</textarea>" in browser.get("/1").text

    assert browser.submit("/1", title="Stew", body="Everything").location == "/"
    assert "Stew" in browser.get("/").text
    assert "Soup" not in browser.get("/").text

    assert browser.submit("/1", to="/1/delete").location == "/"
    assert "You have no notes yet." in browser.get("/").text


def test_the_last_changed_note_is_first(browser: Browser) -> None:
    """Notes are listed with the newest on top."""
    browser.log_in()
    for title in ("one", "two", "three"):
        browser.write(title)

    assert re.findall(r'auto">(\w+)</a>', browser.get("/").text) == ["three", "two", "one"]


def test_notes_belong_to_one_person(app: Flask) -> None:
    """Nobody sees, changes or deletes a note of somebody else."""
    maren, ines = Browser(app), Browser(app)
    maren.log_in("maren")
    ines.log_in("ines")
    maren.write("Soup")

    answers = [
        ines.get("/1"),
        ines.submit("/new", to="/1", title="Mine", body=""),
        ines.submit("/new", to="/1/delete"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert "Soup" not in ines.get("/").text
    assert "Soup" in maren.get("/").text


@pytest.mark.parametrize(
    ("title", "body"), [("", "x"), ("  ", "x"), ("x" * 101, ""), ("x", "y" * 10_001)]
)
def test_a_note_that_does_not_fit_is_shown_again(browser: Browser, title: str, body: str) -> None:
    """A note without a title, or too long, is not kept, and what was typed is not lost."""
    browser.log_in()
    browser.write("Soup")

    for page in ("/new", "/1"):
        answer = browser.submit(page, title=title, body=body)
        assert answer.status_code == 422
        assert body in answer.text
    assert len(re.findall("<li>\n    <a", browser.get("/").text)) == 1


@pytest.mark.parametrize("path", ["/" + "9" * 40, "/x", "/-1", "/1/delete/x"])
def test_no_address_breaks_a_page(browser: Browser, path: str) -> None:
    """An odd address is answered with a page that says so, never with a server error."""
    browser.log_in()

    assert browser.get(path).status_code == 404


# --- cookies, headers, forms, settings -----------------------------------------------------------


@pytest.mark.parametrize("path", ["/register", "/login", "/logout", "/new", "/1", "/1/delete"])
def test_no_form_is_taken_without_its_token(app: Flask, browser: Browser, path: str) -> None:
    """A form that another site makes the browser send changes nothing."""
    browser.log_in()
    browser.write("Soup")
    fields = {"title": "x", "body": "x", "username": "amina", "password": PASSWORD}

    assert browser.client.post(path, data=fields).status_code == 400
    assert browser.is_logged_in()
    assert rows(app, "SELECT title FROM note") == [("Soup",)]
    assert rows(app, "SELECT count(*) FROM user") == [(2,)]


@pytest.mark.parametrize("path", ["/login", "/register"])
def test_a_form_with_parts_missing_is_refused(browser: Browser, path: str) -> None:
    """A form that lacks a field is answered with a page that says so."""
    assert browser.submit(path, username="maren").status_code == 400


def test_pages_live_with_a_strict_policy(browser: Browser) -> None:
    """No page loads from elsewhere, carries script or style in itself, or is kept by a cache."""
    pages = [browser.get(path) for path in ("/login", "/register", "/nothing")]
    browser.log_in()
    browser.write("Soup")
    pages += [browser.get(path) for path in ("/", "/new", "/1")]

    for page in pages:
        assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert page.headers["Cache-Control"] == "no-store"
        assert re.search(r"<script|<style|\sstyle=|\son\w+=|https?://", page.text) is None
        assert '<html lang="en">' in page.text


def test_the_cookie_is_secure(browser: Browser) -> None:
    """The session cookie is Secure, HttpOnly and SameSite=Lax."""
    cookie = browser.log_in().headers["Set-Cookie"]

    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_a_development_cookie_travels_over_http(tmp_path: Path) -> None:
    """In development the session cookie is not Secure, so that it comes back over plain http."""
    browser = Browser(create_app({"DEBUG": True, "INSTANCE_PATH": tmp_path}))

    assert "Secure" not in browser.get("/login").headers["Set-Cookie"].split("; ")


def test_it_does_not_start_without_a_key(tmp_path: Path) -> None:
    """Outside of development the application refuses to start without a secret key."""
    with pytest.raises(RuntimeError, match="JOTTER_SECRET_KEY"):
        create_app({"INSTANCE_PATH": tmp_path})


def test_development_makes_its_own_key_and_keeps_it(tmp_path: Path) -> None:
    """Each development folder gets a random key, for its owner's eyes, that survives restarts."""
    keys = [
        create_app({"DEBUG": True, "INSTANCE_PATH": tmp_path / name}).secret_key
        for name in ("one", "one", "two")
    ]

    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0] or "") >= 32
    assert (tmp_path / "one" / "secret_key").stat().st_mode & 0o077 == 0


def test_a_restart_keeps_the_notes(app: Flask, browser: Browser) -> None:
    """Starting again on the same file changes nothing in it."""
    browser.log_in()
    browser.write("Soup")

    again = Browser(create_app(dict(app.config)))
    again.log_in()

    assert "Soup" in again.get("/").text
