"""The single-page application of the recipes, as it is printed, in a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.docs.blocks import DOCS
from tests.e2e.conftest import Open
from tests.e2e.phone import wrong
from tests.e2e.served import Served, documented, proven_long_ago
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.browser
ASKED = ("/api/letters", "/api/letters/burn", "/api/login", "/two-step/login", "/two-step/confirm")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Served]:
    """The application that the page prints, served."""
    with documented(tmp_path, DOCS / "recipes" / "single-page.md") as served:
        yield served


def opened(open_browser: Open, desk: Served) -> Visitor:
    """Open the application; to be told "not so" by an address that a script asks is no fault."""
    me = open_browser(desk)
    me.watch.pages |= {desk.url + path for path in ASKED}
    me.page.goto("/")
    return me


def sign_in(me: Visitor) -> None:
    """Type name and password into the application's own form."""
    me.page.get_by_label("Name").fill("ada")
    me.page.get_by_label("Password").fill("correct horse battery")
    me.press("Sign in")


def type_code(me: Visitor, code: str) -> None:
    """Type a code into the application's own field."""
    me.page.get_by_label("Code").fill(code)
    me.press("Continue")


def test_every_day_with_the_printed_application(desk: Served, open_browser: Open) -> None:
    """Who set an app up signs in by the application's own field, proves what is grave, and is
    asked for the password anew where no login waits any more.
    """
    me = opened(open_browser, desk)
    letter = me.page.get_by_text("Dear ada")
    sign_in(me)
    expect(letter).to_be_visible()
    me.follow("Two-step login")
    me.set_up()
    me.page.goto("/")
    me.press("Sign out")

    sign_in(me)
    expect(me.page.get_by_role("heading", name="One more step")).to_be_visible()
    assert me.phone
    code = me.phone.next()
    type_code(me, wrong(code))
    expect(me.page.get_by_role("alert")).to_contain_text("Each code works once")
    type_code(me, code)
    expect(letter).to_be_visible()

    proven_long_ago(desk)
    me.press("Burn them")
    type_code(me, me.phone.next())
    expect(letter).not_to_be_visible()
    expect(me.page.get_by_role("heading", name="Letters")).to_be_visible()

    me.press("Sign out")
    sign_in(me)
    expect(me.page.get_by_role("heading", name="One more step")).to_be_visible()
    me.page.context.clear_cookies()
    type_code(me, code)
    expect(me.page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(me.page.get_by_role("alert")).not_to_be_empty()
