"""What the gate promises to every host with Flask-Login, however it is put together."""

from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.contracts.gate_hosts import (
    DOOR,
    PROGRAM,
    Host,
    Loader,
    Sessions,
    Shape,
    When,
    flask_login_host,
    replayed,
)

SWITCHES = ("request_loader", "csrf", "factory", "blueprint")


def shapes() -> list[Shape]:
    """Every combination of what matters most; the switches besides are spread over them."""
    wide: Iterator[tuple[Any, ...]] = product(
        get_args(When), (None, "basic", "strong"), get_args(Sessions), get_args(Loader), (0, 1)
    )
    return [
        Shape(
            when=when,
            protection=protection,
            sessions=sessions,
            loader=loader,
            remember=bool(remember),
            **{
                name: bool((number * 5 + number // 8) >> bit & 1)
                for bit, name in enumerate(SWITCHES)
            },
        )
        for number, (when, protection, sessions, loader, remember) in enumerate(wide)
    ]


SHAPES = shapes()
SOME = [shape for shape in SHAPES if shape.remember][::7]


@pytest.fixture
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host of the shape the test asks for."""
    made = flask_login_host(tmp_path, request.param)
    yield made
    made.close()


def every(chosen: list[Shape]) -> pytest.MarkDecorator:
    """Run a test once for each shape."""
    return pytest.mark.parametrize("host", chosen, ids=str, indirect=True)


def remember(host: Host, request: pytest.FixtureRequest) -> dict[str, str]:
    """What the login form sends besides."""
    del host
    shape: Shape = request.node.callspec.params["host"]
    return {"remember": "yes"} if shape.remember else {}


def test_every_two_switches_meet() -> None:
    """Any two ways to build a host are built together at least once."""
    options = {field: {getattr(s, field) for s in SHAPES} for field in vars(SHAPES[0])}

    assert {f: {getattr(s, f) for s in SOME} for f in options} == options | {"remember": {True}}
    for one, other in combinations(options, 2):
        met = {(getattr(s, one), getattr(s, other)) for s in SHAPES}
        assert met == set(product(options[one], options[other])), (one, other)


@every(SHAPES)
@pytest.mark.row("ATK-01", "ATK-03", "ASVS-7.2.1", "W6")
def test_a_login_waits_and_comes_back_whole(host: Host, request: pytest.FixtureRequest) -> None:
    """Until the second step nobody is signed in, and afterwards all is as it was meant."""
    phone, browser = host.enrol(), host.browser()

    waiting = browser.login("ada", **remember(host, request))

    assert (waiting.status_code, waiting.location) == (303, DOOR)
    assert not {"remember_token", "site_login"} & set(browser.cookies())
    assert browser.sees("/who") == "None None"
    assert browser.get("/secret").location == browser.get("/fresh").location == DOOR
    assert browser.get("/public").text == "PUBLIC"
    assert browser.get("/missing").status_code == 404
    assert browser.get(DOOR, headers=PROGRAM).get_json()["status"] == "waiting"
    assert host.diary == []

    through = browser.second_step(phone)

    assert through.json == {"status": "accepted", "location": "/who"}
    assert browser.cookies()["site_login"] == "ada"
    assert ("remember_token" in browser.cookies()) is bool(remember(host, request))
    assert browser.sees("/who") == "ada green"
    assert browser.is_in()
    assert browser.sees("/fresh") == "FRESH"


@every(SOME)
@pytest.mark.row("ATK-03", "ATK-06", "A6", "ASVS-7.4.1")
def test_a_logout_ends_every_cookie(host: Host, request: pytest.FixtureRequest) -> None:
    """Cookies from before a logout open nothing, neither alone nor together."""
    phone, browser = host.enrol(), host.browser()
    browser.login("ada", **remember(host, request))
    browser.second_step(phone)
    assert browser.is_in()
    kept = browser.cookies()

    browser.logout()
    host.diary.clear()

    assert not browser.is_in()
    for thief in replayed(host, kept):
        assert not thief.is_in()
        assert thief.sees("/who").startswith("None")
    assert host.diary == []


@every(SOME)
@pytest.mark.row("ATK-37", "A5", "ASVS-7.4.1")
def test_what_is_older_than_the_enrolment_signs_in_again(
    host: Host, request: pytest.FixtureRequest
) -> None:
    """Sessions and remember cookies from before an enrolment are dropped, not asked for a code."""
    old = host.browser()
    old.login("ada", **remember(host, request))
    assert old.is_in()
    kept = old.cookies()
    phone = host.enrol()
    host.diary.clear()

    for browser in (old, *replayed(host, kept)):
        assert browser.get("/secret").location.startswith("/login")
        assert browser.sees("/who").startswith("None")
        assert browser.get(DOOR, headers=PROGRAM).status_code == 410
    assert host.diary == []

    assert old.login("ada", **remember(host, request)).location == DOOR
    old.second_step(phone)
    assert old.is_in()


@every(SOME)
@pytest.mark.row("ATK-37")
def test_a_remembered_browser_comes_back_with_its_grant(
    host: Host, request: pytest.FixtureRequest
) -> None:
    """Remember cookie and grant let a browser in together, and neither does alone."""
    phone, browser = host.enrol(), host.browser()
    browser.login("ada", **remember(host, request))
    browser.second_step(phone)
    kept = {name: value for name, value in browser.cookies().items() if name != "session"}

    assert host.browser(**kept).is_in()
    assert host.browser(**kept).get("/fresh").status_code == 401
    for name, value in kept.items():
        assert not host.browser(**{name: value}).is_in()


@every([s for s in SHAPES if s.sessions != "client" and s.protection == "basic"])
@pytest.mark.row("ATK-05", "A7", "ASVS-7.2.4")
def test_a_planted_session_id_is_worth_nothing(host: Host, request: pytest.FixtureRequest) -> None:
    """A server-side session has a new id after the password and after the second step."""
    phone, browser = host.enrol(), host.browser()
    browser.get("/secret")
    planted = browser.cookies()["session"]

    browser.login("ada", **remember(host, request))
    browser.get("/secret")
    waiting = browser.cookies().get("session")
    browser.second_step(phone)
    through = browser.cookies()["session"]

    assert len({planted, waiting, through}) == 3
    grants = {n: v for n, v in browser.cookies().items() if n.startswith("vestibule")}
    for old in (planted, str(waiting)):
        assert not host.browser(session=old).is_in()
        assert not host.browser(session=old, **grants).is_in()
    assert browser.is_in()


@every(SOME)
@pytest.mark.row("ATK-07", "A2", "A3", "ASVS-7.2.4")
def test_two_people_in_one_browser(host: Host) -> None:
    """Who signs in where another is signed in proves it himself, and the other's grant is over."""
    ada, bob = host.enrol("ada"), host.enrol("bob")
    browser = host.browser()
    browser.login("ada")
    browser.second_step(ada)
    assert browser.sees("/who").startswith("ada")
    of_ada = browser.cookies()

    assert browser.login("bob").location == DOOR

    assert browser.sees("/who").startswith("None")
    for thief in replayed(host, of_ada):
        assert not thief.is_in()
    refused = browser.client.post(DOOR, json={"code": ada.next_code(host.clock.now())})
    assert refused.status_code == 422
    browser.second_step(bob)
    assert browser.sees("/who").startswith("bob")


@every(SOME)
@pytest.mark.row("ATK-07", "A2")
def test_the_login_of_another_drops_the_one_that_waits(host: Host) -> None:
    """A login that waits is over once somebody else signs in there."""
    for other in ("bob", "cleo"):
        phone = host.enrol(f"ada-{other}")
        browser = host.browser()
        browser.login(f"ada-{other}")
        waiting = {n: v for n, v in browser.cookies().items() if n.startswith("vestibule")}
        if other == "bob":
            host.enrol("bob")

        browser.login(other)

        late = host.browser(**waiting)
        host.clock.move(seconds=60)
        code = phone.next_code(host.clock.now())
        assert late.client.post(DOOR, json={"code": code}).status_code == 410
        assert browser.sees("/who").startswith("cleo" if other == "cleo" else "None")
