"""Answers that are whole before they go out, for applications that tests really serve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def whole(app: WSGIApplication) -> WSGIApplication:
    """Return `app` with every answer read and closed before its first byte goes out.

    Werkzeug 3.1's server does not close an answer whose browser goes away while the server looks
    for what is left of the request. A file stays open then, and Python's warning of it is an error
    in whatever test runs at that moment.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        parts = app(environ, start_response)
        try:
            return [b"".join(parts)]
        finally:
            if close := getattr(parts, "close", None):
                close()

    return answer
