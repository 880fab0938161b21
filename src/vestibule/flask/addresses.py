"""Addresses of our own pages: they hardly ever change, and building one costs like a query."""

from typing import Any, Final

from flask import current_app, request, url_for
from werkzeug.wrappers import Request

_KNOWN: Final = "vestibule_addresses"
MOST: Final = 100
"""How many are kept: they hang, too, on what a client calls the host."""


def address(endpoint: str, **values: str) -> str:
    """Return what `url_for` returns, from memory where it can be; `method` goes into the query."""
    method = values.pop("method", None)
    plain = _plain(endpoint, values)
    if method is None:
        return plain
    # An id of ours has nothing that would have to be quoted.
    return f"{plain}{'&' if '?' in plain else '?'}method={method}"


def _plain(endpoint: str, values: dict[str, Any]) -> str:
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    if app.url_default_functions:
        return url_for(endpoint, **values)  # the host adds something of each request's own
    known: dict[Any, str] = app.extensions.setdefault(_KNOWN, {})
    here: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    key = (here.host, here.root_path, endpoint, *values.items())
    found = known.get(key)
    if found is None:
        if len(known) >= MOST:
            known.clear()
        found = known[key] = url_for(endpoint, **values)
    return found
