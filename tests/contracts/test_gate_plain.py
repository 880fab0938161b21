"""What the gate promises to a host that keeps its user's id in the session itself."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from flask import redirect, request, session
from tests.contracts.gate_hosts import (
    DOOR,
    PAGE,
    PROGRAM,
    Host,
    LoadsIn,
    PlainShape,
    PlainWhen,
    Sessions,
    plain_host,
    replayed,
)

SHAPES = [
    PlainShape(when=when, sessions=sessions, clears=clears, loads_in=loads_in)
    for when, sessions, clears, loads_in in product(
        get_args(PlainWhen), get_args(Sessions), (True, False), get_args(LoadsIn)
    )
]
every_shape = pytest.mark.parametrize("host", SHAPES, ids=str, indirect=True)


@pytest.fixture
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host of the shape the test asks for, or of the plainest."""
    made = plain_host(tmp_path, getattr(request, "param", None))
    yield made
    made.close()


@every_shape
@pytest.mark.row("ATK-01", "ATK-03", "ASVS-7.2.1")
def test_a_login_waits_and_comes_back_whole(host: Host) -> None:
    """Until the second step the host finds nobody, and afterwards all its login keys."""
    phone, browser = host.enrol(), host.browser()

    waiting = browser.login("ada")

    assert (waiting.status_code, waiting.location) == (303, DOOR)
    assert "site_login" not in browser.cookies()
    assert browser.sees("/who") == "None admin=None"
    assert browser.get("/secret").location == DOOR
    assert browser.get("/missing").status_code == 404
    assert browser.get(DOOR, headers=PROGRAM).get_json()["status"] == "waiting"
    assert host.diary == []

    through = browser.second_step(phone)

    assert through.json == {"status": "accepted", "location": "/who"}
    assert browser.sees("/who") == "ada admin=True"
    assert browser.is_in()


@every_shape
@pytest.mark.row("ATK-03", "ATK-06", "A6", "ASVS-7.4.1")
def test_a_logout_ends_every_cookie(host: Host) -> None:
    """Cookies from before a logout open nothing, neither alone nor together."""
    phone, browser = host.enrol(), host.browser()
    browser.login("ada")
    browser.second_step(phone)
    assert browser.is_in()
    kept = browser.cookies()

    browser.logout()
    host.diary.clear()

    assert not browser.is_in()
    for thief in replayed(host, kept):
        assert not thief.is_in()
        assert thief.sees("/who") == "None admin=None"
    assert host.diary == []


@every_shape
@pytest.mark.row("ATK-37", "A5", "ASVS-7.4.1")
def test_a_session_older_than_the_enrolment_signs_in_again(host: Host) -> None:
    """A session from before the enrolment is dropped before the host looks at it."""
    old = host.browser()
    old.login("ada")
    assert old.is_in()
    phone = host.enrol()
    host.diary.clear()

    assert old.get("/secret").location == "/login"
    assert old.sees("/who") == "None admin=None"
    assert host.diary == []

    assert old.login("ada").location == DOOR
    old.second_step(phone)
    assert old.is_in()


@every_shape
@pytest.mark.row("ATK-07", "A3", "ASVS-7.2.4")
def test_two_people_in_one_browser(host: Host) -> None:
    """Who signs in where another is signed in proves it himself, and the other's grant is over."""
    ada, bob = host.enrol("ada"), host.enrol("bob")
    browser = host.browser()
    browser.login("ada")
    browser.second_step(ada)
    of_ada = browser.cookies()

    assert browser.login("bob").location == DOOR

    assert browser.sees("/who").startswith("None")
    for thief in replayed(host, of_ada):
        assert not thief.is_in()
    refused = browser.client.post(DOOR, json={"code": ada.next_code(host.clock.now())})
    assert refused.status_code == 422
    browser.second_step(bob)
    assert browser.sees("/who").startswith("bob")


@pytest.mark.parametrize(
    "host",
    [shape for shape in SHAPES if shape.sessions != "client" and shape.loads_in == "app"],
    ids=str,
    indirect=True,
)
@pytest.mark.row("ATK-05", "A7", "ASVS-7.2.4")
def test_a_planted_session_id_is_worth_nothing(host: Host) -> None:
    """A server-side session has a new id after the second step, and the old one opens nothing."""

    @host.app.get("/greet")
    def greet() -> str:
        session["greeted"] = True
        return "HELLO"

    phone, browser = host.enrol(), host.browser()
    browser.get("/greet")
    planted = browser.cookies()["session"]

    browser.login("ada")
    browser.second_step(phone)

    assert browser.cookies()["session"] != planted
    grants = {n: v for n, v in browser.cookies().items() if n.startswith("vestibule")}
    assert not host.browser(session=planted, **grants).is_in()
    assert browser.is_in()


@pytest.mark.row("ATK-07")
def test_what_the_visitor_kept_is_still_there(host: Host) -> None:
    """What was in the session before a login that does not clear it stays, waiting or not."""
    made = host.app

    @made.post("/basket")
    def fill() -> str:
        session.setdefault("basket", []).append(request.form["thing"])
        session.modified = True
        return "FILLED"

    @made.get("/basket")
    def show() -> list[str]:
        found: list[str] = session.get("basket", [])
        return found

    @made.post("/keep")
    def login_and_buy() -> Any:
        session["user_id"] = "ada"
        session["basket"].append("gift for ada")
        session.modified = True
        return redirect("/who")

    phone, browser = host.enrol(), host.browser()
    browser.client.post("/basket", data={"thing": "tea"})

    assert browser.client.post("/keep", headers=PAGE).location == DOOR

    assert browser.get("/basket").json == ["tea"]
    browser.client.post("/basket", data={"thing": "milk"})
    browser.second_step(phone)
    assert browser.get("/basket").json == ["tea", "gift for ada"]
    assert browser.sees("/who") == "ada admin=None"


@pytest.mark.row("ATK-08", "ATK-07")
def test_a_login_that_ends_elsewhere_leaves_nothing_of_whoever_is_there(host: Host) -> None:
    """A second step taken over another person's session leaves none of that person's keys."""

    @host.app.post("/admit")
    def admit() -> str:
        session.update(user_id="root", is_admin=True, may_delete="everything")
        return "IN"

    @host.app.get("/rights")
    def rights() -> dict[str, Any]:
        return dict(session)

    phone, browser = host.enrol(), host.browser()
    browser.login("ada")
    waiting = {n: v for n, v in browser.cookies().items() if n.startswith("vestibule")}
    admin = host.browser()
    admin.client.post("/admit")
    assert admin.get("/rights").get_json()["may_delete"] == "everything"

    mixed = host.browser(session=admin.cookies()["session"], **waiting)
    mixed.second_step(phone)

    assert mixed.get("/rights").json == {"user_id": "ada", "is_admin": True}


def test_the_person_a_session_is_kept_for_is_told_by_permanence(host: Host) -> None:
    """A login into a permanent session is a remembered one: its grant outlives the browser."""
    phone = host.enrol()
    for fields, is_remembered in (({}, False), ({"remember": "yes"}, True)):
        browser = host.browser()
        browser.login("ada", **fields)
        answered = browser.second_step(phone)
        host.clock.move(seconds=90)

        grant = next(
            line
            for line in answered.headers.getlist("Set-Cookie")
            if line.startswith("vestibule-default=")
        )
        assert ("Max-Age" in grant) is is_remembered
