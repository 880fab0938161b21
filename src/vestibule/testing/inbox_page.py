"""The page of the inbox: who may see it, and how a message's text becomes safe pieces to show.

Whatever is not plainly a browser on this machine, asking a server in development, gets 404: codes
and sign-in links are on this page.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, render_template, request

from vestibule.bootstrap import asks_for_development, environment_of
from vestibule.core.errors import ConfigurationError
from vestibule.flask.state import EXTENSION, state_of
from vestibule.testing.inbox_storage import InboxMessage

LOCAL_HOST: Final = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})

# What proxies add. Their presence means that the browser is somewhere else.
FORWARDING: Final = frozenset(
    {
        "cf-connecting-ip",
        "client-ip",
        "fastly-client-ip",
        "forwarded",
        "true-client-ip",
        "via",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-envoy-external-address",
        "x-original-host",
        "x-proxyuser-ip",
        "x-real-ip",
    }
)

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# A web address, or digits that stand alone and look like a code.
NOTABLE: Final = re.compile(
    r"(?P<link>https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]])|(?<![\w+#@])(?P<code>[0-9]{6,10})(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a message's text."""

    kind: Literal["text", "link", "code"]
    text: str


def inbox_blueprint(messages: Callable[[], Sequence[InboxMessage]]) -> Blueprint:
    """Return the routes that show `messages`, newest first."""
    blueprint = Blueprint(
        "vestibule_testing",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/inbox/static",
    )

    @blueprint.before_request
    def _guard() -> None:
        if not (asked_for(current_app) and local()):
            abort(404)

    @blueprint.after_request
    def _harden(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @blueprint.get("/inbox")
    def inbox() -> str:
        shown = [(message, list(pieces(message.text))) for message in messages()]
        return render_template("vestibule_testing/inbox.html", shown=shown)

    @blueprint.get("/inbox.json")
    def inbox_json() -> Response:
        return jsonify(messages=[asdict(message) for message in messages()])

    return blueprint


def asked_for(app: Flask) -> bool:
    """Whether this is development as Vestibule sees it; where it is not there, was it asked for?

    What is neither yes nor no is not a yes.
    """
    if EXTENSION in app.extensions:
        return state_of(app).settings.development
    try:
        environment = environment_of(Path(app.root_path))
        return app.debug or app.testing or asks_for_development(app.config, environment)
    except ConfigurationError:
        return False


def local() -> bool:
    """Whether the present request comes from a browser on this machine, with nothing between."""
    names = {name.lower() for name in request.headers.keys()}  # noqa: SIM118 -- not a dictionary
    forwarded = any(name in FORWARDING or name.startswith("x-forwarded") for name in names)
    # No browser speaks HTTP/1.0 any more, but a proxy may that adds no header of its own.
    through_proxy = forwarded or request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0"
    host = request.environ.get("HTTP_HOST", "")
    return (
        not through_proxy and bool(LOCAL_HOST.fullmatch(host)) and is_loopback(request.remote_addr)
    )


def is_loopback(address: str | None) -> bool:
    """Whether an address is this machine's own."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)


def pieces(text: str) -> Iterator[Piece]:
    """Split a text into plain stretches, codes, and links to this machine. Joined, they are it."""
    done = 0
    for match in NOTABLE.finditer(text):
        kind: Literal["link", "code"] = "code" if match["code"] else "link"
        if kind == "link" and not leads_here(match[0]):
            continue
        if match.start() > done:
            yield Piece("text", text[done : match.start()])
        yield Piece(kind, match[0])
        done = match.end()
    if done < len(text):
        yield Piece("text", text[done:])


def leads_here(address: str) -> bool:
    """Whether a web address leads to this machine, and says so plainly."""
    try:
        parts = urlsplit(address)
        # Asking for the port raises where it is none.
        plain = parts.hostname in LOCAL_NAMES and parts.username is None and parts.port != 0
    except ValueError:
        return False
    return plain and parts.scheme in {"http", "https"}
