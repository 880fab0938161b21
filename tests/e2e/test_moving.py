import re

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Open
from tests.e2e.served import Served, add_user
from tests.e2e.visitor import LIST, Visitor

pytestmark = pytest.mark.browser

TRY = re.compile(r"/two-step/ways/\w+/try$")


def begin(me: Visitor) -> None:
    """Go from the list to the page where the new phone is scanned."""
    me.follow("I have a new phone")
    expect(me.heading()).to_have_text("I have a new phone")
    me.press("Set up the new phone")
    expect(me.heading()).to_have_text("Set up your new phone")


def test_a_new_phone(member: Visitor) -> None:
    """Scan, type the first code, type the next one: the old phone is gone, and nothing else is."""
    old = member.phone
    begin(member)
    member.type_code(member.scan().next())
    member.page.wait_for_url(TRY)
    expect(member.page.get_by_text("the one you set it up with is used")).to_be_visible()

    member.type_next_code()

    expect(member.page.get_by_role("status")).to_contain_text("taken the old one’s place")
    expect(member.page.get_by_role("heading", name="Authenticator app", exact=True)).to_have_count(
        1
    )
    member.sign_out()
    member.give_password()
    assert old
    member.type_code(old.next())
    expect(member.page.get_by_role("alert")).to_contain_text("That code isn’t right")
    member.type_next_code()
    member.page.wait_for_url("**/")


def test_a_move_left_in_the_middle(member: Visitor, site: Served, open_browser: Open) -> None:
    """Who goes away before the try has two phones, and the next login by the new one ends it."""
    old = member.phone
    begin(member)
    member.type_code(member.scan().next())
    member.follow("Later: until then both work")
    member.page.wait_for_url(LIST)
    expect(member.page.get_by_text("It takes the place of")).to_be_visible()
    expect(member.page.get_by_text("It works until you have used the new one")).to_be_visible()

    by_old = open_browser(site)
    by_old.name, by_old.phone = member.name, old
    by_old.sign_in()
    assert by_old.is_signed_in()
    by_new = open_browser(site)
    by_new.name, by_new.phone = member.name, member.phone
    by_new.sign_in()

    by_new.page.goto("/two-step/")
    expect(by_new.page.get_by_text("It takes the place of")).to_be_hidden()
    assert not by_old.is_signed_in()


def test_a_new_phone_without_scripts(open_browser: Open, site: Served) -> None:
    """The whole journey can be made in a browser that runs no scripts."""
    me = open_browser(site, java_script_enabled=False, viewport={"width": 320, "height": 640})
    me.name = "plain_mover"
    add_user(site, me.name)
    me.give_password()
    me.page.goto("/two-step/")
    me.press("Start with: Authenticator app")
    me.type_code(me.scan().next())
    me.press("Finish")
    me.press("I have saved them")
    me.page.wait_for_url(LIST)

    begin(me)
    me.type_code(me.scan().next())
    me.press("Finish")
    me.page.wait_for_url(TRY)
    me.type_next_code()
    me.press("Finish")

    me.page.wait_for_url(LIST)
    expect(me.page.get_by_role("status")).to_contain_text("taken the old one’s place")
