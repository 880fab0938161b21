"""A help desk's ticket on the pages: typed at the second step, objected to on the list."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from tests.flask.shop import Browser, Shop, said

from vestibule.core.engine.resetting import Reset

FIRST, HELP = "/two-step/first", "/two-step/login/help"
LOGIN, LIST, CANCEL = "/two-step/login", "/two-step/", "/two-step/reset/cancel"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with a help desk."""
    opened = Shop.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def member(shop: Shop) -> Browser:
    """Somebody with an app and recovery codes, signed in."""
    return shop.browser().join()


def reset(shop: Shop, *, at_once: bool = False) -> Reset:
    """Ask the help desk for a ticket for the only member there is."""
    with shop.state.parts.database.read() as connection:
        subject = connection.exec_driver_sql("SELECT subject FROM enrolment").first()
    assert subject is not None
    made = shop.state.engine.reset(subject[0], by="bea", reason="lost", at_once=at_once)
    assert made is not None
    return made


@pytest.mark.row("ATK-39")
def test_a_ticket_leads_to_a_new_way(shop: Shop, member: Browser) -> None:
    """With password and ticket a person is led to set up a new way, and signs in by it after."""
    made = reset(shop)
    shop.clock.move(days=1)
    lost = shop.browser().wait()
    page = unescape(lost.get(LOGIN).text)
    assert "One-time ticket" in page

    answer = lost.send(LOGIN, code=made.ticket)
    assert answer.location == FIRST
    assert not lost.is_signed_in()
    assert "Set up two-step login" in lost.get(FIRST).text
    lost.set_up()

    assert not member.is_signed_in()
    assert lost.is_signed_in()
    again = shop.browser().wait()
    again.phone = lost.phone
    assert again.send(LOGIN, code=again.next_code()).location == "/"


@pytest.mark.row("ATK-39")
def test_a_ticket_typed_too_early_is_answered_by_when_it_works(shop: Shop, member: Browser) -> None:
    """Page and program are told from when the ticket works, and the field does not keep it."""
    made = reset(shop)
    lost = shop.browser().wait()

    answer = lost.send(LOGIN, code=made.ticket)
    told = lost.ask(LOGIN, {"code": made.ticket})

    page = unescape(answer.text)
    assert answer.status_code == told.status_code == 422
    assert f"This ticket works from {made.valid_from:%Y-%m-%d, %H:%M} UTC." in page
    assert "data-countdown" not in page
    assert made.ticket not in page
    assert said(told)["error"] == "early"
    assert said(told)["retry_at"] == made.valid_from.isoformat()
    assert "Retry-After" not in told.headers


@pytest.mark.row("ATK-39")
def test_who_is_stuck_is_told_of_a_ticket_that_is_on_its_way(shop: Shop, member: Browser) -> None:
    """Until the ticket works, page and program say from when; then it is one of the ways."""
    lost = shop.browser().wait()
    before = lost.get(HELP).text
    made = reset(shop)

    page = unescape(lost.get(HELP).text)
    told = said(lost.ask(HELP, method="GET"))

    assert "Help is on its way" not in before
    assert f"It works from {made.valid_from:%Y-%m-%d, %H:%M} UTC" in page
    assert told["reset_at"] == made.valid_from.isoformat()
    member.send(CANCEL)
    assert "Help is on its way" not in lost.get(HELP).text
    reset(shop)
    shop.clock.move(days=1)
    later = shop.browser().wait()
    assert "Help is on its way" not in later.get(HELP).text
    assert "One-time ticket" in later.get(HELP).text
    assert "reset_at" not in said(later.ask(HELP, method="GET"))


@pytest.mark.row("ATK-39")
def test_whoever_sets_up_nothing_does_not_come_back_by_the_password(shop: Shop) -> None:
    """Once a ticket was used and no new way set up, the password still opens nothing."""
    shop.browser().join()
    made = reset(shop, at_once=True)
    lost = shop.browser().wait()
    assert lost.send(LOGIN, code=made.ticket).status_code == 303

    again = shop.browser().wait()
    page = again.get(LOGIN)
    assert page.status_code == 403
    assert f'href="{LOGIN}/help"' in page.text
    assert again.send(LOGIN, code=made.ticket).status_code in {403, 410}
    assert not again.is_signed_in()


@pytest.mark.row("ATK-39")
def test_the_owner_finds_it_on_the_list_and_keeps_what_there_is(
    shop: Shop, member: Browser
) -> None:
    """While a ticket waits the list says from when, and one press makes it worthless."""
    made = reset(shop)
    page = unescape(member.get(LIST).text)
    assert f"{made.valid_from:%Y-%m-%d, %H:%M} UTC" in page
    assert said(member.ask(LIST, method="GET"))["reset_at"] == made.valid_from.isoformat()

    answer = member.send(CANCEL)

    assert answer.location == "/two-step/?done=kept"
    assert "to be set up anew" not in member.get(LIST).text
    shop.clock.move(days=2)
    lost = shop.browser().wait()
    assert "One-time ticket" not in lost.get(LOGIN).text
    assert lost.send(LOGIN, code=made.ticket).status_code == 422


def test_nothing_waits_where_nothing_was_asked(member: Browser) -> None:
    """Where there is no ticket there is nothing to object to."""
    assert "to be set up anew" not in member.get(LIST).text
    assert member.send(CANCEL).status_code == 404


def test_a_ticket_is_no_method_of_the_list(shop: Shop, member: Browser) -> None:
    """A ticket is not listed among the ways, and nobody can add one."""
    reset(shop)

    titles = re.findall(r'<h2 id="method-\d+">([^<]+)', member.get(LIST).text)
    assert [title.strip() for title in titles] == ["Authenticator app"]
    assert member.send("/two-step/add/ticket").status_code == 404


@pytest.mark.row("CS-05")
def test_the_list_says_that_somebody_was_stopped(shop: Shop, member: Browser) -> None:
    """After five wrong codes behind the right password the owner reads of it on the list."""
    assert "Somebody knows your password" not in member.get(LIST).text
    thief = shop.browser()
    for _ in range(5):
        shop.clock.move(seconds=3600)
        thief.wait()
        assert thief.send(LOGIN, code=member.wrong_code()).status_code == 422

    assert "Somebody knows your password" in member.get(LIST).text
