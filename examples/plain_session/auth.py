"""Who is using the notebook: register, log in, log out. The session holds the user's id."""

import re
import secrets
import sqlite3
from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec

from flask import (
    Blueprint,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.security import check_password_hash, generate_password_hash

from .database import connection

P = ParamSpec("P")

SHORTEST, LONGEST = 10, 256
USERNAME = re.compile(r"[A-Za-z0-9_.-]{2,30}")

blueprint = Blueprint("auth", __name__)


@blueprint.before_app_request
def load_user() -> None:
    """Have the row of whoever is logged in as `g.user`, or None."""
    user_id = session.get("user_id")
    g.user = None
    if user_id is not None:
        found = connection().execute("SELECT * FROM user WHERE id = ?", (user_id,))
        g.user = found.fetchone()


def login_required(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Send whoever is not logged in to the login page instead of this view."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if g.user is None:
            return redirect(url_for("auth.login"))
        return view(*args, **kwargs)

    return guarded


@blueprint.route("/register", methods=["GET", "POST"])
def register() -> ResponseReturnValue:
    """Make an account."""
    if request.method == "GET":
        return render_template("register.html")
    username, password = request.form["username"].strip(), request.form["password"]
    problem = _problem(username, password) or _add_user(username, password)
    if problem:
        return render_template("register.html", problem=problem), 422
    flash("Your account is made. Log in with it.")
    return redirect(url_for(".login"))


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Log in. An unknown name is answered like a wrong password, and after as much work."""
    if request.method == "GET":
        return render_template("login.html")
    user_id = _user_id(request.form["username"].strip(), request.form["password"])
    if user_id is None:
        problem = "This name and this password do not belong together."
        return render_template("login.html", problem=problem), 422
    session.clear()
    session["user_id"] = user_id
    return redirect(url_for("notes.index"))


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """Log out."""
    session.clear()
    return redirect(url_for(".login"))


def _problem(username: str, password: str) -> str | None:
    if not USERNAME.fullmatch(username):
        return "A name has 2 to 30 letters, digits, dots, hyphens or underscores."
    if not SHORTEST <= len(password) <= LONGEST:
        return f"A password has {SHORTEST} to {LONGEST} characters."
    return None


def _add_user(username: str, password: str) -> str | None:
    """Keep the new user, or return what is in the way."""
    password_hash = generate_password_hash(password, current_app.config["PASSWORD_METHOD"])
    statement = "INSERT INTO user (username, password_hash) VALUES (?, ?)"
    try:
        with connection() as db:
            db.execute(statement, (username, password_hash))
    except sqlite3.IntegrityError:
        return "Somebody else has this name."
    return None


def _user_id(username: str, password: str) -> int | None:
    statement = "SELECT id, password_hash FROM user WHERE username = ?"
    user = connection().execute(statement, (username,)).fetchone()
    nobodys = _nobodys_hash(current_app.config["PASSWORD_METHOD"])
    right = check_password_hash(user["password_hash"] if user else nobodys, password)
    return user["id"] if user and right else None


@cache
def _nobodys_hash(method: str) -> str:
    return generate_password_hash(secrets.token_urlsafe(), method)
