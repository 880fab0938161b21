"""Journeys of people in the years after the first day, with scripts and without."""

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import NAMES, Open
from tests.e2e.phone import Phone, wrong
from tests.e2e.served import Served, add_user
from tests.e2e.test_mailed_links import subject_of
from tests.e2e.visitor import LIST, SECOND_STEP, Visitor, arrived

from vestibule.flask.state import state_of

pytestmark = pytest.mark.browser
scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
PHONE = {
    "viewport": {"width": 360, "height": 740},
    "is_mobile": True,
    "has_touch": True,
}


def arrive(
    site: Served, open_browser: Open, like: Visitor, *, scripts: bool, **options: object
) -> Visitor:
    """Have the same person at another browser, where the password was just given."""
    me = open_browser(site, java_script_enabled=scripts, **options)
    me.name, me.phone, me.codes = like.name, like.phone, like.codes
    me.give_password()
    return me


def letters(site: Served, name: str, wanted: str) -> list[str]:
    """Wait for a mail to somebody that holds a text, and return all of those."""
    to = f"{name}@mail.example"
    return arrived(site, lambda came: [m.text for m in came if m.to == to and wanted in m.text])


@pytest.mark.row("A11Y-3")
@scripts
def test_the_first_way_is_set_up_on_the_phone_itself(
    site: Served, open_browser: Open, *, scripts: bool
) -> None:
    """On the phone that has the app a link hands it the account; nothing has to be scanned."""
    me = open_browser(site, java_script_enabled=scripts, **PHONE)
    me.name = next(NAMES)
    add_user(site, me.name)
    me.give_password()
    me.page.goto("/two-step/")
    me.press("Start with: Authenticator app")
    link = me.page.get_by_role("link", name="Open in authenticator app")
    uri, box = link.get_attribute("href"), link.bounding_box()
    assert uri is not None
    assert box is not None
    assert box["x"] + box["width"] <= 360
    me.phone = Phone(uri)
    me.answer(me.phone.next(), scripts=scripts, button="Finish")
    me.page.wait_for_url("**/two-step/recovery-codes")
    me.press("I have saved them")
    me.page.wait_for_url(LIST)
    expect(me.page.get_by_text("It is on.")).to_be_visible()


@pytest.mark.row("A11Y-3")
@scripts
def test_two_people_at_one_computer(
    member: Visitor, site: Served, open_browser: Open, *, scripts: bool
) -> None:
    """Each takes their own second step; what the one proved is worth nothing for the other."""
    one = arrive(site, open_browser, member, scripts=scripts)
    one.page.wait_for_url(SECOND_STEP)
    assert one.phone is not None
    one.answer(one.phone.next(), scripts=scripts)
    one.page.wait_for_url(lambda url: "/two-step" not in url)
    one.sign_out()

    two = Visitor(one.page, one.watch, name=next(NAMES))
    add_user(site, two.name)
    two.give_password()
    two.page.goto("/two-step/")
    two.press("Start with: Authenticator app")
    two.answer(two.scan().next(), scripts=scripts, button="Finish")
    two.press("I have saved them")
    two.page.wait_for_url(LIST)
    two.sign_out()

    one.give_password()
    one.page.wait_for_url(SECOND_STEP)
    assert two.phone is not None
    one.answer(two.phone.next(), scripts=scripts)
    expect(one.page.get_by_role("alert")).to_contain_text("That code isn’t right")
    one.answer(one.phone.next(), scripts=scripts)
    one.page.wait_for_url(lambda url: "/two-step" not in url)
    assert one.is_signed_in()


@scripts
def test_two_tabs(member: Visitor, site: Served, open_browser: Open, *, scripts: bool) -> None:
    """A tab that still asks when another has finished the login leads on into the site."""
    me = arrive(site, open_browser, member, scripts=scripts)
    me.page.wait_for_url(SECOND_STEP)
    other = Visitor(me.page.context.new_page(), me.watch, phone=me.phone)
    other.page.goto("/two-step/login")
    assert me.phone is not None
    me.answer(me.phone.next(), scripts=scripts)
    me.page.wait_for_url(lambda url: "/two-step" not in url)
    other.answer("123456", scripts=scripts)

    other.page.wait_for_url(lambda url: "/two-step" not in url)
    expect(other.page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.row("ATK-10", "A11Y-3")
@scripts
def test_who_can_use_nothing_is_told_what_is_left(
    member: Visitor, site: Served, open_browser: Open, *, scripts: bool
) -> None:
    """The page for it leads to a recovery code, which lets its owner in."""
    me = arrive(site, open_browser, member, scripts=scripts)
    me.page.wait_for_url(SECOND_STEP)
    me.follow("I can’t use any of these")
    expect(me.page.get_by_role("heading", name="Think of another browser")).to_be_visible()
    expect(me.page.locator(".v-case")).not_to_be_empty()
    me.follow("Use a recovery code")
    me.type_code(me.codes[0])
    me.press("Continue")

    me.page.wait_for_url(lambda url: "/two-step" not in url)
    assert me.is_signed_in()


@pytest.mark.row("ATK-39", "A11Y-3")
@scripts
def test_the_help_desk_gives_a_ticket(
    member: Visitor, site: Served, open_browser: Open, *, scripts: bool
) -> None:
    """Whose phone is lost comes in by a ticket and a new app; the lost one opens nothing more."""
    state, subject = state_of(site.app), subject_of(site, member.name)
    lost = member.phone
    made = state.engine.reset(subject, by="bea", reason="phone lost", at_once=True)
    assert made is not None
    assert not member.is_signed_in()
    me = arrive(site, open_browser, member, scripts=scripts)
    me.page.wait_for_url(SECOND_STEP)
    me.type_code(made.ticket)
    me.press("Continue")
    me.page.wait_for_url("**/two-step/first")
    me.page.get_by_role("listitem").filter(has_text="Authenticator app").get_by_role(
        "button"
    ).click()
    me.answer(me.scan().next(), scripts=scripts, button="Finish")
    me.page.wait_for_url("**/two-step/recovery-codes")
    me.press("I have saved them")
    me.page.wait_for_url(lambda url: "/two-step/recovery-codes" not in url)
    assert me.is_signed_in()

    thief = arrive(site, open_browser, member, scripts=scripts)
    thief.page.wait_for_url(SECOND_STEP)
    assert lost is not None
    thief.answer(lost.next(), scripts=scripts)
    expect(thief.page.get_by_role("alert")).to_contain_text("That code isn’t right")


@pytest.mark.row("NIST-37", "A11Y-3")
@scripts
def test_the_owner_hears_of_whoever_was_stopped(
    member: Visitor, site: Served, open_browser: Open, *, scripts: bool
) -> None:
    """Wrong codes by somebody with the password are told by one mail and at the next visit."""
    stranger = arrive(site, open_browser, member, scripts=scripts)
    stranger.page.wait_for_url(SECOND_STEP)
    assert member.phone is not None
    for number in range(5):
        stranger.field().fill("")
        with stranger.page.expect_navigation():
            stranger.answer(wrong(member.phone.any()), scripts=scripts)
        over = stranger.page.get_by_role("heading", name="Too many wrong codes")
        expect(over if number == 4 else stranger.page.get_by_role("alert")).to_be_visible()
    told = "somebody signed in at Porchlight with your password"
    assert len(letters(site, member.name, told)) == 1

    kept = member.page.context.storage_state()
    me = open_browser(site, java_script_enabled=scripts, storage_state=kept)
    me.name, me.phone = member.name, member.phone
    me.page.goto("/explore")
    me.sign_out()
    me.give_password()
    me.page.wait_for_url(SECOND_STEP)
    me.answer(me.phone.next(), scripts=scripts)
    me.page.wait_for_url(lambda url: "/two-step" not in url)
    me.page.goto("/two-step/")
    expect(me.page.locator("main")).to_contain_text("Several wrong codes were typed after it")
