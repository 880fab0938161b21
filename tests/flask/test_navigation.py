from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from vestibule.flask.navigation import (
    LONGEST_PATH,
    is_cross_site,
    is_navigation,
    is_same_origin_json,
    own_path,
    wants_json,
)

HOST = "shop.example"
OWN = f"https://{HOST}"
PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

ELSEWHERE = [
    "//e.test",
    "///e.test",
    "////e.test",
    "\\\\e.test",
    "/\\e.test",
    "\\/e.test",
    "/\\/e.test",
    "https:e.test",
    "https:/e.test",
    "https:\\\\e.test",
    "https:///e.test",
    "https://e.test",
    "HTTPS://E.TEST/",
    "http://e.test:80/",
    "ftp://shop.example/",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "blob:https://shop.example/x",
    "/\t/e.test",
    "/\n/e.test",
    "/\r/e.test",
    "\t//e.test",
    " //e.test",
    "//e.test ",
    "/ /e.test",
    "\x00//e.test",
    "/\x00/e.test",
    "\u00a0//e.test",
    "//shop.example@e.test",
    "https://shop.example@e.test/",
    "https://shop.example:443@e.test/",
    "https://e.test#@shop.example/",
    "https://e.test?@shop.example/",
    "https://e.test\\@shop.example/",
    "https://shop.example.e.test/",
    "https://eshop.example/",
    "https://shop.example:444/",
    "https://shop。example/",
    "//e。test",
    "／／e.test",
    "/／e.test\\..\\",
    "https://[::1",
    "https://[e.test]/",
    "%2f%2fe.test",
    "%252f%252fe.test",
    "e.test",
    "?next=//e.test",
    "#//e.test",
    "",
    "/" + "a" * LONGEST_PATH,
]


def request(**headers: str) -> Request:
    """A request with these headers; a header's name is written with low lines."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request(EnvironBuilder(base_url=OWN, method="POST", headers=named).get_environ())


def followed(location: str) -> str:
    """The host a browser goes to, which drops some characters and turns others around."""
    repaired = "".join(c for c in location if c not in "\t\n\r").strip("\x00 ").replace("\\", "/")
    return urlsplit(urljoin(f"{OWN}/login", repaired)).netloc


@pytest.mark.row("ATK-44", "W1")
@pytest.mark.parametrize("location", ELSEWHERE)
def test_nothing_leads_elsewhere(location: str) -> None:
    """A target that a browser could read as another site is no path of this one."""
    path = own_path(location, request())

    assert path is None or (path.startswith("/") and followed(path) == HOST)


@pytest.mark.row("ATK-44")
@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/", "/"),
        ("/orders?page=2&sort=up", "/orders?page=2&sort=up"),
        ("/orders#last", "/orders"),
        ("/caf%C3%A9", "/caf%C3%A9"),
        ("/%2f%2fe.test", "/%2f%2fe.test"),
        ("/login?next=//e.test", "/login?next=//e.test"),
        (f"{OWN}/orders", "/orders"),
        (f"{OWN}", "/"),
        (f"//{HOST}/orders", None),
        (f"https://{HOST.upper()}/orders", "/orders"),
    ],
)
def test_own_pages(location: str, path: str | None) -> None:
    """A target on this very site is kept as its path and query."""
    assert own_path(location, request()) == path


@given(st.text(alphabet=st.sampled_from("/\\:@?#.%25fe\t\n \x00https。／[]"), max_size=20))
@example("/.//e.test")
@example("/..//e.test")
def test_whatever_is_kept_stays_here(location: str) -> None:
    """Whatever text is taken for a path of this site, a browser that follows it stays here."""
    path = own_path(location, request())

    assert path is None or followed(path) == HOST


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({"Sec_Fetch_Mode": "navigate"}, True),
        ({"Sec_Fetch_Mode": "navigate", "Accept": "*/*"}, True),
        ({"Sec_Fetch_Mode": "cors", "Accept": PAGE}, False),
        ({"Sec_Fetch_Mode": "no-cors", "Accept": PAGE}, False),
        ({"Accept": PAGE}, True),
        ({"Accept": "TEXT/HTML"}, True),
        ({"Accept": "*/*"}, False),
        ({"Accept": "text/*"}, False),
        ({"Accept": PAGE, "Content_Type": "application/json"}, False),
        ({"Accept": "application/json"}, False),
        ({}, False),
    ],
)
def test_who_wants_a_page(*, headers: dict[str, str], shown: bool) -> None:
    """A browser that navigates says so; without its word only a plain wish for HTML counts."""
    assert is_navigation(request(**headers)) is shown


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"Content_Type": "application/json"}, True),
        ({"Content_Type": "application/json", "Accept": PAGE}, True),
        ({"Accept": "application/json"}, True),
        ({"Accept": "application/json, text/html"}, False),
        ({"Accept": PAGE}, False),
        ({}, False),
    ],
)
def test_who_wants_json(*, headers: dict[str, str], wanted: bool) -> None:
    """A program gets JSON by sending it or by asking for nothing else."""
    assert wants_json(request(**headers)) is wanted


@pytest.mark.row("ATK-42")
@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"Sec_Fetch_Site": "same-origin"}, False),
        ({"Sec_Fetch_Site": "none"}, False),
        ({"Sec_Fetch_Site": "cross-site"}, True),
        ({"Sec_Fetch_Site": "same-site"}, True),
        ({"Sec_Fetch_Site": "sideways"}, True),
        ({"Sec_Fetch_Site": "cross-site", "Origin": OWN}, True),
        ({"Origin": OWN}, False),
        ({"Origin": "https://SHOP.example"}, False),
        ({"Origin": "https://e.test"}, True),
        ({"Origin": "https://shop.example.e.test"}, True),
        ({"Origin": "https://shop.example:444"}, True),
        ({"Origin": "https://["}, True),
        ({"Origin": ""}, True),
    ],
)
def test_who_comes_from_elsewhere(*, headers: dict[str, str], foreign: bool) -> None:
    """What a browser says of where a request comes from decides for forms and for JSON alike."""
    assert is_cross_site(request(**headers)) is foreign
    headers |= {"Content_Type": "application/json"}
    assert is_same_origin_json(request(**headers)) is not foreign


@pytest.mark.row("ATK-42")
def test_a_hidden_origin() -> None:
    """A form whose origin is hidden is left to its token; JSON has none, and is refused."""
    assert not is_cross_site(request(Origin="null"))
    assert not is_same_origin_json(request(Origin="null", Content_Type="application/json"))


@pytest.mark.row("ATK-42")
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_json(kind: str) -> None:
    """What a form of another site can send without being asked first is never taken for JSON."""
    assert not is_same_origin_json(request(Content_Type=kind, Sec_Fetch_Site="same-origin"))
