"""The JSON API, sent what its own description allows and what it does not, by Schemathesis."""

from copy import deepcopy
from functools import cache
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.transport.wsgi import WSGI_TRANSPORT
from tests.docs.described import DOCUMENT, PREFIX, judged, operations
from tests.flask.json_tour import NO_LINK
from tests.fuzz.stages import NO_WAY, Stage, examples

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_NONE: Final[Any] = {"schema": {"properties": {}}}
NAMES: Final = [operation["operationId"] for _, _, operation in operations()]


@cache
def as_described() -> Any:
    """The description as it is."""
    return _schema(DOCUMENT)


@cache
def hinted(ways: tuple[str, ...], sessions: tuple[str, ...], code: str) -> Any:
    """The description, with what is real in a moment: ids, names, an origin, codes by their look.

    A description's own texts would hardly ever hit one of them.
    """
    document = deepcopy(DOCUMENT)
    real: dict[str, Any] = {
        "enrolment_id": {"enum": [*ways, NO_WAY]},
        "session_id": {"enum": [*sessions, NO_WAY]},
        "factor": {"enum": ["totp", "email", "recovery_codes"]},
        "link": {"enum": [NO_LINK]},
        "Origin": {"enum": ["https://localhost"]},
        "method": {"enum": [*ways, NO_WAY]},
        "code": {"enum": ["000000", "123 456", "1234567", code]},
        "kept": {"enum": ["yes", "no"]},
        "channel": {"enum": ["email", "sms", "call"]},
    }
    for item in document["paths"].values():
        for parameter in item.get("parameters", []):
            parameter["schema"] |= real[parameter["name"]]
        content = item.get("post", {}).get("requestBody", {}).get("content", {})
        fields = content.get("application/json", _NONE)["schema"]["properties"]
        for name in fields.keys() & real.keys():
            fields[name] |= real[name]
    document["components"]["parameters"]["Origin"]["schema"] |= real["Origin"]
    return _schema(document)


def _schema(document: dict[str, Any]) -> Any:
    found = schemathesis.openapi.from_dict(document)
    # The browser has its cookies.
    found.config.generation.update(with_security_parameters=False)
    return found


def requests_of(stage: Stage, name: str) -> st.SearchStrategy[Case[Any]]:
    """Requests to one operation: with what is real, by its description alone, and against it."""
    found = []
    sessions = [s.id for who in ("maren", "tobias") for s in stage.shop.engine.sessions(who).told]
    real = hinted(tuple(stage.ways), tuple(sessions), stage.code)
    for schema in (real, as_described()):
        operation = schema.find_operation_by_id(name)
        found.append(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        if list(operation.iter_parameters()) or len(operation.body):
            found.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    return st.one_of(found)


@pytest.mark.slow
@pytest.mark.row("W11", "ATK-01", "ATK-35", "ATK-73", "ASVS-2.2.1/2.2.2")
@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_as_described(stage: Stage, name: str) -> None:
    """Whatever a program sends, the answer is as described, and nothing changes without a proof."""
    before = stage.proven()
    asked = requests_of(stage, name)

    @examples(10, f"{stage.name} {name}")
    @given(case=asked)
    def send(case: Case[Any]) -> None:
        stage.go_back()
        request = WSGI_TRANSPORT.serialize_case(case, base_url=f"https://localhost{PREFIX}")
        request["headers"]["Accept"] = "application/json"
        request.pop("base_url")
        answer = stage.sent(**request)

        assert answer.status_code < 500
        case.validate_response(answer, checks=CHECKS)
        judged(stage.shop, answer)
        assert stage.proven() == before

    send()
