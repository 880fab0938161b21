import hashlib
import re
import socket
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from examples.microblog import create_app, demo, serve
from examples.microblog.models import ApiToken, Post, User, db
from examples.microblog.passwords import hash_password, replace
from examples.microblog.redirects import local_path
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from vestibule.bootstrap.operate import initialise

PASSWORD = "leek and potato soup"
NEW_PASSWORD = "fog over the skerries"
KEY = "a key for tests and for nothing else"

NOT_OURS = [
    "https://evil.example/",
    "http://localhost/",
    "http:evil.example",
    "https:/evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "/.//evil.example",
    "/a/..//evil.example",
    "//evil.example@localhost/",
    "//localhost@evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "explore",
    "?next=//evil.example",
    "/\x00/evil.example",
    "/explore\r\nSet-Cookie: a=b",
    "",
]


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Browser:
    """A person at the site: fills in the forms of its pages, with the token they carry."""

    def __init__(self, app: Flask, site: str = "http://localhost") -> None:
        self.client = app.test_client()
        self.site = site

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=self.site)

    def post(self, path: str, fields: dict[str, str]) -> TestResponse:
        return self.client.post(path, base_url=self.site, data=fields)

    def token_on(self, page: str) -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page).text)
        assert found, f"{page} has no form"
        return found[1]

    def submit(self, page: str, fields: dict[str, str], to: str | None = None) -> TestResponse:
        """Load a page and send a form of it, to the page itself or to where it points."""
        return self.post(to or page, {"csrf_token": self.token_on(page), **fields})

    def sign_in(
        self, login: str = "maren", password: str = PASSWORD, page: str = "/login", **more: str
    ) -> TestResponse:
        return self.submit(page, {"login": login, "password": password, **more})

    def sign_out(self) -> TestResponse:
        return self.submit("/explore", {}, to="/logout")

    def is_signed_in(self) -> bool:
        return self.get("/account/profile").status_code == 200

    def lose_session(self) -> None:
        """Do what closing a browser does."""
        self.client.delete_cookie("microblog_session")


@pytest.fixture
def clock() -> Clock:
    """Return what the application takes for the time."""
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[Flask]:
    """Return the application with two people in it, maren and ines."""
    app = create_app(
        {
            "TESTING": True,
            "SECRET_KEY": KEY,
            "INSTANCE_PATH": tmp_path,
            "SQLALCHEMY_DATABASE_URI": "sqlite://",
            "PASSWORD_METHOD": "scrypt:256:8:1",
            "CLOCK": clock,
        }
    )
    with app.app_context():
        db.create_all()
        for name in ("maren", "ines"):
            email, password_hash = f"{name}@mail.example", hash_password(PASSWORD)
            db.session.add(User(username=name, email=email, password_hash=password_hash))
        db.session.commit()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Return a browser that nobody has signed in on."""
    return Browser(app)


@pytest.fixture
def mails(app: Flask) -> list[dict[str, str]]:
    """Return where sent mails arrive."""
    sent: list[dict[str, str]] = []
    app.extensions["mail"] = lambda **mail: sent.append(mail)
    return sent


def link_in(mail: dict[str, str]) -> str:
    """Return the path of the one link a mail holds."""
    link: str
    (link,) = re.findall(r"\S+://\S+", mail["text"])
    return urlsplit(link).path


def token_for(app: Flask, login: str = "maren", password: str = PASSWORD) -> str:
    """Return a new bearer token."""
    answer = app.test_client().post("/api/tokens", auth=(login, password))
    token: str = answer.get_json()["token"]
    return token


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}


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


# --- signing in and out --------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["maren", "Maren", " maren ", "maren@mail.example"])
def test_login_by_name_or_address(browser: Browser, login: str) -> None:
    """One signs in with the username or the e-mail address, in upper or lower case."""
    answer = browser.sign_in(login)

    assert (answer.status_code, answer.location) == (302, "/")
    assert browser.is_signed_in()


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("maren", "not " + PASSWORD),
        ("maren", PASSWORD.upper()),
        ("nobody", PASSWORD),
        ("nobody@mail.example", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
        ("maren\x00x", PASSWORD),
        ("1", PASSWORD),
    ],
)
def test_wrong_login_is_refused(browser: Browser, login: str, password: str) -> None:
    """A wrong password and an unknown name are refused with the same words and status."""
    answer = browser.sign_in(login, password)

    assert answer.status_code == 422
    assert "This name and this password do not belong together." in answer.text
    assert not browser.is_signed_in()


@pytest.mark.parametrize("fields", [{}, {"login": "maren"}, {"login": "", "password": ""}])
def test_login_with_parts_missing_is_refused(browser: Browser, fields: dict[str, str]) -> None:
    """A login form with parts missing is shown again, with what is missing."""
    answer = browser.submit("/login", fields)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_unknown_names_cost_as_much_as_wrong_passwords(app: Flask) -> None:
    """A password is hashed once for each login, whether the name exists or not."""
    counts = [
        hashings(partial(Browser(app).sign_in, name, "wrong"))
        for name in ("maren", "nobody", "nobody@mail.example")
    ]

    assert counts == [1, 1, 1]


def test_unknown_names_cost_as_much_for_tokens(app: Flask) -> None:
    """A password is hashed once for each token asked for, whether the name exists or not."""
    post = app.test_client().post

    counts = [
        hashings(partial(post, "/api/tokens", auth=(name, "wrong"))) for name in ("maren", "nobody")
    ]

    assert counts == [1, 1]


def test_next_is_honoured(browser: Browser) -> None:
    """Who is sent to the login page from a page gets to that page, query and all."""
    sent_away = browser.get("/account/profile?from=mail")

    assert sent_away.status_code == 302
    assert parse_qs(urlsplit(sent_away.location).query) == {"next": ["/account/profile?from=mail"]}
    assert browser.sign_in(page=sent_away.location).location == "/account/profile?from=mail"


@pytest.mark.parametrize("target", NOT_OURS)
def test_next_never_leaves_the_site(app: Flask, target: str) -> None:
    """A login leads nowhere but to a path of this site, however the address is spelled."""
    browser, page = Browser(app), "/login?" + urlencode({"next": target})

    assert browser.sign_in(page=page).location == "/"
    assert browser.get(page).location == "/"


@pytest.mark.parametrize(
    "target", ["/", "/explore", "/@maren?before=3", "/a/b#c", "/a?to=https://x.example//y", "/é"]
)
def test_paths_of_the_site_are_local(target: str) -> None:
    """A path of this site is taken as it is."""
    assert local_path(target) == target


def test_signed_in_people_skip_the_login_page(browser: Browser) -> None:
    """The login page sends on whoever is signed in already."""
    browser.sign_in()

    assert browser.get("/login?next=/explore").location == "/explore"


def test_signing_in_replaces_who_was_there(browser: Browser) -> None:
    """A login on a browser where somebody else is signed in leaves nothing of him."""
    browser.sign_in("maren")
    with browser.client.session_transaction() as session:
        session["left_behind"] = "by maren"

    fields = {"login": "ines", "password": PASSWORD}
    assert browser.submit("/", fields, to="/login").status_code == 302

    with browser.client.session_transaction() as session:
        assert "left_behind" not in session
    assert "Edit profile" not in browser.get("/@maren").text
    assert "Edit profile" in browser.get("/@ines").text


def test_logout_is_a_post(browser: Browser) -> None:
    """A link cannot sign anybody out; the button can."""
    browser.sign_in()

    assert browser.get("/logout").status_code == 405
    assert browser.is_signed_in()
    assert browser.sign_out().status_code == 302
    assert not browser.is_signed_in()


# --- being remembered ----------------------------------------------------------------------------


def test_a_login_ends_with_the_browser_unless_remembered(app: Flask) -> None:
    """Closing the browser signs out, unless one asked to be kept signed in."""
    for remember, stays in (({}, False), ({"remember": "y"}, True)):
        browser = Browser(app)
        browser.sign_in(**remember)
        browser.lose_session()

        assert browser.is_signed_in() is stays


def test_remembering_ends_with_logout(browser: Browser) -> None:
    """Signing out forgets the browser as well."""
    browser.sign_in(remember="y")
    browser.sign_out()
    browser.lose_session()

    assert not browser.is_signed_in()
    assert browser.client.get_cookie("remember_token") is None
    assert browser.client.get_cookie("remember_seal") is None


def test_remembering_ends_after_thirty_days(browser: Browser, clock: Clock) -> None:
    """A remember cookie is worthless after its time, even where the browser kept it."""
    browser.sign_in(remember="y")
    kept = {name: browser.client.get_cookie(name) for name in ("remember_token", "remember_seal")}

    for days, signed_in in ((29, True), (31, False)):
        clock.now = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC) + timedelta(days=days)
        browser.lose_session()
        for name, cookie in kept.items():
            assert cookie
            browser.client.set_cookie(name, cookie.value)

        assert browser.is_signed_in() is signed_in


def test_a_seal_fits_only_its_own_cookie(app: Flask) -> None:
    """One person's seal does not make another's remember cookie good."""
    maren, ines = Browser(app), Browser(app)
    maren.sign_in("maren", remember="y")
    ines.sign_in("ines", remember="y")
    seal = ines.client.get_cookie("remember_seal")
    assert seal
    maren.client.set_cookie("remember_seal", seal.value)
    maren.lose_session()

    assert not maren.is_signed_in()


@pytest.mark.parametrize("seal", [None, "", "x", "x.y.z"])
def test_a_remember_cookie_needs_its_seal(browser: Browser, seal: str | None) -> None:
    """Flask-Login's cookie alone, which is good for ever, opens nothing."""
    browser.sign_in(remember="y")
    browser.lose_session()
    browser.client.delete_cookie("remember_seal")
    if seal is not None:
        browser.client.set_cookie("remember_seal", seal)

    assert not browser.is_signed_in()


# --- cookies, headers, forms ---------------------------------------------------------------------


def test_cookies_are_secure(browser: Browser) -> None:
    """Every cookie is Secure, HttpOnly and SameSite=Lax unless development says otherwise."""
    cookies = browser.sign_in(remember="y").headers.getlist("Set-Cookie")

    assert {cookie.partition("=")[0] for cookie in cookies} == {
        "microblog_session",
        "remember_token",
        "remember_seal",
    }
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))


def test_development_cookies_travel_over_http(tmp_path: Path) -> None:
    """In development no cookie is Secure, so that it comes back over plain http."""
    app = create_app(
        {"DEVELOPMENT": True, "VESTIBULE_DEVELOPMENT": True, "INSTANCE_PATH": tmp_path}
    )

    assert not app.config["SESSION_COOKIE_SECURE"]
    assert not app.config["REMEMBER_COOKIE_SECURE"]


PUBLIC = ["/", "/login", "/sign-up", "/reset", "/sent", "/explore", "/@maren", "/nothing-here"]
PRIVATE = ["/", "/account/profile", "/account/password", "/@maren", "/@ines"]


def test_pages_live_with_a_strict_policy(browser: Browser) -> None:
    """No page loads from elsewhere, carries script or style in itself, or is kept by a cache."""
    pages = [browser.get(path) for path in PUBLIC]
    browser.sign_in()
    pages += [browser.get(path) for path in PRIVATE]

    for page in pages:
        assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert re.search(r"<script|<style|\sstyle=|\son\w+=|https?://", page.text) is None
        assert '<html lang="en">' in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/login",
        "/logout",
        "/sign-up",
        "/reset",
        "/account/password",
        "/account/profile",
        "/posts/1/delete",
        "/@ines/follow",
        "/@ines/unfollow",
    ],
)
def test_no_form_is_taken_without_its_token(browser: Browser, path: str) -> None:
    """A form that another site makes the browser send changes nothing."""
    browser.sign_in()

    answer = browser.post(path, {"body": "x", "email": "maren@mail.example"})

    assert answer.status_code == 400
    assert "That did not arrive as it should" in answer.text
    assert browser.is_signed_in()


def test_a_form_sent_too_late_asks_to_sign_in(app: Flask) -> None:
    """Who is no longer signed in when he sends a form signs in and lands on the first page."""
    here, elsewhere = Browser(app), Browser(app)
    for browser in (here, elsewhere):
        browser.sign_in()
    elsewhere.submit("/account/password", {"current": PASSWORD, "password": NEW_PASSWORD})

    answer = here.submit("/login", {}, to="/@ines/follow")

    assert (answer.status_code, answer.location) == (302, "/login")


# --- signing up ----------------------------------------------------------------------------------


def test_sign_up(browser: Browser, mails: list[dict[str, str]]) -> None:
    """An account is made behind a link that was mailed, and its owner is signed in."""
    answer = browser.submit("/sign-up", {"email": " Amina@Mail.example "})
    assert answer.location == "/sent"
    assert [mail["to"] for mail in mails] == ["amina@mail.example"]

    answer = browser.submit(link_in(mails[0]), {"username": "Amina_1", "password": PASSWORD})

    assert (answer.status_code, answer.location) == (302, "/")
    assert "Edit profile" in browser.get("/@amina_1").text


def test_sign_up_does_not_tell_who_has_an_account(app: Flask, mails: list[dict[str, str]]) -> None:
    """A known and an unknown address get the same answer; only the mails differ."""
    answers = [
        Browser(app).submit("/sign-up", {"email": f"{name}@mail.example"})
        for name in ("maren", "amina")
    ]

    assert answers[0].data == answers[1].data
    assert {answer.location for answer in answers} == {"/sent"}
    assert [mail["to"] for mail in mails] == ["maren@mail.example", "amina@mail.example"]
    assert "://" not in mails[0]["text"]


def test_a_sign_up_link_works_once_and_for_an_hour(
    app: Flask, mails: list[dict[str, str]], clock: Clock
) -> None:
    """A sign-up link is dead once it made an account, and after an hour."""
    for name in ("amina", "kenji"):
        Browser(app).submit("/sign-up", {"email": f"{name}@mail.example"})
    used, unused = map(link_in, mails)
    Browser(app).submit(used, {"username": "amina", "password": PASSWORD})

    assert Browser(app).get(used).status_code == 410
    assert Browser(app).get(unused).status_code == 200
    clock.now += timedelta(hours=1)
    assert Browser(app).get(unused).status_code == 410


@pytest.mark.parametrize(
    ("username", "password", "says"),
    [
        ("maren", PASSWORD, "Somebody else has this name."),
        ("MAREN", PASSWORD, "Somebody else has this name."),
        ("am", PASSWORD, "Use 3 to 20 letters"),
        ("a" * 21, PASSWORD, "Use 3 to 20 letters"),
        ("amina@home", PASSWORD, "Use 3 to 20 letters"),
        ("amïna", PASSWORD, "Use 3 to 20 letters"),
        ("../amina", PASSWORD, "Use 3 to 20 letters"),
        ("amina", "too short", "Use 10 to 256 characters."),
        ("amina", "x" * 257, "Use 10 to 256 characters."),
        ("", "", "Choose a username."),
    ],
)
def test_sign_up_says_what_is_wrong(
    browser: Browser, mails: list[dict[str, str]], username: str, password: str, says: str
) -> None:
    """A name that is taken or not a name, and a password too short or too long, are refused."""
    browser.submit("/sign-up", {"email": "amina@mail.example"})

    answer = browser.submit(link_in(mails[0]), {"username": username, "password": password})

    assert answer.status_code == 422
    assert says in answer.text
    assert not browser.is_signed_in()


@pytest.mark.parametrize(
    "email", ["", "maren", "@", "a@b", "a b@mail.example", "a@mail.example\nBcc: b@c.example"]
)
def test_an_address_must_look_like_one(
    browser: Browser, mails: list[dict[str, str]], email: str
) -> None:
    """Nothing is mailed to what is no address."""
    answers = [browser.submit(page, {"email": email}) for page in ("/sign-up", "/reset")]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert mails == []


# --- a forgotten and a changed password ----------------------------------------------------------


def ask_for_reset(app: Flask, mails: list[dict[str, str]]) -> str:
    """Return the path of a fresh link to reset maren's password."""
    Browser(app).submit("/reset", {"email": "maren@mail.example"})
    return link_in(mails[-1])


def test_reset(app: Flask, mails: list[dict[str, str]]) -> None:
    """A mailed link sets a new password, tells the owner by mail, and signs nobody in."""
    browser = Browser(app)
    answer = browser.submit(ask_for_reset(app, mails), {"password": NEW_PASSWORD})

    assert answer.location == "/login"
    assert not browser.is_signed_in()
    assert [mail["subject"] for mail in mails] == [
        "Set a new password",
        "Your password was changed",
    ]
    assert browser.sign_in(password=PASSWORD).status_code == 422
    assert browser.sign_in(password=NEW_PASSWORD).location == "/"


def test_reset_does_not_tell_who_has_an_account(app: Flask, mails: list[dict[str, str]]) -> None:
    """A known and an unknown address get the same answer, and only the known one a mail."""
    answers = [
        Browser(app).submit("/reset", {"email": f"{name}@mail.example"})
        for name in ("maren", "nobody")
    ]

    assert answers[0].data == answers[1].data
    assert {answer.location for answer in answers} == {"/sent"}
    assert [mail["to"] for mail in mails] == ["maren@mail.example"]


def test_a_reset_link_works_once(app: Flask, mails: list[dict[str, str]]) -> None:
    """A reset link is dead once it, or another, has set a password."""
    first, second = ask_for_reset(app, mails), ask_for_reset(app, mails)
    Browser(app).submit(first, {"password": NEW_PASSWORD})

    for link in (first, second):
        assert Browser(app).get(link).status_code == 410


def test_two_presses_of_one_reset_link_set_one_password(
    app: Flask, mails: list[dict[str, str]]
) -> None:
    """Of two people who opened the same link only the first sets a password."""
    link, early, late = ask_for_reset(app, mails), Browser(app), Browser(app)
    tokens = [browser.token_on(link) for browser in (early, late)]

    statuses = [
        browser.post(link, {"csrf_token": token, "password": password}).status_code
        for browser, token, password in [
            (early, tokens[0], "the first of two"),
            (late, tokens[1], "the second of two"),
        ]
    ]

    assert statuses == [302, 410]
    assert Browser(app).sign_in(password="the first of two").status_code == 302


def test_a_password_is_replaced_once(app: Flask) -> None:
    """Of two changes that began under the same password only one is made."""
    with app.app_context():
        here = User.by_login("maren")
        assert here
        with app.app_context():
            there = User.by_login("maren")
            assert there
            assert replace(there, "the first of two")

        assert not replace(here, "the second of two")

    assert Browser(app).sign_in(password="the first of two").status_code == 302


def test_a_reset_link_works_for_ten_minutes(
    app: Flask, mails: list[dict[str, str]], clock: Clock
) -> None:
    """A reset link is dead after ten minutes, for the form opened in time as well."""
    link, browser = ask_for_reset(app, mails), Browser(app)

    clock.now += timedelta(minutes=10, seconds=-1)
    assert browser.get(link).status_code == 200
    clock.now += timedelta(seconds=1)
    assert browser.get(link).status_code == 410
    assert browser.submit("/login", {"password": NEW_PASSWORD}, to=link).status_code == 410


def test_links_are_for_one_purpose(app: Flask, mails: list[dict[str, str]]) -> None:
    """A token made for signing up sets no password, and the other way round."""
    Browser(app).submit("/sign-up", {"email": "amina@mail.example"})
    sign_up, reset = link_in(mails[0]), ask_for_reset(app, mails)
    swapped = [
        "/reset/" + sign_up.rpartition("/")[2],
        "/sign-up/" + reset.rpartition("/")[2],
        reset[:-1] + ("A" if reset[-1] != "A" else "E"),  # bits that count
        "/reset/x",
        "/sign-up/x.y.z",
    ]

    assert {Browser(app).get(path).status_code for path in swapped} == {410}


def test_links_do_not_follow_the_host_header(app: Flask, mails: list[dict[str, str]]) -> None:
    """A mailed link leads to the configured site, whatever host the request named."""
    Browser(app, "http://evil.example").submit("/reset", {"email": "maren@mail.example"})

    assert len(mails) == 1
    assert "http://localhost:5000/reset/" in mails[0]["text"]


def test_a_reset_ends_every_login_and_token(app: Flask, mails: list[dict[str, str]]) -> None:
    """After a reset every browser, remembered or not, and every program is signed out."""
    plain, remembered, closed, token = Browser(app), Browser(app), Browser(app), token_for(app)
    plain.sign_in()
    remembered.sign_in(remember="y")
    closed.sign_in(remember="y")
    closed.lose_session()

    Browser(app).submit(ask_for_reset(app, mails), {"password": NEW_PASSWORD})

    assert not any(browser.is_signed_in() for browser in (plain, remembered, closed))
    assert app.test_client().get("/api/me", headers=bearer(token)).status_code == 401


def test_changing_the_password(app: Flask, mails: list[dict[str, str]]) -> None:
    """Changing the password signs out every browser and program but this one, and tells by mail."""
    here, there, token = Browser(app), Browser(app), token_for(app)
    here.sign_in(remember="y")
    there.sign_in(remember="y")

    answer = here.submit("/account/password", {"current": PASSWORD, "password": NEW_PASSWORD})

    assert answer.location == "/@maren"
    assert [mail["subject"] for mail in mails] == ["Your password was changed"]
    assert here.is_signed_in()
    here.lose_session()
    assert here.is_signed_in()
    assert not there.is_signed_in()
    assert app.test_client().get("/api/me", headers=bearer(token)).status_code == 401


def test_changing_the_password_needs_the_current_one(app: Flask) -> None:
    """Who does not know the current password cannot set another."""
    browser = Browser(app)
    browser.sign_in()

    answer = browser.submit("/account/password", {"current": "guessed", "password": NEW_PASSWORD})

    assert answer.status_code == 422
    assert "This is not your current password." in answer.text
    assert Browser(app).sign_in(password=PASSWORD).status_code == 302


def test_passwords_are_kept_as_scrypt_hashes(tmp_path: Path) -> None:
    """A password is kept as a salted scrypt hash at the library's full cost."""
    app = create_app({"TESTING": True, "INSTANCE_PATH": tmp_path})
    with app.app_context():
        first, second = hash_password(PASSWORD), hash_password(PASSWORD)

    assert first.startswith("scrypt:32768:8:1$")
    assert first != second


def test_an_accent_is_the_same_however_it_is_typed(app: Flask, mails: list[dict[str, str]]) -> None:
    """A password with an accent works from keyboards that compose it and from those that do not."""
    Browser(app).submit(ask_for_reset(app, mails), {"password": "caf\u00e9 at midnight"})

    assert Browser(app).sign_in(password="cafe\u0301 at midnight").location == "/"


def test_the_first_transport_tells_no_secret(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """Without a transport the log says that a mail was not sent, but not to whom or what."""
    Browser(app).submit("/reset", {"email": "maren@mail.example"})

    assert "“Set a new password” was not sent" in caplog.text
    assert "maren" not in caplog.text
    assert "/reset/" not in caplog.text


# --- people and posts ----------------------------------------------------------------------------


def test_posting(app: Flask) -> None:
    """What somebody says is on his timeline, on his profile and for everybody to explore."""
    browser = Browser(app)
    browser.sign_in()

    assert browser.submit("/", {"body": " Fog <came> in.\r\nLamp is lit. "}).status_code == 302

    for page in ("/", "/@maren", "/explore"):
        assert "Fog &lt;came&gt; in.\nLamp is lit.</p>" in browser.get(page).text
    assert "Fog &lt;came&gt; in." in Browser(app).get("/").text


@pytest.mark.parametrize(
    ("body", "status"), [("", 422), (" \n ", 422), ("é" * 281, 422), ("é" * 280, 302)]
)
def test_posts_have_a_length(browser: Browser, body: str, status: int) -> None:
    """A post has 1 to 280 characters."""
    browser.sign_in()

    assert browser.submit("/", {"body": body}).status_code == status


def test_nobody_posts_unknown(browser: Browser) -> None:
    """Who is not signed in cannot post."""
    answer = browser.submit("/login", {"body": "boo"}, to="/")

    assert answer.location == "/login"
    assert "boo" not in browser.get("/explore").text


def test_own_posts_can_be_deleted(app: Flask) -> None:
    """Somebody can delete his own posts and no others, and is offered no other."""
    maren, ines = Browser(app), Browser(app)
    maren.sign_in("maren")
    ines.sign_in("ines")
    maren.submit("/", {"body": "Soup is on."})

    assert "Delete" not in ines.get("/explore").text
    assert ines.submit("/", {}, to="/posts/1/delete").status_code == 404
    assert "Delete" in maren.get("/explore").text
    assert maren.submit("/", {}, to="/posts/1/delete").status_code == 302
    assert "Soup is on." not in maren.get("/explore").text


def test_following(browser: Browser, app: Flask) -> None:
    """Following brings somebody's posts to the timeline, and unfollowing takes them away."""
    ines = Browser(app)
    ines.sign_in("ines")
    ines.submit("/", {"body": "Bread at four."})
    browser.sign_in("maren")
    assert "Bread at four." not in browser.get("/").text

    for _ in range(2):
        assert browser.submit("/@ines", {}, to="/@ines/follow").location == "/@ines"
    assert "Bread at four." in browser.get("/").text
    assert "<b>1</b> follower</span>" in browser.get("/@ines").text

    for _ in range(2):
        browser.submit("/@ines", {}, to="/@ines/unfollow")
    assert "Bread at four." not in browser.get("/").text
    assert "<b>0</b> followers</span>" in browser.get("/@ines").text


def test_nobody_follows_himself(browser: Browser) -> None:
    """Following oneself does nothing."""
    browser.sign_in()
    browser.submit("/", {}, to="/@maren/follow")

    assert "<b>0</b> followers</span>" in browser.get("/@maren").text


def test_the_account_list_is_for_its_owner(browser: Browser) -> None:
    """A profile shows its owner, and nobody else, what he can do with his account."""
    assert "Change password" not in browser.get("/@maren").text
    browser.sign_in("maren")
    assert "Change password" in browser.get("/@maren").text
    assert "Change password" not in browser.get("/@ines").text


def test_a_profile_keeps_the_address_to_itself(browser: Browser) -> None:
    """No public page shows an e-mail address."""
    browser.sign_in("ines")

    for page in ("/@maren", "/explore", "/"):
        assert "mail.example" not in browser.get(page).text


def test_editing_the_profile(browser: Browser) -> None:
    """What somebody says of himself is on his profile, in at most 160 characters."""
    browser.sign_in()

    assert browser.submit("/account/profile", {"about": "x" * 161}).status_code == 422
    assert browser.submit("/account/profile", {"about": "Keeps a light."}).location == "/@maren"
    assert "Keeps a light." in Browser(browser.client.application).get("/@maren").text


def test_posts_come_in_pages(app: Flask) -> None:
    """Older posts are a link away, and each post is on one page."""
    with app.app_context():
        db.session.add_all(Post(author_id=1, body=f"post {n:02}") for n in range(45))
        db.session.commit()
    browser, path, seen = Browser(app), "/explore", []
    for _ in range(3):
        text = browser.get(path).text
        seen += re.findall(r"post \d\d", text)
        older = re.search(r"\?before=\d+", text)
        path = f"/explore{older[0] if older else ''}"

    assert seen == [f"post {n:02}" for n in reversed(range(45))]
    assert path == "/explore"


@pytest.mark.parametrize(
    "path",
    [
        "/explore?before=" + "9" * 40,
        "/explore?before=-1",
        "/explore?before=x",
        "/?before=0",
        "/@" + "x" * 3000,
        "/@nobody",
        "/@maren%00",
        "/login?next=%00",
        "/reset/%F0%9F%94%A6",
    ],
)
def test_no_address_breaks_a_page(browser: Browser, path: str) -> None:
    """An odd address is answered with a page, never with a server error."""
    assert browser.get(path).status_code < 500


@pytest.mark.parametrize("path", ["/posts/" + "9" * 40 + "/delete", "/@nobody/follow"])
def test_no_address_breaks_a_form(browser: Browser, path: str) -> None:
    """A form sent to what does not exist is answered with a page that says so."""
    browser.sign_in()

    assert browser.submit("/", {}, to=path).status_code == 404


# --- the API -------------------------------------------------------------------------------------


def test_a_token_opens_the_api(app: Flask) -> None:
    """A program with a username and password gets a token, and the token opens the API."""
    client = app.test_client()
    answer = client.post("/api/tokens", auth=("maren@mail.example", PASSWORD))
    token = answer.get_json()["token"]

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers.getlist("Set-Cookie") == []
    assert client.get("/api/me", headers=bearer(token)).get_json() == {
        "username": "maren",
        "email": "maren@mail.example",
        "about": "",
        "following": 0,
        "followers": 0,
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic /////w=="},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic bWFyZW46d3Jvbmc="},
        {"Authorization": "Basic bWFyZW4="},
    ],
)
def test_no_token_without_the_password(app: Flask, headers: dict[str, str]) -> None:
    """Without a right username and password there is no token, and one is told what is asked."""
    answer = app.test_client().post("/api/tokens", headers=headers)

    assert answer.status_code == 401
    assert answer.get_json() == {"error": "unauthorized"}
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Porchlight API"'


API = [("GET", "/api/me"), ("GET", "/api/posts"), ("POST", "/api/posts"), ("DELETE", "/api/tokens")]


@pytest.mark.parametrize(("method", "path"), API)
def test_the_api_takes_nothing_but_tokens(app: Flask, method: str, path: str) -> None:
    """Neither a browser's login nor a password opens the API, nor both of them with a token."""
    signed_in, token = Browser(app), token_for(app)
    signed_in.sign_in()
    answers = [
        app.test_client().open(path, method=method),
        app.test_client().open(path, method=method, headers=bearer("x")),
        app.test_client().open(path, method=method, auth=("maren", PASSWORD)),
        signed_in.client.open(path, method=method),
        signed_in.client.open(path, method=method, headers=bearer(token)),
    ]

    for answer in answers:
        assert answer.status_code == 401
        assert answer.get_json() == {"error": "unauthorized"}
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Porchlight API"'


def test_tokens_open_nothing_but_the_api(app: Flask) -> None:
    """A token does not sign in on the pages."""
    answer = app.test_client().get("/account/profile", headers=bearer(token_for(app)))

    assert answer.status_code == 302


def test_a_token_can_be_given_back(app: Flask) -> None:
    """A token that was given back opens nothing, and the others still do."""
    client, one, other = app.test_client(), token_for(app), token_for(app)

    assert client.delete("/api/tokens", headers=bearer(one)).status_code == 204
    assert client.get("/api/me", headers=bearer(one)).status_code == 401
    assert client.get("/api/me", headers=bearer(other)).status_code == 200


def test_a_token_runs_out(app: Flask, clock: Clock) -> None:
    """A token is good for thirty days; the next one clears it away."""
    client, token = app.test_client(), token_for(app)

    clock.now += timedelta(days=30, seconds=-1)
    assert client.get("/api/me", headers=bearer(token)).status_code == 200
    clock.now += timedelta(seconds=1)
    assert client.get("/api/me", headers=bearer(token)).status_code == 401
    token_for(app)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ApiToken)) == 1


def test_tokens_are_kept_as_hashes(app: Flask) -> None:
    """The database does not hold a token that would open anything."""
    token = token_for(app)
    with app.app_context():
        kept = db.session.execute(select(ApiToken.digest)).scalar_one()

    assert kept == hashlib.sha256(token.encode()).hexdigest()


def test_posting_by_the_api(app: Flask) -> None:
    """A program posts and reads as the person does."""
    client, headers = app.test_client(), bearer(token_for(app))

    made = client.post("/api/posts", json={"body": " Soup is on. "}, headers=headers)

    assert made.status_code == 201
    assert made.get_json() == {
        "id": 1,
        "author": "maren",
        "body": "Soup is on.",
        "created_at": "2030-01-02T03:04:05+00:00",
    }
    listed = client.get("/api/posts", headers=headers).get_json()
    assert listed == {"posts": [made.get_json()], "older": None}
    assert "Soup is on." in Browser(app).get("/@maren").text


def test_the_api_lists_in_pages(app: Flask) -> None:
    """The API's list of posts names where the older ones are, until there are none."""
    with app.app_context():
        db.session.add_all(Post(author_id=1, body=f"post {n}") for n in range(25))
        db.session.commit()
    client, headers = app.test_client(), bearer(token_for(app))

    first = client.get("/api/posts", headers=headers).get_json()
    second = client.get(first["older"], headers=headers).get_json()

    assert [len(first["posts"]), len(second["posts"]), second["older"]] == [20, 5, None]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ('{"body": ""}', 422),
        ('{"body": null}', 422),
        ('{"body": 7}', 422),
        ('{"body": ["x"]}', 422),
        ('{"body": "\\ud800"}', 422),
        ('{"body": "\\u0000"}', 422),
        ('{"body": "%s"}' % ("x" * 281), 422),
        ("{}", 422),
        ("[]", 422),
        ("null", 422),
        ('"body"', 422),
        ("{", 400),
        ("", 400),
        ("\x00\ufffd", 400),
        ('{"body": "%s"}' % ("x" * 70_000), 413),
    ],
)
def test_the_api_refuses_what_is_no_post(app: Flask, content: str, status: int) -> None:
    """What is no post is refused with a status and a JSON error, whatever it is."""
    answer = app.test_client().post(
        "/api/posts",
        data=content.encode(),
        content_type="application/json",
        headers=bearer(token_for(app)),
    )

    assert answer.status_code == status
    assert answer.get_json()["error"]


def test_the_api_wants_json(app: Flask) -> None:
    """A form, which any site can make a browser send, is no API request."""
    answer = app.test_client().post(
        "/api/posts", data={"body": "x"}, headers=bearer(token_for(app))
    )

    assert answer.status_code == 415
    assert answer.get_json() == {"error": "unsupported_media_type"}


def test_api_errors_are_json(app: Flask) -> None:
    """An unknown address under /api and a wrong method are answered in JSON."""
    client = app.test_client()

    assert client.get("/api/nothing").get_json() == {"error": "not_found"}
    wrong = client.get("/api/tokens")
    assert (wrong.status_code, wrong.get_json()) == (405, {"error": "method_not_allowed"})
    assert set(wrong.headers["Allow"].split(", ")) == {"DELETE", "OPTIONS", "POST"}


# --- settings and the way it is served -----------------------------------------------------------


@pytest.mark.parametrize("key", [None, "", "dev", "k" * 31])
def test_production_needs_a_real_key(tmp_path: Path, key: str | None) -> None:
    """In production the application does not start without a secret key of 32 characters."""
    with pytest.raises(RuntimeError, match="MICROBLOG_SECRET_KEY"):
        create_app({"SECRET_KEY": key, "SITE_URL": "https://x.example", "INSTANCE_PATH": tmp_path})


def test_production_needs_its_address(tmp_path: Path) -> None:
    """In production the application does not start before it knows its https address."""
    with pytest.raises(RuntimeError, match="MICROBLOG_SITE_URL"):
        create_app({"SECRET_KEY": KEY, "INSTANCE_PATH": tmp_path})


def test_production_starts_with_both(tmp_path: Path) -> None:
    """With key and address production starts, and its cookies are Secure."""
    folder = tmp_path / "instance"
    url, key_file = f"sqlite:///{tmp_path / 'vestibule.db'}", tmp_path / "vestibule.keys"
    initialise(url, key_file)

    app = create_app(
        {
            "SECRET_KEY": KEY,
            "SITE_URL": "https://x.example",
            "INSTANCE_PATH": folder,
            "VESTIBULE_DATABASE_URL": url,
            "VESTIBULE_KEY_FILE": str(key_file),
        }
    )

    assert app.config["SESSION_COOKIE_SECURE"]
    assert app.config["REMEMBER_COOKIE_SECURE"]
    assert not folder.exists() or list(folder.iterdir()) == []


def test_development_makes_its_own_key_and_keeps_it(tmp_path: Path) -> None:
    """Each development folder gets a random key, for its owner's eyes, that survives restarts."""
    keys = [
        create_app(
            {
                "DEVELOPMENT": True,
                "VESTIBULE_DEVELOPMENT": True,
                "INSTANCE_PATH": tmp_path / name,
            }
        ).secret_key
        for name in ("one", "one", "two")
    ]

    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0] or "") >= 32
    assert (tmp_path / "one" / "secret_key").stat().st_mode & 0o077 == 0


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Callable[[], Flask]]:
    """Return what starts the served application anew, on the same folder."""
    started: list[Flask] = []

    def start() -> Flask:
        started.append(serve.prepare(tmp_path, 5000))
        return started[-1]

    yield start
    for app in started:
        with app.app_context():
            db.engine.dispose()


def test_serving_prepares_a_site_that_looks_alive(
    prepared: Callable[[], Flask], tmp_path: Path
) -> None:
    """The served site has people, posts and a demo account whose password is printed."""
    app = prepared()
    told = serve.greeting(app, tmp_path)
    password = re.search(r"Password +(\S+)", told)
    assert password

    browser = Browser(app)
    assert browser.sign_in("demo", password[1]).location == "/"
    assert browser.get("/").text.count("<article") >= 5
    assert "http://localhost:5000/inbox" in told
    assert (tmp_path / "demo_password").stat().st_mode & 0o077 == 0


def test_serving_again_changes_nothing(prepared: Callable[[], Flask], tmp_path: Path) -> None:
    """A restart keeps people, posts, logins and the demo account's password."""
    first = prepared()
    told = serve.greeting(first, tmp_path)
    browser = Browser(first)
    browser.sign_in("demo", re.findall(r"Password +(\S+)", told)[0])
    cookie = browser.client.get_cookie("microblog_session")
    assert cookie

    second = prepared()

    again = Browser(second)
    again.client.set_cookie("microblog_session", cookie.value)
    assert again.is_signed_in()
    assert serve.greeting(second, tmp_path) == told
    with second.app_context():
        assert db.session.scalar(select(func.count()).select_from(User)) == len(demo.ABOUT)
        assert db.session.scalar(select(func.count()).select_from(Post)) == len(demo.SAID)


def test_mail_arrives_in_the_inbox(prepared: Callable[[], Flask]) -> None:
    """In the served site mail arrives on the inbox page, and stays there over a restart."""
    Browser(prepared()).submit("/reset", {"email": demo.address(demo.DEMO)})

    browser = Browser(prepared())
    page = browser.get("/inbox").text
    assert "demo@porchlight.example" in page
    link = re.search(r"http://localhost:5000(/reset/[^\s\"<]+)", page)
    assert link
    assert browser.get(link[1]).status_code == 200


def test_who_waits_for_mail_is_shown_the_inbox(prepared: Callable[[], Flask]) -> None:
    """In the served site the page that asks for patience leads to the inbox."""
    assert 'href="/inbox"' in Browser(prepared()).get("/sent").text


def test_a_changed_demo_password_is_not_printed(
    prepared: Callable[[], Flask], tmp_path: Path
) -> None:
    """Once somebody has changed the demo account's password, the old one is no longer shown."""
    app = prepared()
    old = (tmp_path / "demo_password").read_text().strip()
    browser = Browser(app)
    browser.sign_in("demo", old)
    browser.submit("/account/password", {"current": old, "password": NEW_PASSWORD})

    assert old not in serve.greeting(app, tmp_path)


def test_development_is_switched_on_by_serving_only(
    app: Flask, prepared: Callable[[], Flask]
) -> None:
    """The served application is in development mode, and the factory's is not."""
    assert prepared().config["VESTIBULE_DEVELOPMENT"] is True
    assert "VESTIBULE_DEVELOPMENT" not in app.config


def test_a_taken_port_is_named() -> None:
    """Where another program has the port, one is told so and what to type instead."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            SystemExit, match=f"Port {port} is taken .*\n.*PORT={port + 1} make run"
        ):
            serve.listen(port)


def test_a_port_bound_and_silent_is_taken_too() -> None:
    """A port that is held but not answered is reported in the same way."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(SystemExit, match="is taken"):
            serve.listen(other.getsockname()[1])


@pytest.mark.parametrize("text", ["", "http", "-1", "65536", "5000 ", "²"])
def test_a_port_is_a_number(text: str) -> None:
    """A PORT that is no port is refused with the reason."""
    with pytest.raises(SystemExit, match="it must be a number"):
        serve.wanted_port(text)


def test_only_this_machine_is_served() -> None:
    """The development server listens on the loopback address only."""
    with serve.listen(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
        assert listener.getsockname()[1] > 0
