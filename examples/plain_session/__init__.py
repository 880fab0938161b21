"""Jotter, a notebook for each of several people: a small Flask application without Flask-Login."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect
from werkzeug.exceptions import HTTPException

from vestibule.flask import Vestibule

from . import auth, database, notes


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Return the application, its tables made.

    `flask --app examples.plain_session run --debug` serves it for development. Without --debug it
    asks for a SECRET_KEY (JOTTER_SECRET_KEY in the environment) and sends its cookie over https.
    """
    given = dict(config or {})
    folder = Path(given.get("INSTANCE_PATH", Path(__file__).with_name("instance")))
    app = Flask(__name__, instance_path=str(folder.absolute()))
    _configure(app, given)

    CSRFProtect(app)
    database.init_app(app)
    app.register_blueprint(auth.blueprint)
    app.register_blueprint(notes.blueprint)
    app.register_error_handler(HTTPException, _explain)
    app.after_request(_add_headers)

    app.config["VESTIBULE_LOGIN_KEYS"] = ["user_id"]
    Vestibule(app)

    return app


def _configure(app: Flask, given: Mapping[str, Any]) -> None:
    app.config.from_mapping(
        DATABASE=Path(app.instance_path, "jotter.sqlite3"),
        MAX_CONTENT_LENGTH=256 * 1024,
        PASSWORD_METHOD="scrypt:32768:8:1",
        SESSION_COOKIE_NAME="jotter_session",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=True,
    )
    app.config.from_prefixed_env("JOTTER")
    app.config.update(given)
    if app.debug:
        # A browser keeps no Secure cookie that came over plain http.
        app.config["SESSION_COOKIE_SECURE"] = given.get("SESSION_COOKIE_SECURE", False)
        key_file = Path(app.instance_path, "secret_key")
        app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or _development_key(key_file)
    if not app.config["SECRET_KEY"]:
        raise RuntimeError("Set JOTTER_SECRET_KEY: it signs the cookies, and no default is secret.")


def _development_key(file: Path) -> str:
    """Return this machine's own key, made the first time and kept for the next."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        file.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return file.read_text("utf-8")
    key = secrets.token_urlsafe()
    file.write_text(key, "utf-8")
    return key


def _add_headers(response: Response) -> Response:
    response.headers.setdefault(
        "Content-Security-Policy", "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _explain(error: HTTPException) -> ResponseReturnValue:
    return render_template("error.html", error=error), error.code or 500
