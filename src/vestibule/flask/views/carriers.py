"""What carriers ask us: to hear what became of a message, and what a call says next.

Each address names one message and is sealed; each request bears its carrier's signature. Nothing is
told to anybody else, and nothing a carrier says opens anything.
"""

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from flask import request
from werkzeug.wrappers import Response

from vestibule.core.links import Errand
from vestibule.delivery.provider import AsksForScript, Callback, TellsReceipts
from vestibule.flask.pages import state

if TYPE_CHECKING:
    from vestibule.delivery.calls_back import CallsBack

LONGEST: int = 32 * 1024
"""More than any carrier says of one message."""
MOST_FIELDS: int = 100


def receipt(provider: str, token: str) -> Response:
    """Write down what became of a message."""
    ours = _calls_back()
    message_id = ours.message_named(Errand.RECEIPT, token) if ours else None
    carrier = ours.routes.provider(provider) if ours else None
    if ours is None or message_id is None or not isinstance(carrier, TellsReceipts):
        return Response(status=404)
    callback = _callback()
    told = carrier.receipt(callback) if callback else None
    if callback is None or told is None:
        return Response(status=403)
    ours.hear(carrier.name, message_id, told, callback.body)
    return Response(status=204)


def script(provider: str, token: str) -> Response:
    """Say the code of a call whose person has pressed a key."""
    ours = _calls_back()
    message_id = ours.message_named(Errand.SCRIPT, token) if ours else None
    carrier = ours.routes.provider(provider) if ours else None
    if ours is None or message_id is None or not isinstance(carrier, AsksForScript):
        return Response(status=404)
    callback = _callback()
    was_pressed = carrier.answers_key(callback) if callback else None
    if was_pressed is None:
        return Response(status=403)
    said = ours.said_in_call(message_id, was_pressed=was_pressed)
    if said is None:
        return Response(status=404)
    kind, text = carrier.script(*said)
    return Response(text, content_type=kind)


def _calls_back() -> "CallsBack | None":
    carrying = state().parts.carrying
    return carrying.calls_back if carrying else None


def _fields(body: bytes) -> dict[str, tuple[str, ...]]:
    """Return a form's fields; `ValueError` where they are more than any carrier sends."""
    if request.mimetype != "application/x-www-form-urlencoded":
        return {}
    found: dict[str, list[str]] = {}
    text = body.decode("utf-8", "replace")
    for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS):
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def _callback() -> Callback | None:
    """Return the request as its carrier made it, at our address; None where it is too big."""
    # Its length may be told wrong, or not at all.
    body = request.stream.read(LONGEST + 1)
    if len(body) > LONGEST:
        return None
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    try:
        fields = _fields(body)
    except ValueError:
        return None
    return Callback(
        url=state().public_url(request.path) + query,
        headers={name.lower(): value for name, value in request.headers.items()},
        fields=fields,
        body=body,
    )
