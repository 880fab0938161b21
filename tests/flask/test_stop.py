"""Stopping a help desk's reset by the link in the mail, with nobody signed in."""

import re
from html import unescape

import pytest
from tests.flask.shop import PAGE, Browser, Shop, said

from vestibule.core.engine.resetting import Reset
from vestibule.core.links import Errand

LOGIN = "/two-step/login"


def reset(shop: Shop) -> Reset:
    """Ask the help desk for a ticket for maren."""
    made = shop.engine.reset("maren", by="bea", reason="lost")
    assert made is not None
    return made


@pytest.mark.row("ATK-39", "NIST-43")
def test_from_the_mail_to_a_reset_that_is_stopped(shop: Shop, member: Browser) -> None:
    """The link says from when the ticket would work, and one press makes it worthless."""
    made = reset(shop)
    link, reader = shop.mailed(Errand.CANCEL_RESET), shop.browser()
    shown = unescape(reader.get(link).text)
    assert f"{made.valid_from:%Y-%m-%d, %H:%M} UTC" in shown
    answer = reader.send(link)
    assert answer.status_code == 200
    assert "It is stopped" in answer.text

    shop.clock.move(days=2)
    lost = shop.browser().wait()
    assert lost.send(LOGIN, code=made.ticket).status_code == 422
    [event] = shop.events("reset_cancelled")
    assert event["data"]["by"] == "a link in a mail"


@pytest.mark.row("ATK-61", "ATK-42")
def test_following_the_link_stops_nothing(shop: Shop, member: Browser) -> None:
    """A mail program that fetches the link, by whatever method, stops nothing."""
    reset(shop)
    link, reader = shop.mailed(Errand.CANCEL_RESET), shop.browser()
    before = shop.rows()

    for method in ("GET", "HEAD", "OPTIONS"):
        assert reader.open(method, link, headers=PAGE).status_code == 200
    assert said(reader.ask(link, method="GET"))["status"] == "waiting"
    assert shop.rows() == before


@pytest.mark.row("ATK-24")
def test_a_used_link_is_over(shop: Shop, member: Browser) -> None:
    """A reset is stopped once; the link of one that was stopped does nothing to the next."""
    reset(shop)
    link, reader = shop.mailed(Errand.CANCEL_RESET), shop.browser()
    reader.get(link)
    assert reader.send(link).status_code == 200
    assert reader.send(link).status_code == 410
    assert reader.get(link).status_code == 410
    reset(shop)

    assert reader.send(link).status_code == 410
    assert len(shop.events("reset_cancelled")) == 1
    assert "to be set up anew" in member.get("/two-step/").text


def test_the_link_of_a_reset_that_was_asked_for_anew(shop: Shop, member: Browser) -> None:
    """With a second ticket the link about the first one does nothing."""
    reset(shop)
    first = shop.mailed(Errand.CANCEL_RESET)
    shop.clock.move(hours=1)
    made = reset(shop)
    reader = shop.browser()

    assert reader.get(first).status_code == 410
    assert reader.get(shop.mailed(Errand.CANCEL_RESET)).status_code == 200
    assert said(member.ask("/two-step/", method="GET"))["reset_at"] == made.valid_from.isoformat()


@pytest.mark.row("ATK-39")
def test_a_ticket_that_was_used_is_not_stopped(shop: Shop, member: Browser) -> None:
    """When no way can be set up by a used ticket any more the link is over, and not before."""
    made = reset(shop)
    link = shop.mailed(Errand.CANCEL_RESET)
    shop.clock.move(days=1)
    lost = shop.browser().wait()
    assert lost.send(LOGIN, code=made.ticket).status_code == 303

    reader = shop.browser()
    assert reader.get(link).status_code == 200
    shop.clock.move(minutes=10)
    assert reader.get(link).status_code == 410
    assert reader.ask(link).status_code == 410
    assert shop.engine.standing("maren", None).enrolled


@pytest.mark.row("ATK-01")
def test_it_opens_nothing(shop: Shop, member: Browser) -> None:
    """Whoever stops a reset is signed in nowhere by it."""
    reset(shop)
    link, reader = shop.mailed(Errand.CANCEL_RESET), shop.browser()
    reader.get(link)
    reader.send(link)

    assert not reader.is_signed_in()
    assert member.is_signed_in()


@pytest.mark.row("ATK-42")
def test_another_site_stops_nothing(shop: Shop, member: Browser) -> None:
    """A form of another site, or one of ours that is too old, stops nothing."""
    reset(shop)
    link = shop.mailed(Errand.CANCEL_RESET)
    member.get(link)
    fields = {"csrf_token": member.token}
    cross = member.open("POST", link, data=fields, headers=PAGE | {"Sec-Fetch-Site": "cross-site"})
    member.token = "of long ago"

    assert cross.status_code == 403
    assert member.send(link).status_code == 400
    assert shop.events("reset_cancelled") == []


@pytest.mark.row("ATK-30")
def test_one_kind_of_link_is_not_the_other(shop: Shop, member: Browser) -> None:
    """The link about a ticket reports nothing, and the link about a way stops nothing."""
    reset(shop)
    ticket = shop.mailed(Errand.CANCEL_RESET).rpartition("/")[2]
    way = shop.link_to(Errand.NOT_ME, member.enrolment_id()).rpartition("/")[2]

    assert member.get(f"/two-step/not-me/{ticket}").status_code == 410
    assert member.get(f"/two-step/reset/cancel/{way}").status_code == 410


def test_the_mail_says_what_the_page_does(shop: Shop, member: Browser) -> None:
    """The mail about a reset names the moment and the page, and the page's button is one."""
    reset(shop)
    link = shop.mailed(Errand.CANCEL_RESET)
    told = shop.inbox.messages[0].text

    assert "You need not sign in for that:" in told
    assert len(re.findall("<form", shop.browser().get(link).text)) == 1
