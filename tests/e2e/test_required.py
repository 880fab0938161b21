"""The journey of somebody who must have a second step, with scripts and without."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from tests.arabic import bring
from tests.e2e.conftest import Open
from tests.e2e.served import PASSWORD, Served, notebook
from tests.e2e.sights import DIRECTION, Sights
from tests.e2e.visitor import SECOND_STEP, Visitor, sent_code

from vestibule.flask.state import EXTENSION

pytestmark = pytest.mark.browser
scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
languages = pytest.mark.parametrize("language", DIRECTION)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Jotter, where everybody must have a second step, and knows nothing of addresses."""
    bring(tmp_path / "own")
    with notebook(
        tmp_path / "jotter",
        VESTIBULE_REQUIRED="everyone",
        VESTIBULE_GRACE_DAYS=7,
        VESTIBULE_LOCALE_FOLDER=str(tmp_path / "own"),
    ) as opened:
        door = opened.app.extensions[EXTENSION]
        told = {"email": "agnes@mail.example", "email_changed_at": None}
        door.contact_loader(lambda user: {"name": str(user)} | told)
        yield opened


def arrive(me: Visitor, path: str = "/login") -> None:
    """Give the password."""
    me.page.goto(path)
    me.page.get_by_label("Name").fill("agnes")
    me.page.get_by_label("Password").fill(PASSWORD)
    me.page.get_by_role("main").get_by_role("button").click()
    me.page.wait_for_url(lambda url: urlsplit(url).path != path)


@pytest.mark.row("ATK-10", "A11Y-3")
@scripts
def test_later_and_then_a_first_way(served: Served, open_browser: Open, *, scripts: bool) -> None:
    """Somebody puts it off, comes again, proves who they are by mail, sets up an app, and is in."""
    me = open_browser(served, java_script_enabled=scripts)
    arrive(me, "/register")
    arrive(me)
    me.page.wait_for_url(SECOND_STEP)
    me.page.get_by_role("button", name="Later: I have time until").click()
    expect(me.page.get_by_role("button", name="Log out")).to_be_visible()

    me.page.goto("/two-step/")
    me.press("Set up two-step login")
    me.page.wait_for_url(SECOND_STEP)
    me.press("Send me a code")
    expect(me.field()).to_be_visible()
    me.answer(sent_code(served), scripts=scripts)
    me.page.wait_for_url("**/two-step/first")
    me.page.get_by_role("listitem").filter(has_text="Authenticator app").get_by_role(
        "button"
    ).click()
    me.answer(me.scan().next(), scripts=scripts, button="Finish")
    me.page.wait_for_url("**/two-step/recovery-codes")
    me.press("I have saved them")
    me.page.wait_for_url(f"{served.url}/")
    expect(me.page.get_by_role("button", name="Log out")).to_be_visible()


@pytest.mark.row("A11Y-3")
@languages
def test_no_barriers(served: Served, open_browser: Open, *, language: str) -> None:
    """No page of the journey has a barrier or is wider than its window, in any language."""
    me = open_browser(served, locale=language)
    sights = Sights(me.page, "required", language)
    arrive(me, "/register")
    arrive(me)
    me.page.wait_for_url(SECOND_STEP)
    sights.look("code")
    me.page.locator("form[action*='/first/later'] button").click()
    me.page.goto("/two-step/")
    sights.look("list")
    me.page.locator("form[action$='/two-step/first'] button").click()
    me.page.wait_for_url(SECOND_STEP)
    me.page.locator("[formaction*='/login/send'], form[action*='/login/send'] button").first.click()
    expect(me.field()).to_be_visible()
    me.type_code(sent_code(served))
    me.page.wait_for_url("**/two-step/first")
    sights.look("choose")

    assert sights.faults == []


@pytest.mark.row("A11Y-3")
@languages
def test_no_barriers_where_a_ticket_is_needed(
    served: Served, open_browser: Open, *, language: str
) -> None:
    """Neither has the page that says that a ticket is needed, and until when it can wait."""
    door = served.app.extensions[EXTENSION]
    door.contact_loader(lambda user: {"name": str(user), "email": "agnes@mail.example"})
    me = open_browser(served, locale=language)
    sights = Sights(me.page, "required-ticket", language)
    arrive(me, "/register")
    arrive(me)
    me.page.wait_for_url("**/two-step/first")
    sights.look("ticket")

    assert sights.faults == []
