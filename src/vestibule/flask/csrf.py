"""Anti-forgery for our forms: a value bound to this browser's own cookie, and renewed with it.

It needs nothing of the host's session and holds whatever the host has switched off. JSON requests
carry none: see `navigation.is_same_origin_json`.
"""

import base64
import binascii
from typing import Final

from flask import current_app, g, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from vestibule.flask.state import State, state_of

FIELD: Final = "csrf_token"
_USE: Final = "csrf"
_NEW: Final = "vestibule_new_browser"
_HIDDEN: Final = Markup('<input type="hidden" name="%s" value="%s">')


def token() -> str:
    """Return the anti-forgery value of this browser; it gets its cookie with the answer."""
    state = state_of(current_app)
    stamp = state.engine.vault.box.stamp(_browser(state), use=_USE)
    return base64.urlsafe_b64encode(stamp).decode()


def is_valid(value: object) -> bool:
    """Say whether a value is this browser's."""
    state = state_of(current_app)
    seen = request.cookies.get(state.cookies.browser)
    if not seen or not isinstance(value, str):
        return False
    try:
        stamp = base64.urlsafe_b64decode(value.encode())
    except (binascii.Error, ValueError):
        return False
    return state.engine.vault.box.matches(stamp, seen, use=_USE)


def hidden_field() -> Markup:
    """Return the hidden input; without an id, because a page may have several forms."""
    return _HIDDEN % (FIELD, token())


def keep_browser(response: Response) -> None:
    """Send the browser its cookie where a form was just bound to a new one."""
    fresh = g.pop(_NEW, None)
    if fresh is not None:
        state_of(current_app).cookies.set_browsers(response, [fresh])


def _browser(state: State) -> str:
    seen = request.cookies.get(state.cookies.browser)
    if seen:
        return seen
    fresh = g.get(_NEW)
    if fresh is None:
        fresh = state.engine.new_token()
        setattr(g, _NEW, fresh)
    return str(fresh)
