"""How far a code has come, on the page that waits for it; its carrier is played."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Request, Route, expect
from tests.e2e.conftest import Open
from tests.e2e.served import PASSWORD, Served, notebook
from tests.e2e.sights import Sights
from tests.e2e.visitor import LIST, Visitor

from vestibule.testing.carriers import Carriers

pytestmark = pytest.mark.browser

NUMBER = "+491701234567"
SHOWN = "+49\u00a0•••\u00a067"
NOT_DELIVERED = (
    f"The code could not be delivered to {SHOWN}. Have another one sent, or use another way."
)


@pytest.fixture
def carriers() -> Iterator[Carriers]:
    """A carrier that tells what became of a message when the test has it tell."""
    with Carriers(pause=0.05) as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, carriers: Carriers) -> Iterator[Served]:
    """Jotter, whose codes go through that carrier."""
    with notebook(
        tmp_path,
        VESTIBULE_FACTORS=["phone", "recovery_codes"],
        VESTIBULE_ROUTES={"sms": ["twilio_messaging"], "call": ["twilio_messaging"]},
        VESTIBULE_SITE_URL="https://jotter.example",
        **carriers.settings("twilio_messaging"),
    ) as served:
        carriers.reach(served.app)
        yield served
        carriers.heal()
        carriers.settle()


def ask_for_a_code(me: Visitor) -> Locator:
    """Register, log in, and have a code sent to a number that is being added; return the news."""
    for path in ("/register", "/login"):
        me.page.goto(path)
        me.page.get_by_label("Name").fill("agnes")
        me.page.get_by_label("Password").fill(PASSWORD)
        me.page.get_by_role("main").get_by_role("button").click()
        me.page.wait_for_url(partial(is_elsewhere, path))
    me.page.goto("/two-step/add/phone")
    me.page.get_by_label("Phone number").fill(NUMBER)
    me.press("Send me a code")
    me.page.wait_for_url("**/two-step/setup")
    return me.page.locator("[data-delivery]")


def is_elsewhere(path: str, url: str) -> bool:
    """Say whether an address leads to another page."""
    return urlsplit(url).path != path


def mark(me: Visitor) -> None:
    """Leave something on the page that is gone when it is loaded again."""
    me.page.evaluate("document.body.dataset.sameLoad = 'yes'")


def is_same_load(me: Visitor) -> bool:
    """Say whether the page was not loaded since."""
    return bool(me.page.evaluate("document.body.dataset.sameLoad === 'yes'"))


@pytest.mark.row("SMS-09", "A11Y-1")
def test_the_page_tells_by_itself_that_a_code_has_arrived(
    open_browser: Open, site: Served, carriers: Carriers
) -> None:
    """With scripts the page says sent, then arrived, without being loaded again."""
    carriers.fault("twilio_messaging", receipts_late=6)
    me = open_browser(site)
    news = ask_for_a_code(me)
    mark(me)
    sights = Sights(me.page, "delivery", "en")

    expect(news).to_have_text(f"The code was sent to {SHOWN}.")
    sights.look("sent")
    expect(news).to_have_text(f"The code has arrived at {SHOWN}.")
    sights.look("arrived")
    assert is_same_load(me)
    assert sights.faults == []
    me.type_code(carriers.recipient(NUMBER).code())
    me.page.wait_for_url("**/two-step/recovery-codes")
    me.press("I have saved them")
    me.page.wait_for_url(LIST)


def test_a_page_whose_code_is_sent_in_asks_no_more(
    open_browser: Open, site: Served, carriers: Carriers
) -> None:
    """What the page asks about the delivery is given up with the code's answer on its way."""
    carriers.fault("twilio_messaging", receipts_late=8)
    me = open_browser(site)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    me.page.route("**/two-step/delivery*", hold)
    with me.page.expect_request("**/two-step/delivery*") as asked:
        ask_for_a_code(me)
    me.page.route("**/two-step/setup", hold)
    with me.page.expect_event("requestfailed") as given_up, me.page.expect_request(is_posted):
        me.type_code("000001")

    assert given_up.value == asked.value
    held[-1].continue_()


def is_posted(request: Request) -> bool:
    """Say whether a request brings something."""
    return request.method == "POST"


@pytest.mark.row("A11Y-3")
def test_without_scripts_it_is_told_when_the_page_is_loaded(
    open_browser: Open, site: Served, carriers: Carriers
) -> None:
    """Without scripts the page says how far the code has come each time that it is loaded."""
    carriers.fault("twilio_messaging", receipts_late=8)
    me = open_browser(site, java_script_enabled=False, viewport={"width": 360, "height": 700})
    news = ask_for_a_code(me)
    sent = f"The code was sent to {SHOWN}."

    assert news.inner_text() in {f"The code is being sent to {SHOWN}.", sent}
    assert carriers.latest(to=NUMBER, within=10)
    reload_until(me, news, sent)
    reload_until(me, news, f"The code has arrived at {SHOWN}.")


@pytest.mark.row("C14")
def test_a_code_that_cannot_be_delivered_is_told(
    open_browser: Open, site: Served, carriers: Carriers
) -> None:
    """A code that did not arrive is told, with what to do now, by itself and after a reload."""
    carriers.fault("twilio_messaging", undelivered=30006)
    me = open_browser(site)
    news = ask_for_a_code(me)
    mark(me)

    expect(news).to_have_text(NOT_DELIVERED)
    assert is_same_load(me)
    sights = Sights(me.page, "not-delivered", "en")
    sights.look("could not be delivered")
    assert sights.faults == []
    me.page.reload()
    expect(news).to_have_text(NOT_DELIVERED)
    expect(me.page.get_by_role("button", name="Send another code")).to_be_visible()


@pytest.mark.row("C14", "A11Y-3")
def test_without_scripts_it_is_told_too(
    open_browser: Open, site: Served, carriers: Carriers
) -> None:
    """Without scripts a code that did not arrive is told when the page is loaded again."""
    carriers.fault("twilio_messaging", undelivered=30006)
    me = open_browser(site, java_script_enabled=False)

    reload_until(me, ask_for_a_code(me), NOT_DELIVERED)


def reload_until(me: Visitor, news: Locator, told: str) -> None:
    """Load the page again, as people do, until it says so."""
    for _ in range(80):
        if news.inner_text() == told:
            return
        me.page.wait_for_timeout(250)
        me.page.reload()
    assert news.inner_text() == told


@pytest.mark.row("C14", "ATK-19")
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_first_code_that_is_refused_is_told(
    open_browser: Open, tmp_path: Path, language: str
) -> None:
    """Who adds a number and is sent nothing is told so, and when there is room, with no field."""
    with notebook(
        tmp_path, VESTIBULE_FACTORS=["phone", "recovery_codes"], VESTIBULE_SENDS_PER_DAY=1
    ) as served:
        me = open_browser(served, locale=language)
        for path in ("/register", "/login"):
            me.page.goto(path)
            me.page.get_by_label("Name").fill("agnes")
            me.page.get_by_label("Password").fill(PASSWORD)
            me.page.get_by_role("main").get_by_role("button").click()
            me.page.wait_for_url(partial(is_elsewhere, path))
        for number in (NUMBER, "+491717654321"):
            me.page.goto("/two-step/add/phone")
            me.page.locator("[name=number]").fill(number)
            me.page.locator("main form .v-button--main").click()
            me.page.wait_for_url("**/two-step/setup")
        sights = Sights(me.page, "refused", language)
        sights.look("first code")

        assert sights.faults == []
        expect(me.page.get_by_role("alert")).to_be_visible()
        expect(me.page.locator("#code")).to_have_count(0)
