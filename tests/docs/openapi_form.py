"""The part of OpenAPI 3.1 that our file uses, as a JSON schema that refuses everything else."""

from typing import Any

Form = dict[str, Any]
TEXT: Form = {"type": "string", "minLength": 1}
YES: Form = {"const": True}
REF: Form = {
    "type": "object",
    "properties": {"$ref": {"type": "string", "pattern": "^#/components/"}},
    "required": ["$ref"],
    "additionalProperties": False,
}


def form(*optional: str, **fields: Form) -> Form:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": fields,
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def each(value: Form, name: str = r"^[\w.-]+$") -> Form:
    """An object with any names of one shape."""
    return {
        "type": "object",
        "minProperties": 1,
        "patternProperties": {name: value},
        "additionalProperties": False,
    }


def some(value: Form) -> Form:
    """A list that is not empty."""
    return {"type": "array", "items": value, "minItems": 1}


def either(*values: Form) -> Form:
    """One of these and none of the others."""
    return {"oneOf": list(values)}


# Every schema is looked at by itself: JSON Schema has its own form.
SCHEMA: Form = {"type": "object"}
CONTENT = each(form(schema=SCHEMA), r"^\w+/\w+$")
HEADER = form("required", description=TEXT, schema=SCHEMA, required=YES)
RESPONSE = form("headers", description=TEXT, content=CONTENT, headers=each(HEADER))
IN_HEADER = form(name=TEXT, description=TEXT, schema=SCHEMA, **{"in": {"const": "header"}})
IN_PATH = form(
    name=TEXT, description=TEXT, schema=SCHEMA, required=YES, **{"in": {"const": "path"}}
)
IN_QUERY = form(name=TEXT, schema=SCHEMA, **{"in": {"const": "query"}})
PARAMETERS = some(either(REF, IN_HEADER, IN_PATH))
GET = form(
    "parameters",
    operationId={"type": "string", "pattern": r"^[a-z_]+$"},
    tags=some(TEXT),
    summary=TEXT,
    security=some({"type": "object"}),
    responses=each(either(REF, RESPONSE), r"^[1-5]\d\d$"),
    parameters=some(IN_QUERY),
)
POST = form(
    **GET["properties"] | {"parameters": PARAMETERS},
    requestBody=form(required=YES, content=CONTENT),
)
COOKIE = form(name=TEXT, description=TEXT, type={"const": "apiKey"}, **{"in": {"const": "cookie"}})
DOCUMENT_FORM = form(
    openapi={"const": "3.1.0"},
    info=form(title=TEXT, version=TEXT, description=TEXT, license=form(name=TEXT, identifier=TEXT)),
    servers=some(form(url=TEXT, variables=each(form(default=TEXT, description=TEXT)))),
    tags=some(form(name=TEXT)),
    paths=each(form("get", "post", "parameters", get=GET, post=POST, parameters=PARAMETERS), "^/"),
    components=form(
        schemas=each(SCHEMA),
        responses=each(RESPONSE),
        parameters=each(IN_HEADER),
        securitySchemes=each(COOKIE),
    ),
)
