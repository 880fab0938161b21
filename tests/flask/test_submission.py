import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.flask.shop import PAGE, Browser, Shop, said
from tests.flask.steps import STEPS, Fields, Prepare, named
from werkzeug.test import TestResponse

from vestibule.flask.submission import LARGEST_BODY

Attack = Callable[[Browser, str, Fields], TestResponse]
FORM = "application/x-www-form-urlencoded"


# --- ways in which another site, or a page that is no longer this browser's, could send them ------


def form(token: str | None = "own", **headers: str) -> Attack:
    """A form with this browser's token, another one, or none."""

    def send(browser: Browser, path: str, fields: Fields) -> TestResponse:
        given = browser.token if token == "own" else token
        data = fields if given is None else fields | {"csrf_token": given}
        return browser.open("POST", path, data=data, headers=PAGE | _spelled(headers))

    return send


def body(kind: str, **headers: str) -> Attack:
    """A body of JSON that says to be of some kind."""

    def send(browser: Browser, path: str, fields: Fields) -> TestResponse:
        named = _spelled(headers) | {"Accept": "*/*"}
        return browser.open("POST", path, data=json.dumps(fields), content_type=kind, headers=named)

    return send


def _spelled(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def attacks(old_token: str, foreign_token: str) -> dict[str, Attack]:
    """Every way that must not work, by name."""
    json_kind = "application/json"
    return {
        "form of another site": form(None, Sec_Fetch_Site="cross-site", Origin="https://e.test"),
        "form of another site that knows the token": form(
            Sec_Fetch_Site="cross-site", Origin="https://e.test"
        ),
        "form of a sister site that knows the token": form(Sec_Fetch_Site="same-site"),
        "form of another origin that knows the token": form(Origin="https://e.test"),
        "form without origin and token": form(None),
        "form of origin null": form(None, Origin="null"),
        "token of another browser": form(foreign_token),
        "token of another browser, origin null": form(foreign_token, Origin="null"),
        "token before it was renewed": form(old_token),
        "no token": form(""),
        "short token": form("AAE="),
        "odd token": form("é\x00%"),
        "text that is JSON": body("text/plain", Origin="https://e.test"),
        "text that is JSON, without origin": body("text/plain"),
        "form that is JSON": body(FORM),
        "body of no kind": body(""),
        "fetch of another site": body(json_kind, Sec_Fetch_Site="cross-site"),
        "fetch of a sister site": body(json_kind, Sec_Fetch_Site="same-site"),
        "fetch of another origin": body(json_kind, Origin="https://e.test"),
        "fetch of origin null": body(json_kind, Origin="null"),
    }


@pytest.mark.row("ATK-42", "W2", "ASVS-3.5.1", "NIST-46")
@pytest.mark.parametrize("step", STEPS, ids=named)
def test_only_our_own_pages_change_anything(shop: Shop, step: Prepare) -> None:
    """What no page shown in this very browser has sent changes nothing, whatever it is sent as."""
    browser = shop.browser()
    browser.give_password()
    browser.get("/two-step/")
    old_token = browser.token
    stranger = shop.browser()
    stranger.give_password("tobias")
    stranger.get("/two-step/")
    path, fields = step(browser.set_up())
    before, token = shop.rows(), browser.token

    let_through = []
    for name, attack in attacks(old_token, stranger.token).items():
        answer = attack(browser, path, fields)
        browser.token = token
        if shop.rows() != before or answer.status_code in {200, 500}:
            let_through.append(f"{name}: {answer.status}")

    assert let_through == []
    assert browser.send(path, **fields).status_code == 303
    assert shop.rows() != before


def test_an_old_form_is_no_loss(member: Browser) -> None:
    """Who sends a page that is too old is shown it again with a token that counts."""
    member.sign_out().wait()
    member.token = "of long ago"
    code = member.next_code()
    answer = member.send("/two-step/login", code=code)

    assert answer.status_code == 400
    assert "Nothing was lost" in answer.text
    assert member.send("/two-step/login", code=code).location == "/"


@pytest.mark.row("ATK-42")
def test_the_host_cannot_switch_protection_off(tmp_path: Any) -> None:
    """Our forms are protected also where the host has switched off the protection of its own."""
    shop = Shop.open(tmp_path, WTF_CSRF_ENABLED=False)
    browser = shop.browser().join()
    before = shop.rows()
    browser.token = ""

    assert browser.send("/two-step/add/totp").status_code == 400
    assert shop.rows() == before
    shop.close()


# --- sizes, shapes, spellings ---------------------------------------------------------------------

ODD_JSON: list[str | bytes] = [
    "",
    "{",
    "null",
    "true",
    "[]",
    '["code"]',
    '"123456"',
    "123456",
    '{"code": 123456}',
    '{"code": 12345678901234567890123456789012345678901234567890}',
    '{"code": 1e999}',
    '{"code": NaN}',
    '{"code": null}',
    '{"code": true}',
    '{"code": ["123456"]}',
    '{"code": {"$ne": ""}}',
    '{"code": {"code": {"code": "123456"}}}',
    '{"handle": 7}',
    "[" * 5000,
    b"\xff\xfe{}",
    b'{"code": "\xff\xfe"}',
]
ODD_CODES = [
    "",
    "\x00",
    "123456\x00",
    "\x00\x00\x00\x00\x00\x00",
    "12345\n",
    "123456\r\nSet-Cookie: a=b",
    "\ud800",
    "-1",
    "+12345",
    "1_2_3_4_5_6",
    "0x1234",
    "1e5",
    "1.2345",
    "١٢٣٤٥٦",
    "１２３４５６",
    "①②③④⑤⑥",
    "¹²³⁴⁵⁶",
    "१२३४५६",
    "' OR 1=1 --",
    "{{7*7}}",
    "%s%n%d",
    "7" * 65,
    "7" * 15_000,
    "ЁЁЁЁЁЁ",
    "🔑" * 20,
]
ODD_FORMS = [
    b"code=%ff%fe",
    b"code=%00",
    b"code=1&code=2&code=3",
    b"&".join(b"p%d=x" % n for n in range(2000)),
    b"code[]=1&code[a]=2",
    b"=&=&=",
    b"\xff\xfe\x00",
    b"code=" + b"%" * 100,
]
FORMS = [FORM, "multipart/form-data; boundary=x", "multipart/form-data"]


@pytest.mark.row("ATK-73", "ATK-79")
@pytest.mark.parametrize("kind", ["form", "JSON", "chunks"])
def test_a_long_body_is_not_read(waiting: Browser, kind: str) -> None:
    """A code of a megabyte is refused at once: nothing is parsed, compared, hashed or counted."""
    digits = b"7" * 1_000_000
    options: dict[str, dict[str, Any]] = {
        "form": {"data": b"code=" + digits, "content_type": FORM},
        "JSON": {"data": b'{"code": "' + digits + b'"}', "content_type": "application/json"},
        "chunks": {
            "headers": {"Transfer-Encoding": "chunked"},
            "environ_overrides": {"wsgi.input": Endless(), "wsgi.input_terminated": True},
        },
    }
    before = waiting.shop.rows()
    for _ in range(2):  # the first time the page has still to be compiled
        began = time.thread_time()
        answer = waiting.open("POST", "/two-step/login", **options[kind])
        took = time.thread_time() - began

        assert answer.status_code == 413
    assert took < 0.05
    assert waiting.shop.rows() == before


class Endless:
    """A body that must not be read."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError(size)

    readline = read


@pytest.mark.row("ATK-73", "ATK-71", "W11")
def test_odd_json(waiting: Browser) -> None:
    """JSON in which the code is no text is refused as such, and counts as no try."""
    before = waiting.shop.rows()
    answers = {
        str(sent)[:40]: waiting.open(
            "POST", "/two-step/login", data=sent, content_type="application/json"
        )
        for sent in ODD_JSON
    }

    assert {sent for sent, answer in answers.items() if answer.status_code != 400} == set()
    assert {said(answer)["error"] for answer in answers.values()} == {"bad_request"}
    assert waiting.shop.rows() == before


@pytest.mark.row("ATK-72", "ATK-73", "W11", "W12")
def test_odd_codes(member: Browser) -> None:
    """Whatever is typed in the place of a code is one refused try, and a page says so."""
    found = []
    for code in ODD_CODES:
        member.sign_out().wait()
        answer = member.ask("/two-step/login", {"code": code})
        if (answer.status_code, said(answer)["error"]) != (422, "malformed"):
            found.append((code[:40], answer.status))
        page = member.send("/two-step/login", code=code.encode("utf-8", "ignore").decode())
        if page.status_code != 422 or 'role="alert"' not in page.text:
            found.append((code[:40], page.status))

    assert found == []
    tries = member.shop.events("answer_rejected")
    assert len(tries) == 2 * len(ODD_CODES)
    assert member.send("/two-step/login", code=member.next_code()).location == "/"


@pytest.mark.row("ATK-73")
@pytest.mark.parametrize("kind", FORMS)
def test_odd_forms(waiting: Browser, kind: str) -> None:
    """A form that is broken, doubled or of thousands of fields is refused, and counts as no try."""
    before = waiting.shop.rows()
    answers = {
        sent[:40]: waiting.open(
            "POST", "/two-step/login", data=sent, content_type=kind, headers=PAGE
        ).status_code
        for sent in ODD_FORMS
    }

    assert {sent: status for sent, status in answers.items() if status not in {400, 413}} == {}
    assert waiting.shop.rows() == before


@pytest.mark.row("ATK-71")
def test_leading_zeros(waiting: Browser) -> None:
    """A code keeps its leading zeros, and without them it is another."""
    assert waiting.phone
    clock = waiting.shop.clock
    # Move on to a moment at which the code begins with a zero.
    while not waiting.phone.code(clock.now()).startswith("0"):
        clock.move(seconds=30)
    waiting.sign_out().wait()
    code = waiting.phone.code(clock.now())

    assert waiting.ask("/two-step/login", {"code": code.lstrip("0")}).status_code == 422
    assert waiting.ask("/two-step/login", {"code": int(code)}).status_code == 400
    assert waiting.ask("/two-step/login", {"code": code}).status_code == 200


@pytest.mark.row("ATK-29")
def test_one_name_twice(waiting: Browser) -> None:
    """Of a name that a program sends twice the last counts, and the other is no second guess."""
    right = waiting.next_code()
    for codes, status in (
        ((right, waiting.wrong_code()), 422),
        ((waiting.wrong_code(), right), 200),
    ):
        sent = "{" + ",".join(f'"code": "{code}"' for code in codes) + "}"
        answer = waiting.open("POST", "/two-step/login", data=sent, content_type="application/json")
        assert answer.status_code == status


def test_the_largest_body(waiting: Browser) -> None:
    """A body of the size we allow is read, and one byte more is not."""
    fields = {"csrf_token": waiting.token, "code": ""}
    rest = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    for size, status in ((LARGEST_BODY, 422), (LARGEST_BODY + 1, 413)):
        sent = rest + b"7" * (size - len(rest))
        answer = waiting.open("POST", "/two-step/login", data=sent, content_type=FORM, headers=PAGE)
        assert answer.status_code == status


def test_a_lost_form_gives_up_no_login(shop: Shop) -> None:
    """Who gives a login up by a form that is too old is told so, and the login still waits."""
    member = shop.browser().join().sign_out().wait()
    member.token = "of long ago"

    answer = member.send("/two-step/cancel")

    assert answer.status_code == 400
    assert "Nothing was lost" in answer.text
    passage = member.passage()
    assert passage is not None
    assert passage.is_pending(shop.clock.now())
