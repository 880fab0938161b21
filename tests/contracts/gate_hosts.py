"""Hosts for the gate to guard: small applications with a password login, in every shape there is.

A host keeps a diary of what its own code did for a user it saw: the gate promises that nothing
stands in it before the second step.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import flask_login
from cachelib import SimpleCache
from flask import Blueprint, Flask, Response, g, redirect, request, session, stream_with_context
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_session import Session
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from tests.heard import heard
from tests.stores import lay
from werkzeug.test import TestResponse

from vestibule.core.engine import Engine, Login
from vestibule.core.factor import Applicant
from vestibule.core.model import Purpose
from vestibule.flask import Vestibule
from vestibule.flask.state import State, state_of
from vestibule.testing import FakeClock, SoftwareAuthenticator

DOOR = "/two-step/login"
KEY = "a key that every test knows"
PAGE = {"Accept": "text/html"}
PROGRAM = {"Accept": "application/json"}

When = Literal["before", "between", "after"]
Sessions = Literal["client", "before", "after"]
PlainWhen = Literal["before", "after"]
LoadsIn = Literal["app", "blueprint", "preprocessor"]
Loader = Literal["plain", "late", "silent", "token"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a host with Flask-Login is built.

    `when` Vestibule is made, in relation to the login manager. `sessions` are the browser's own or
    Flask-Session's, made before or after Vestibule. The user `loader` wants nothing, or something
    that only a later before_request function prepares (and raises or is silent without it), or
    loads by a token that is not the user's id.
    """

    when: When = "after"
    protection: str | None = "basic"
    sessions: Sessions = "client"
    loader: Loader = "plain"
    remember: bool = False
    request_loader: bool = False
    csrf: bool = False
    factory: bool = False
    blueprint: bool = False

    def __str__(self) -> str:
        words = [self.when, self.protection or "unprotected", self.sessions, self.loader]
        switches = ("remember", "request_loader", "csrf", "factory", "blueprint")
        return "-".join(words + [name for name in switches if getattr(self, name)])


class Person(UserMixin):  # type: ignore[misc]
    """A user of a host with Flask-Login."""

    def __init__(self, name: str) -> None:
        self.id = name


class TokenPerson(Person):
    """A user whose session holds a token that changes with the password."""

    def get_id(self) -> str:
        return f"token-of-{self.id}"


@dataclass
class Host:
    """An application, what it did, and the clock it goes by."""

    app: Flask
    clock: FakeClock
    diary: list[str] = field(default_factory=list)
    loads: list[Any] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    vestibule: Vestibule | None = None
    manager: Any = None

    @property
    def state(self) -> State:
        """The extension's state."""
        return state_of(self.app)

    @property
    def engine(self) -> Engine:
        """The engine behind the door."""
        return self.state.engine

    def close(self) -> None:
        """Close the database."""
        if self.vestibule is not None:
            self.state.close()

    def browser(self, **cookies: str) -> "Browser":
        """A new browser with these cookies in it."""
        fresh = Browser(self)
        for name, value in cookies.items():
            fresh.client.set_cookie(name, value)
        return fresh

    def enrol(self, subject: str = "ada", identity: str | None = None) -> SoftwareAuthenticator:
        """Give a subject an authenticator app, in a browser far away."""
        draft = self.engine.begin_enrolment(
            self.engine.registry["totp"],
            Applicant(subject=subject, account=subject, issuer="Host"),
            Login(subject=subject, identity=identity or subject),
            None,
        )
        if draft is None or draft.token is None:
            raise AssertionError("the subject is enrolled already")
        app = SoftwareAuthenticator(draft.enrolment.secret)
        code = app.next_code(self.clock.now())
        outcome = self.engine.verify(draft.token, Purpose.ENROL, code)
        if outcome.granted is None:
            raise AssertionError(outcome.verdict)
        self.clock.move(seconds=60)
        return app

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """What is said to Vestibule's database meanwhile, the first word of each statement."""
        with heard(self.state.parts.database.engine) as said:
            yield said
        said[:] = [statement.split(maxsplit=1)[0] for statement in said]


class Browser:
    """A browser at a host."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.client: FlaskClient = host.app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        """Navigate."""
        return self.client.get(path, **{"headers": PAGE, **options})

    def login(self, name: str = "ada", path: str = "/login", **fields: str) -> TestResponse:
        """Send the password, as it were."""
        if "csrf" in self.host.app.extensions:
            fields["csrf_token"] = self.client.get("/login").text
        return self.client.post(path, data={"name": name, **fields}, headers=PAGE)

    def logout(self) -> TestResponse:
        """Sign out."""
        fields = {}
        if "csrf" in self.host.app.extensions:
            fields["csrf_token"] = self.client.get("/login").text
        return self.client.post("/logout", data=fields, headers=PAGE)

    def second_step(self, app: SoftwareAuthenticator) -> TestResponse:
        """Answer with the code of an authenticator app, as a program would."""
        self.host.clock.move(seconds=60)
        return self.client.post(DOOR, json={"code": app.next_code(self.host.clock.now())})

    def sees(self, path: str = "/who", **options: Any) -> str:
        """What a page of the host says."""
        return str(self.get(path, **options).text)

    def is_in(self) -> bool:
        """Whether the private page opens."""
        return self.sees("/secret") == "SECRET"

    def cookies(self) -> dict[str, str]:
        """Every cookie in this browser."""
        kept = self.client._cookies or {}  # noqa: SLF001 - there is no public list
        return {cookie.key: cookie.value for cookie in kept.values()}


def flask_login_host(
    folder: Path,
    shape: Shape | None = None,
    *,
    guarded: bool = True,
    clock: FakeClock | None = None,
    add: Callable[[Host], None] | None = None,
    **config: Any,
) -> Host:
    """A host with Flask-Login; `guarded` by Vestibule or, to compare, as it was before."""
    shape = shape or Shape()
    app = Flask("host", instance_path=str(folder), static_folder=None)
    lay(folder)
    app.config.update({"SECRET_KEY": KEY, "TESTING": True} | config)
    host = Host(app=app, clock=clock or FakeClock())

    def attach(when: When) -> None:
        if guarded and shape.when == when:
            host.vestibule = _vestibule(host, shape)

    if shape.sessions == "before":
        _server_sessions(app)
    attach("before")
    host.manager = LoginManager(app)
    host.manager.session_protection = shape.protection
    host.manager.login_view = "site.login" if shape.blueprint else "login"
    attach("between")
    _load_users(host, shape)
    if shape.csrf:
        CSRFProtect(app)
    _flask_login_pages(host, shape)
    if add is not None:
        add(host)
    attach("after")
    if shape.sessions == "after":
        _server_sessions(app)
    return host


def _vestibule(host: Host, shape: Shape) -> Vestibule:
    made = Vestibule(None if shape.factory else host.app, clock=host.clock)
    if shape.factory:
        made.init_app(host.app)
    if shape.loader == "token":
        made.subject_loader(lambda user: user.id)
    return made


def _server_sessions(app: Flask) -> None:
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache())
    Session(app)


def _load_users(host: Host, shape: Shape) -> None:
    kind = TokenPerson if shape.loader == "token" else Person

    def load(identity: str) -> Person | None:
        host.loads.append(identity)
        if shape.loader == "late":
            assert g.tenant
        if shape.loader == "silent" and "tenant" not in g:
            return None
        name = identity.removeprefix("token-of-")
        return None if name in host.gone else kind(name)

    host.manager.user_loader(load)
    if shape.request_loader:

        @host.manager.request_loader  # type: ignore[untyped-decorator, unused-ignore]
        def load_by_token(incoming: Any) -> Person | None:
            token = incoming.headers.get("X-Token")
            return kind(token) if token else None


def _flask_login_pages(host: Host, shape: Shape) -> None:
    site: Any = Blueprint("site", __name__) if shape.blueprint else host.app
    _notes(host)
    _ways_in_and_out(site, shape)
    _pages(host, site)
    if shape.blueprint:
        host.app.register_blueprint(site)


def _notes(host: Host) -> None:
    app = host.app

    @app.before_request
    def prepare() -> None:
        g.tenant = "one"

    @app.before_request
    def note_who_is_there() -> None:
        if current_user.is_authenticated:
            host.diary.append(f"{current_user.id} seen before {request.endpoint}")

    @app.after_request
    def note_who_was_there(response: Response) -> Response:
        if current_user.is_authenticated:
            host.diary.append(f"{current_user.id} seen after {request.endpoint}")
        return response


def _ways_in_and_out(site: Any, shape: Shape) -> None:
    kind = TokenPerson if shape.loader == "token" else Person

    @site.route("/login", methods=["GET", "POST"])
    def login() -> Any:
        if request.method == "GET":
            return generate_csrf() if shape.csrf else "LOGIN"
        login_user(kind(request.form["name"]), remember="remember" in request.form)
        session["colour"] = "green"
        assert current_user.is_authenticated
        response = redirect(request.args.get("next") or "/who")
        response.set_cookie("site_login", request.form["name"])
        return response

    @site.post("/logout")
    def logout() -> Any:
        flask_login.logout_user()
        return redirect("/who")


def _pages(host: Host, site: Any) -> None:
    @site.get("/who")
    def who() -> str:
        name = current_user.id if current_user.is_authenticated else None
        return f"{name} {session.get('colour')}"

    @site.get("/secret")
    @login_required
    def secret() -> str:
        host.diary.append(f"{current_user.id} in secret")
        return "SECRET"

    @site.get("/fresh")
    @flask_login.fresh_login_required
    def fresh() -> str:
        return "FRESH"

    @site.get("/public")
    def public() -> str:
        return "PUBLIC"


@dataclass(frozen=True, kw_only=True)
class PlainShape:
    """How a host without Flask-Login is built; see `Shape`.

    `clears` says whether its login empties the session first. The user is loaded in a
    before_request of the application or of a blueprint, or in a url_value_preprocessor.
    """

    when: PlainWhen = "after"
    sessions: Sessions = "client"
    clears: bool = True
    loads_in: LoadsIn = "blueprint"

    def __str__(self) -> str:
        clears = "clears" if self.clears else "keeps"
        return f"{self.when}-{self.sessions}-{clears}-{self.loads_in}"


def plain_host(
    folder: Path,
    shape: PlainShape | None = None,
    *,
    guarded: bool = True,
    clock: FakeClock | None = None,
    add: Callable[[Host], None] | None = None,
    **config: Any,
) -> Host:
    """A host that keeps its user's id in the session and loads the user by itself."""
    shape = shape or PlainShape()
    app = Flask("plain", instance_path=str(folder), static_folder=None)
    lay(folder)
    app.config.update({"SECRET_KEY": KEY, "TESTING": True} | config)
    host = Host(app=app, clock=clock or FakeClock())
    if guarded:
        app.config.setdefault("VESTIBULE_LOGIN_KEYS", ["user_id"])
    if shape.sessions == "before":
        _server_sessions(app)
    if guarded and shape.when == "before":
        host.vestibule = Vestibule(app, clock=host.clock)
    _plain_pages(host, shape)
    if add is not None:
        add(host)
    if guarded and shape.when == "after":
        host.vestibule = Vestibule(app, clock=host.clock)
    if shape.sessions == "after":
        _server_sessions(app)
    return host


def _plain_pages(host: Host, shape: PlainShape) -> None:
    site = Blueprint("site", __name__)
    _plain_loading(host, site, shape)
    _plain_ways_in_and_out(site, shape)
    _plain_views(host, site)
    host.app.register_blueprint(site)


def _plain_loading(host: Host, site: Blueprint, shape: PlainShape) -> None:
    def load(*routed: object) -> None:
        del routed
        g.user = session.get("user_id")
        if g.user is not None:
            host.diary.append(f"{g.user} seen before {request.endpoint}")

    if shape.loads_in == "app":
        host.app.before_request(load)
    elif shape.loads_in == "blueprint":
        site.before_app_request(load)
    else:
        host.app.url_value_preprocessor(load)


def _plain_ways_in_and_out(site: Blueprint, shape: PlainShape) -> None:
    @site.route("/login", methods=["GET", "POST"])
    def login() -> Any:
        if request.method == "GET":
            return "LOGIN"
        if shape.clears:
            session.clear()
        session["user_id"] = request.form["name"]
        session["is_admin"] = True
        if "remember" in request.form:
            session.permanent = True
        response = redirect(request.args.get("next") or "/who")
        response.set_cookie("site_login", request.form["name"])
        return response

    @site.post("/logout")
    def logout() -> Any:
        session.clear()
        return redirect("/who")


def _plain_views(host: Host, site: Blueprint) -> None:
    @site.get("/who")
    def who() -> str:
        return f"{g.user} admin={session.get('is_admin')}"

    @site.get("/secret")
    def secret() -> Any:
        if g.user is None:
            return redirect("/login")
        host.diary.append(f"{g.user} in secret")
        return "SECRET"

    @site.get("/public")
    def public() -> str:
        return "PUBLIC"


def stream(host: Host) -> None:
    """Give a host a login whose answer is a stream."""

    @host.app.post("/stream")
    def streamed() -> Response:
        login_user(Person(request.form["name"]))

        def words() -> Iterator[str]:
            yield f"hello {current_user.id}"
            host.diary.append("streamed")

        response = Response(stream_with_context(words()))
        response.call_on_close(lambda: host.diary.append("closed"))
        return response


def signed(app: Flask, values: dict[str, Any]) -> str:
    """A session cookie as whoever knows the host's key can make it."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    if serializer is None:
        raise AssertionError("the host has no key")
    return str(serializer.dumps(values))


def replayed(host: Host, cookies: dict[str, str]) -> Iterator[Browser]:
    """Browsers with each of these cookies alone, with each pair of them, and with all."""
    names = list(cookies)
    for size in {1, 2, len(names)} - {0}:
        for chosen in combinations(names, size):
            yield host.browser(**{name: cookies[name] for name in chosen})
