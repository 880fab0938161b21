"""Saying "this was not me" on the pages: by the link in the mail, and the password."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from tests.contracts.gate_hosts import PROGRAM, plain_host
from tests.flask.shop import PAGE, SITE, Browser, Shop, said

from vestibule.core.links import Errand, Link, written

LOGIN, LIST, HELP = "/two-step/login", "/two-step/", "/two-step/login/help"


@pytest.fixture
def owner(shop: Shop) -> Browser:
    """Somebody with an app and recovery codes, signed in."""
    browser = shop.browser().join()
    shop.clock.move(hours=1)
    return browser


@pytest.fixture
def thief(shop: Shop, owner: Browser) -> Browser:
    """Somebody who has added an app of his own in the session that the owner left open."""
    thief, mine = shop.browser(), owner.phone
    owner.get("/two-step/confirm")
    owner.send("/two-step/confirm", code=owner.next_code())
    owner.set_up()
    thief.phone, owner.phone = owner.phone, mine
    return thief


@pytest.fixture
def link(shop: Shop, thief: Browser) -> str:
    """The path of the link in the mail about the thief's app."""
    del thief
    return shop.mailed(Errand.NOT_ME)


def page(browser: Browser, path: str) -> str:
    """A page as it is read."""
    return unescape(browser.get(path).text)


def suspended(shop: Shop) -> int:
    """How many ways are suspended or were."""
    return len([e for e in shop.engine.enrolments("maren") if e.suspended_until is not None])


def enters(browser: Browser) -> bool:
    """Take both steps in a new browser, by this one's phone."""
    other = browser.shop.browser()
    other.phone = browser.phone
    other.wait()
    other.send(LOGIN, code=other.next_code())
    return other.is_signed_in()


@pytest.mark.row("NIST-36", "NIST-37", "ATK-41")
def test_from_the_mail_to_the_password_and_back(
    shop: Shop, owner: Browser, thief: Browser, link: str
) -> None:
    """The link leads to the password, from there back to the page, and one press suspends."""
    reader = shop.browser()
    first = page(reader, link)
    assert "Was it not you?" in first
    assert "Continue to the password" in first
    answer = reader.send(link)
    assert answer.location == "/login"
    assert reader.give_password().location == link

    shown = page(reader, link)
    assert "With these you still sign in" in shown
    assert suspended(shop) == 0
    assert reader.send(link).location == link
    assert "It is suspended" in page(reader, link)
    assert not enters(thief)
    reader.phone = owner.phone
    assert reader.send(LOGIN, code=reader.next_code()).location == "/"
    assert reader.is_signed_in()


@pytest.mark.row("ATK-61", "ATK-42")
def test_a_mail_program_that_follows_links_suspends_nothing(shop: Shop, link: str) -> None:
    """However often the link is fetched, by whatever method that changes nothing, nothing is."""
    before = shop.rows()
    for browser in (shop.browser(), shop.browser().wait()):
        for method in ("GET", "HEAD", "OPTIONS"):
            assert browser.open(method, link, headers=PAGE).status_code == 200
    assert shop.rows("passage", "challenge", "event") == {
        name: rows for name, rows in before.items() if name not in {"passage", "challenge", "event"}
    }


@pytest.mark.row("ATK-61")
def test_the_link_without_the_password_suspends_nothing(shop: Shop, link: str) -> None:
    """Whoever reads the mail and has no password is led to give it, and changes nothing."""
    reader = shop.browser()
    reader.get(link)
    before = shop.rows()

    assert reader.send(link).location == "/login"
    assert said(reader.ask(link)) == {"error": "sign_in_again", "location": "/login"}
    assert shop.rows() == before


def test_only_the_password_shows_what_is_left(shop: Shop, link: str) -> None:
    """What else there is to sign in with is shown and told to nobody without the password."""
    reader = shop.browser()
    assert "With these you still sign in" not in page(reader, link)
    assert "methods" not in said(reader.ask(link, method="GET"))

    reader.wait()
    assert "With these you still sign in" in page(reader, link)
    told = said(reader.ask(link, method="GET"))
    assert (told["suspends"], told["methods"]) == (["totp"], ["totp", "recovery_codes"])


@pytest.mark.row("ATK-01")
def test_a_report_signs_nobody_in(shop: Shop, link: str) -> None:
    """Whoever reports something has taken the password step and no more."""
    reader = shop.browser().wait()
    reader.get(link)
    reader.send(link)

    assert not reader.is_signed_in()
    assert reader.get(LIST).location == LOGIN


@pytest.mark.row("NIST-37", "ASVS-7.4.3")
def test_all_sessions_end(shop: Shop, owner: Browser, thief: Browser, link: str) -> None:
    """The thief's session ends with the report, and the owner's own everywhere."""
    assert thief.phone is not None
    other = shop.browser().wait()
    other.phone = thief.phone
    other.send(LOGIN, code=other.next_code())
    assert other.is_signed_in()
    assert owner.is_signed_in()
    reader = shop.browser().wait()
    reader.get(link)
    reader.send(link)

    assert not other.is_signed_in()
    assert not owner.is_signed_in()


def test_who_is_signed_in_reports_at_once(shop: Shop, owner: Browser, link: str) -> None:
    """In a browser where one is signed in, no password is asked; one is signed out there too."""
    assert "It was not me: suspend it" in page(owner, link)

    assert owner.send(link).location == link
    assert suspended(shop) == 1
    assert "It is suspended" in page(owner, link)
    assert not owner.is_signed_in()


@pytest.mark.row("ATK-10", "NIST-36")
def test_whose_only_way_it_was_is_told_where_to_turn(shop: Shop) -> None:
    """Where a thief's way is the only one, its report leads to the page with a case number."""
    thief = shop.browser().join()
    link = shop.link_to(Errand.NOT_ME, thief.enrolment_id())
    reader = shop.browser().wait()
    assert "Nothing else is left to sign in with" in page(reader, link)
    assert reader.send(link).location == HELP

    shown = page(reader, HELP)
    assert re.search(r'dir="ltr">[0-9A-F]{4}-[0-9A-F]{4}<', shown)
    assert "is suspended until" in shown
    assert not thief.is_signed_in()
    for code in (thief.next_code(), *thief.codes[:2]):
        other = shop.browser().wait()
        assert other.send(LOGIN, code=code).status_code in {403, 410}
        assert not other.is_signed_in()


def test_the_recovery_codes_go_by_a_link_of_their_own(shop: Shop, owner: Browser) -> None:
    """Recovery codes that somebody else made are suspended by the link of their own mail."""
    owner.get("/two-step/confirm")
    owner.send("/two-step/confirm", code=owner.next_code())
    owner.get("/two-step/recovery-codes")
    owner.send("/two-step/recovery-codes")
    owner.note_codes()
    link = shop.mailed(Errand.NOT_ME)
    reader = shop.browser().wait()
    assert "Recovery codes" in page(reader, link)
    reader.send(link)

    assert reader.send(LOGIN, code=owner.codes[0]).status_code != 303
    reader.phone = owner.phone
    assert reader.send(LOGIN, code=reader.next_code()).status_code == 303
    assert "A new set takes their place" in page(reader, LIST)
    told = said(reader.ask(LIST, method="GET"))
    assert "suspended_until" in told["recovery_codes"]


@pytest.mark.row("NIST-37", "NIST-38")
def test_the_owner_has_it_again_or_removes_it(shop: Shop, owner: Browser, link: str) -> None:
    """On the list a suspended way is taken into use again by a fresh proof, or removed."""
    way = shop.engine.enrolments("maren")[-1].id
    reader = shop.browser().wait()
    reader.get(link)
    reader.send(link)
    reader.phone = owner.phone
    reader.send(LOGIN, code=reader.next_code())

    assert "somebody with your password reported" in page(reader, LIST)
    restore = f"/two-step/ways/{way}/restore"
    shop.clock.move(seconds=301)
    assert reader.send(restore).location == "/two-step/confirm"
    reader.get("/two-step/confirm")
    reader.send("/two-step/confirm", code=reader.next_code())
    reader.get(LIST)
    assert reader.send(restore).location == "/two-step/?done=restored"
    shown = page(reader, LIST)
    assert "reported" not in shown
    assert page(reader, f"{LIST}?done=restored").count("It works again.") == 1

    remove = f"/two-step/ways/{way}/remove"
    reader.get(remove)
    assert reader.send(remove).location == "/two-step/?done=removed"


def test_whoever_would_be_left_with_what_is_suspended_is_warned(
    shop: Shop, owner: Browser, link: str
) -> None:
    """Before the last way that works is removed the page says that all else is suspended."""
    first = shop.engine.enrolments("maren")[0].id
    reader = shop.browser().wait()
    reader.get(link)
    reader.send(link)
    reader.phone = owner.phone
    reader.send(LOGIN, code=reader.next_code())
    warning = "Everything else you have is suspended"
    assert warning not in page(reader, f"/two-step/ways/{first}/remove")

    codes = shop.engine.own("maren", reader.enrolment_id("recovery_codes"))
    assert codes is not None
    assert shop.engine.revoke(codes, reader.passage())
    assert warning in page(reader, f"/two-step/ways/{first}/remove")


@pytest.mark.row("NIST-37")
def test_a_suspended_way_confirms_nothing(
    shop: Shop, owner: Browser, thief: Browser, link: str
) -> None:
    """The page for a fresh proof neither offers a suspended way nor takes its codes."""
    reader = shop.browser().wait()
    reader.get(link)
    reader.send(link)
    reader.phone = owner.phone
    reader.send(LOGIN, code=reader.next_code())
    shop.clock.move(seconds=301)

    methods = said(reader.ask("/two-step/confirm", method="GET"))["methods"]
    assert [m["factor"] for m in methods] == ["totp", "recovery_codes"]
    reader.get("/two-step/confirm")
    assert reader.send("/two-step/confirm", code=thief.next_code()).status_code == 422


@pytest.mark.row("ATK-24", "ATK-29")
def test_a_used_link_is_over(shop: Shop, owner: Browser, link: str) -> None:
    """While it lasts a used link tells what it did; a second press changes nothing."""
    reader = shop.browser().wait()
    reader.get(link)
    reader.send(link)
    before = shop.rows()

    again = reader.send(link)
    assert again.location == link
    assert shop.rows() == before
    shop.clock.move(days=7)
    assert owner.get(link).status_code == 410


@pytest.mark.row("ATK-04", "ATK-63")
@pytest.mark.parametrize("text", ["x", "a" * 80, "a" * 3000, "%00", "é"])
def test_what_is_no_link_is_told_so(shop: Shop, text: str) -> None:
    """An address that no mail of ours brought does nothing, whoever asks."""
    shop.browser().join()
    for browser in (shop.browser(), shop.browser().wait()):
        browser.get(LOGIN)
        for kind in ("not-me", "reset/cancel"):
            path = f"/two-step/{kind}/{text}"
            assert browser.get(path).status_code == 410
            assert browser.ask(path).status_code == 410
            assert said(browser.ask(path, method="GET"))["error"] == "link_over"


def test_a_link_after_the_removal_is_over(shop: Shop, owner: Browser, link: str) -> None:
    """Once the way is removed its link does nothing, and nobody is signed out."""
    way = shop.engine.enrolments("maren")[-1].id
    owner.get(f"/two-step/ways/{way}/remove")
    owner.send(f"/two-step/ways/{way}/remove")

    reader = shop.browser().wait()
    assert reader.get(link).status_code == 410
    assert reader.send(link).status_code == 410
    assert owner.is_signed_in()


@pytest.mark.row("ATK-07", "ATK-38")
def test_somebody_elses_password_is_not_enough(shop: Shop, link: str) -> None:
    """A browser of somebody else suspends nothing of the person the link is about."""
    tobias = shop.browser().join("tobias")
    assert "signed in to another account" in page(tobias, link)
    assert tobias.send(link).status_code == 303
    waiting = tobias.sign_out().wait("tobias")
    waiting.get(link)
    waiting.send(link)

    assert suspended(shop) == 0


@pytest.mark.row("ATK-07")
def test_the_way_back_is_for_the_same_person(shop: Shop, link: str) -> None:
    """Another person's password leads to the second step as always, and not to the link's page."""
    shop.browser().join("tobias")
    reader = shop.browser()
    reader.get(link)
    reader.send(link)

    assert reader.give_password("tobias").location == LOGIN
    assert reader.give_password("maren").location == link


@pytest.mark.row("ATK-48", "ATK-43", "ATK-47")
def test_the_address_goes_nowhere_else(shop: Shop, link: str) -> None:
    """No cache keeps the page, and no other site is told its address."""
    for browser in (shop.browser(), shop.browser().wait()):
        answer = browser.get(link)
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.row("ATK-45")
def test_a_mail_never_says_what_a_request_called_the_site(shop: Shop) -> None:
    """Whatever host a browser names, the link in the mail is the one in the settings."""
    browser = shop.browser()
    browser.headers = {"X-Forwarded-Host": "evil.example"}
    browser.join()
    shop.mailed(Errand.NOT_ME)

    mails = "\n".join(message.text for message in shop.inbox.messages)
    assert "evil.example" not in mails
    assert f"{SITE}/two-step/not-me/" in mails


@pytest.mark.row("ATK-42")
def test_another_site_reports_nothing(shop: Shop, owner: Browser, link: str) -> None:
    """A form of another site, or one of ours that is too old, suspends nothing."""
    owner.get(link)
    fields = {"csrf_token": owner.token}
    cross = owner.open("POST", link, data=fields, headers=PAGE | {"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403
    owner.token = "of long ago"
    assert owner.send(link).status_code == 400
    assert suspended(shop) == 0


def test_a_host_without_flask_login_comes_back_as_well(tmp_path: Path) -> None:
    """Where an id in the session is the login, the password leads back to the link too."""
    host = plain_host(tmp_path, VESTIBULE_SITE_URL=SITE)
    host.enrol("ada")
    (way,) = host.engine.enrolments("ada")
    browser = host.browser()
    until = host.clock.now() + timedelta(days=1)
    about = Link(errand=Errand.NOT_ME, subject="ada", about=way.id, until=until)
    page_of = f"/two-step/not-me/{written(host.engine.vault.box, 'default', about)}"
    token = re.search(r'csrf_token" value="([^"]+)"', browser.get(page_of).text)
    assert token is not None
    went = browser.client.post(
        page_of, data={"csrf_token": token[1]}, headers=PAGE | {"Sec-Fetch-Site": "same-origin"}
    )
    assert went.status_code == 303

    assert browser.login("ada").location == page_of
    answer = browser.client.post(page_of, json={}, headers=PROGRAM)
    assert answer.get_json() == {"status": "suspended", "location": HELP}
    host.close()
