import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from tests.flask.shop import Browser, Shop, said
from tests.flask.tour import tour

ALERT = "alert(1)"
PAYLOADS = [
    f"<script>{ALERT}</script>",
    f'"><img src=x onerror={ALERT}>',
    f"'><svg/onload={ALERT}>",
    f'" autofocus onfocus={ALERT} x="',
    f"</title><script>{ALERT}</script>",
    f"</svg><script>{ALERT}</script>",
    f"--><script>{ALERT}</script><!--",
    f"javascript:{ALERT}",
    "{{ 7*7 }}{% raw %}",
    "%(application)s %s %n",
    "${7*7} #{7*7} <%= 7*7 %>",
    "&lt;b&gt; &amp;quot;",
    "=HYPERLINK(1)",
    "\u202eevil\u202c \u2066x\u2069",
    "a\u0300\u0301\u0302\u0303" * 8,
    "é/ü?#&=:%2F",
    "🔑" * 3,
]
CONTROLS = ["\r\nSet-Cookie: a=b", "a\x00b", "\x1b[31mred\x1b[0m", "a\tb\nc", "\x7f\x85"]


class Reader(HTMLParser):
    """Reads a page as a browser does, and keeps what could run or lead away."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Judge an element by its name and its attributes."""
        given = dict(attrs)
        own = (given.get("src") or "").startswith("/two-step/static/")
        if tag in {"iframe", "img", "object", "embed", "base"} or (tag == "script" and not own):
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            self.texts.append(value or "")
            if name.startswith("on") or name == "style":
                self.faults.append(f"<{tag} {name}>")
            if name in {"href", "action"} and not re.match(r"/|otpauth://totp/", value or ""):
                self.faults.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        """Keep what is read."""
        self.texts.append(data)


GROUPS = [" ".join(PAYLOADS[first::3]) for first in range(3)]


@pytest.mark.row("ATK-46")
@pytest.mark.parametrize("payload", [*GROUPS, "".join(CONTROLS)])
def test_names_are_only_words(tmp_path: Path, payload: str) -> None:
    """What people and operators call themselves and the site is shown on pages, and never runs."""
    shop = Shop.open(tmp_path, VESTIBULE_ISSUER=payload, VESTIBULE_SUPPORT=payload)
    shop.account = payload
    agent = "".join(c for c in payload if c.isascii() and c.isprintable())
    walked = tour(shop, label=payload, agent=agent)
    shop.close()
    pages = [answer for answer in walked.seen if answer.mimetype == "text/html"]
    readers = [Reader(page.text) for page in pages]

    assert {fault for reader in readers for fault in reader.faults} == set()
    if payload.isprintable():
        shown = [reader for reader in readers if any(payload in text for text in reader.texts)]
        assert len(shown) > 50


@pytest.mark.row("ATK-46")
@pytest.mark.parametrize("issuer", [*GROUPS, "".join(CONTROLS)])
def test_what_an_app_reads(tmp_path: Path, issuer: str) -> None:
    """Whatever account and site are called, the app reads one label and the one secret."""
    shop = Shop.open(tmp_path, VESTIBULE_ISSUER=f"a{issuer}")
    browser = shop.browser()
    browser.give_password()
    browser.get("/two-step/")
    browser.send("/two-step/add/totp")
    for account in [*PAYLOADS, *CONTROLS]:
        shop.account = f"b{account}"
        uri = said(browser.ask("/two-step/setup", method="GET"))["otpauth"]
        parts, query = urlsplit(uri), parse_qs(urlsplit(uri).query)

        assert re.fullmatch(r"[\x21-\x7e]+", uri)
        assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
        assert unquote(parts.path).count(":") == 1
        names = ("secret", "issuer", "algorithm", "digits", "period")
        assert {name: len(values) for name, values in query.items()} == dict.fromkeys(names, 1)
    shop.close()


def test_long_names_fit_into_a_code(tmp_path: Path) -> None:
    """Names without end, in any script, are shortened until they fit into a QR code."""
    shop = Shop.open(tmp_path, VESTIBULE_ISSUER="🔑" * 500)
    shop.account = "x" * 5000
    browser = shop.browser().join()

    assert browser.phone
    assert browser.phone.label.endswith("x…")
    assert browser.is_signed_in()
    shop.close()


@pytest.mark.row("ATK-46")
def test_a_name_for_an_app(member: Browser) -> None:
    """A name for an app keeps no control characters, fits its field, and never runs."""
    path = f"/two-step/ways/{member.enrolment_id()}"
    for payload in [*PAYLOADS, *CONTROLS]:
        member.ask(f"{path}/name", {"label": payload})
        kept = member.shop.engine.own("maren", member.enrolment_id())
        assert kept
        assert len(kept.label) <= 40
        kinds = {unicodedata.category(character) for character in kept.label}
        assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        for page in ("/two-step/", f"{path}/name", f"{path}/remove"):
            reader = Reader(member.get(page).text)
            assert reader.faults == []
            assert any(kept.label in text for text in reader.texts)


@pytest.mark.row("ATK-46", "ATK-74")
def test_a_downloaded_file(tmp_path: Path) -> None:
    """The file of recovery codes is plain text under a name that nobody can choose."""
    shop = Shop.open(tmp_path, VESTIBULE_ISSUER='x"; filename="evil.html')
    browser = shop.browser().join()
    browser.send("/two-step/recovery-codes")
    browser.note_codes()
    answer = browser.send("/two-step/recovery-codes/download")
    shop.close()

    assert answer.headers["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert answer.content_type == "text/plain; charset=utf-8"
    assert browser.codes
    assert answer.text.split("\r\n")[2:-1] == browser.codes


@pytest.mark.row("ATK-46", "ATK-74")
@pytest.mark.parametrize("agent", ["x" * 5000, "<script>", "\x1b[31m", "é", "a\x00b"], ids=repr)
def test_a_browsers_name(shop: Shop, agent: str) -> None:
    """What a browser calls itself is kept in the audit trail, printable and not without end."""
    browser = shop.browser()
    browser.headers = {"User-Agent": agent}
    browser.join()
    (event,) = shop.events("enrolment_confirmed")

    assert 0 < len(event["agent"]) <= 400
    assert "".join(c for c in agent if c.isprintable()).startswith(event["agent"])
