"""Somebody who works for a site acts as a user: what they see in a browser, and what not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import g, redirect, session
from flask.typing import ResponseReturnValue
from playwright.sync_api import expect
from tests.arabic import bring
from tests.e2e.conftest import Open
from tests.e2e.served import PASSWORD, Served, notebook
from tests.e2e.sights import DIRECTION, Sights
from tests.e2e.visitor import Visitor

from vestibule.flask import Vestibule
from vestibule.flask.state import EXTENSION

pytestmark = pytest.mark.browser


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Jotter, with views for its support staff, and one that wants a fresh proof."""
    bring(tmp_path / "own")
    folder = str(tmp_path / "own")
    with notebook(tmp_path / "jotter", VESTIBULE_LOCALE_FOLDER=folder) as opened:
        _furnish(opened)
        yield opened


def _furnish(opened: Served) -> None:
    door = opened.app.extensions[EXTENSION]
    assert isinstance(door, Vestibule)
    door.may_act_as(lambda staff, user: (str(staff), str(user)) == ("1", "2"))

    @opened.app.get("/support/act")
    def act() -> ResponseReturnValue:
        with door.acting_as(2, reason="ticket 4711"):
            session["user_id"] = 2
        return redirect("/")

    @opened.app.get("/account/close")
    @door.fresh(minutes=5)
    def close() -> str:
        return f"closed {g.user['username']}"


def register(me: Visitor, name: str) -> None:
    """Make an account at Jotter."""
    me.page.goto("/register")
    give_password(me, name)


def give_password(me: Visitor, name: str) -> None:
    """Fill in the form that is shown, and send it."""
    me.page.get_by_label("Name").fill(name)
    me.page.get_by_label("Password").fill(PASSWORD)
    with me.page.expect_navigation():
        me.page.get_by_role("main").get_by_role("button").click()


def act(me: Visitor) -> None:
    """Register as the support's Sam and as a user, set up an app as Sam, and act as the user."""
    register(me, "sam")
    register(me, "agnes")
    me.page.goto("/login")
    give_password(me, "sam")
    me.page.goto("/two-step/")
    me.page.locator("form[action$='/add/totp'] button").click()
    me.type_code(me.scan().next())
    me.page.wait_for_url("**/two-step/recovery-codes")
    me.page.locator("[name=kept][value=yes]").click()
    me.page.goto("/support/act")


@pytest.mark.row("A11Y-3")
@pytest.mark.parametrize("language", DIRECTION)
def test_what_is_closed_says_why(open_browser: Open, served: Served, language: str) -> None:
    """Whoever acts reads why a page is closed, in any language, without a barrier."""
    me = open_browser(served, locale=language)
    sights = Sights(me.page, "acting", language)
    act(me)
    me.page.goto("/two-step/")
    sights.look("ways")
    me.page.goto("/account/close")
    sights.look("fresh")

    assert sights.faults == []


def test_support_uses_the_site_as_the_user(open_browser: Open, served: Served) -> None:
    """Sam sees the user's notebook, cannot close the account, and after the logout is nobody."""
    me = open_browser(served)
    act(me)
    expect(me.page.get_by_text("agnes").first).to_be_visible()
    me.page.goto("/account/close")
    expect(me.page.get_by_text("closed")).to_have_count(0)
    me.page.goto("/")
    me.page.get_by_role("button", name="Log out").click()
    me.page.goto("/support/act")
    expect(me.page).to_have_url(f"{served.url}/login")
