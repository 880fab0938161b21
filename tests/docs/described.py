"""The described API as a test sees it: what a request may be answered, by docs/openapi.json."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator, FormatChecker
from tests.docs.blocks import DOCS
from tests.flask.shop import Shop
from werkzeug.test import TestResponse

DOCUMENT: dict[str, Any] = json.loads((DOCS / "openapi.json").read_text("utf-8"))
PREFIX = DOCUMENT["servers"][0]["variables"]["prefix"]["default"]
METHODS = ("get", "post")
AT_ANY_ADDRESS = (
    *("SignInAgain", "SecondStepRequired", "ProofRequired"),
    *("SecondStepNotSetUp", "ActingForSomebody", "Unavailable"),
)
"""What the application's own addresses may answer besides."""
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(value: object) -> bool:
    """Whether a text is a moment with its zone."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@dataclass(frozen=True, order=True)
class Told:
    """One kind of answer: to which operation, with which status, by the name of its schema."""

    operation: str
    status: int
    schema: str


def words_of(schema: str) -> set[str]:
    """What an answer of this schema may say it is: its `status` or `error`."""
    fields = DOCUMENT["components"]["schemas"][schema].get("properties", {})
    return set(fields.get("error", fields.get("status", {})).get("enum", ()))


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to; anything else is itself."""
    found: Any = DOCUMENT
    for step in node["$ref"].removeprefix("#/").split("/") if "$ref" in node else ():
        found = found[step]
    return found if "$ref" in node else node


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every path and method that the file describes."""
    for path, item in DOCUMENT["paths"].items():
        yield from ((path, method, item[method]) for method in METHODS if method in item)


def described() -> set[Told]:
    """Every kind of answer in JSON that the file describes."""
    return {
        Told(operation["operationId"], int(status), name)
        for _, _, operation in operations()
        for status, response in operation["responses"].items()
        for name in _alternatives(resolved(response))
    }


NOT_JSON = {"vestibule.static", "vestibule.receipt", "vestibule.script"}
"""Files, and what only carriers ask for."""


def real_operations(app: Flask) -> set[tuple[str, str]]:
    """Every path and method of the blueprint that answers in JSON, as the file writes them."""
    return {
        (_templated(rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("vestibule.") and rule.endpoint not in NOT_JSON
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def judged(shop: Shop, answer: TestResponse) -> Told:
    """Which of the described answers this is; anything else is an error."""
    request = answer.request
    adapter = shop.app.url_map.bind("localhost")
    rule, _ = adapter.match(request.path, request.method, return_rule=True)
    item = DOCUMENT["paths"][_templated(rule.rule)]
    operation = item[request.method.lower()]
    name = operation["operationId"]
    assert str(answer.status_code) in operation["responses"], f"{name}: {answer.status}"
    response = resolved(operation["responses"][str(answer.status_code)])
    _check_headers(answer, response)
    fitting = [n for n in _alternatives(response) if fits(n, answer.json)]
    assert len(fitting) == 1, f"{name}, {answer.status}: {answer.json} is one of {fitting}"
    return Told(name, answer.status_code, fitting[0])


def fits(schema: str, body: object) -> bool:
    """Whether a body is what the schema of that name describes."""
    return bool(_validator(schema).is_valid(body))


@cache
def _validator(schema: str) -> Draft202012Validator:
    whole = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    return Draft202012Validator(whole, format_checker=FORMATS)


def _check_headers(answer: TestResponse, response: dict[str, Any]) -> None:
    told = response.get("headers", {})
    waits = "Retry-After" in answer.headers
    assert not waits or "Retry-After" in told, answer.status
    assert waits or not told.get("Retry-After", {}).get("required"), answer.status


def _alternatives(response: dict[str, Any]) -> list[str]:
    schema = response["content"].get("application/json", {}).get("schema", {"oneOf": []})
    found = [schema] if "$ref" in schema else schema["oneOf"]
    return [one["$ref"].rpartition("/")[2] for one in found]


def _templated(rule: str) -> str:
    """A rule of Flask's as the file writes it."""
    return rule.removeprefix(PREFIX).replace("<", "{").replace(">", "}")
