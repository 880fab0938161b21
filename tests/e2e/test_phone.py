"""A phone number in a real browser: chosen, proven, called, changed; with scripts and without."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import update
from tests.codes import code_in
from tests.e2e.conftest import Open
from tests.e2e.served import PASSWORD, Served, notebook, proven_long_ago
from tests.e2e.visitor import LIST, SECOND_STEP, Visitor, arrived
from tests.e2e.watch import HEAVIEST, barriers, weight

from vestibule.flask.state import state_of
from vestibule.store import tables
from vestibule.testing.inbox import InboxMessage

pytestmark = pytest.mark.browser

MOBILE, LANDLINE = "+491701234567", "+4930901820"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    """Jotter, offering phone numbers and an inbox that plays the phone."""
    with notebook(tmp_path, VESTIBULE_FACTORS=["phone", "recovery_codes"]) as served:
        yield served


def rung(site: Served, count: int) -> InboxMessage:
    """The newest text message or call, once there are so many."""

    def newest(came: Sequence[InboxMessage]) -> InboxMessage | None:
        found = [m for m in came if m.channel in {"sms", "call"}]
        return found[0] if len(found) >= count else None

    return arrived(site, newest)


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
    for scheme, width in (("light", 360), ("dark", 1280)):
        me.page.set_viewport_size({"width": width, "height": 800})
        me.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        assert barriers(me.page) == []
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not me.page.evaluate(wide)


def half_a_minute_later(site: Served) -> None:
    """Let the wait for another code be over."""
    long_ago = {"sent_at": "2020-01-01T00:00:00+00:00"}
    with state_of(site.app).parts.database.write() as connection:
        connection.execute(update(tables.challenge).values(memo=long_ago))


@pytest.mark.row("A11Y-3")
def test_a_phone_without_scripts(open_browser: Open, site: Served) -> None:
    """Without scripts a number is added, a call asked for, and the number changed for another."""
    me = open_browser(
        site, java_script_enabled=False, locale="en-DE", viewport={"width": 360, "height": 700}
    )
    for page in ("/register", "/login"):
        give_password(me, page)
    me.page.goto("/two-step/")
    me.follow("Start with: Phone number")
    expect(me.page.get_by_label("Country")).to_have_value("DE")
    me.page.get_by_label("Phone number").fill("0900 1234567")
    me.press("Send me a code")
    expect(me.page.get_by_role("alert")).to_contain_text("no phone number we can reach")
    expect(me.page.get_by_label("Phone number")).to_have_value("0900 1234567")
    me.page.get_by_label("Phone number").fill("0170 1234567")
    me.press("Send me a code")
    assert (rung(site, 1).channel, rung(site, 1).to) == ("sms", MOBILE)
    me.field().fill(code_in(rung(site, 1).text))
    me.press("Finish")
    me.press("I have saved them")
    me.page.wait_for_url(LIST)

    me.page.goto("/")
    me.press("Log out")
    give_password(me)
    me.page.wait_for_url(SECOND_STEP)
    rung(site, 2)
    half_a_minute_later(site)
    me.press("Call me instead")
    assert rung(site, 3).channel == "call"
    me.field().fill(code_in(rung(site, 3).text))
    me.press("Continue")
    me.page.wait_for_url(f"{site.url}/")

    me.page.goto("/two-step/")
    me.page.locator("li", has_text="Use another phone number").get_by_role("link").click()
    me.page.get_by_label("Country").select_option("FR")
    me.page.get_by_label("Phone number").fill("+49 30 901820")
    me.press("Send me a code")
    assert (rung(site, 4).channel, rung(site, 4).to) == ("call", LANDLINE)
    me.field().fill(code_in(rung(site, 4).text))
    me.press("Finish")
    me.page.wait_for_url(LIST)
    expect(me.page.locator("bdi", has_text="+49")).to_have_text("+49\u00a0•••\u00a020")


@pytest.mark.row("A11Y-3", "A11Y-1")
def test_a_phone_with_scripts(open_browser: Open, site: Served) -> None:
    """With scripts the country's example is shown, and a full code sends itself."""
    me = open_browser(site)
    for page in ("/register", "/login"):
        give_password(me, page)
    me.page.goto("/two-step/add/phone")
    me.page.get_by_label("Country").select_option("GB")
    expect(me.page.get_by_text("For example")).to_contain_text("07400 123456")
    look(me)
    me.page.get_by_label("Phone number").fill("07911 12345")
    me.press("Send me a code")
    expect(me.page.get_by_label("Phone number")).to_be_focused()
    expect(me.page.get_by_label("Country")).to_have_value("GB")
    look(me)
    me.page.get_by_label("Phone number").fill("07911 123456")
    me.press("Send me a code")
    me.page.wait_for_url("**/two-step/setup")
    look(me)
    me.type_code(code_in(rung(site, 1).text))
    me.page.wait_for_url("**/two-step/recovery-codes")
    me.press("I have saved them")
    me.page.wait_for_url(LIST)
    look(me)
    proven_long_ago(site)
    me.follow("Remove")
    look(me)
    me.press("Call me instead")
    me.page.wait_for_url("**/two-step/confirm?method=*")
    assert rung(site, 2).channel == "call"
    me.type_code(code_in(rung(site, 2).text))
    me.page.wait_for_url("**/remove")
