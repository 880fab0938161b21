"""What the two web servers serve: a small site whose login is Flask-Login's, behind our door."""

import json
import os
from typing import Any, Final

from flask import Flask, redirect, request
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_required,
    login_user,
    logout_user,
)
from tests.races.people import NoPost
from werkzeug.wrappers import Response

from vestibule.flask import Vestibule

CONFIG: Final = "RACING_SITE"
"""The environment variable that holds the site's settings, as JSON."""


class User(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """Whoever has a name."""

    def __init__(self, name: str) -> None:
        """Keep the name."""
        self.id = name


def make() -> Flask:
    """Return the site that the environment names."""
    app = Flask("site")
    app.config.update(json.loads(os.environ[CONFIG]), SECRET_KEY="one key for both servers")
    manager: Any = LoginManager(app)
    manager.user_loader(User)
    _furnish(app)
    Vestibule(app, sender=NoPost())
    return app


def _furnish(app: Flask) -> None:
    @app.post("/login")
    def login() -> Response:
        login_user(User(request.form["name"]))
        return redirect("/page", 303)

    @app.post("/logout")
    def logout() -> Response:
        logout_user()
        return redirect("/", 303)

    @app.get("/page")
    @login_required
    def page() -> str:
        return f"the page of {current_user.get_id()}"

    @app.get("/")
    def index() -> str:
        return "the front page"
