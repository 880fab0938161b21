"""An address for every route: values that its converters take, looked up as a request would be."""

from collections.abc import Iterator
from itertools import product
from typing import Any, Final, NamedTuple
from uuid import UUID

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import AnyConverter, Rule, ValidationError

CANDIDATES: Final = (1, "1", "x", 1.5, UUID(int=1), "x/y", "2001-01-01", "en")
MOST_TRIES: Final = 500


class Address(NamedTuple):
    """Where to ask."""

    path: str
    subdomain: str | None


def address_of(app: Flask, rule: Rule, method: str) -> Address | None:
    """Return an address that leads to `rule` and no other, None where none was found."""
    if app.url_map.host_matching:
        return None
    adapter = app.url_map.bind("localhost", subdomain=rule.subdomain or "", url_scheme="https")
    for built in _built(rule):
        path = built.path.partition("?")[0]
        try:
            found, _ = adapter.match(path, method=method, return_rule=True)
        except (HTTPException, ValidationError):
            continue
        if found is rule:
            return Address(path, rule.subdomain or None)
    return None


def _built(rule: Rule) -> Iterator[Address]:
    converters: dict[str, Any] = rule._converters  # noqa: SLF001 - there is no public way
    names = sorted(set(rule.arguments) - set(rule.defaults or ()))
    choices = [_candidates(converters.get(name)) for name in names]
    for number, values in enumerate(product(*choices)):
        if number == MOST_TRIES:
            return
        try:
            built = rule.build(dict(zip(names, values, strict=True)), append_unknown=False)
        except (ValidationError, ValueError, TypeError, AttributeError):
            continue
        if built is not None:
            yield Address(built[1], built[0])


def _candidates(converter: Any) -> tuple[Any, ...]:
    if isinstance(converter, AnyConverter):
        return tuple(sorted(converter.items))
    least = getattr(converter, "min", None)
    return CANDIDATES if least is None else (least, *CANDIDATES)
