import re

import pytest
from playwright.sync_api import expect
from tests.e2e.phone import Phone, wrong
from tests.e2e.visitor import LIST, Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def newcomer(visitor: Visitor) -> Visitor:
    """Somebody signed in, before a set-up page."""
    visitor.give_password()
    visitor.page.goto("/two-step/")
    visitor.press("Start with: Authenticator app")
    visitor.scan()
    return visitor


def test_a_wrong_code_can_be_mended(newcomer: Visitor) -> None:
    """A wrong first code stays in its field, selected, and the same secret is still shown."""
    assert newcomer.phone
    code = newcomer.phone.next()
    newcomer.type_code(wrong(code))
    expect(newcomer.page.get_by_role("alert")).to_contain_text("That code isn’t right")

    expect(newcomer.field()).to_be_focused()
    assert newcomer.selected() == wrong(code)
    assert Phone.of_page(newcomer.page).app.secret == newcomer.phone.app.secret


def test_recovery_codes_are_taken_along(newcomer: Visitor) -> None:
    """The recovery codes can be copied, downloaded and printed, and are not shown a second time."""
    page = newcomer.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    newcomer.type_next_code()
    page.wait_for_url("**/two-step/recovery-codes")
    codes = newcomer.shown_codes()

    files = []
    for _ in range(2):
        with page.expect_download() as download:
            newcomer.press("Download")
        files.append(download.value.path().read_bytes())
        assert download.value.suggested_filename == "recovery-codes.txt"
        newcomer.press("Copy")
        expect(page.get_by_role("status")).to_contain_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()").split() == codes
    assert set(codes) < set(files[0].decode().split())
    assert files[0] == files[1]
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    newcomer.press("I have saved them")
    page.wait_for_url(LIST)
    page.goto("/two-step/recovery-codes")

    expect(page.get_by_text("Left: 10 of 10")).to_be_visible()
    assert not any(code in page.content() for code in codes)


def test_recovery_codes_can_wait(newcomer: Visitor) -> None:
    """Who skips the recovery codes has two-step login on, and is told that none are left."""
    newcomer.type_next_code()
    newcomer.press("Skip for now")

    expect(newcomer.page.get_by_text("It is on.")).to_be_visible()
    expect(newcomer.page.get_by_role("status")).to_contain_text("Done.")
    expect(newcomer.page.get_by_text("You have none yet.")).to_be_visible()
    newcomer.follow("Make recovery codes")
    newcomer.press("Make recovery codes")
    assert len(newcomer.shown_codes()) == 10


def test_a_copy_is_enough(newcomer: Visitor) -> None:
    """Recovery codes that were copied count as saved, though nothing else was pressed."""
    page = newcomer.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    newcomer.type_next_code()
    page.wait_for_url("**/two-step/recovery-codes")
    with page.expect_response("**/recovery-codes/keep"):
        newcomer.press("Copy")
    page.reload()

    expect(page.get_by_text("Left: 10 of 10")).to_be_visible()


@pytest.mark.row("ATK-48")
@pytest.mark.parametrize("way_back", ["history", "address"])
def test_a_secret_is_not_found_afterwards(newcomer: Visitor, way_back: str) -> None:
    """Once the first code was right, neither the back button nor the address shows the secret."""
    assert newcomer.phone
    secret = str(newcomer.page.locator("#key").text_content()).split()
    newcomer.type_next_code()
    newcomer.page.wait_for_url("**/two-step/recovery-codes")
    newcomer.press("I have saved them")
    newcomer.page.wait_for_url(LIST)
    if way_back == "history":
        newcomer.page.go_back()
        newcomer.page.go_back()
    else:
        newcomer.page.goto("/two-step/setup")

    expect(newcomer.heading()).to_have_text("Nothing is being set up")
    assert secret[0] not in newcomer.page.content()


def test_not_now(newcomer: Visitor) -> None:
    """Who does not want to go on with a set-up leaves nothing of it behind."""
    newcomer.press("Not now")
    newcomer.page.wait_for_url(LIST)
    newcomer.page.goto("/two-step/setup")

    expect(newcomer.heading()).to_have_text("Nothing is being set up")
    expect(newcomer.page).to_have_title(re.compile("^Nothing is being set up · Porchlight$"))
