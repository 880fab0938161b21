import ast
import re
from collections.abc import Iterator
from dataclasses import asdict
from html import unescape
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.ext import extract_from_ast
from tests.core.site import LETTERS
from tests.flask.shop import Shop
from tests.flask.tour import tour

import vestibule.flask
from vestibule.core import registry
from vestibule.core.presentation import Presentation

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


def test_plain_words_on_every_page(tmp_path: Path) -> None:
    """No page in any state shows or speaks a word of the house."""
    shop = tour(Shop.open(tmp_path))
    shop.close()
    pages = [answer for answer in shop.seen if answer.mimetype == "text/html"]
    words = {
        f"{page.request.path}: {found[0]}"
        for page in pages
        if (found := OURS.search(spoken(page.text)))
    }

    assert len({page.text for page in pages}) > 60
    assert words == set()


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
