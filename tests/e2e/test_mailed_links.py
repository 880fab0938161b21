"""The journeys that begin at a link in a mail, with scripts and without."""

import re
from collections.abc import Sequence

import pytest
from examples.microblog.models import User, db
from playwright.sync_api import expect
from sqlalchemy import select
from tests.e2e.conftest import Open
from tests.e2e.phone import Phone
from tests.e2e.served import PASSWORD, Served
from tests.e2e.visitor import LIST, Visitor, arrived

from vestibule.core.links import Errand
from vestibule.delivery.links import PATHS
from vestibule.flask.state import state_of
from vestibule.testing.inbox import InboxMessage

pytestmark = pytest.mark.browser
with_and_without_scripts = pytest.mark.parametrize("scripts", [True, False])


def subject_of(site: Served, name: str) -> str:
    """What the door calls somebody at Porchlight."""
    with site.app.app_context():
        return str(db.session.scalars(select(User.id).where(User.username == name)).one())


def mailed(site: Served, name: str, errand: Errand, about: str) -> str:
    """Wait for the mail with a link about this enrolment, and return the link."""
    engine, to = state_of(site.app).engine, f"{name}@mail.example"
    begins = f"{site.url}/two-step{PATHS[errand]}"

    def found(came: Sequence[InboxMessage]) -> str | None:
        for line in (line for m in came if m.to == to for line in m.text.splitlines()):
            link = engine.link(errand, line.removeprefix(begins))
            if line.startswith(begins) and link is not None and link.about == about:
                return line
        return None

    return arrived(site, found)


def newest_way(site: Served, name: str) -> str:
    """The id of the app that was added last."""
    found = state_of(site.app).engine.enrolments(subject_of(site, name))
    return [e.id for e in found if e.factor == "totp"][-1]


def fill_in_password(reader: Visitor, name: str) -> None:
    """Give the password on the login page that is shown."""
    page = reader.page
    page.get_by_label("Username or e-mail address").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()


@pytest.mark.row("ATK-39", "A11Y-3")
@with_and_without_scripts
def test_a_reset_is_stopped_from_the_mail(
    member: Visitor, site: Served, open_browser: Open, *, scripts: bool
) -> None:
    """Whoever did not ask for a reset stops it from the mail, without signing in anywhere."""
    engine, subject = state_of(site.app).engine, subject_of(site, member.name)
    made = engine.reset(subject, by="bea", reason="phone lost")
    assert made is not None
    ticket = next(e.id for e in engine.enrolments(subject) if e.factor == "ticket")
    reader = open_browser(site, java_script_enabled=scripts)
    reader.page.goto(mailed(site, member.name, Errand.CANCEL_RESET, ticket))

    expect(reader.heading()).to_have_text("Stop the reset?")
    expect(reader.page.get_by_text(f"{made.valid_from:%Y-%m-%d, %H:%M} UTC")).to_be_visible()
    reader.press("Stop it")
    expect(reader.heading()).to_have_text("It is stopped")
    member.page.goto("/two-step/")
    expect(member.page.get_by_text("to be set up anew")).to_be_hidden()
    assert all(e.factor != "ticket" for e in engine.enrolments(subject))
    reader.follow("Sign in")
    expect(reader.page.get_by_label("Username or e-mail address")).to_be_visible()


@pytest.mark.row("NIST-36", "NIST-37", "A11Y-3")
@with_and_without_scripts
def test_what_a_thief_added_is_suspended_from_the_mail(
    member: Visitor, site: Served, open_browser: Open, *, scripts: bool
) -> None:
    """From the mail over the password to one press: the thief is out, and the owner goes on."""
    owners = member.phone
    assert owners is not None
    member.add_app("Tablet")
    thiefs = member.phone
    assert thiefs is not None
    reader = open_browser(site, java_script_enabled=scripts)
    reader.page.goto(mailed(site, member.name, Errand.NOT_ME, newest_way(site, member.name)))
    expect(reader.heading()).to_have_text("Was it not you?")
    reader.press("Continue to the password")
    fill_in_password(reader, member.name)

    expect(reader.page.get_by_role("heading", name="With these you still sign in")).to_be_visible()
    reader.press("It was not me: suspend it")
    expect(reader.heading()).to_have_text("It is suspended")
    assert not member.is_signed_in()
    _is_kept_out(open_browser(site), member.name, thiefs)

    reader.follow("Go on signing in")
    reader.answer(owners.next(), scripts=scripts)
    reader.page.wait_for_url("**/")
    reader.page.goto("/two-step/")
    card = reader.page.locator(".v-card").nth(1)
    expect(card.get_by_text("reported that it is not yours")).to_be_visible()
    card.get_by_role("link", name="Remove").click()
    reader.press("Remove")
    reader.page.wait_for_url(LIST)
    expect(reader.page.get_by_text("reported")).to_be_hidden()


def _is_kept_out(thief: Visitor, name: str, phone: Phone) -> None:
    """Try the password and the code of what was reported."""
    thief.name = name
    thief.give_password()
    thief.type_code(phone.next())
    expect(thief.page.get_by_role("alert")).to_contain_text("That code isn’t right")


@pytest.mark.row("ATK-10", "NIST-36", "A11Y-3")
@with_and_without_scripts
def test_whose_only_way_was_a_thiefs_is_told_where_to_turn(
    member: Visitor, site: Served, open_browser: Open, *, scripts: bool
) -> None:
    """Where nothing else is left, a report leads to the page with a number to tell."""
    reader = open_browser(site, java_script_enabled=scripts)
    link = mailed(site, member.name, Errand.NOT_ME, newest_way(site, member.name))
    reader.name = member.name
    reader.give_password()
    reader.page.goto(link)
    expect(reader.page.get_by_text("Nothing else is left to sign in with")).to_be_visible()
    reader.press("It was not me: suspend it")

    expect(reader.heading()).to_have_text("If you can’t use any of these")
    expect(reader.page.locator(".v-case")).to_have_text(re.compile("[0-9A-F]{4}-[0-9A-F]{4}"))
    expect(reader.page.get_by_text("is suspended until")).to_be_visible()
    assert not member.is_signed_in()
    assert not reader.is_signed_in()


def test_the_owner_has_it_again(member: Visitor, site: Served, open_browser: Open) -> None:
    """Whoever reported a way of their own by mistake uses it again, by a proof with another one."""
    owners = member.phone
    assert owners is not None
    member.add_app("Tablet")
    tablet = member.phone
    assert tablet is not None
    member.page.goto(mailed(site, member.name, Errand.NOT_ME, newest_way(site, member.name)))
    member.press("It was not me: suspend it")
    expect(member.heading()).to_have_text("It is suspended")
    member.phone = owners
    member.sign_in()
    member.page.goto("/two-step/")
    member.press("It is mine: use it again")

    expect(member.page.get_by_role("status")).to_have_text("It works again.")
    other = open_browser(site)
    other.name, other.phone = member.name, tablet
    other.sign_in()
    assert other.is_signed_in()
