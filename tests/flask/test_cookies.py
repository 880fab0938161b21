"""Our own cookies, and what a browser can read of them and of the host's."""

import base64
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from tests.contracts.gate_hosts import DOOR, PAGE, Host, Shape, flask_login_host, plain_host
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from vestibule.bootstrap.operate import initialise
from vestibule.flask.cookies import MOST_BROWSERS, Cookies


def secured(folder: Path) -> Host:
    """A host in production, over https."""
    url, keys = f"sqlite:///{folder / 'door.sqlite3'}", folder / "door.keys"
    initialise(url, keys)
    return flask_login_host(
        folder,
        TESTING=False,
        PREFERRED_URL_SCHEME="https",
        VESTIBULE_DATABASE_URL=url,
        VESTIBULE_KEY_FILE=str(keys),
    )


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Host]:
    """A host in production, over https."""
    made = secured(tmp_path)
    yield made
    made.close()


@pytest.mark.row("W17", "ASVS-3.3.1", "ASVS-7.2.3")
def test_cookies_in_production_are_as_strict_as_can_be(secure: Host) -> None:
    """Each of our cookies is __Host-, Secure, HttpOnly and SameSite, on this host alone."""
    phone = secure.enrol()
    client = secure.app.test_client()
    site = "https://localhost"
    lines = client.post(
        "/login", data={"name": "ada"}, headers=PAGE, base_url=site
    ).headers.getlist("Set-Cookie")
    secure.clock.move(seconds=60)
    code = {"code": phone.next_code(secure.clock.now())}
    answered = client.post(DOOR, json=code, base_url=site)
    assert answered.status_code == 200
    lines += answered.headers.getlist("Set-Cookie")
    secure.clock.move(seconds=600)
    client.post("/two-step/add/totp", json={}, base_url=site)
    lines += client.get("/two-step/recovery-codes", headers=PAGE, base_url=site).headers.getlist(
        "Set-Cookie"
    )
    lines += client.post("/logout", headers=PAGE, base_url=site).headers.getlist("Set-Cookie")

    ours = [cookie for line in lines for cookie in SimpleCookie(line).values() if "vest" in line]

    assert {cookie.key for cookie in ours} == {
        "__Host-vestibule-default",
        "__Host-vestibule-default-browser",
        "__Host-vestibule-default-next",
    }
    for cookie in ours:
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["path"], cookie["domain"]) == ("/", "")
        assert len(f"{cookie.key}={cookie.value}") < 4096


@pytest.mark.row("ATK-05", "ASVS-3.3.1")
def test_in_production_only_host_cookies_count(secure: Host) -> None:
    """In production a cookie without the prefix, as a subdomain could plant it, is nothing."""
    secure.enrol()
    client = secure.app.test_client()
    client.post("/login", data={"name": "ada"}, headers=PAGE, base_url="https://localhost")
    token = client.get_cookie("__Host-vestibule-default")
    assert token is not None
    other = secure.app.test_client()
    other.set_cookie("vestibule-default", token.value)

    assert other.get(DOOR, headers=PAGE, base_url="https://localhost").status_code == 410


@pytest.mark.row("W6", "ATK-03", "ATK-47")
@pytest.mark.parametrize("make", [flask_login_host, plain_host])
def test_a_waiting_browser_can_read_nothing(make: Callable[..., Host], tmp_path: Path) -> None:
    """While a login waits, no cookie holds the user's name or id, in clear or encoded."""
    host = make(tmp_path)
    host.enrol("ada-with-a-long-name")
    browser = host.browser()
    browser.login("ada-with-a-long-name", "/login?next=/secret", remember="yes")
    browser.get("/two-step/login")

    for value in browser.cookies().values():
        for text in (value, *map(_decoded, value.split("."))):
            assert "ada-with" not in text
    assert set(browser.cookies()) == {"vestibule-default", "vestibule-default-browser"}
    host.close()


def _decoded(part: str) -> str:
    try:
        return base64.urlsafe_b64decode(part + "==").decode(errors="replace")
    except ValueError:
        return ""


@pytest.mark.row("ATK-36")
def test_a_browser_is_known_by_its_newest_values() -> None:
    """A browser keeps at most four values by which it is known, the newest first."""
    cookies = Cookies(realm="r", secure=False)
    response = Response()
    cookies.set_browsers(response, ["a", "b", "c", "d", "e", "f"])
    value = SimpleCookie(response.headers["Set-Cookie"])["vestibule-r-browser"].value

    assert value == "a.b.c.d"
    assert MOST_BROWSERS == 4
    assert cookies.browsers(_carrying(f"vestibule-r-browser=x..y.z.{'w.' * 50}")) == list("xyzw")
    assert cookies.browsers(_carrying("")) == []


def _carrying(cookie: str) -> Request:
    return Request(EnvironBuilder(headers=[("Cookie", cookie)]).get_environ())


def test_a_grant_goes_with_the_browser_unless_remembered(tmp_path: Path) -> None:
    """The cookie of a grant has a life of its own only where one asked to be remembered."""
    host = flask_login_host(tmp_path)
    phone = host.enrol()
    for fields, life in (({}, ""), ({"remember": "yes"}, str(30 * 24 * 3600))):
        browser = host.browser()
        browser.login("ada", **fields)
        answered = browser.second_step(phone)
        host.clock.move(seconds=90)
        line = next(
            line
            for line in answered.headers.getlist("Set-Cookie")
            if line.startswith("vestibule-default=")
        )
        assert SimpleCookie(line)["vestibule-default"]["max-age"] == life
    host.close()


def test_where_the_tick_is_ignored_a_grant_goes_with_the_browser(tmp_path: Path) -> None:
    """With the profile strict the cookie of a grant has no life of its own, remembered or not."""
    host = flask_login_host(
        tmp_path,
        VESTIBULE_PROFILE="strict",
        VESTIBULE_FACTORS="totp,vestibule.testing.letters:Letters",
        VESTIBULE_LETTERS_RESISTANT=True,
    )
    phone, browser = host.enrol(), host.browser()
    browser.login("ada", remember="yes")
    answered = browser.second_step(phone)

    (line,) = (
        line
        for line in answered.headers.getlist("Set-Cookie")
        if line.startswith("vestibule-default=")
    )
    assert "max-age" not in line.lower()
    assert "expires" not in line.lower()
    host.close()


@pytest.mark.row("ATK-73", "W11")
@pytest.mark.parametrize("value", ["", "a" * 5000, "é", "\x01", "null", "..", "{}", "%00", "a.b.c"])
def test_no_cookie_of_ours_can_break_a_page(tmp_path: Path, value: str) -> None:
    """Whatever stands in our cookies, pages answer and nobody is let in."""
    host = flask_login_host(tmp_path)
    host.enrol()
    names = ("vestibule-default", "vestibule-default-browser", "vestibule-default-next")
    cookie = "; ".join(f'{name}="{value}"' for name in names)
    headers = PAGE | {"Cookie": cookie.encode("utf-8").decode("latin-1")}
    client = host.app.test_client(use_cookies=False)

    assert client.get("/who", headers=headers).text.startswith("None")
    for path in (DOOR, "/two-step/confirm", "/two-step/", "/two-step/setup"):
        assert client.get(path, headers=headers).status_code < 500
    assert client.post("/login", data={"name": "ada"}, headers=headers).location == DOOR
    assert client.post("/login", data={"name": "bob"}, headers=headers).location == "/who"
    host.close()


def test_two_realms_on_one_host_name_have_cookies_of_their_own(tmp_path: Path) -> None:
    """The name of a realm is part of its cookies' names."""
    host = flask_login_host(tmp_path, Shape(), VESTIBULE_REALM="back-office")
    host.enrol()
    browser = host.browser()
    browser.login("ada")

    assert set(browser.cookies()) == {"vestibule-back-office"}
    host.close()
