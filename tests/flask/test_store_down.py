"""A store that does not answer opens no door, signs nobody out, and stops no page for anybody."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Response, g, session
from flask import request as asked
from flask_login import current_user, login_user, logout_user
from tests.contracts.gate_hosts import (
    DOOR,
    PAGE,
    PROGRAM,
    Browser,
    Host,
    Person,
    PlainShape,
    Shape,
    flask_login_host,
    plain_host,
)
from werkzeug.test import TestResponse

from vestibule.flask import Vestibule
from vestibule.testing import SoftwareAuthenticator

SHAPES: list[tuple[Callable[..., Host], Any]] = [
    *((flask_login_host, Shape(sessions=sessions)) for sessions in ("client", "before", "after")),
    *((plain_host, PlainShape(sessions=sessions)) for sessions in ("client", "before", "after")),
    (flask_login_host, Shape(loader="token")),
    (flask_login_host, Shape(protection="strong", request_loader=True)),
]


def pages(host: Host) -> None:
    """Give a host views that ask us something themselves."""

    @host.app.get("/status")
    def status() -> str:
        return str(Vestibule.status(Person("ada") if host.manager else "ada").enabled)

    @host.app.post("/tokens")
    def tokens() -> Any:
        return Vestibule.challenge(Person("ada") if host.manager else "ada") or "TOKEN"


@pytest.fixture(params=SHAPES, ids=lambda param: f"{param[0].__name__}-{param[1]}")
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host of several shapes."""
    make, shape = request.param
    made: Host = make(tmp_path, shape, add=pages)
    yield made
    made.close()


@pytest.fixture
def phone(host: Host) -> SoftwareAuthenticator:
    """Ada's authenticator app."""
    return host.enrol()


@contextmanager
def down(host: Host) -> Iterator[None]:
    """Have the database not answer meanwhile."""
    database = host.state.parts.database
    file = Path(str(database.engine.url.database))
    database.close()
    away = file.with_suffix(".away")
    file.rename(away)
    file.mkdir()
    try:
        yield
    finally:
        database.close()
        file.rmdir()
        away.rename(file)


def assert_is_put_off(answered: TestResponse) -> None:
    """The answer says to come again, and touches no cookie of anybody's."""
    assert answered.status_code == 503
    assert answered.headers["Retry-After"] == "60"
    assert answered.headers["Cache-Control"] == "no-store"
    assert not answered.headers.getlist("Set-Cookie")


@pytest.mark.row("ATK-80", "ATK-01")
def test_nobody_is_let_in_and_nobody_is_signed_out(
    host: Host, phone: SoftwareAuthenticator
) -> None:
    """While the store is down signed-in requests are put off, and afterwards all is as before."""
    ada, bob = host.browser(), host.browser()
    ada.login("ada", remember="yes")
    ada.second_step(phone)
    bob.login("bob", remember="yes")
    host.diary.clear()
    kept = [browser.cookies() for browser in (ada, bob)]

    with down(host):
        for browser in (ada, bob):
            for path in ("/secret", "/who", "/public", "/missing"):
                assert_is_put_off(browser.get(path))
            assert_is_put_off(browser.client.post("/logout"))
            assert_is_put_off(browser.client.get("/secret", headers=PROGRAM))
        assert host.diary == []
    assert [browser.cookies() for browser in (ada, bob)] == kept

    assert ada.is_in()
    assert bob.is_in()


@pytest.mark.row("ATK-80")
def test_pages_for_anybody_still_answer(host: Host, phone: SoftwareAuthenticator) -> None:
    """While the store is down whoever is not signed in sees what he always saw."""
    del phone
    nobody, waiting = host.browser(), host.browser()
    waiting.login("ada")

    with down(host):
        for browser in (nobody, waiting):
            assert browser.get("/public").text == "PUBLIC"
            assert browser.sees("/who").startswith("None")
            assert browser.get("/missing").status_code == 404
            assert browser.get("/login").status_code == 200
        assert nobody.get("/secret").location.startswith("/login")


@pytest.mark.row("ATK-80")
def test_a_login_meanwhile_is_put_off(host: Host, phone: SoftwareAuthenticator) -> None:
    """While the store is down no password signs anybody in, and no code finishes a login."""
    waiting = host.browser()
    waiting.login("ada")

    with down(host):
        for name in ("ada", "bob"):
            browser = host.browser()
            assert_is_put_off(browser.login(name, remember="yes"))
            assert browser.cookies() == {}
        assert waiting.second_step(phone).status_code == 503
        assert waiting.get(DOOR).status_code == 503
        assert waiting.client.get(DOOR, headers=PROGRAM).json == {"error": "unavailable"}

    waiting.second_step(phone)
    assert waiting.is_in()


@pytest.mark.row("ATK-80")
def test_a_view_that_asks_us_is_put_off(host: Host, phone: SoftwareAuthenticator) -> None:
    """While the store is down a view that asks for a status or a challenge is put off as well."""
    del phone
    with down(host):
        assert_is_put_off(host.browser().get("/status"))
        assert_is_put_off(host.browser().client.post("/tokens"))
    assert host.browser().sees("/status") == "True"


def test_a_person_is_told_in_words(host: Host, phone: SoftwareAuthenticator) -> None:
    """A person is shown a page that says what happens, and a program is told in JSON."""
    browser = host.browser()
    browser.login("ada")
    browser.second_step(phone)

    with down(host):
        assert "Nobody is signed out" in browser.get("/who").text
        assert browser.client.get("/who").json == {"error": "unavailable"}


@pytest.fixture
def remembering(tmp_path: Path) -> Iterator[Host]:
    """A host with Flask-Login that also reads tokens and looks back after each answer."""
    seen: list[Any] = []

    def add(host: Host) -> None:
        @host.app.get("/tolerant")
        def tolerant() -> str:
            try:
                return str(current_user.get_id())
            except Exception:  # noqa: BLE001 - as hosts do
                return "NOBODY"

        @host.app.teardown_request
        def look(error: BaseException | None) -> None:
            del error
            seen.append(current_user.get_id())

    host = flask_login_host(tmp_path, Shape(request_loader=True, loader="late"), add=add)
    host.app.before_request_funcs[None] = host.app.before_request_funcs[None][:1]
    host.app.after_request_funcs[None] = host.app.after_request_funcs[None][:1]
    host.seen = seen  # type: ignore[attr-defined]
    yield host
    host.close()


@pytest.mark.row("ATK-80", "ATK-37")
def test_remember_cookies_and_tokens_are_put_off_too(remembering: Host) -> None:
    """Whoever comes by a cookie or a token is put off as soon as anybody asks who he is."""
    host = remembering
    browsers: list[Browser] = []
    for name in ("ada", "bob"):
        browser = host.browser()
        browser.login(name, remember="yes")
        browser.client.delete_cookie("session")
        browsers.append(browser)
    host.enrol("ada")
    host.seen.clear()  # type: ignore[attr-defined]

    with down(host):
        for browser in browsers:
            for path in ("/who", "/secret", "/tolerant"):
                assert_is_put_off(browser.get(path))
            assert browser.get("/public").text == "PUBLIC"
        for name in ("ada", "bob"):
            headers = PAGE | {"X-Token": name}
            assert_is_put_off(host.browser().get("/who", headers=headers))
    assert set(host.seen) == {None}  # type: ignore[attr-defined]

    assert not browsers[0].is_in()
    assert browsers[1].is_in()


@pytest.mark.row("ATK-80", "ATK-69")
def test_a_store_of_another_installation_opens_nothing(tmp_path: Path) -> None:
    """A store that belongs to other keys closes the door like one that is down."""
    one = flask_login_host(tmp_path / "one")
    one.enrol("ada")
    (tmp_path / "two").mkdir()
    two = flask_login_host(
        tmp_path / "two",
        clock=one.clock,
        VESTIBULE_DATABASE_URL=one.state.parts.database.engine.url.render_as_string(),
    )

    browser = two.browser()
    assert_is_put_off(browser.login("ada"))
    assert browser.cookies() == {}
    assert browser.get("/public").text == "PUBLIC"
    one.close()


def break_at(host: Host, moment: str) -> bool:
    """Break the store where this is the moment that was asked for, until the request is over."""
    if asked.args.get("at") != moment:
        return False
    g.broken = down(host)
    g.broken.__enter__()
    return True


def breaking(host: Host) -> None:
    """Give a host views around which the store can break at a moment of one's choice."""

    @host.app.before_request
    def before() -> None:
        if break_at(host, "before"):
            login_user(Person("ada"), remember=True)

    @host.app.route("/break")
    def view() -> str:
        if break_at(host, "view"):
            login_user(Person("ada"), remember=True)
        if break_at(host, "within"):
            with suppress(Exception):
                str(current_user.get_id())
            with host.app.app_context():
                return str(current_user.get_id())
        return "VIEW"

    _breaking_late(host)


def _breaking_late(host: Host) -> None:
    @host.app.after_request
    def after(response: Response) -> Response:
        if break_at(host, "login after"):
            session["_user_id"] = "ada"
        if break_at(host, "logout after"):
            logout_user()
        return response

    @host.app.teardown_request
    def mend(error: BaseException | None) -> None:
        del error
        if "broken" in g:
            g.broken.__exit__(None, None, None)


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Host]:
    """A host whose store can break within a request."""
    made = flask_login_host(tmp_path, Shape(request_loader=True), add=breaking)
    yield made
    made.close()


@pytest.mark.parametrize("moment", ["before", "view", "within"])
@pytest.mark.row("ATK-80", "ATK-03")
def test_a_store_that_breaks_within_a_request_opens_nothing(fragile: Host, moment: str) -> None:
    """Wherever the store breaks, the request is put off and leaves no cookie."""
    fragile.enrol()
    browser = fragile.browser()

    headers = PAGE | ({"X-Token": "ada"} if moment == "within" else {})
    assert_is_put_off(browser.get("/break", query_string={"at": moment}, headers=headers))

    assert browser.cookies() == {}
    assert not browser.is_in()


@pytest.mark.row("ATK-80")
def test_a_login_after_the_view_is_not_kept_while_the_store_is_down(fragile: Host) -> None:
    """A login made too late to be weighed is emptied where nobody can weigh it."""
    fragile.enrol()
    browser = fragile.browser()

    assert browser.get("/break", query_string={"at": "login after"}).text == "VIEW"

    assert "session" not in browser.cookies()
    assert not browser.is_in()


@pytest.mark.row("ATK-80", "ASVS-7.4.1")
def test_a_logout_after_the_view_waits_for_the_store(fragile: Host) -> None:
    """A logout whose grant cannot be ended leaves the browser as it was, to try again."""
    phone, browser = fragile.enrol(), fragile.browser()
    browser.login("ada")
    browser.second_step(phone)
    kept = browser.cookies()

    browser.get("/break", query_string={"at": "logout after"})

    assert browser.cookies() == kept
    assert browser.is_in()
    browser.logout()
    assert not fragile.browser(**kept).is_in()


FORKING = """
import os, sys
from pathlib import Path
from tests.contracts.gate_hosts import flask_login_host

host = flask_login_host(Path(sys.argv[1]))
phone, browser = host.enrol(), host.browser()
browser.login("ada")
browser.second_step(phone)
mine = host.engine
assert browser.is_in()
child = os.fork()
if child == 0:
    there = browser.is_in() and host.engine is not mine
    host.browser().login("ada")
    os._exit(0 if there else 1)
assert os.waitpid(child, 0)[1] == 0
assert host.engine is mine
assert browser.is_in()
host.browser().login("ada")
host.close()
print("both served")
"""


def test_a_forked_process_makes_an_engine_of_its_own(tmp_path: Path) -> None:
    """After a fork parent and child serve on, each with connections of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "both served\n", done.stderr
