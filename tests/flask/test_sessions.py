"""Where a person is signed in: seen by the owner alone, and ended after a fresh proof."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import request
from flask_login import login_user
from tests.contracts.gate_hosts import PROGRAM, Host, flask_login_host
from tests.contracts.gate_hosts import Person as HostUser
from tests.flask.shop import PAGE, Browser, Shop, User, said
from werkzeug.test import TestResponse

from vestibule.flask import Vestibule, agents

P = "/two-step/sessions"
OTHERS, CONFIRM, LIST = f"{P}/end", "/two-step/confirm", "/two-step/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop."""
    opened = Shop.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def member(shop: Shop) -> Browser:
    """Maren in the browser in which she turned two-step login on just now."""
    return shop.browser().join()


def elsewhere(member: Browser, agent: str = CHROME, **more: str) -> Browser:
    """Maren in another browser, signed in by both steps."""
    other = member.shop.browser()
    other.headers, other.phone = {"User-Agent": agent}, member.phone
    other.wait(**more).send("/two-step/login", code=member.next_code())
    assert other.is_signed_in()
    return other


def listed(browser: Browser) -> list[dict[str, Any]]:
    """What a program is told."""
    found: list[dict[str, Any]] = said(browser.ask(P, method="GET"))["sessions"]
    return found


def id_of(browser: Browser) -> str:
    """The id of a browser's own session."""
    passage = browser.passage()
    assert passage is not None
    return passage.id


def ending(browser: Browser) -> str:
    """The address that ends a browser's session from another."""
    return f"{P}/{id_of(browser)}/end"


def text_of(page: str) -> str:
    """The words of a page's main part, in one line."""
    main = page[page.index("<main") :]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_the_page_tells_browsers_apart(member: Browser) -> None:
    """The page has this browser first, the others by their names, and a button for each other."""
    member.headers = {"User-Agent": FIREFOX}
    elsewhere(member, CHROME, remember="yes")
    page = member.get(P).text
    words = text_of(page)

    assert words.index("This browser") < words.index("Chrome on Android")
    assert words.count("Confirmed with: Authenticator app") == 2
    assert words.count("Stays signed in") == 1
    assert re.findall(r"<button[^>]*>([^<]+)<", page) == ["Sign out", "Sign out everywhere else"]


def test_somebody_alone_is_told_so(member: Browser) -> None:
    """Who is signed in nowhere else is told so, and offered nothing to end."""
    page = member.get(P).text

    assert "You are signed in here, and nowhere else." in text_of(page)
    assert "<button" not in page


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_the_list_holds_no_token(member: Browser) -> None:
    """Neither page nor JSON holds a token or a fingerprint of one, of this browser or another."""
    other = elsewhere(member)
    secrets = [*member.cookies().values(), *other.cookies().values()]
    for browser in (member, other):
        passage = browser.passage()
        assert passage is not None
        secrets += [passage.token_hash.hex(), passage.identity_hash.hex()]
        secrets += [passage.browser_hash.hex()] if passage.browser_hash else []

    for body in (member.get(P).text, member.ask(P, method="GET").text):
        assert not [secret for secret in secrets if secret in body]
    assert {frozenset(session) for session in listed(member)} == {
        frozenset(
            {
                *("id", "current", "browser", "system", "signed_in_at", "last_used_at"),
                *("remembered", "factor", "acting"),
            }
        )
    }


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ASVS-7.4.1/7.4.2")
def test_another_browser_is_signed_out(member: Browser) -> None:
    """The button of another browser signs that one out of the application, and no other."""
    other, third = elsewhere(member), elsewhere(member)
    member.get(P)

    answer = member.send(ending(other))

    assert answer.location == f"{P}?done=ended"
    assert "That browser is signed out." in text_of(member.get(answer.location).text)
    assert [b.is_signed_in() for b in (member, other, third)] == [True, False, True]


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ASVS-7.4.1/7.4.2", "ASVS-7.4.3")
def test_everywhere_else_is_everywhere_else(member: Browser) -> None:
    """One button signs every other browser out, and a login that waits, and this one not."""
    others = [elsewhere(member), elsewhere(member, remember="yes")]
    waits = member.shop.browser().wait()
    waits.phone = member.phone
    member.get(P)

    answer = member.send(OTHERS)

    assert "You are signed out everywhere else." in text_of(member.get(str(answer.location)).text)
    assert [b.is_signed_in() for b in (member, *others)] == [True, False, False]
    waits.send("/two-step/login", code=member.next_code())
    assert not waits.is_signed_in()


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_a_remember_cookie_does_not_bring_it_back(member: Browser) -> None:
    """A browser that was signed out stays out, though the application would remember it."""
    other = elsewhere(member, remember="yes")
    member.get(P)
    member.send(ending(other))
    other.client.delete_cookie("session")

    assert not other.is_signed_in()
    assert other.get("/").text == "hello stranger"


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ATK-35", "ASVS-7.5.1")
@pytest.mark.parametrize("everywhere", [True, False])
def test_ending_wants_a_fresh_proof(member: Browser, *, everywhere: bool) -> None:
    """After five minutes a button ends nothing before a code is typed, and leads back here."""
    other = elsewhere(member)
    path = OTHERS if everywhere else ending(other)
    member.shop.clock.move(seconds=301)
    member.get(P)

    assert member.send(path).location == CONFIRM
    assert said(member.ask(path)) == {"error": "proof_required", "location": CONFIRM}
    assert other.is_signed_in()

    member.get(P)
    member.send(path)
    member.get(CONFIRM)
    back = member.send(CONFIRM, code=member.next_code()).location
    assert back == f"{P}?done=proven"
    assert "Now choose once more what to sign out." in text_of(member.get(back).text)
    assert other.is_signed_in()
    member.send(path)
    assert not other.is_signed_in()


def test_looking_wants_none(member: Browser) -> None:
    """The list is shown to whoever is signed in, however long ago the last proof was made."""
    member.shop.clock.move(hours=20)

    assert member.get(P).status_code == 200
    assert len(listed(member)) == 1


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ATK-38")
def test_nobody_elses_session_is_there(member: Browser) -> None:
    """Another person's session, this one, an ended one and none get the same 404, and stay."""
    shop = member.shop
    stranger, over = shop.browser().join("tobias"), elsewhere(member)
    ended = ending(over)
    over.sign_out()
    answers = {
        (answer.status_code, answer.data)
        for path in (ending(stranger), ending(member), ended, f"{P}/{'0' * 32}/end")
        for answer in [member.ask(path)]
    }

    assert [status for status, _ in answers] == [404]
    assert stranger.is_signed_in()
    assert member.is_signed_in()
    assert [s["id"] for s in listed(member)] == [id_of(member)]
    member.get(P)
    assert f'href="{P}"' in member.send(ended).text


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ATK-44")
@pytest.mark.parametrize("everywhere", [True, False])
def test_another_site_ends_nothing(member: Browser, *, everywhere: bool) -> None:
    """Without the hidden field of our page, or from another site, nothing ends."""
    other = elsewhere(member)
    path = OTHERS if everywhere else ending(other)
    stale = member.open("POST", path, headers=PAGE | {"Sec-Fetch-Site": "same-origin"})
    foreign = member.open("POST", path, json={}, headers={"Sec-Fetch-Site": "cross-site"})

    assert (stale.status_code, foreign.status_code) == (400, 403)
    assert f'href="{P}"' in stale.text
    assert other.is_signed_in()


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_a_program_does_the_same(member: Browser) -> None:
    """JSON lists this session and the others, and ends one or all others."""
    one, two = elsewhere(member, FIREFOX), elsewhere(member)
    found = listed(member)
    assert [(s["current"], s["browser"], s["system"]) for s in found[1:]] == [
        (False, "Chrome", "Android"),
        (False, "Firefox", "Windows"),
    ]
    assert found[0]["current"]

    ended = said(member.ask(f"{P}/{found[2]['id']}/end"))
    assert ended == {"status": "ended", "location": P}
    assert [one.is_signed_in(), two.is_signed_in()] == [False, True]
    assert said(member.ask(OTHERS)) == {"status": "ended_others", "location": P}
    assert not two.is_signed_in()


def test_who_has_no_second_step_is_led_to_one(shop: Shop) -> None:
    """Without a second step there is nothing to list: a page leads to the set-up, JSON says so."""
    browser = shop.browser()
    browser.give_password()

    assert browser.get(P).location == LIST
    assert said(browser.ask(P, method="GET"))["error"] == "second_step_not_set_up"
    assert P not in browser.get(LIST).text
    assert browser.ask(OTHERS).status_code == 404
    assert browser.ask(f"{P}/{'0' * 32}/end").status_code == 404


def test_the_list_of_ways_leads_here(member: Browser) -> None:
    """The page of ways has a link to this one, and this one leads back."""
    assert f'href="{P}"' in member.get(LIST).text
    assert f'href="{LIST}"' in member.get(P).text


def test_a_new_password_empties_the_list(shop: Shop, member: Browser) -> None:
    """A session that the application's new password has ended is not listed any more."""
    stamps = ["first"]
    shop.app.extensions["vestibule"].password_stamp(lambda _user: stamps[-1])
    again, other = elsewhere(member), elsewhere(member)
    assert id_of(other) in {s["id"] for s in listed(again)}

    stamps.append("second")
    newest = elsewhere(member)

    told = {s["id"] for s in listed(newest)}
    assert not told & {id_of(again), id_of(other)}
    assert id_of(newest) in told


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host whose staff may act as anybody."""
    made = flask_login_host(tmp_path)
    door = made.vestibule
    assert door is not None
    door.may_act_as(lambda staff, _user: staff.id == "sam")

    @made.app.post("/act-as/<name>")
    def act_as(name: str) -> str:
        with door.acting_as(HostUser(name), reason="asked"):
            login_user(HostUser(name))
        return "acting"

    @made.app.post("/sign-out/<name>")
    def sign_out(name: str) -> str:
        return str(door.sign_out(HostUser(name), by="sam", reason=request.form["reason"]))

    yield made
    made.close()


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ATK-38")
def test_whoever_acts_neither_sees_nor_ends(host: Host) -> None:
    """Somebody who acts as a user sees none of the user's sessions, and ends none."""
    phone, of_sam = host.enrol("ada"), host.enrol("sam")
    ada, sam = host.browser(), host.browser()
    ada.login("ada")
    ada.second_step(phone)
    sam.login("sam")
    sam.second_step(of_sam)
    assert sam.client.post("/act-as/ada").text == "acting"
    found = next(
        s for s in ada.client.get(P, headers=PROGRAM).get_json()["sessions"] if s["current"]
    )

    def refusals() -> list[TestResponse]:
        return [
            sam.client.get(P, headers=PROGRAM),
            sam.client.post(OTHERS, json={}),
            sam.client.post(f"{P}/{found['id']}/end", json={}),
        ]

    assert {r.get_json()["error"] for r in refusals()} == {"acting_for_somebody"}
    assert ada.is_in()


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_an_owner_sees_whoever_acts_and_ends_it(host: Host) -> None:
    """Whoever works for the site and is here as a user stands in the user's list, and is ended."""
    phone, of_sam = host.enrol("ada"), host.enrol("sam")
    ada, sam = host.browser(), host.browser()
    sam.login("sam")
    sam.second_step(of_sam)
    sam.client.post("/act-as/ada")
    ada.login("ada")
    ada.second_step(phone)
    assert sam.is_in()

    page = ada.get(P).text
    assert "Somebody who works for" in page
    [acting] = [s for s in ada.client.get(P, headers=PROGRAM).get_json()["sessions"] if s["acting"]]
    assert ada.client.post(f"{P}/{acting['id']}/end", json={}).status_code == 200

    assert not sam.is_in()


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_a_host_signs_somebody_out(host: Host) -> None:
    """The application's own page ends every session of a user, at the next request of each."""
    phone, of_bob = host.enrol("ada"), host.enrol("bob")
    browsers = [host.browser(), host.browser()]
    for browser in browsers:
        browser.login("ada", remember="yes")
        browser.second_step(phone)
    bob = host.browser()
    bob.login("bob")
    bob.second_step(of_bob)

    # The set-up left a session of its own.
    assert bob.client.post("/sign-out/ada", data={"reason": "stolen"}).text == "3"

    assert [browser.is_in() for browser in (*browsers, bob)] == [False, False, True]
    assert bob.client.post("/sign-out/ada", data={"reason": "stolen"}).text == "0"


AGENTS = {
    FIREFOX: ("Firefox", "Windows"),
    CHROME: ("Chrome", "Android"),
    "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0": ("Edge", "Windows"),
    "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36 OPR/110.0": ("Opera", "Linux"),
    "Mozilla/5.0 (X11; CrOS x86_64 14541) Chrome/140.0 Safari/537.36": ("Chrome", "ChromeOS"),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile/15E148 Safari/604.1": (
        *("Safari", "iPhone"),
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15": (
        *("Safari", agents.MAC_OR_IPAD),
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15) CriOS/140 Version/18 Safari/605.1": (
        *("Chrome", "iPad"),
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko Firefox/140.0": (
        *("Firefox", "Mac"),
    ),
    "Mozilla/5.0 (Linux; Android 15; wv) Version/4.0 Chrome/140.0 Safari/537.36": (
        *(None, "Android"),
    ),
    "curl/8.0": (None, None),
    "": (None, None),
}


@pytest.mark.parametrize(("agent", "told"), AGENTS.items(), ids=str)
def test_what_a_browser_is_called(agent: str, told: tuple[str | None, str | None]) -> None:
    """A browser is called by what it says of itself, and by nothing where that says nothing."""
    assert (agents.browser_of(agent), agents.system_of(agent)) == told


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Windows"),
        ("Something (X11; Linux x86_64)", "A browser on Linux"),
        ("Firefox/140.0", "Firefox"),
        ("<script>alert(1)</script>", "A browser"),
        ("", "A browser"),
    ],
)
def test_what_the_page_calls_a_browser(member: Browser, agent: str, name: str) -> None:
    """The page says which browser on which system as far as that is known, and never more."""
    elsewhere(member, agent)
    page = member.get(P).text

    assert re.findall(r"<h2[^>]*>(.*?)</h2>", page)[1] == name
    assert "alert(1)" not in page


def test_the_extension_signs_out_outside_a_request(shop: Shop, member: Browser) -> None:
    """`sign_out` works in a script of the application's, too."""
    with shop.app.app_context():
        assert Vestibule.sign_out(User("maren"), by="a script", reason="left the company") == 1

    assert not member.is_signed_in()
    [fact] = shop.events("sessions_ended")
    assert fact["data"] == {"by": "a script", "reason": "left the company", "count": 1}
