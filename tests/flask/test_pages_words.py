import ast
import re
from collections.abc import Iterator
from dataclasses import asdict
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment
from jinja2.ext import extract_from_ast
from tests.core.site import LETTERS
from tests.flask.shop import Shop
from tests.flask.tour import tour
from werkzeug.test import TestResponse

import vestibule.flask
import words
from vestibule.core import registry
from vestibule.core.presentation import Presentation
from vestibule.testing import deliver

HOUSE = Path(vestibule.flask.__file__).parent
FACTORS = HOUSE.parent / "factors"
NO_TEXT = {"icon", "questions"}
"""What a presentation holds besides texts."""
OURS = re.compile(
    r"\b(factors?|challenges?|enrol\w*|grants?|granted|second doors?|denied|disabled"
    r"|passages?|realms?|subjects?|verdicts?|ledgers?|tokens?|purposes?)\b",
    re.IGNORECASE,
)
"""Words of ours that a person must never have to know."""
OURS_IN_GERMAN = re.compile(
    r"\b(\w*faktor(en)?|challenges?|herausforderung\w*|einschreib\w*|registrier\w*|enrol\w*"
    r"|gewähr\w*|grants?|zweite\w* tür\w*|verweiger\w*|abgelehnt\w*|deaktivier\w*|gesperrt\w*"
    r"|passagen?|durchgang|realms?|subjekte?|verdikte?|tokens?|verifizier\w*|authentifizier\w*)\b",
    re.IGNORECASE,
)
"""The same in German, and what German forms say where plain words would do."""
SAME = 12
"""Up to so many letters a text may well be the same in both languages: Code, Name."""


def texts_of_modules() -> Iterator[str]:
    """Every text that a module hands to gettext."""
    for path in sorted(HOUSE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "_":
                yield str(ast.literal_eval(node.args[0]))


def texts_of_factors() -> Iterator[str]:
    """Every text by which a factor presents itself."""
    for kind in registry.types([*registry.house_names(), LETTERS]).values():
        shown: Presentation = kind.presentation  # type: ignore[attr-defined]
        yield from (str(text) for name, text in asdict(shown).items() if name not in NO_TEXT)
        for question in shown.questions:
            yield from (question.label, question.hint)


def texts_of_templates() -> Iterator[str]:
    """Every text that a template hands to gettext."""
    environment = Environment(autoescape=True)
    for path in sorted((*HOUSE.rglob("templates/**/*.html"), *FACTORS.rglob("*.html"))):
        found = extract_from_ast(environment.parse(path.read_text()), gettext_functions=("_",))
        yield from (str(text) for _, _, text in found)


def spoken(html: str) -> str:
    """The words of a page: its text, and the attributes that are read out."""
    said = re.findall(r'(?:aria-label|alt|title|data-[a-z]+)="([^"]*)"', html)
    text = re.sub(r"<(style|script)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return unescape(" ".join([re.sub(r"<[^>]*>", " ", text), *said]))


def test_plain_words_in_the_source() -> None:
    """No text of ours, whether it is ever shown or not, has a word of the house in it."""
    texts = [*texts_of_modules(), *texts_of_templates(), *texts_of_factors()]

    assert len(texts) > 100
    assert [text for text in texts if OURS.search(text)] == []


def whole_tour(folder: Path, **config: Any) -> list[TestResponse]:
    """Every page in every state, those of codes that are sent included."""
    shop = Shop.open(folder / "shop", **config)
    tour(shop)
    shop.close()
    other = Shop.open(folder / "other", VESTIBULE_FACTORS=["phone", "email"], **config)
    _visit_what_sends(other)
    other.close()
    return [answer for answer in shop.seen + other.seen if answer.mimetype == "text/html"]


def _visit_what_sends(shop: Shop) -> None:
    """Add a number and an address, wrongly first, and sign in with them too often."""
    browser = shop.browser()
    browser.give_password()
    browser.get("/two-step/")
    for name, bad, good in (
        ("email", {"address": "x"}, {"address": "maren@post.example"}),
        ("phone", {"number": "1"}, {"country": "DE", "number": "+4915112345678"}),
    ):
        browser.get(f"/two-step/add/{name}")
        browser.send(f"/two-step/add/{name}", **bad)
        browser.send(f"/two-step/add/{name}", **good)
        browser.get("/two-step/setup")
        browser.send("/two-step/setup/send?channel=call")
        for code in ("no code", "000000", sent_code(shop)):
            browser.send("/two-step/setup", code=code)
        browser.get(f"/two-step/?done=added&way={name}")
    browser.sign_out().wait()
    browser.get("/two-step/login/help")
    for _ in range(6):
        browser.send(f"/two-step/login/send?method={browser.enrolment_id('phone')}")
        shop.clock.move(seconds=100)
    browser.get("/two-step/login")


def sent_code(shop: Shop) -> str:
    """The code that was sent last."""
    deliver(shop.app)
    found = (re.search(r"\b\d{6}\b", message.text) for message in shop.inbox.messages)
    return next(code[0] for code in found if code)


def test_plain_words_on_every_page(tmp_path: Path) -> None:
    """No page in any state shows or speaks a word of the house."""
    pages = whole_tour(tmp_path)
    words = {
        f"{page.request.path}: {found[0]}"
        for page in pages
        if (found := OURS.search(spoken(page.text)))
    }

    assert len({page.text for page in pages}) > 60
    assert words == set()


def test_plain_words_in_german() -> None:
    """No German text of ours has a word of the house in it."""
    (path,) = (path for path in words.catalogues() if path.parts[-3] == "de")
    texts = [str(message.string) for message in words.read(path) if message.id]

    assert len(texts) > 200
    assert [text for text in texts if OURS_IN_GERMAN.search(text)] == []


def test_german_on_every_page(tmp_path: Path) -> None:
    """Where German is told, no page in any state has a word of the house or an English sentence."""
    pages = whole_tour(tmp_path, VESTIBULE_LANGUAGES=["de"])
    english = [text for text in words.texts() if len(text) > SAME and "%(" not in text]
    found = set()
    for page in pages:
        said = spoken(page.text)
        found |= {(page.request.path, word[0]) for word in OURS_IN_GERMAN.finditer(said)}
        ours = page.request.path.startswith("/two-step/") and "static" not in page.request.path
        if ours and "Location" not in page.headers:
            assert '<html lang="de" dir="ltr">' in page.text, page.request.path
            found |= {(page.request.path, text) for text in english if text in said}

    assert len({page.text for page in pages}) > 60
    assert found == set()


@pytest.mark.row("W12")
def test_every_refused_page_says_why(tmp_path: Path) -> None:
    """Every page that refuses something has a heading and a sentence, and one thing to do next."""
    shop = tour(Shop.open(tmp_path))
    shop.close()
    refusals = [
        page
        for page in shop.seen
        if page.mimetype == "text/html"
        and page.status_code >= 400
        and page.request.path.startswith("/two-step/")
        and "/static/" not in page.request.path
    ]

    assert {page.status_code for page in refusals} == {
        400,
        403,
        404,
        409,
        410,
        413,
        422,
        429,
        503,
    }
    for page in refusals:
        main = page.text.partition("<main")[2]
        assert re.search(r"<h1>[^<]+</h1>", main), page.request.path
        assert 'role="alert"' in main or "v-lead" in main, page.request.path
        if page.status_code not in {413, 403, 503}:
            assert re.search(r"<(a|button)\b", main), page.request.path
