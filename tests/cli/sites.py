"""Applications to examine: sound ones, as they are in production, with room for one fault."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, g, redirect, request, session
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from itsdangerous import URLSafeSerializer
from werkzeug.security import check_password_hash, generate_password_hash

from vestibule.bootstrap.operate import initialise
from vestibule.cli.doctor.examine import Examination, examine
from vestibule.core.ports import Sender
from vestibule.flask import Vestibule

KEY = "9f2c61d07ab34e5896f0c4d1be738a25"
HASH = generate_password_hash("correct horse battery", "scrypt:256:8:1")
TOKENS = URLSafeSerializer(KEY)
SOUND = {
    "SECRET_KEY": KEY,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "REMEMBER_COOKIE_SECURE": True,
    "REMEMBER_COOKIE_SAMESITE": "Lax",
    "VESTIBULE_SUPPORT": "help@site.example",
}
Plant = Callable[["Host"], None]


class Member(UserMixin):  # type: ignore[misc]
    """A user."""

    def __init__(self, name: str) -> None:
        self.id = name


class ChangingMember(Member):
    """A user whose session holds a token that changes with the password, as Flask-Security's."""

    def get_id(self) -> str:
        """Return the token."""
        return f"token-of-{self.id}"


@dataclass
class Host:
    """An application that is being built."""

    app: Flask
    called: list[str]
    """The views that were called: none may be."""
    vestibule: Vestibule


@dataclass(frozen=True)
class Ground:
    """Where applications are built: a folder with an installation in it."""

    folder: Path
    sender: Sender | None = None
    """What carries mail for the applications that are built here."""

    @property
    def settings(self) -> dict[str, str]:
        """The installation, as `vestibule init` says it."""
        return {
            "VESTIBULE_DATABASE_URL": f"sqlite:///{self.folder / 'vestibule.db'}",
            "VESTIBULE_KEY_FILE": str(self.folder / "vestibule.keys"),
        }

    @classmethod
    def lay(cls, folder: Path) -> "Ground":
        """Make the installation."""
        ground = cls(folder)
        initialise(
            ground.settings["VESTIBULE_DATABASE_URL"], Path(ground.settings["VESTIBULE_KEY_FILE"])
        )
        return ground

    def with_flask_login(self, plant: Plant | None = None, **config: Any) -> Host:
        """A sound application with Flask-Login, or one with a fault planted in it."""
        host = self._host(config)
        _load_members(host)
        _members_pages(host)
        _members_api(host)
        if plant is not None:
            plant(host)
        return host

    def with_session_ids(self, plant: Plant | None = None, **config: Any) -> Host:
        """A sound application without Flask-Login, or one with a fault planted in it."""
        host = self._host({"VESTIBULE_LOGIN_KEYS": ["user_id"], **config})
        app = host.app

        @app.before_request
        def load() -> None:
            g.user = session.get("user_id")

        @app.post("/login")
        def login() -> Any:
            host.called.append("login")
            if check_password_hash(HASH, request.form["password"]):
                session["user_id"] = 1
            return redirect("/")

        @app.get("/")
        def home() -> str:
            host.called.append("home")
            return f"Hello {g.user}"

        if plant is not None:
            plant(host)
        return host

    def _host(self, config: dict[str, Any]) -> Host:
        app = Flask(__name__, instance_path=str(self.folder), static_folder=None)
        app.config.from_mapping({**SOUND, **self.settings, **config})
        vestibule = Vestibule(app, sender=self.sender)

        @vestibule.password_stamp
        def stamp(user: Any) -> str:
            return HASH

        return Host(app, [], vestibule)


def _load_members(host: Host) -> None:
    manager = LoginManager(host.app)
    manager.login_view = "login"

    @manager.user_loader  # type: ignore[untyped-decorator, unused-ignore]
    def load(name: str) -> Member:
        return Member(name)

    @manager.request_loader  # type: ignore[untyped-decorator, unused-ignore]
    def load_by_token(incoming: Any) -> Member | None:
        sent = incoming.headers.get("X-Token")
        return Member(TOKENS.loads(sent)) if sent else None


def _members_pages(host: Host) -> None:
    @host.app.route("/login", methods=["GET", "POST"])
    def login() -> Any:
        host.called.append("login")
        if check_password_hash(HASH, request.form["password"]):
            login_user(Member("ada"), remember="remember" in request.form)
        return redirect("/")

    @host.app.get("/")
    @login_required  # type: ignore[untyped-decorator, unused-ignore]
    def home() -> str:
        host.called.append("home")
        return f"Hello {current_user.id}"


def _members_api(host: Host) -> None:
    vestibule = host.vestibule

    @host.app.post("/api/token")
    def token() -> Any:
        host.called.append("token")
        if not check_password_hash(HASH, request.form["password"]):
            return {"error": "unknown"}, 401
        if door := vestibule.challenge(Member("ada")):
            return door
        return {"token": TOKENS.dumps("ada")}

    @host.app.get("/api/<kind>/<int:number>")
    @vestibule.accepts_tokens
    def thing(kind: str, number: int) -> Any:
        host.called.append("thing")
        return {kind: number}


def examined(host: Host, **options: Any) -> Examination:
    """What the doctor finds."""
    return examine(host.app, **options)


def faults_of(host: Host) -> list[str]:
    """The kinds of fault the doctor finds."""
    return [finding.fault for finding in examined(host).findings]
