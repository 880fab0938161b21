"""To whoever has no second step the host is as it was without Vestibule, to the byte and load."""

from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.contracts.gate_hosts import (
    PAGE,
    Browser,
    Host,
    Loader,
    PlainShape,
    Sessions,
    Shape,
    flask_login_host,
    plain_host,
)
from werkzeug.test import TestResponse

SHAPES = [
    Shape(
        protection=protection,
        sessions=sessions,
        loader=loader,
        request_loader=bool(number % 2),
        when="before" if number % 3 else "after",
    )
    for number, (protection, sessions, loader) in enumerate(
        product((None, "basic", "strong"), get_args(Sessions), get_args(Loader))
    )
]
PLAIN_SHAPES = [
    PlainShape(sessions=sessions, clears=clears)
    for sessions, clears in product(get_args(Sessions), (True, False))
]
CHANGING = {"session", "remember_token"}
"""Cookies whose values hold the time, or are random."""


def told(response: TestResponse) -> tuple[Any, ...]:
    """Everything an answer says, but for what no two answers have in common."""
    cookies = []
    for line in response.headers.getlist("Set-Cookie"):
        ((name, kept),) = SimpleCookie(line).items()
        value = bool(kept.value) if name in CHANGING else kept.value
        attributes = {k: v for k, v in kept.items() if v and k != "expires"}
        cookies.append((name, value, attributes))
    headers = sorted((k, v) for k, v in response.headers if k not in {"Set-Cookie", "Date"})
    return response.status, headers, sorted(cookies, key=repr), response.data


def visits(browser: Browser) -> Iterator[TestResponse]:
    """What somebody without a second step does at a site, in every way there is."""
    client = browser.client
    yield browser.get("/public")
    yield browser.get("/secret")
    yield browser.get("/missing")
    yield browser.login("ada", "/login?next=/secret", remember="yes")
    for path in ("/secret", "/fresh", "/who", "/public", "/missing", "/logout"):
        yield browser.get(path)
    yield client.get("/secret", headers={"User-Agent": "another", **PAGE})
    yield browser.get("/secret")
    client.delete_cookie("session")
    for path in ("/public", "/who", "/fresh", "/secret"):
        yield browser.get(path)
    yield browser.login("bob")
    yield browser.get("/who")
    yield client.head("/secret")
    yield client.options("/secret")
    yield client.post("/secret")
    yield client.get("/who", headers={"X-Token": "cleo"})
    yield browser.logout()
    yield client.get("/secret", headers={"X-Token": "cleo", **PAGE})
    yield client.get("/public", headers={"X-Token": "cleo"})
    yield browser.logout()
    yield browser.get("/secret")
    yield client.get("/secret", headers={"Sec-Fetch-Mode": "navigate"})
    yield browser.login("ada", remember="yes")
    browser.host.gone.add("ada")
    for path in ("/public", "/who", "/secret", "/login"):
        yield browser.get(path)
    client.delete_cookie("session")
    for path in ("/public", "/who", "/secret", "/login"):
        yield browser.get(path)
    yield browser.login("bob")
    yield browser.get("/who")


def compare(make: Callable[..., Host], folder: Path, shape: object) -> None:
    """Walk through a host with Vestibule and through the same without, side by side."""
    guarded = make(folder / "guarded", shape)
    bare = make(folder / "bare", shape, guarded=False)
    pairs = zip(visits(guarded.browser()), visits(bare.browser()), strict=True)

    for number, (one, other) in enumerate(pairs):
        assert (number, told(one)) == (number, told(other))
        # Whom nobody can load is asked for once more, before a view that may not ask; and a token
        # that only a subject_loader understands, before anything can read it for itself.
        more = guarded.gone or getattr(shape, "loader", "") == "token"
        assert more or (number, guarded.loads) == (number, bare.loads)
    assert guarded.diary == bare.diary
    guarded.close()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_host_with_flask_login_is_as_it_was(shape: Shape, tmp_path: Path) -> None:
    """Answers, headers, cookies and loads of users are those of Flask-Login alone."""
    compare(flask_login_host, tmp_path, shape)


@pytest.mark.parametrize("shape", PLAIN_SHAPES, ids=str)
def test_a_plain_host_is_as_it_was(shape: PlainShape, tmp_path: Path) -> None:
    """Answers, headers and cookies are those of the host alone."""
    compare(plain_host, tmp_path, shape)
