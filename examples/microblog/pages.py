"""What every page has in common: its headers, its errors, and a few words for the templates."""

from datetime import datetime, timedelta

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from werkzeug.exceptions import HTTPException, InternalServerError

from . import clock

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'; object-src 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
TONES = 8


def init_app(app: Flask) -> None:
    """Give the application its headers, error pages and template filters."""
    app.after_request(_add_headers)
    app.register_error_handler(HTTPException, _explain)
    app.add_template_filter(ago)
    app.add_template_filter(tone)


def show(template: str, form: FlaskForm, **values: object) -> ResponseReturnValue:
    """Return the page with the form on it; with status 422 where what was sent is not accepted."""
    return render_template(template, form=form, **values), 422 if form.is_submitted() else 200


def ago(moment: datetime) -> str:
    """Return how long ago this was, in few words; a date when it was long ago."""
    passed = clock.now() - moment
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min"
    if passed < timedelta(days=1):
        return f"{passed // timedelta(hours=1)} h"
    if passed < timedelta(days=7):
        return f"{passed // timedelta(days=1)} d"
    return f"{moment.day} {moment:%b %Y}"


def tone(username: str) -> int:
    """Return which of the avatars' colours is this person's."""
    return sum(username.encode()) % TONES


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        # Nobody finds the pages of the one before him with the back button.
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _explain(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error
    status = error.code or InternalServerError.code
    if request.blueprint == "api" or request.path.startswith("/api/"):
        return jsonify(error=error.name.lower().replace(" ", "_")), status, _kept(error)
    return render_template("error.html", error=error), status, _kept(error)


def _kept(error: HTTPException) -> list[tuple[str, str]]:
    """Return the headers that belong to the error itself, such as Allow."""
    return [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
