import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Open
from tests.e2e.phone import wrong
from tests.e2e.served import Served, add_user, proven_long_ago
from tests.e2e.visitor import LIST, SECOND_STEP

pytestmark = pytest.mark.browser


@pytest.mark.row("A11Y-3")
def test_the_story_without_scripts(open_browser: Open, site: Served) -> None:
    """Everything can be done in a browser that runs no scripts: set up, sign in, manage, remove."""
    me = open_browser(site, java_script_enabled=False, viewport={"width": 320, "height": 640})
    me.name = "plain_person"
    add_user(site, me.name)

    # Set up: the page says nothing of sending itself, and has no button that would do nothing.
    me.give_password()
    me.page.goto("/two-step/")
    me.press("Start with: Authenticator app")
    assert me.scan()
    expect(me.page.get_by_text("they are sent by themselves")).to_be_hidden()
    me.page.get_by_text("Type the key instead").click()
    expect(me.page.locator("#key")).to_be_visible()
    expect(me.page.get_by_role("button", name="Copy the key")).to_be_hidden()
    me.type_next_code()
    me.press("Finish")
    codes = me.shown_codes()
    expect(me.page.get_by_role("button", name="Print")).to_be_hidden()
    expect(me.page.get_by_role("button", name="Copy")).to_be_hidden()
    with me.page.expect_download() as download:
        me.press("Download")
    assert set(codes) < set(download.value.path().read_text().split())
    me.press("I have saved them")
    me.page.wait_for_url(LIST)

    # Sign in: wrong, then right; then by a recovery code.
    me.sign_out()
    me.give_password()
    me.page.wait_for_url(SECOND_STEP)
    code = me.phone.next() if me.phone else ""
    me.type_code(wrong(code))
    me.press("Continue")
    expect(me.page.get_by_role("alert")).to_contain_text("That code isn’t right")
    expect(me.field()).to_be_focused()
    expect(me.field()).to_have_value("")  # typed digits would go in front of those that were wrong
    me.type_code(code)
    me.press("Continue")
    me.page.wait_for_url("**/")
    me.sign_out()
    me.give_password()
    me.type_recovery_code(codes[0])
    me.page.wait_for_url("**/")

    # Manage: with a fresh proof, a name, and the end of it.
    proven_long_ago(site)
    me.page.goto("/two-step/")
    me.follow("Rename")
    me.type_next_code()
    me.press("Continue")
    me.page.get_by_label("Name").fill("Phone")
    me.press("Save")
    me.follow("Remove")
    me.press("Turn two-step login off")
    expect(me.page.get_by_role("status")).to_have_text("It was removed.")
