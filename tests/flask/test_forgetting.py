"""`vestibule.forget(user)`: what an application says when it deletes an account."""

from pathlib import Path
from typing import Any

import pytest
from flask import redirect, session
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, current_user, login_required, logout_user
from tests.contracts.gate_hosts import plain_host
from tests.flask.shop import Browser, Shop, User

from vestibule.core.errors import UsageError
from vestibule.flask import Vestibule, event_recorded

NOBODY = [None, AnonymousUserMixin()]


def door_of(shop: Shop) -> Vestibule:
    """The extension of a shop."""
    found: Vestibule = shop.app.extensions["vestibule"]
    return found


def let_people_go(shop: Shop, *, before_logout: bool = False) -> None:
    """Give the shop a view where people delete their account, as a host writes it."""

    @shop.app.post("/leave")
    @login_required
    def leave() -> ResponseReturnValue:
        user = current_user._get_current_object()  # noqa: SLF001 - Flask-Login's own way to him
        shop.people.discard(user.id)
        if before_logout:
            door_of(shop).forget(user, by="the owner")
        logout_user()
        if not before_logout:
            door_of(shop).forget(user, by="the owner")
        return redirect("/")


def left(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    """What the database still holds, but for the trail and what names no person."""
    return {name: rows for name, rows in shop.rows("event", "installation").items() if rows}


@pytest.mark.parametrize("before_logout", [True, False])
def test_who_deletes_the_account_leaves_nothing_behind(shop: Shop, *, before_logout: bool) -> None:
    """A view that deletes an account and forgets its person answers, and no session is left."""
    let_people_go(shop, before_logout=before_logout)
    maren, elsewhere = shop.browser().join(), shop.browser()
    elsewhere.wait()
    elsewhere.send("/two-step/login", code=maren.next_code())
    waiting = shop.browser().wait()
    assert elsewhere.is_signed_in()

    answer = maren.open("POST", "/leave")

    assert (answer.status_code, answer.location) == (302, "/")
    assert left(shop) == {}
    assert not any(browser.is_signed_in() for browser in (maren, elsewhere, waiting))
    assert waiting.get("/two-step/login").status_code == 410
    [event] = shop.events("subject_forgotten")
    assert (event["subject"], event["data"], event["address"]) == (
        "maren",
        {"by": "the owner"},
        "127.0.0.1",
    )


def test_an_account_that_stays_is_let_in_by_its_password(shop: Shop, member: Browser) -> None:
    """After it a password alone signs in, so it is for accounts that are deleted."""
    with shop.app.app_context():
        assert door_of(shop).forget(User("maren"))

    assert member.sign_out().give_password().location == "/"
    assert member.is_signed_in()


def test_whoever_was_never_here_needs_no_forgetting(shop: Shop) -> None:
    """Of an account without a second step there is nothing, and nothing is written about it."""
    with shop.app.app_context():
        assert not door_of(shop).forget(User("ines"))

    assert shop.rows()["event"] == []


@pytest.mark.parametrize("nobody", NOBODY, ids=["none", "anonymous"])
def test_nobody_cannot_be_forgotten(shop: Shop, nobody: object) -> None:
    """Whoever was signed out before being handed over is nobody, and that is said aloud."""
    with shop.app.app_context(), pytest.raises(UsageError, match="before you sign him out"):
        door_of(shop).forget(nobody)


@pytest.mark.parametrize("bare", ["maren", 7], ids=["text", "number"])
def test_an_id_is_no_user(shop: Shop, bare: object) -> None:
    """Whoever hands an id over where Flask-Login's user is meant is told what to hand over."""
    with shop.app.app_context(), pytest.raises(UsageError, match="not an id"):
        door_of(shop).forget(bare)


def test_an_application_hears_of_it(shop: Shop, member: Browser) -> None:
    """The signal of every event tells of a person forgotten, once it is committed."""
    heard = []

    def hear(sender: object, event: Any) -> None:
        heard.append((event.fact.name, event.fact.by, left(shop)))

    with event_recorded.connected_to(hear, shop.app), shop.app.app_context():
        door_of(shop).forget(User("maren"))

    assert heard == [("subject_forgotten", "the application", {})]


def test_a_host_with_its_own_login_says_the_id(tmp_path: Path) -> None:
    """Without Flask-Login the value of the login key is what is forgotten."""
    host = plain_host(tmp_path)
    phone = host.enrol("ada")
    door: Vestibule = host.app.extensions["vestibule"]

    @host.app.post("/leave")
    def leave() -> str:
        door.forget(session.pop("user_id"))
        return "gone"

    browser = host.browser()
    browser.login("ada")
    browser.second_step(phone)
    assert browser.client.post("/leave").text == "gone"

    assert host.engine.enrolments("ada") == []
    assert not browser.is_in()
    host.close()
