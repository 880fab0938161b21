"""A club's pages, with the habits of an application that grew up with Flask-Security.

A session holds not the user's id but a random `fs_uniquifier`, which a new password changes: so all
sessions, remember cookies and tokens end at once. Programs send a signed token in a header. Users
have roles. Logging in works by form and by JSON, which may ask for a token at the same time.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template_string,
    request,
    url_for,
)
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_required,
    login_user,
    logout_user,
)
from flask_sqlalchemy import SQLAlchemy
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import Column, ForeignKey, Table, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from werkzeug.security import check_password_hash, generate_password_hash

TOKEN_LIFE = 24 * 3600
FORM = """
{% for message in get_flashed_messages() %}<p>{{ message }}</p>{% endfor %}
<form method="post">
{% for name in names %}<input name="{{ name }}">{% endfor %}
<button>Send</button></form>
"""
PROFILE = """
<h1>{{ current_user.email }}</h1>
<p>{{ current_user.motto }}</p>
<form method="post"><input name="body"><button>Save</button></form>
<a href="{{ url_for("accounts.change") }}">Change the password</a>
"""


class Base(DeclarativeBase):
    """The root of the tables."""


db = SQLAlchemy(model_class=Base)
manager = LoginManager()
manager.login_view = "accounts.login"
manager.session_protection = "strong"
accounts = Blueprint("accounts", __name__)
pages = Blueprint("pages", __name__)

roles_users = Table(
    "roles_users",
    Base.metadata,
    Column("user_id", ForeignKey("user.id"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)


class Role(Base):
    """What some members may do."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class User(UserMixin, Base):  # type: ignore[misc]  # Flask-Login has no types
    """A member."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(unique=True, default=lambda: uuid4().hex)
    motto: Mapped[str] = mapped_column(default="")
    roles: Mapped[list[Role]] = relationship(secondary=roles_users)

    def get_id(self) -> str:
        """Return what the session holds."""
        return self.fs_uniquifier

    @property
    def is_active(self) -> bool:
        """Say whether the account is open."""
        return self.active

    def has_role(self, name: str) -> bool:
        """Say whether the member has a role."""
        return any(role.name == name for role in self.roles)

    def get_auth_token(self) -> str:
        """Return a token for programs."""
        return str(tokens().dumps({"uid": self.fs_uniquifier}))

    def change_password(self, password: str) -> None:
        """Take a new password, and end whatever the old one had opened."""
        self.password = hashed(password)
        self.fs_uniquifier = uuid4().hex
        db.session.commit()


def create_app(config: Mapping[str, Any], instance_path: str | None = None) -> Flask:
    """Return the application."""
    app = Flask(__name__, instance_path=instance_path)
    app.config.from_mapping(config)
    db.init_app(app)
    manager.init_app(app)
    app.register_blueprint(accounts)
    app.register_blueprint(pages)
    return app


def tokens() -> URLSafeTimedSerializer:
    """Return what signs tokens."""
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="fs-auth-token")


def hashed(password: str) -> str:
    """Return a password as it is kept."""
    return generate_password_hash(password, current_app.config.get("PASSWORD_METHOD", "scrypt"))


def of_uniquifier(value: str) -> User | None:
    """Return the member of a session or a token."""
    found = select(User).where(User.fs_uniquifier == value, User.active)
    return db.session.scalar(found)


@manager.user_loader
def load_user(value: str) -> User | None:
    """Return the member of a session."""
    return of_uniquifier(value)


@manager.request_loader
def load_by_token(incoming: Any) -> User | None:
    """Return the member of a program's token."""
    sent = incoming.headers.get("Authentication-Token") or incoming.args.get("auth_token")
    try:
        return of_uniquifier(tokens().loads(sent, max_age=TOKEN_LIFE)["uid"]) if sent else None
    except BadData:
        return None


def roles_required(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only members in who have these roles."""

    def wrapper(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
            if not all(current_user.has_role(name) for name in names):
                abort(403)
            return view(*args, **kwargs)

        return decorated

    return wrapper


@accounts.route("/login", methods=["GET", "POST"])
def login() -> Any:
    """Log in, by form or by JSON."""
    if request.method == "GET":
        return render_template_string(FORM, names=["email", "password", "remember"])
    sent = request.get_json() if request.is_json else request.form
    user = db.session.scalar(select(User).where(User.email == sent.get("email", "")))
    if user is None or not check_password_hash(user.password, sent.get("password", "")):
        if request.is_json:
            return jsonify(response={"errors": ["Unknown address or password"]}), 400
        flash("Unknown address or password")
        return redirect(url_for("accounts.login"))
    login_user(user, remember=bool(sent.get("remember")))
    if request.is_json:
        found = {"authentication_token": user.get_auth_token()} if include_token() else {}
        return jsonify(response={"user": found})
    return redirect(request.args.get("next") or url_for("pages.profile"))


def include_token() -> bool:
    """Say whether a program wants a token at once."""
    return "include_auth_token" in request.args


@accounts.route("/logout", methods=["GET", "POST"])
def logout() -> Any:
    """Log out."""
    logout_user()
    return redirect(url_for("pages.home"))


@accounts.route("/register", methods=["GET", "POST"])
def register() -> Any:
    """Become a member, and be logged in at once."""
    if request.method == "POST":
        email, password = request.form.get("email", ""), request.form.get("password", "")
        taken = db.session.scalar(select(User).where(User.email == email))
        if email and password and taken is None:
            login_user(add_user(email, password))
            return redirect(url_for("pages.profile"))
        flash("Take another address")
    return render_template_string(FORM, names=["email", "password"])


def add_user(email: str, password: str, *roles: str) -> User:
    """Keep a new member."""
    found = [Role(name=name) for name in roles]
    user = User(email=email, password=hashed(password), roles=found)
    db.session.add(user)
    db.session.commit()
    return user


@accounts.route("/change", methods=["GET", "POST"])
@login_required
def change() -> Any:
    """Change the password, and stay logged in here, and nowhere else."""
    if request.method == "POST":
        if check_password_hash(current_user.password, request.form.get("password", "")):
            user = db.session.get_one(User, current_user.id)
            user.change_password(request.form["new_password"])
            login_user(user)
            return redirect(url_for("pages.profile"))
        flash("That is not the password")
    return render_template_string(FORM, names=["password", "new_password"])


@accounts.post("/auth-token")
@login_required
def auth_token() -> Any:
    """Hand out a token to whoever is logged in."""
    return jsonify(authentication_token=current_user.get_auth_token())


@pages.get("/")
def home() -> Any:
    """Greet."""
    return f"Hello {current_user.email if current_user.is_authenticated else 'stranger'}"


@pages.route("/profile", methods=["GET", "POST"])
@login_required
def profile() -> Any:
    """Show one's own page, and change it."""
    if request.method == "POST":
        current_user.motto = request.form.get("body", "")
        db.session.commit()
    return render_template_string(PROFILE)


@pages.get("/api/members/<int:member_id>")
@login_required
def member(member_id: int) -> Any:
    """Tell a program of a member."""
    found = db.get_or_404(User, member_id)
    return jsonify(email=found.email, motto=found.motto)


@pages.post("/api/members/<int:member_id>/close")
@roles_required("steward")
def close(member_id: int) -> Any:
    """Close an account."""
    db.get_or_404(User, member_id).active = False
    db.session.commit()
    return jsonify(closed=member_id)
