"""Where a person was going when asked to prove who they are: sealed in a cookie, never in a URL."""

import base64
import binascii

from flask import request, url_for
from werkzeug.wrappers import Request

from vestibule.flask import people
from vestibule.flask.navigation import address_of, own_path
from vestibule.flask.pages import state
from vestibule.secretbox import SealError


def remember(path: str) -> None:
    """Remember where to go on afterwards, for this grant only."""
    here, visit = state(), people.visit()
    if visit.grant is None:
        return
    box = here.engine.vault.box
    sealed = box.seal(path.encode(), place=_place(visit.grant.id))
    text = base64.urlsafe_b64encode(sealed).decode()
    visit.on_response.append(lambda out: here.cookies.set_next(out, text))


def recall(request: Request) -> str:
    """Return where to go on, the page of one's ways by default; it is forgotten with that."""
    here, visit = state(), people.visit()
    fallback = url_for("vestibule.manage")
    text = request.cookies.get(here.cookies.next)
    if not text or visit.grant is None:
        return fallback
    visit.on_response.append(lambda out: here.cookies.drop(out, here.cookies.next))
    try:
        sealed = base64.urlsafe_b64decode(text.encode())
        path = here.engine.vault.box.open(sealed, place=_place(visit.grant.id)).decode()
    except (SealError, binascii.Error, ValueError):
        return fallback
    return own_path(path, request) or fallback


def form_path() -> str:
    """Return the page a form was on, where the browser tells, else the address it was sent to."""
    return own_path(request.headers.get("Referer"), request) or address_of(request)


def _place(passage_id: str) -> str:
    return f"wanted\x1f{passage_id}"
