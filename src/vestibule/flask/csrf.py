"""Anti-forgery for our forms: a value bound to this browser's own cookie, and renewed with it.

It needs nothing of the host's session and holds whatever the host has switched off. JSON requests
carry none: see `navigation.is_same_origin_json`.
"""

import base64
import binascii
from typing import Any

from flask import current_app, g, request
from flask_wtf import FlaskForm
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import StringField, ValidationError
from wtforms.csrf.core import CSRF

from vestibule.core.tokens import new_token
from vestibule.flask.state import State, state_of

_USE = "csrf"
_NEW = "vestibule_new_browser"


class BrowserCsrf(CSRF):
    """Makes and checks the hidden field of a form."""

    def generate_csrf_token(self, csrf_token_field: Any) -> str:
        """Return the value for a page shown in this browser."""
        del csrf_token_field
        return token()

    def validate_csrf_token(self, form: Any, field: Any) -> None:
        """Refuse a form that was not shown in this browser."""
        del form
        if not is_valid(field.data):
            raise ValidationError("the page was not shown in this browser")


class Form(FlaskForm):  # type: ignore[misc]
    """A form of ours: protected whatever the host's settings say."""

    class Meta:
        """Protection on, by our own means, under a name hosts do not change."""

        csrf = True
        csrf_class = BrowserCsrf
        csrf_field_name = "csrf_token"


class CodeForm(Form):
    """One typed answer."""

    code = StringField()


class LabelForm(Form):
    """A name for a way."""

    label = StringField()


class KeptForm(Form):
    """Whether the recovery codes were saved."""

    kept = StringField()


def token() -> str:
    """Return the anti-forgery value of this browser; it gets its cookie with the answer."""
    state = state_of(current_app)
    stamp = state.engine.house.vault.box.stamp(_browser(state), use=_USE)
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
    return state.engine.house.vault.box.matches(stamp, seen, use=_USE)


def hidden_field() -> Markup:
    """Return the hidden input; without an id, because a page may have several forms."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(token())


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
        fresh = new_token(state.engine.house.random.bytes)
        setattr(g, _NEW, fresh)
    return str(fresh)
