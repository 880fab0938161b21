"""What docs/openapi.json says of the JSON API is so."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.docs.blocks import DOCS
from tests.docs.described import (
    AT_ANY_ADDRESS,
    DOCUMENT,
    PREFIX,
    Told,
    described,
    fits,
    judged,
    operations,
    real_operations,
    words_of,
)
from tests.docs.openapi_form import DOCUMENT_FORM
from tests.flask.json_tour import STORIES, open_shop
from tests.flask.shop import Shop
from tests.flask.tour import tour
from werkzeug.test import TestResponse

from openapi import FILE, written

# It takes a code judged while its time runs out, which no tour can bring about.
ONLY_BY_A_RACE = {Told("confirm_setup", 410, "GoneFirst"), Told("answer_try", 410, "Gone")}
# It takes a carrier that makes codes itself and then does not answer.
ONLY_BY_A_CARRIER = {
    Told(operation, 422, "Unchecked")
    for operation in ("answer", "answer_confirm", "answer_try", "confirm_setup")
}
UNSEEN = ONLY_BY_A_RACE | ONLY_BY_A_CARRIER
ERROR = re.compile(r"^\| (\d{3}) \| `(\w+)` \|", re.MULTILINE)


def nodes_of(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in the file, however deep."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from nodes_of(inner)


def in_json(shop: Shop, *, ours: bool = True) -> list[TestResponse]:
    """What our own addresses have answered in JSON, or the application's."""
    answers = [answer for answer in shop.seen if answer.is_json]
    return [a for a in answers if a.request.path.startswith(f"{PREFIX}/") is ours]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop nobody has been to."""
    opened = Shop.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> list[Shop]:
    """The shops of every story of the tour in JSON, closed."""
    folder = tmp_path_factory.mktemp("shops")
    found = []
    for story in STORIES:
        shop = open_shop(folder / story.__name__)
        story(shop)
        shop.close()
        found.append(shop)
    return found


# --- the file -------------------------------------------------------------------------------------


def test_the_file_is_what_its_tool_writes() -> None:
    """The file in the documents is what tools/openapi.py writes now."""
    assert FILE.read_text("utf-8") == written(), "run: .venv/bin/python tools/openapi.py"


def test_the_file_has_the_form_of_openapi() -> None:
    """The file has the objects and fields of OpenAPI 3.1, and each of its schemas is one."""
    faults = [error.message for error in Draft202012Validator(DOCUMENT_FORM).iter_errors(DOCUMENT)]
    schemas = [node["schema"] for node in nodes_of(DOCUMENT["paths"]) if "schema" in node]

    assert faults == []
    for schema in (*schemas, *DOCUMENT["components"]["schemas"].values()):
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere() -> None:
    """Every reference in the file leads to a part that is there, and every part is referred to."""
    used = {node["$ref"] for node in nodes_of(DOCUMENT) if "$ref" in node}
    parts = {
        f"#/components/{kind}/{name}"
        for kind, named in DOCUMENT["components"].items()
        for name in named
        if kind != "securitySchemes"
    }

    assert used == parts


def test_names_in_the_file_belong_together() -> None:
    """Each operation has a name of its own; tags, cookies and names in addresses are declared."""
    names = [operation["operationId"] for _, _, operation in operations()]
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    cookies = DOCUMENT["components"]["securitySchemes"].keys()

    assert len(set(names)) == len(names)
    for path, _, operation in operations():
        assert set(operation["tags"]) <= tags
        assert {name for needed in operation["security"] for name in needed} <= cookies
        declared = DOCUMENT["paths"][path].get("parameters", [])
        assert re.findall(r"{(\w+)}", path) == [parameter["name"] for parameter in declared]


def test_the_quickstart_names_the_same_errors() -> None:
    """The file and the quickstart's table know the same errors, with the same statuses."""
    page = (DOCS / "quickstart.md").read_text("utf-8")
    told = {(error, int(status)) for status, error in ERROR.findall(page)}
    file = {(word, t.status) for t in described() if t.status >= 400 for word in words_of(t.schema)}

    assert file == told


# --- the application ------------------------------------------------------------------------------


def test_the_file_knows_every_address(shop: Shop) -> None:
    """The file's paths and methods are those of the real addresses, no more and no fewer."""
    assert {(path, method) for path, method, _ in operations()} == real_operations(shop.app)


def test_every_answer_is_described_and_every_description_is_given(shops: list[Shop]) -> None:
    """A tour in JSON gets every kind of answer that the file describes, and no other."""
    seen = {judged(shop, answer) for shop in shops for answer in in_json(shop)}

    assert seen == described() - UNSEEN


def test_every_word_is_said(shops: list[Shop]) -> None:
    """Each word that a schema allows for what was done or refused is said somewhere."""
    said: dict[str, set[str]] = {}
    for shop in shops:
        for answer in in_json(shop):
            body = answer.json or {}
            word = body.get("error", body.get("status"))
            said.setdefault(judged(shop, answer).schema, set()).update([word] if word else [])
    schemas = {t.schema for t in described() - UNSEEN}

    assert said == {schema: words_of(schema) for schema in schemas}


def test_the_tour_of_the_pages_is_described_too(tmp_path: Path) -> None:
    """What a tour of the pages is answered in JSON now and then is described as well."""
    shop = tour(Shop.open(tmp_path))
    shop.close()

    assert len({judged(shop, answer) for answer in in_json(shop)}) > 5


def test_what_the_gate_says_at_other_addresses(shops: list[Shop]) -> None:
    """What the gate refuses at the application's own addresses is what the file says it may be."""
    refused = [a for shop in shops for a in in_json(shop, ours=False) if a.status_code >= 400]
    fitting = [[name for name in AT_ANY_ADDRESS if fits(name, a.json)] for a in refused]

    assert {len(names) for names in fitting} == {1}
    assert {"SecondStepRequired", "ProofRequired"} <= {names[0] for names in fitting}


# --- the comparison itself ------------------------------------------------------------------------


def another_status(answer: TestResponse) -> None:
    """A status that the file does not tell."""
    answer.status_code = 418


def another_field(answer: TestResponse) -> None:
    """A field that the file does not tell."""
    answer.set_data('{"methods": [], "only_way": false, "more": 1}')


def another_kind(answer: TestResponse) -> None:
    """A field of another kind."""
    answer.set_data('{"methods": "none", "only_way": false}')


def no_moment(answer: TestResponse) -> None:
    """A moment that is none."""
    answer.set_data('{"methods": [], "only_way": false, "reset_at": "tomorrow"}')


def another_header(answer: TestResponse) -> None:
    """A wait that the file does not tell."""
    answer.headers["Retry-After"] = "5"


@pytest.mark.parametrize(
    "alter",
    [another_status, another_field, another_kind, no_moment, another_header],
    ids=lambda alter: alter.__name__,
)
def test_an_answer_that_is_not_described_is_found(
    shop: Shop, alter: Callable[[TestResponse], None]
) -> None:
    """An answer that the file does not tell of, in any part, fails the comparison."""
    browser = shop.browser()
    browser.give_password()
    answer = browser.ask(f"{PREFIX}/", method="GET")
    assert judged(shop, answer) == Told("manage", 200, "Overview")
    alter(answer)

    with pytest.raises((AssertionError, ValueError)):
        judged(shop, answer)
