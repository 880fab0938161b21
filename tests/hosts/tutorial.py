"""A blog such as a newcomer to Flask writes: no Flask-Login, the user's id in the session.

It behaves as the application of Flask's published tutorial does: a factory, the blueprints `auth`
and `blog`, `g.user` loaded before every request, a decorator for who must be signed in.
"""

import functools
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template_string,
    request,
    session,
    url_for,
)
from werkzeug.security import check_password_hash, generate_password_hash

SCHEMA = """
DROP TABLE IF EXISTS post;
DROP TABLE IF EXISTS user;
CREATE TABLE user (id INTEGER PRIMARY KEY, username TEXT UNIQUE NOT NULL, password TEXT NOT NULL);
CREATE TABLE post (
    id INTEGER PRIMARY KEY,
    author_id INTEGER NOT NULL REFERENCES user (id),
    created TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    title TEXT NOT NULL,
    body TEXT NOT NULL
);
"""
FORM = """
{% for message in get_flashed_messages() %}<p>{{ message }}</p>{% endfor %}
<form method="post">
{% for name in names %}<input name="{{ name }}" value="{{ request.form[name] }}">{% endfor %}
<button>Save</button></form>
"""
INDEX = """
{% if g.user %}<p>Hello {{ g.user["username"] }}</p>{% else %}<p>Log in</p>{% endif %}
{% for post in posts %}<h1>{{ post["title"] }}</h1><p>{{ post["body"] }}</p>{% endfor %}
"""

auth = Blueprint("auth", __name__, url_prefix="/auth")
blog = Blueprint("blog", __name__)


def create_app(
    test_config: Mapping[str, Any] | None = None, instance_path: str | None = None
) -> Flask:
    """Return the application."""
    app = Flask(__name__, instance_path=instance_path)
    app.config.from_mapping(SECRET_KEY="dev", DATABASE=str(Path(app.instance_path) / "blog.sqlite"))
    app.config.from_mapping(test_config or {})
    Path(app.instance_path).mkdir(exist_ok=True)
    app.teardown_appcontext(close_db)
    app.cli.add_command(init_db_command)
    app.register_blueprint(auth)
    app.register_blueprint(blog)
    app.add_url_rule("/", endpoint="index")
    return app


def get_db() -> sqlite3.Connection:
    """Return this request's connection."""
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])
        g.db.row_factory = sqlite3.Row
    opened: sqlite3.Connection = g.db
    return opened


def close_db(_: BaseException | None = None) -> None:
    """Close what a request opened."""
    opened = g.pop("db", None)
    if opened is not None:
        opened.close()


@click.command("init-db")
def init_db_command() -> None:
    """Make the tables anew."""
    init_db()


def init_db() -> None:
    """Make the tables anew."""
    get_db().executescript(SCHEMA)


@auth.route("/register", methods=["GET", "POST"])
def register() -> Any:
    """Make an account."""
    if request.method == "POST":
        username, password = request.form["username"], request.form["password"]
        error = None if username and password else "Both are needed."
        if error is None:
            try:
                add_user(username, password)
            except sqlite3.IntegrityError:
                error = f"There is a {username} already."
            else:
                return redirect(url_for("auth.login"))
        flash(error)
    return render_template_string(FORM, names=["username", "password"])


def add_user(username: str, password: str) -> None:
    """Keep a new user."""
    get_db().execute(
        "INSERT INTO user (username, password) VALUES (?, ?)",
        (username, generate_password_hash(password, "scrypt:256:8:1")),
    )
    get_db().commit()


@auth.route("/login", methods=["GET", "POST"])
def login() -> Any:
    """Log in."""
    if request.method == "POST":
        named = (request.form["username"],)
        user = get_db().execute("SELECT * FROM user WHERE username = ?", named).fetchone()
        if user is not None and check_password_hash(user["password"], request.form["password"]):
            session.clear()
            session["user_id"] = user["id"]
            return redirect(url_for("index"))
        flash("Name or password are wrong.")
    return render_template_string(FORM, names=["username", "password"])


@auth.before_app_request
def load_logged_in_user() -> None:
    """Have who is logged in at hand."""
    user_id = session.get("user_id")
    g.user = None
    if user_id is not None:
        g.user = get_db().execute("SELECT * FROM user WHERE id = ?", (user_id,)).fetchone()


@auth.route("/logout")
def logout() -> Any:
    """Log out."""
    session.clear()
    return redirect(url_for("index"))


def login_required(view: Callable[..., Any]) -> Callable[..., Any]:
    """Send whoever is not logged in to the login page."""

    @functools.wraps(view)
    def wrapped_view(**values: Any) -> Any:
        if g.user is None:
            return redirect(url_for("auth.login"))
        return view(**values)

    return wrapped_view


@blog.route("/")
def index() -> Any:
    """Show every post."""
    posts = get_db().execute("SELECT * FROM post ORDER BY created DESC").fetchall()
    return render_template_string(INDEX, posts=posts)


@blog.route("/create", methods=["GET", "POST"])
@login_required
def create() -> Any:
    """Write a post."""
    if request.method == "POST":
        if request.form["title"]:
            get_db().execute(
                "INSERT INTO post (title, body, author_id) VALUES (?, ?, ?)",
                (request.form["title"], request.form["body"], g.user["id"]),
            )
            get_db().commit()
            return redirect(url_for("blog.index"))
        flash("A post needs a title.")
    return render_template_string(FORM, names=["title", "body"])


@blog.route("/<int:post_id>/update", methods=["GET", "POST"])
@login_required
def update(post_id: int) -> Any:
    """Change a post of one's own."""
    own_post(post_id)
    if request.method == "POST":
        changed = (request.form["title"], request.form["body"], post_id)
        get_db().execute("UPDATE post SET title = ?, body = ? WHERE id = ?", changed)
        get_db().commit()
        return redirect(url_for("blog.index"))
    return render_template_string(FORM, names=["title", "body"])


@blog.route("/<int:post_id>/delete", methods=["POST"])
@login_required
def delete(post_id: int) -> Any:
    """Take a post of one's own back."""
    own_post(post_id)
    get_db().execute("DELETE FROM post WHERE id = ?", (post_id,))
    get_db().commit()
    return redirect(url_for("blog.index"))


def own_post(post_id: int) -> sqlite3.Row:
    """Return a post of whoever is logged in."""
    found: sqlite3.Row | None = (
        get_db().execute("SELECT * FROM post WHERE id = ?", (post_id,)).fetchone()
    )
    if found is None:
        abort(404)
    if found["author_id"] != g.user["id"]:
        abort(403)
    return found
