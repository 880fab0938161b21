import re

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Open
from tests.e2e.served import Served, proven_long_ago
from tests.e2e.visitor import LIST, Visitor

pytestmark = pytest.mark.browser


def test_a_name_of_its_own(member: Visitor) -> None:
    """An app can be given a name, which is shown wherever the app is."""
    member.follow("Rename")
    member.page.get_by_label("Name").fill("Work phone")
    member.press("Save")

    expect(member.page.get_by_role("status")).to_have_text("The new name is saved.")
    expect(member.page.get_by_role("heading", name="Authenticator app Work phone")).to_be_visible()
    member.follow("Remove")
    expect(member.page.get_by_text("Work phone")).to_be_visible()


def test_the_one_asked_first(member: Visitor) -> None:
    """Of two apps the one marked so is the first to be asked."""
    first = member.phone
    member.add_app("Tablet")
    second = member.page.locator(".v-card").nth(1)
    second.get_by_role("button", name="Ask for this first").click()

    expect(second.get_by_text("Asked for first")).to_be_visible()
    member.sign_out()
    member.give_password()
    expect(member.page.locator(".v-method")).to_contain_text("Tablet")
    assert first
    member.type_code(first.next())  # the other is taken too, without being chosen
    member.page.wait_for_url("**/")


@pytest.mark.row("ATK-35", "ASVS-7.5.1")
def test_a_change_needs_a_fresh_proof(member: Visitor, site: Served) -> None:
    """Who proved long ago who he is proves it again before a change, and lands where he wanted."""
    proven_long_ago(site)
    member.follow("Rename")
    expect(member.heading()).to_have_text("Confirm it’s you")
    expect(member.page.get_by_text(f"Signed in as {member.name}")).to_be_visible()
    member.type_next_code()

    member.page.wait_for_url(re.compile(r"/ways/\w+/name$"))
    member.page.get_by_label("Name").fill("Phone")
    member.press("Save")
    expect(member.page.get_by_role("status")).to_have_text("The new name is saved.")


def test_going_back_from_the_proof(member: Visitor, site: Served) -> None:
    """Who does not want to prove it again goes back, and stays signed in."""
    proven_long_ago(site)
    member.follow("Remove")
    member.follow("Go back without changing anything")

    member.page.wait_for_url(LIST)
    expect(member.page.get_by_text("It is on.")).to_be_visible()


@pytest.mark.row("ASVS-7.4.3")
def test_removal_ends_other_sessions(member: Visitor, site: Served, open_browser: Open) -> None:
    """Removing a way ends the login of every other browser at once, and keeps one's own."""
    other = open_browser(site)
    other.name, other.phone = member.name, member.phone
    other.sign_in()
    assert other.is_signed_in()
    member.add_app("Tablet")
    member.page.locator(".v-card").nth(1).get_by_role("link", name="Remove").click()
    member.press("Remove")

    expect(member.page.get_by_role("status")).to_have_text("It was removed.")
    expect(member.page.get_by_text("Tablet")).to_be_hidden()
    assert member.is_signed_in()
    assert not other.is_signed_in()


def test_turning_it_off(member: Visitor) -> None:
    """Who removes the only way is told what that means, and signs in by password alone after it."""
    member.follow("Remove")
    expect(member.heading()).to_have_text("Turn two-step login off?")
    member.press("Turn two-step login off")
    expect(member.page.get_by_role("button", name="Start with")).to_be_visible()

    member.sign_out()
    member.give_password()
    member.page.wait_for_url("**/")
    assert member.is_signed_in()


@pytest.mark.row("ATK-40")
def test_new_recovery_codes(member: Visitor) -> None:
    """A new set of recovery codes replaces the old one whole."""
    member.follow("Renew")
    member.press("Make new codes")
    fresh = member.shown_codes()
    member.press("I have saved them")
    member.page.wait_for_url(LIST)
    assert not set(fresh) & set(member.codes)

    member.sign_out()
    member.give_password()
    member.type_recovery_code(member.codes[0])
    expect(member.page.get_by_role("alert")).to_contain_text("That code isn’t right")
    member.field().fill(fresh[0])
    member.press("Continue")
    member.page.wait_for_url("**/")
