"""The host application that is measured, with Flask-Login, and with or without the second door.

Its password check costs nothing and its users live in memory, so that what is measured is ours.
"""

from typing import Any, Final

from flask import Flask, redirect, request
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from werkzeug.wrappers import Response

from benchmarks.sites import Site
from vestibule.flask import Vestibule

SECRET: Final = "benchmarks have no secrets, only sixty-four characters of key !!"


class User(UserMixin):  # type: ignore[misc]
    """Whoever has an id."""

    def __init__(self, user_id: str) -> None:
        """Keep the id."""
        self.id = user_id


def plain() -> Flask:
    """Return an application with one page and nothing else."""
    app = Flask("plain")
    app.secret_key = SECRET

    @app.get("/page")
    def page() -> str:
        return "a page"

    return app


def with_login() -> Flask:
    """Return an application with a password login by Flask-Login."""
    app = Flask("host")
    app.secret_key = SECRET
    manager = LoginManager(app)

    @manager.user_loader
    def load(user_id: str) -> User:
        return User(user_id)

    @app.post("/login")
    def login() -> Response:
        login_user(User(request.form["user"]))
        return redirect("/page", 303)

    @app.get("/page")
    @login_required
    def page() -> str:
        return f"the page of {current_user.get_id()}"

    return app


def guarded(site: Site, **extra: Any) -> Flask:
    """Return the same application with the second door, set up for production."""
    app = with_login()
    app.config.update(site.config, **extra)
    Vestibule(app)
    return app
