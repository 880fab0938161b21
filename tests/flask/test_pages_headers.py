import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.flask.shop import Browser, Shop
from tests.flask.tour import tour
from werkzeug.test import TestResponse

POLICY = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[TestResponse]:
    """Every answer under our own prefix, as production gives them."""
    shop = tour(Shop.open(tmp_path_factory.mktemp("shop"), production=True))
    shop.close()
    return [answer for answer in shop.seen if answer.request.path.startswith("/two-step/")]


def one_of_each(answers: list[TestResponse]) -> Iterator[TestResponse]:
    """One answer of each route, status and kind."""
    chosen = {
        (re.sub(r"[0-9a-f]{32}", "id", a.request.path), a.status_code, a.mimetype): a
        for a in answers
    }
    assert len(chosen) > 50
    yield from chosen.values()


@pytest.mark.row("ASVS-3.4.1", "ASVS-3.5.8", "ATK-43", "ATK-49", "H-7")
def test_every_answer_has_its_headers(answers: list[TestResponse]) -> None:
    """Every answer of ours, whatever its status, brings our policy and our headers."""
    lacking = {
        f"{answer.request.path} {answer.status_code}: {name}"
        for answer in one_of_each(answers)
        for name, value in HEADERS.items()
        if answer.headers.get(name) != value
    }
    policies = {answer.headers.get("Content-Security-Policy") for answer in answers}

    assert lacking == set()
    (policy,) = policies
    directives = (directive.strip().split(" ", 1) for directive in str(policy).split(";"))
    assert dict(directives) == POLICY


@pytest.mark.row("ATK-48", "ASVS-14.2.2")
def test_nothing_is_kept(answers: list[TestResponse]) -> None:
    """No answer of ours may be kept by any cache, except the files that are the same for all."""
    kept = {
        answer.request.path
        for answer in answers
        if answer.headers.get("Cache-Control") != "no-store"
    }

    assert kept
    assert all(path.startswith("/two-step/static/") for path in kept)


@pytest.mark.row("ATK-49")
def test_nobody_else_may_read(answers: list[TestResponse]) -> None:
    """No answer of ours invites another origin, and no script of ours listens to one."""
    invited = {
        f"{answer.request.path}: {name}"
        for answer in answers
        for name in answer.headers.keys()  # noqa: SIM118 - not a dictionary
        if name.lower().startswith("access-control-")
    }
    scripts = [
        a.text for a in answers if a.mimetype in {"text/javascript", "application/javascript"}
    ]

    assert invited == set()
    assert len(scripts) == 3
    assert not any(re.search(r"postMessage|[\"']message[\"']|onmessage", s) for s in scripts)


@pytest.mark.row("ASVS-3.2.1", "ASVS-4.1.1")
def test_every_answer_says_what_it_is(answers: list[TestResponse]) -> None:
    """Every answer names its type, with its character set where it is text."""
    kinds = {
        answer.content_type
        for answer in answers
        if answer.status_code != 304 and not answer.request.path.startswith("/two-step/static/")
    }

    assert kinds == {"text/html; charset=utf-8", "application/json", "text/plain; charset=utf-8"}
    assert all(isinstance(a.get_json(), dict) for a in answers if a.is_json)


@pytest.mark.row("W18", "ASVS-3.6.1")
def test_pages_load_nothing_from_elsewhere(answers: list[TestResponse]) -> None:
    """Every page takes scripts, styles and pictures from our own folder, and has none inside."""
    pages = [answer.text for answer in answers if answer.mimetype == "text/html"]
    loaded = {
        address
        for page in pages
        for address in re.findall(
            r'<(?:script|link|img|iframe)\b[^>]*?(?:src|href)="([^"]*)"', page
        )
    }

    assert loaded
    assert all(address.startswith("/two-step/static/") for address in loaded)
    assert not any(
        re.search(r"<style|<script(?![^>]* src=)| style=| on\w+=", page) for page in pages
    )


@pytest.mark.row("ASVS-4.1.4")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods(member: Browser, method: str) -> None:
    """No route of ours knows another method than those it needs."""
    before = member.shop.rows()
    rules = [r for r in member.shop.app.url_map.iter_rules() if r.endpoint.startswith("vestibule.")]

    assert len(rules) > 15
    for rule in rules:
        path = rule.rule.replace("<enrolment_id>", "x").replace("<factor>", "totp")
        assert member.open(method, path.replace("<path:filename>", "code.js")).status_code == 405
    assert member.shop.rows() == before


@pytest.mark.row("ASVS-3.3.1", "W17", "NIST-47")
@pytest.mark.parametrize("remember", [False, True])
def test_cookies_in_production(real_shop: Shop, *, remember: bool) -> None:
    """Over https every cookie of ours has the prefix, the attributes and the size that guard it."""
    tick = {"remember": "yes"} if remember else {}
    browser = real_shop.browser().join()
    browser.sign_out().wait(**tick)
    browser.send("/two-step/login", code=browser.next_code())
    real_shop.clock.move(seconds=301)
    browser.get("/two-step/confirm")
    browser.get("/pay")
    browser.send("/two-step/confirm", code=browser.next_code())
    browser.sign_out()
    lines = [
        line
        for answer in real_shop.seen
        for line in answer.headers.getlist("Set-Cookie")
        if "vestibule" in line
    ]

    names = {line.partition("=")[0] for line in lines}
    suffixes = ("", "-browser", "-next")
    assert names == {f"__Host-vestibule-default{suffix}" for suffix in suffixes}
    for line in lines:
        attributes = line.split("; ")[1:]
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes), line
        assert "Domain" not in line
        assert len(line) < 1024
    lives = {
        int(found[1])
        for line in lines
        if line.startswith("__Host-vestibule-default=")
        and (found := re.search(r"Max-Age=(\d+)", line))
    }
    assert {min(lives), max(lives)} == ({0, 30 * 86400} if remember else {0})


def test_cookies_tell_nothing(member: Browser) -> None:
    """The values of our cookies are long, random, and different for each login."""
    seen = set()
    for _ in range(3):
        member.sign_out().wait()
        seen.add(member.cookies()["vestibule-default"])
        member.send("/two-step/login", code=member.next_code())
        seen.add(member.cookies()["vestibule-default"])
        values = member.cookies()["vestibule-default-browser"].split(".")
        assert len(values) <= 4
        seen |= set(values[:1])

    assert len(seen) == 9
    assert all(re.fullmatch(r"[\w-]{43}", value) for value in seen)


@pytest.mark.row("ATK-43")
def test_a_base_of_the_hosts_own(tmp_path: Path) -> None:
    """Where the pages extend the host's own base, its policy counts, and no framing is allowed."""
    shop = Shop.open(tmp_path, VESTIBULE_BASE_TEMPLATE="vestibule/base.html")
    answer = shop.browser().get("/two-step/login")
    shop.close()

    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert answer.headers["X-Frame-Options"] == "DENY"
