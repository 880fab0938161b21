"""A way whose codes are sent, with a real courier and a real browser, with scripts and without."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import update
from tests.core.site import LETTERS
from tests.e2e.conftest import Open
from tests.e2e.served import PASSWORD, Served, notebook, proven_long_ago
from tests.e2e.visitor import LIST, SECOND_STEP, Visitor, sent_code
from tests.e2e.watch import HEAVIEST, barriers, weight

from vestibule.flask.state import state_of
from vestibule.store import tables

pytestmark = pytest.mark.browser

ADDRESS = "agnes@mail.example"
SIGHTS = (("light", 360), ("dark", 1280))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    """Jotter, offering codes by mail and an inbox that they arrive in."""
    factors = ["totp", "recovery_codes", LETTERS]
    with notebook(tmp_path, VESTIBULE_FACTORS=factors) as served:
        yield served


def half_a_minute_later(site: Served) -> None:
    """Let the wait for another code be over."""
    table = tables.challenge
    long_ago = {"sent_at": "2020-01-01T00:00:00+00:00"}
    with state_of(site.app).parts.database.write() as connection:
        connection.execute(update(table).values(memo=long_ago))


def give_password(me: Visitor, path: str = "/login") -> None:
    """Register or log in at Jotter."""
    me.page.goto(path)
    me.page.get_by_label("Name").fill("agnes")
    me.page.get_by_label("Password").fill(PASSWORD)
    me.page.get_by_role("main").get_by_role("button").click()
    me.page.wait_for_url(lambda url: urlsplit(url).path != path)


def look(me: Visitor) -> None:
    """Find no barrier and little weight, in both schemes and widths."""
    assert weight(me.page) <= HEAVIEST
    for scheme, width in SIGHTS:
        me.page.set_viewport_size({"width": width, "height": 800})
        me.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert barriers(me.page) == []


def begin(me: Visitor) -> None:
    """Go from the list to the page that waits for the first code."""
    me.page.goto("/two-step/")
    me.page.locator("li", has_text="Code by mail").get_by_role("link", name="Add").click()
    me.page.get_by_label("Mail address").fill(ADDRESS)
    me.press("Continue")
    me.page.wait_for_url("**/two-step/setup")


@pytest.mark.row("A11Y-3")
def test_sent_codes_without_scripts(open_browser: Open, site: Served) -> None:
    """Without scripts an address is added, a code asked for again, and both steps are taken."""
    me = open_browser(site, java_script_enabled=False, viewport={"width": 360, "height": 700})
    for page in ("/register", "/login"):
        give_password(me, page)
    begin(me)
    expect(me.page.get_by_text("Another one can be sent at")).to_be_visible()
    first = sent_code(site, 1)
    me.press("Send another code")
    expect(me.page.get_by_role("alert")).to_contain_text("A code was sent a moment ago")
    half_a_minute_later(site)
    me.press("Send another code")
    second = sent_code(site, 2)
    me.field().fill(first)
    me.press("Finish")
    expect(me.page.get_by_role("alert")).to_contain_text("That code isn’t right")
    me.field().fill(second)
    me.press("Finish")
    me.press("I have saved them")
    me.page.wait_for_url(LIST)

    me.page.goto("/")
    me.press("Log out")
    give_password(me)
    me.page.wait_for_url(SECOND_STEP)
    me.field().fill(sent_code(site, 3))
    me.press("Continue")
    me.page.wait_for_url(f"{site.url}/")

    proven_long_ago(site)
    me.page.goto("/two-step/")
    me.follow("Rename")
    me.press("Send me a code")
    me.field().fill(sent_code(site, 4))
    me.press("Continue")
    me.page.wait_for_url("**/name")


@pytest.mark.row("A11Y-3", "A11Y-1")
def test_sent_codes_with_scripts(open_browser: Open, site: Served) -> None:
    """With scripts the wait counts down, a full code sends itself, and no page has a barrier."""
    me = open_browser(site)
    for page in ("/register", "/login"):
        give_password(me, page)
    me.page.goto("/two-step/add/letters")
    look(me)
    me.page.get_by_label("Mail address").fill("agnes")
    me.press("Continue")
    expect(me.page.get_by_label("Mail address")).to_be_focused()
    look(me)
    begin(me)
    expect(me.page.get_by_text("Another one can be sent in 0:")).to_be_visible()
    expect(me.page.get_by_role("button", name="Send another code")).to_be_hidden()
    look(me)
    me.type_code(sent_code(site, 1))
    me.page.wait_for_url("**/two-step/recovery-codes")
    me.press("I have saved them")
    me.page.wait_for_url(LIST)
    look(me)

    proven_long_ago(site)
    me.follow("Remove")
    look(me)
    me.press("Send me a code")
    me.page.wait_for_url("**/two-step/confirm?method=*")
    half_a_minute_later(site)
    me.page.reload()
    expect(me.page.get_by_role("button", name="Send another code")).to_be_visible()
    look(me)
    me.type_code(sent_code(site, 2))
    me.page.wait_for_url("**/remove")
