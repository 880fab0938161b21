"""A site whose people are in the midst of things when its Vestibule is upgraded.

It is built by the release that made the store as well as by today's, so it uses nothing that only
one of them has. What its people's browsers held then is kept as text.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from flask import Flask, redirect, request
from flask.sessions import SecureCookieSessionInterface
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_required,
    login_user,
    logout_user,
)
from werkzeug.test import TestResponse

from vestibule.flask import Vestibule
from vestibule.flask.state import State, state_of
from vestibule.testing import FakeClock, FixedRandom, Inbox

SITE: Final = "https://localhost"
PASSWORD: Final = "leek and potato soup"
PAGE: Final = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
DOOR: Final = "/two-step/login"


class User(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    def __init__(self, name: str) -> None:
        self.id = name


def create_app(url: str, keys: Path, clock: FakeClock, *, seed: str, inbox: Inbox) -> Flask:
    """Return the site, in production, on the store at `url`."""
    app = Flask("house", instance_path=str(keys.parent))
    app.config.update(
        SECRET_KEY="a key for tests and for nothing else",
        VESTIBULE_DATABASE_URL=url,
        VESTIBULE_KEY_FILE=str(keys),
        VESTIBULE_RECOVERY_CODES_COUNT=4,
        VESTIBULE_RECOVERY_CODES_TIME_COST=1,
        VESTIBULE_RECOVERY_CODES_MEMORY_KIB=8,
    )
    door = Vestibule(app, clock=clock, random=FixedRandom(seed), sender=inbox)
    door.contact_loader(lambda user: {"name": user.id, "email": f"{user.id}@mail.example"})
    door.password_stamp(lambda user: f"hash of {user.id}")
    manager = LoginManager(app)
    manager.login_view = "login"
    manager.user_loader(User)
    _add_pages(app)
    return app


def _add_pages(app: Flask) -> None:
    @app.route("/login", methods=["GET", "POST"])
    def login() -> Any:
        if request.method == "GET" or request.form["password"] != PASSWORD:
            return "the login"
        login_user(User(request.form["name"]), remember="remember" in request.form)
        return redirect(request.args.get("next") or "/")

    @app.post("/logout")
    def logout() -> Any:
        logout_user()
        return redirect("/")

    @app.get("/")
    def home() -> str:
        return f"hello {current_user.get_id() or 'stranger'}"

    @app.get("/letters")
    @login_required
    def letters() -> str:
        return f"the letters of {current_user.id}"


class Browser:
    """A browser at the site, which sends and takes JSON at our own addresses."""

    def __init__(self, app: Flask) -> None:
        """Open it without cookies."""
        self.app = app
        self.client = app.test_client()

    @property
    def state(self) -> State:
        """What the extension keeps."""
        return state_of(self.app)

    def get(self, path: str) -> TestResponse:
        """Go to a page."""
        return self.client.get(path, base_url=SITE, headers=PAGE)

    def ask(self, path: str) -> Any:
        """Ask one of our own addresses."""
        wanted = {"Accept": "application/json"}
        return self.client.get(path, base_url=SITE, headers=wanted).get_json()

    def send(self, path: str, **fields: str) -> TestResponse:
        """Tell one of our own addresses something."""
        return self.client.post(path, base_url=SITE, json=fields)

    def login(self, name: str, path: str = "/login", **more: str) -> TestResponse:
        """Give the password."""
        fields = {"name": name, "password": PASSWORD} | more
        return self.client.post(path, base_url=SITE, data=fields, headers=PAGE)

    def logout(self) -> TestResponse:
        """Leave."""
        return self.client.post("/logout", base_url=SITE, headers=PAGE)

    def sees(self) -> str:
        """What the private page says, nothing where it leads away."""
        answered = self.get("/letters")
        return answered.text if answered.status_code == 200 else ""

    def lane(self) -> str:
        """Whether the site takes this browser for a known one or for a stranger's."""
        token = self._cookies().get(self.state.cookies.passage)
        case = self.state.engine.look(token)
        if case is None:
            raise AssertionError("the browser has no passage")
        return str(case.passage.lane)

    def held(self) -> dict[str, Any]:
        """What it holds: cookies as they are, the site's own session by what it says.

        The session's cookie is signed with the hour of the machine, which no clock of ours sets.
        """
        cookies = self._cookies()
        session = cookies.pop("session", None)
        return {"session": self._signer.loads(session) if session else {}, "cookies": cookies}

    def hold(self, held: Mapping[str, Any]) -> "Browser":
        """Have it hold what a browser held then."""
        cookies = held["cookies"] | {"session": str(self._signer.dumps(held["session"]))}
        for name, value in cookies.items():
            self.client.set_cookie(name, value, secure=True)
        return self

    @property
    def _signer(self) -> Any:
        return SecureCookieSessionInterface().get_signing_serializer(self.app)

    def _cookies(self) -> dict[str, str]:
        kept = self.client._cookies or {}  # noqa: SLF001 - there is no other list of them
        return {cookie.key: cookie.value for cookie in kept.values()}


@dataclass(kw_only=True)
class Record:
    """What people knew and their browsers held when the store was written out."""

    at: str
    """The moment, in ISO 8601."""
    browsers: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    """What each person's app holds, in hexadecimal."""
    used_code: str = ""
    """The app's code that Ada was let in by last; it is shown still."""
    recovery_codes: list[str] = field(default_factory=list)
    """Ada's; the first is used."""

    @property
    def moment(self) -> datetime:
        """The moment it was written out."""
        return datetime.fromisoformat(self.at)

    @classmethod
    def read(cls, path: Path) -> "Record":
        """Read what `as_text` wrote."""
        return cls(**json.loads(path.read_text()))

    def as_text(self) -> str:
        """Return it as it is kept."""
        return json.dumps(vars(self), indent=2, sort_keys=True) + "\n"
