import re
from pathlib import Path
from typing import Any

import pytest
from tests.flask.shop import PAGE, Browser, Shop
from tests.flask.tour import CONFIRM, LOGIN

GARBAGE = ["x", "é", "." * 10, "a.b.c.d.e.f", "x" * 3000, '"', "\\", "%00", "AAAA=", "\u2028"]
COOKIES = ("session", "vestibule-default", "vestibule-default-browser", "vestibule-default-next")


def routes(browser: Browser, enrolment_id: str) -> list[tuple[str, str]]:
    """Every route of ours with each of its methods."""
    values = {"factor": "totp", "enrolment_id": enrolment_id, "filename": "code.js", "link": "x"}
    values |= {"session_id": enrolment_id, "provider": "twilio_messaging", "token": "x"}
    return [
        (method, re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], rule.rule))
        for rule in browser.shop.app.url_map.iter_rules()
        if rule.endpoint.startswith("vestibule.")
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
    ]


def broken(browser: Browser, enrolment_id: str) -> list[str]:
    """Ask every route in every way; return what was answered by a crash."""
    found = []
    for method, path in routes(browser, enrolment_id):
        requests: list[dict[str, Any]] = [
            {"headers": PAGE},
            {"headers": PAGE, "data": {"csrf_token": browser.token}},
            {"json": {}},
            {"json": {"code": "123456", "label": "x", "kept": "yes", "handle": "y"}},
            {"data": b"\xff", "content_type": "application/json"},
        ]
        for options in requests:
            answer = browser.open(method, path, **options)
            if answer.status_code == 500:
                found.append(f"{method} {path} {options}")
    return found


@pytest.fixture
def guarded(tmp_path: Path) -> Browser:
    """A browser of a shop in production, where an exception becomes a 500 instead of a failure."""
    return Shop.open(tmp_path, production=True).browser().join()


@pytest.mark.row("W11", "ATK-73", "ASVS-16.5.2/16.5.3")
@pytest.mark.parametrize(
    "stands", ["nobody", "waiting", "signed in", "setting up", "late", "later"]
)
def test_no_crash_wherever_one_stands(guarded: Browser, stands: str) -> None:
    """No route crashes on any kind of request: for nobody, in mid-flow, or when all has expired."""
    enrolment_id, browser, clock = guarded.enrolment_id(), guarded, guarded.shop.clock
    if stands == "nobody":
        browser = guarded.shop.browser()
    elif stands == "waiting":
        browser.sign_out().wait()
    elif stands == "setting up":
        browser.get("/two-step/")
        browser.send("/two-step/add/totp")
    elif stands == "late":
        browser.sign_out().wait()
        clock.move(seconds=601)
    elif stands == "later":
        clock.move(days=2)

    assert broken(browser, enrolment_id) == []
    guarded.shop.close()


@pytest.mark.row("W11", "ATK-06")
@pytest.mark.parametrize("name", COOKIES)
def test_no_crash_by_a_cookie(guarded: Browser, name: str) -> None:
    """No value of any cookie crashes a page or opens one."""
    name = name if name == "session" else f"__Host-{name}"
    for value in GARBAGE:
        browser = guarded.shop.browser()
        line = f"{name}={value}".encode().decode("latin-1")
        browser.headers = {"Cookie": line}
        for path in ("/two-step/", LOGIN, CONFIRM, "/two-step/setup", "/orders"):
            assert browser.get(path).status_code in {302, 303, 401, 410}
        assert browser.ask(LOGIN, {"code": "123456"}).status_code == 410
        assert browser.send(LOGIN, code="123456").status_code == 410
    guarded.shop.close()


@pytest.mark.row("W11", "ASVS-16.5.2/16.5.3")
@pytest.mark.parametrize("stands", ["nobody", "waiting", "signed in"])
def test_no_crash_without_a_store(guarded: Browser, stands: str) -> None:
    """While the database answers nothing, no route crashes, opens or tells why."""
    enrolment_id, browser = guarded.enrolment_id(), guarded
    if stands == "nobody":
        browser = guarded.shop.browser()
    elif stands == "waiting":
        browser.sign_out().wait()
    guarded.shop.break_down()

    assert broken(browser, enrolment_id) == []
    answers = [browser.get(path) for path in ("/two-step/", LOGIN, CONFIRM, "/orders")]
    tokens = browser.ask("/token", {"name": "maren", "password": "leek and potato soup"})
    assert tokens.status_code == 503
    for answer in answers:
        assert answer.status_code in {302, 303, 401, 410, 503}
        assert not re.search(r"sqlite|database|Traceback|the orders", answer.text, re.IGNORECASE)
        if answer.status_code == 503:
            assert answer.headers["Retry-After"] == "60"
            assert answer.headers["Cache-Control"] == "no-store"


def test_the_page_of_a_store_that_is_down(guarded: Browser) -> None:
    """The page that says the database is down has the site's name, our headers, and no shame."""
    guarded.shop.break_down()
    for path in ("/orders", "/two-step/"):
        answer = guarded.get(path)
        assert answer.status_code == 503
        assert "<title>We cannot check your login just now · Shop</title>" in answer.text
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.row("W11")
def test_a_person_the_host_has_lost(guarded: Browser) -> None:
    """Whoever the host deletes while signed in, or while waiting, crashes no page of ours."""
    waiting = guarded.shop.browser().wait()
    guarded.shop.people.clear()
    for browser in (guarded, waiting):
        assert broken(browser, guarded.enrolment_id()) == []
        assert browser.get("/orders").status_code != 200
    guarded.shop.close()
