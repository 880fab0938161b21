import pytest
from playwright.sync_api import expect
from tests.e2e.phone import wrong
from tests.e2e.visitor import SECOND_STEP, Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def waiting(member: Visitor) -> Visitor:
    """Somebody whose password was right, before the second step."""
    member.sign_out()
    member.give_password()
    member.page.wait_for_url(SECOND_STEP)
    return member


@pytest.mark.row("W12", "A11Y-3")
def test_a_wrong_code_can_be_mended(waiting: Visitor) -> None:
    """A wrong code stays in the focused field, selected, and the right one typed over it counts."""
    assert waiting.phone
    code = waiting.phone.next()
    waiting.type_code(wrong(code))
    expect(waiting.page.get_by_role("alert")).to_contain_text("That code isn’t right")
    expect(waiting.page).to_have_title(
        "That code isn’t right · One more step to sign in · Porchlight"
    )

    expect(waiting.field()).to_be_focused()
    assert waiting.selected() == wrong(code)
    waiting.page.keyboard.type(code)
    waiting.page.wait_for_url("**/")
    assert waiting.is_signed_in()


@pytest.mark.row("A11Y-1")
def test_another_way(waiting: Visitor) -> None:
    """From the app to a recovery code it is one link, and one back."""
    waiting.follow("Recovery code")
    expect(waiting.page.get_by_label("Recovery code")).to_be_focused()
    waiting.follow("Authenticator app")
    waiting.type_next_code()

    waiting.page.wait_for_url("**/")
    assert waiting.is_signed_in()


@pytest.mark.row("ATK-40")
def test_a_recovery_code_works_once(waiting: Visitor) -> None:
    """A recovery code signs in once, in lower case and with spaces too, and never again."""
    code = waiting.codes[0]
    waiting.type_recovery_code(code.lower().replace("-", " "))
    waiting.page.wait_for_url("**/")
    waiting.sign_out()
    waiting.give_password()
    waiting.page.wait_for_url(SECOND_STEP)
    waiting.type_recovery_code(code)

    expect(waiting.page.get_by_role("alert")).to_contain_text("That code isn’t right")
    expect(waiting.field()).to_have_value(code)
    assert not waiting.is_signed_in()


def test_next_and_remember_me_survive(member: Visitor) -> None:
    """The page one wanted and the tick for staying signed in outlive the second step."""
    member.sign_out()
    member.page.goto("/account/password")
    login = member.page.url
    member.sign_in(login, remember=True)
    assert member.page.url.endswith("/account/password")

    _close_and_open_again(member)
    assert member.is_signed_in()


def test_without_the_tick_a_closed_browser_is_signed_out(member: Visitor) -> None:
    """Who does not ask to stay signed in is not, once the browser was closed."""
    member.sign_out()
    member.sign_in()

    _close_and_open_again(member)
    assert not member.is_signed_in()


def test_a_protected_page_leads_back(waiting: Visitor) -> None:
    """Who follows a link while the second step waits comes back to it and not to the password."""
    waiting.page.goto("/account/password")

    waiting.page.wait_for_url(SECOND_STEP)
    expect(waiting.heading()).to_have_text("One more step to sign in")


def test_a_second_tab(waiting: Visitor) -> None:
    """A tab that still asks when another has finished the login leads on into the site."""
    other = waiting.page.context.new_page()
    other.goto("/two-step/login")
    waiting.type_next_code()
    waiting.page.wait_for_url("**/")
    other.locator("#code").press_sequentially("123456")

    other.wait_for_url("**/")
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()


def test_sign_in_as_someone_else(waiting: Visitor) -> None:
    """Who gives a waiting login up is at the password again, and the second step is closed."""
    waiting.press("Sign in as someone else")
    expect(waiting.page.get_by_label("Password")).to_be_visible()
    waiting.page.goto("/two-step/login")

    expect(waiting.heading()).to_have_text("This sign-in is over")
    expect(waiting.page.get_by_role("link", name="Sign in again")).to_be_visible()


@pytest.mark.row("ATK-13", "A11Y-2")
def test_too_many_wrong_codes(waiting: Visitor) -> None:
    """After five wrong codes the way leads back to the password, and a pause counts down."""
    assert waiting.phone
    code = wrong(waiting.phone.next())
    for tries in range(5):
        waiting.field().fill("")
        with waiting.page.expect_navigation():
            waiting.type_code(code)
        assert tries == 4 or waiting.field().is_visible()
    expect(waiting.heading()).to_have_text("Too many wrong codes")
    waiting.page.goto("/two-step/login")
    expect(waiting.heading()).to_have_text("Too many wrong codes")

    waiting.follow("Start again")
    waiting.give_password()
    waiting.page.wait_for_url(SECOND_STEP)
    expect(waiting.page.get_by_role("timer")).to_contain_text("You can try again in 0:")
    waiting.type_recovery_code(waiting.codes[0])
    waiting.page.wait_for_url("**/")


def _close_and_open_again(visitor: Visitor) -> None:
    context = visitor.page.context
    lasting = [cookie for cookie in context.cookies() if cookie["expires"] != -1]
    context.clear_cookies()
    context.add_cookies(lasting)  # type: ignore[arg-type]  # what came out goes in
