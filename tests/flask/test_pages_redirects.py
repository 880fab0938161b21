import re
from urllib.parse import quote, urlencode

import pytest
from tests.flask.shop import PAGE, Browser, Shop
from tests.flask.test_navigation import ELSEWHERE
from tests.flask.tour import CODES, CONFIRM, LOGIN, SETUP

# What a host can be made to send at all: no line of a head may be broken in two.
WANTED = [w for w in ELSEWHERE if not re.search(r"[\r\n\x00]", w)]
SPELLINGS = [
    *WANTED,
    *(quote(wanted, safe="") for wanted in WANTED[:8]),
    *(quote(quote(wanted, safe=""), safe="") for wanted in WANTED[:8]),
]
OWN = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


def is_own(location: str | None) -> bool:
    """Say whether a browser that goes there stays here."""
    return bool(OWN.fullmatch(location or ""))


@pytest.mark.row("ATK-44", "W1", "ASVS-3.7.2")
def test_where_a_login_leads(member: Browser) -> None:
    """However a login was told to lead away, it leads to the second step and then stays here."""
    for wanted in SPELLINGS:
        member.sign_out()
        path = "/login?" + urlencode({"next": wanted})
        assert member.give_password(path=path).location == LOGIN
        finished = member.ask(LOGIN, {"code": member.next_code()})
        assert finished.status_code == 200, wanted
        assert is_own(finished.get_json()["location"]), wanted


@pytest.mark.row("ATK-44")
@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("?next=/orders%3Fpage=2", "/orders?page=2"),
        ("?next=/orders&next=//e.test", "/orders"),
        ("?next=//e.test&next=/orders", "/"),
        ("?next=http://localhost/orders", "/orders"),
        ("?next=http://e.test/orders", "/"),
        ("", "/"),
    ],
)
def test_where_a_form_leads(member: Browser, query: str, location: str) -> None:
    """The page one wanted is kept on our side, and is where the right code leads."""
    member.sign_out()
    door = member.give_password(path=f"/login{query}")
    member.get(LOGIN)

    assert door.location == LOGIN
    assert "orders" not in member.get(LOGIN).text
    assert member.send(LOGIN, code=member.next_code()).location == location


@pytest.mark.row("ATK-44")
def test_what_comes_with_the_code_does_not_count(waiting: Browser) -> None:
    """Neither a query nor a field that comes with the code says where it leads."""
    away = "https://e.test/"
    path = f"{LOGIN}?next={away}&method={away}&done={away}"
    code = waiting.next_code()
    answer = waiting.send(path, code=code, next=away, wanted=away, location=away)

    assert answer.location == "/"


@pytest.mark.row("ATK-44")
def test_where_a_fresh_proof_leads(member: Browser) -> None:
    """A fresh proof leads to the page that asked for it, and for a form to the page it was on."""
    for referrer, location in (
        ("http://localhost/orders?page=2", "/orders?page=2"),
        ("https://e.test/orders", "/pay"),
        ("http://localhost//e.test/", "/pay"),
        ("javascript:alert(1)", "/pay"),
        ("", "/pay"),
    ):
        member.shop.clock.move(seconds=301)
        headers = PAGE | {"Referer": referrer}
        assert member.open("POST", "/pay", headers=headers).location == CONFIRM
        member.get(CONFIRM)
        assert member.send(CONFIRM, code=member.next_code()).location == location
    member.shop.clock.move(seconds=301)
    member.get("/pay?amount=3")
    assert (
        member.ask(CONFIRM, {"code": member.next_code()}).get_json()["location"] == "/pay?amount=3"
    )


@pytest.mark.row("ATK-44")
@pytest.mark.parametrize("sealed", ["", "é", "x" * 3000, "AAAA", "//e.test", "a=b"])
def test_a_forged_wish(member: Browser, sealed: str) -> None:
    """A forged cookie about where one was going leads to the list of one's ways."""
    member.shop.clock.move(seconds=301)
    member.get(CONFIRM)
    member.client.set_cookie("vestibule-default-next", sealed)

    assert member.send(CONFIRM, code=member.next_code()).location == "/two-step/"


def test_anothers_wish(member: Browser) -> None:
    """The wish of another login, moved into this browser, leads to the list of one's ways."""
    other = member.shop.browser().join("tobias")
    member.shop.clock.move(seconds=301)
    other.get("/pay")
    member.get(CONFIRM)
    member.client.set_cookie("vestibule-default-next", other.cookies()["vestibule-default-next"])

    assert member.send(CONFIRM, code=member.next_code()).location == "/two-step/"


NAMES = [
    {"Host": "e.test"},
    {"Host": "localhost.e.test"},
    {"Host": "e.test:80"},
    {"Host": "e.test", "X-Forwarded-Host": "e.test"},
    {"X-Forwarded-Host": "e.test"},
    {"X-Forwarded-Host": "e.test, localhost", "X-Forwarded-Proto": "https"},
    {"X-Host": "e.test", "X-Original-Host": "e.test", "X-Forwarded-Server": "e.test"},
    {"X-Original-URL": "//e.test/", "X-Rewrite-URL": "//e.test/", "X-Forwarded-Prefix": "//e.test"},
    {"Forwarded": "host=e.test;proto=https;for=203.0.113.7"},
]


@pytest.mark.row("ATK-45")
@pytest.mark.parametrize("headers", NAMES, ids=" ".join)
def test_the_name_a_request_gives(shop: Shop, headers: dict[str, str]) -> None:
    """Nothing we answer, redirect to, encode or send is built from the name a request gives us."""
    browser = shop.browser()
    browser.headers = headers
    browser.join().sign_out().wait()
    for path in ("/two-step/", LOGIN, SETUP, CODES, CONFIRM, "/orders"):
        browser.get(path)
        browser.ask(path, method="GET")
    browser.send(LOGIN, code=browser.next_code())

    for answer in shop.seen:
        assert "e.test" not in f"{answer.headers}", answer.request.path
        assert "e.test" not in answer.text, answer.request.path
    assert shop.rows()["message"]
    assert "e.test" not in repr(shop.rows("event"))


def test_a_request_line_with_a_name(waiting: Browser) -> None:
    """A request line that holds a whole address is answered like one that holds a path."""
    raw = {"REQUEST_URI": f"http://e.test{LOGIN}", "RAW_URI": f"http://e.test{LOGIN}"}
    answer = waiting.open("GET", LOGIN, headers=PAGE, environ_overrides=raw)

    assert answer.status_code == 200
    assert "e.test" not in answer.text
