"""Faults to plant in a sound application: what the doctor calls each, and where it finds it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cachelib import SimpleCache
from flask import Flask, g, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_login import login_user
from flask_session import Session
from tests.cli.sites import HASH, KEY, TOKENS, ChangingMember, Ground, Host, Member, Plant
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.security import check_password_hash

from vestibule.cli.doctor.findings import Severity


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault."""

    name: str
    severity: Severity
    where: str
    plant: Plant | None = None
    config: tuple[tuple[str, Any], ...] = ()
    flask_login: bool = True

    def __str__(self) -> str:
        return f"{self.name} at {self.where}"

    def build(self, ground: Ground, *, planted: bool) -> Host:
        """An application with the fault, or the same without it."""
        build = ground.with_flask_login if self.flask_login else ground.with_session_ids
        return build(self.plant, **dict(self.config)) if planted else build()


def second_login(host: Host) -> None:
    """Somebody wrote another view that signs people in."""

    @host.app.post("/back-office")
    def back_office() -> str:
        login_user(Member(request.form["name"]))
        return "welcome"


def by_helper(host: Host) -> None:
    """The other view signs people in by a helper."""

    @host.app.get("/magic/<link>")
    def magic(link: str) -> str:
        let_in(link)
        return "welcome"


def let_in(link: str) -> None:
    """Sign in whoever has a link."""
    login_user(Member(link))


def admin_login(host: Host) -> None:
    """The people of the house have a login of their own, by another session key."""

    @host.app.post("/admin/login")
    def admin() -> str:
        session["admin_id"] = 1
        return "welcome"

    @host.app.get("/admin")
    def office() -> str:
        return "in" if session.get("admin_id") else "out"


def another_key(host: Host) -> None:
    """The settings name a session key, and the login sets another one."""
    app = host.app

    def login() -> str:
        session["person_id"] = 1
        return "welcome"

    def load() -> None:
        g.user = session.get("person_id")

    app.view_functions["login"] = login
    app.before_request_funcs[None] = [load]


def called_app(host: Host) -> None:
    """The application's module is called as everybody's is."""
    vars(host.app)["name"] = "app"


def token_view(host: Host) -> None:
    """A view gives tokens for a password, and forgets the door."""

    @host.app.post("/api/v2/token")
    def second_token() -> Any:
        if not check_password_hash(HASH, request.form["password"]):
            return {"error": "unknown"}, 401
        return {"access_token": TOKENS.dumps("ada")}


def tells_addresses(host: Host) -> None:
    """The application tells where its people are reached."""
    host.vestibule.contact_loader(lambda _: {"email": "ada@site.example"})


class Doors:
    """Where an application keeps what others need; what is in it is put there later."""

    door: Any = None


def asks_elsewhere(host: Host) -> None:
    """A view gives tokens for a password, and asks a door that is found when it runs."""
    doors = Doors()
    doors.door = host.vestibule

    @host.app.post("/api/v3/token")
    def elsewhere() -> Any:
        if not check_password_hash(HASH, request.form["password"]):
            return {"error": "unknown"}, 401
        return doors.door.challenge("ada") or {"access_token": TOKENS.dumps("ada")}


def asks_its_own(host: Host) -> None:
    """A view gives tokens for a password, and asks something of the host's own called so."""

    @host.app.post("/api/v4/token")
    def alone() -> Any:
        if not check_password_hash(HASH, request.form["password"]):
            return {"error": "unknown"}, 401
        return OWN.challenge("ada") or {"access_token": TOKENS.dumps("ada")}


class Own:
    """Something of the host's own that has a challenge, too."""

    def challenge(self, name: str) -> str:
        """Ask nothing."""
        return name[:0]


OWN = Own()


def acts_as(host: Host) -> None:
    """A view signs in staff as somebody."""

    @host.app.post("/act")
    def act() -> str:
        with host.vestibule.acting_as(Member("bob"), reason="ticket 1"):
            login_user(Member("bob"))
        return "welcome"


def unmarked(host: Host) -> None:
    """The one view for programs is not marked."""

    def thing(kind: str, number: int) -> Any:
        return {kind: number}

    host.app.view_functions["thing"] = thing


def own_cookie(host: Host) -> None:
    """A view remembers a password by a cookie of its own."""

    @host.app.post("/kiosk")
    def kiosk() -> Any:
        answer = host.app.make_response("welcome")
        if check_password_hash(HASH, request.form["password"]):
            answer.set_cookie("kiosk", KEY)
        return answer


def own_get_id(host: Host) -> None:
    """The user class overrides get_id."""
    manager: Any = host.app.login_manager  # type: ignore[attr-defined]

    @manager.user_loader  # type: ignore[untyped-decorator, unused-ignore]
    def load(token: str) -> ChangingMember:
        return ChangingMember(token.removeprefix("token-of-"))


def no_stamp(host: Host) -> None:
    """Nobody says what changes with the password."""
    host.vestibule._loaders.password_stamp = None  # noqa: SLF001 - there is no way to take it back


def taken_off(host: Host) -> None:
    """Something made later puts Flask's own methods back where the gate stood."""
    app: Any = host.app
    app.full_dispatch_request = Flask.full_dispatch_request.__get__(app)
    app.preprocess_request = Flask.preprocess_request.__get__(app)
    app.dispatch_request = Flask.dispatch_request.__get__(app)
    app.process_response = Flask.process_response.__get__(app)
    app.session_interface = SecureCookieSessionInterface()
    app.extensions.pop("vestibule_watch")


def mounted(host: Host) -> None:
    """Another application is mounted, which takes the same sessions."""
    other = Flask("tests.cli.other")
    other.secret_key = KEY
    app: Any = host.app
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/shop": other})


def readable_keys(host: Host) -> None:
    """Everybody on the machine can read the keys."""
    Path(host.app.config["VESTIBULE_KEY_FILE"]).chmod(0o644)


def kept_by_name(host: Host) -> None:
    """A sound habit: who is signed in is put into the session a second time, for a greeting."""

    @host.app.before_request
    def greet() -> None:
        g.greeting = session.get("user_name")

    @host.app.post("/hello")
    def hello() -> str:
        login_user(Member("ada"))
        session["user_name"] = "ada"
        return "hello"


def decides_alone(host: Host) -> None:
    """A function decides who must have a second step, and nothing tells where people are reached.

    Nor does anything carry mail.
    """
    host.vestibule.policy_loader(lambda user: user.id == "ada")


def tells_addresses_only(host: Host) -> None:
    """Everybody must have one, and nothing says since when an address is theirs."""
    host.vestibule.policy_loader(lambda _: True)
    host.vestibule.contact_loader(lambda user: {"email": user.email})


def kept_on_the_server(host: Host) -> None:
    """Sessions are kept on the server, and all are made to last: that is what is set of itself."""
    host.app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache())
    Session(host.app)


def made_to_last(host: Host) -> None:
    """A hook makes every session permanent."""

    @host.app.before_request
    def keep() -> None:
        session.permanent = True


HOLE, WARNING, NOTE = Severity.HOLE, Severity.WARNING, Severity.NOTE
COOKIE = "insecure-cookie"
BY_PHONE = (
    ("VESTIBULE_FACTORS", "totp,phone,recovery_codes"),
    ("VESTIBULE_COUNTRIES", "DE"),
)
TWILIO = (
    ("VESTIBULE_TWILIO_MESSAGING_ACCOUNT_SID", f"AC{'0' * 32}"),
    ("VESTIBULE_TWILIO_MESSAGING_AUTH_TOKEN", "0" * 32),
    ("VESTIBULE_TWILIO_MESSAGING_NUMBER", "+15017122661"),
    ("VESTIBULE_TWILIO_VERIFY_ACCOUNT_SID", f"AC{'0' * 32}"),
    ("VESTIBULE_TWILIO_VERIFY_AUTH_TOKEN", "0" * 32),
    ("VESTIBULE_TWILIO_VERIFY_SERVICE", f"VA{'0' * 32}"),
)
BY_TICKET = ("VESTIBULE_FIRST_ENROLMENT", "ticket")
FAULTS = [
    Fault(name="second-login", severity=NOTE, where="back_office (", plant=second_login),
    Fault(name="second-login", severity=NOTE, where="magic (", plant=by_helper),
    Fault(name="foreign-login", severity=HOLE, where="admin (", plant=admin_login),
    Fault(
        name="foreign-login", severity=HOLE, where="admin (", plant=admin_login, flask_login=False
    ),
    Fault(
        name="foreign-login", severity=HOLE, where="login (", plant=another_key, flask_login=False
    ),
    Fault(name="token-view", severity=HOLE, where="second_token (", plant=token_view),
    Fault(
        name="token-view",
        severity=HOLE,
        where="second_token (",
        plant=token_view,
        flask_login=False,
    ),
    Fault(name="token-view", severity=HOLE, where="kiosk (", plant=own_cookie),
    Fault(name="token-view", severity=HOLE, where="alone (", plant=asks_its_own),
    Fault(name="unheard-tokens", severity=NOTE, where="tests.cli.sites:", plant=unmarked),
    Fault(name="own-get-id", severity=HOLE, where="sites.ChangingMember", plant=own_get_id),
    Fault(name="open-route", severity=HOLE, where="GET / (home)", plant=taken_off),
    Fault(
        name="open-route", severity=HOLE, where="GET / (home)", plant=taken_off, flask_login=False
    ),
    Fault(name="mounted-application", severity=HOLE, where="/shop", plant=mounted),
    Fault(name="no-password-stamp", severity=WARNING, where="tests.cli.sites", plant=no_stamp),
    Fault(name="readable-keys", severity=WARNING, where="VESTIBULE_KEY_FILE", plant=readable_keys),
    *(
        Fault(name="secret-key", severity=HOLE, where="SECRET_KEY", config=(("SECRET_KEY", key),))
        for key in (None, "dev", "a" * 40, "change-me-before-you-deploy-this")
    ),
    Fault(
        name="secret-key",
        severity=HOLE,
        where="SECRET_KEY_FALLBACKS",
        config=(("SECRET_KEY_FALLBACKS", ["old"]),),
    ),
    *(
        Fault(name=COOKIE, severity=WARNING, where=setting, config=((setting, None),))
        for kind in ("SESSION_COOKIE", "REMEMBER_COOKIE")
        for setting in (f"{kind}_SECURE", f"{kind}_HTTPONLY", f"{kind}_SAMESITE")
    ),
    *(
        Fault(name="unset-proxy", severity=WARNING, where=name, config=((name, value),))
        for name, value in (
            ("PREFERRED_URL_SCHEME", "https"),
            ("SERVER_NAME", "site.example"),
            ("APPLICATION_ROOT", "/forum"),
        )
    ),
    Fault(
        name="no-support",
        severity=NOTE,
        where="VESTIBULE_SUPPORT",
        config=(("VESTIBULE_SUPPORT", None),),
    ),
    Fault(name="no-name", severity=NOTE, where="VESTIBULE_ISSUER", plant=called_app),
    Fault(
        name="shared-file",
        severity=WARNING,
        where="SQLALCHEMY_DATABASE_URI",
        config=(("SQLALCHEMY_DATABASE_URI", "postgresql://db.example/site"),),
    ),
    Fault(
        name="wrong-loader",
        severity=HOLE,
        where="VESTIBULE_REQUIRED",
        config=(("VESTIBULE_REQUIRED", "admin,staff"), BY_TICKET),
    ),
    Fault(name="no-first-way", severity=HOLE, where="tests.cli.sites", plant=decides_alone),
    Fault(name="no-first-way", severity=HOLE, where="VESTIBULE_ROUTES", plant=decides_alone),
    Fault(
        name="calls-refused",
        severity=WARNING,
        where="VESTIBULE_ROUTES",
        config=(
            *BY_PHONE,
            *TWILIO,
            ("VESTIBULE_ROUTES", "sms=twilio_messaging; call=twilio_messaging"),
        ),
    ),
    Fault(
        name="unreached-country",
        severity=WARNING,
        where="VESTIBULE_ROUTES",
        config=(
            *BY_PHONE,
            *TWILIO,
            ("VESTIBULE_COUNTRIES", "DE,AT"),
            ("VESTIBULE_ROUTES", "sms:+49=twilio_messaging; call=twilio_messaging"),
        ),
    ),
    Fault(
        name="no-calls",
        severity=NOTE,
        where="VESTIBULE_ROUTES",
        config=(*BY_PHONE, *TWILIO, ("VESTIBULE_ROUTES", "sms=twilio_messaging")),
    ),
    Fault(
        name="no-site-url",
        severity=NOTE,
        where="VESTIBULE_SITE_URL",
        config=(*TWILIO, ("VESTIBULE_ROUTES", "sms=twilio_messaging")),
    ),
    Fault(
        name="stand-in",
        severity=WARNING,
        where="VESTIBULE_TWILIO_MESSAGING_URL",
        config=(
            *TWILIO,
            ("VESTIBULE_TWILIO_MESSAGING_URL", "http://127.0.0.1:5050"),
            ("VESTIBULE_ROUTES", "sms=twilio_messaging"),
        ),
    ),
    Fault(
        name="stand-in",
        severity=WARNING,
        where="VESTIBULE_SMTP_HOST",
        config=(
            ("VESTIBULE_SMTP_HOST", "127.0.0.1"),
            ("VESTIBULE_SMTP_PORT", "5025"),
            ("VESTIBULE_SMTP_SECURITY", "none"),
            ("VESTIBULE_SMTP_SENDER", "no-reply@site.example"),
            ("VESTIBULE_ROUTES", "email=smtp"),
        ),
    ),
    Fault(
        name="stand-in",
        severity=WARNING,
        where="VESTIBULE_SITE_URL",
        config=(("VESTIBULE_SITE_URL", "http://localhost:5000"),),
    ),
    Fault(name="no-notices", severity=NOTE, where="VESTIBULE_ROUTES", plant=tells_addresses),
    Fault(
        name="no-notices",
        severity=NOTE,
        where="VESTIBULE_ROUTES",
        plant=tells_addresses,
        config=(*TWILIO, ("VESTIBULE_ROUTES", "email=twilio_verify")),
    ),
    Fault(name="token-view", severity=NOTE, where="elsewhere (", plant=asks_elsewhere),
    Fault(
        name="new-addresses",
        severity=WARNING,
        where="tests.cli.plants:",
        plant=tells_addresses_only,
    ),
    Fault(
        name="always-remembered",
        severity=WARNING,
        where="SESSION_PERMANENT",
        plant=kept_on_the_server,
        flask_login=False,
    ),
    Fault(
        name="always-remembered",
        severity=WARNING,
        where="tests.cli.plants:",
        plant=made_to_last,
        flask_login=False,
    ),
]
