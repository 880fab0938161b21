"""A small shop with a password login, and browsers that use it and its second step."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, Self

from flask import Flask, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_required,
    login_user,
    logout_user,
)
from sqlalchemy import select, update
from tests.stores import lay
from werkzeug.test import TestResponse

from vestibule.bootstrap.operate import initialise
from vestibule.core.engine import Engine
from vestibule.core.links import Errand, Link, written
from vestibule.core.model import Passage
from vestibule.delivery.links import PATHS
from vestibule.flask import Vestibule
from vestibule.flask.state import State, state_of
from vestibule.store import tables
from vestibule.testing import FakeClock, FixedRandom, Inbox, SoftwareAuthenticator, deliver

PASSWORD = "leek and potato soup"
PAGE = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Mode": "navigate"}
CHEAP = {
    "VESTIBULE_RECOVERY_CODES_COUNT": 4,
    "VESTIBULE_RECOVERY_CODES_TIME_COST": 1,
    "VESTIBULE_RECOVERY_CODES_MEMORY_KIB": 8,
}
SITE = "https://shop.example"
"""Where its people reach the shop, whatever a request calls it."""
CROWD = {f"person{number}" for number in range(20)}
SECRET = {"code", "csrf_token", "handle", "password"}
Rows = Mapping[str, list[tuple[Any, ...]]]


class User(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    def __init__(self, name: str) -> None:
        self.id = name


@dataclass
class Shop:
    """The application, the clock it goes by, and the inbox it writes to."""

    app: Flask
    clock: FakeClock
    inbox: Inbox
    https: bool = False
    account: str = "Maren"
    """What the shop tells us a user is called; a test may have her choose another name."""
    people: set[str] = field(default_factory=lambda: {"maren", "tobias", "ines"} | CROWD)
    """Who has an account; whom a test takes out of here has lost his."""
    seen: list[TestResponse] = field(default_factory=list)
    """Every answer that a browser of this shop was given."""
    typed: set[str] = field(default_factory=set)
    """Every code, password and token that a browser of this shop has sent."""

    @classmethod
    def open(cls, folder: Path, *, production: bool = False, **config: Any) -> Self:
        """Open the shop with all it keeps in `folder`."""
        app = Flask("shop", instance_path=str(folder))
        lay(folder)
        app.config |= {"SECRET_KEY": "a key for tests", "TESTING": not production} | CHEAP
        app.config |= {"VESTIBULE_SITE_URL": SITE} | config
        if production:
            url, keys = f"sqlite:///{folder / 'door.sqlite3'}", folder / "door.keys"
            initialise(url, keys)
            app.config["VESTIBULE_DATABASE_URL"] = url
            app.config["VESTIBULE_KEY_FILE"] = str(keys)
        shop = cls(app, FakeClock(), Inbox(), https=production)
        door = Vestibule(app, clock=shop.clock, random=FixedRandom(), sender=shop.inbox)
        _furnish(app, door, shop.people)
        door.contact_loader(lambda user: {"name": shop.account, "email": f"{user.id}@mail.example"})
        return shop

    @property
    def state(self) -> State:
        """What the extension keeps."""
        return state_of(self.app)

    @property
    def engine(self) -> Engine:
        """The engine of this process."""
        return self.state.engine

    def close(self) -> None:
        """Close the database."""
        self.state.close()

    def browser(self) -> "Browser":
        """Return a browser without cookies."""
        return Browser(self)

    def rows(self, *but: str) -> Rows:
        """Return everything the database holds, tables named in `but` left out."""
        with self.state.parts.database.read() as connection:
            return {
                table.name: sorted(
                    (tuple(row) for row in connection.execute(select(table))), key=repr
                )
                for table in tables.metadata.sorted_tables
                if table.name not in but
            }

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the audited events of one name, oldest first."""
        event = tables.event
        with self.state.parts.database.read() as connection:
            found = connection.execute(
                select(event).where(event.c.name == name).order_by(event.c.id)
            )
            return [dict(row) for row in found.mappings()]

    def mailed(self, errand: Errand, name: str = "maren") -> str:
        """Return the path of the link of a kind in somebody's mailbox that is good for longest."""
        deliver(self.app)
        mails = [m.text for m in self.inbox.messages if m.to == f"{name}@mail.example"]
        begins = f"{SITE}/two-step{PATHS[errand]}"
        found = {}
        for line in (line for text in mails for line in text.splitlines()):
            link = self.engine.link(errand, line.removeprefix(begins))
            if line.startswith(begins) and link is not None:
                found[link.until] = line.removeprefix(SITE)
        return found[max(found)]

    def link_to(self, errand: Errand, about: str, name: str = "maren") -> str:
        """Return the path of a link of a kind about an enrolment, as a mail has it."""
        link = Link(
            errand=errand, subject=name, about=about, until=self.clock.now() + timedelta(days=7)
        )
        text = written(self.engine.vault.box, self.engine.context.realm, link)
        return f"/two-step{PATHS[errand]}{text}"

    def spend_all_odds(self) -> None:
        """Let everybody be where a long row of wrong codes would have led."""
        table = tables.ledger
        with self.state.parts.database.write() as connection:
            connection.execute(update(table).values(spent=self.engine.profile.limits.capacity))

    def pause_all_apps(self) -> None:
        """Let every app be where too many wrong codes in a row would have led."""
        table, most = tables.enrolment, self.engine.profile.limits.consecutive
        with self.state.parts.database.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.is_primary)
                .values(failures_known=most, failures_stranger=most)
            )

    def break_down(self) -> None:
        """Let the database answer nothing any more."""
        with self.state.parts.database.write() as connection:
            tables.metadata.drop_all(connection)


def _furnish(app: Flask, door: Vestibule, people: set[str]) -> None:
    manager = LoginManager(app)
    manager.login_view = "login"

    @manager.user_loader
    def load(name: str) -> User | None:
        return User(name) if name in people else None

    @app.route("/login", methods=["GET", "POST"])
    def login() -> ResponseReturnValue:
        if request.method == "GET":
            return "the shop's login"
        if request.form["password"] != PASSWORD:
            return "not so", 422
        login_user(User(request.form["name"]), remember="remember" in request.form)
        # As trusting as the worst of hosts: where it leads is for us to look at.
        return redirect(request.args.get("next") or "/")

    @app.post("/token")
    def token() -> ResponseReturnValue:
        sent = request.get_json()
        if sent["password"] != PASSWORD:
            return jsonify(error="unauthorized"), 401
        return door.challenge(User(sent["name"])) or jsonify(token=f"token of {sent['name']}")

    _add_pages(app, door)


def _add_pages(app: Flask, door: Vestibule) -> None:
    @app.post("/logout")
    def logout() -> ResponseReturnValue:
        logout_user()
        return redirect("/")

    @app.get("/")
    def index() -> str:
        return f"hello {current_user.get_id() or 'stranger'}"

    @app.get("/orders")
    @login_required
    def orders() -> str:
        return "the orders"

    @app.route("/pay", methods=["GET", "POST"])
    @login_required
    @door.fresh
    def pay() -> str:
        return "paid" if request.method == "POST" else "the form"


@dataclass
class Browser:
    """One browser: its cookies, and the hidden token of the last form it was shown."""

    shop: Shop
    token: str = ""
    phone: SoftwareAuthenticator | None = None
    codes: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """What it sends with every request besides."""

    def __post_init__(self) -> None:
        self.client = self.shop.app.test_client()

    # Requests

    def open(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send any request; keep the hidden token of what is shown."""
        site = "https://localhost" if self.shop.https else "http://localhost"
        options["headers"] = dict(options.get("headers", {})) | self.headers
        response = self.client.open(path, method=method, base_url=site, **options)
        found = re.search(r'name="csrf_token" value="([^"]+)"', _text(response))
        self.token = found[1] if found else self.token
        self.shop.seen.append(response)
        sent = options.get("data") or options.get("json")
        if isinstance(sent, dict):
            values = (sent[name] for name in sent.keys() & SECRET)
            self.shop.typed |= {value for value in values if isinstance(value, str) and value}
        return response

    def get(self, path: str, **headers: str) -> TestResponse:
        """Go to a page."""
        return self.open("GET", path, headers=PAGE | headers)

    def send(self, path: str, **fields: str) -> TestResponse:
        """Send a form as the page that was shown last would."""
        data = {"csrf_token": self.token} | fields
        headers = PAGE | {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
        if self.shop.https:
            headers["Origin"] = "https://localhost"
        return self.open("POST", path, data=data, headers=headers)

    def ask(self, path: str, body: object = None, method: str = "POST") -> TestResponse:
        """Do as a program does: send and take JSON."""
        if method == "GET":
            return self.open("GET", path, headers={"Accept": "application/json"})
        return self.open(method, path, json={} if body is None else body)

    def ask_password(self, name: str = "maren") -> TestResponse:
        """Take the first step as a program does, which cannot show a page."""
        return self.open("POST", "/login", data={"name": name, "password": PASSWORD})

    # What a person does

    def give_password(self, name: str = "maren", path: str = "/login", **more: str) -> TestResponse:
        """Take the first step."""
        return self.open(
            "POST", path, data={"name": name, "password": PASSWORD} | more, headers=PAGE
        )

    def set_up(self, *, keep: bool = True) -> Self:
        """Turn two-step login on, and note the recovery codes."""
        self.get("/two-step/")
        self.send("/two-step/add/totp")
        self.phone = SoftwareAuthenticator.scan(self.shown_uri())
        assert self.send("/two-step/setup", code=self.next_code()).status_code == 303
        if self.note_codes():
            self.send("/two-step/recovery-codes/keep", kept="yes" if keep else "no")
        return self

    def note_codes(self) -> bool:
        """Note the recovery codes that are shown; say whether there were any."""
        page = self.get("/two-step/recovery-codes").text
        shown = re.findall(r"<li>([0-9A-Z-]{23})</li>", page)
        self.codes = shown or self.codes
        return bool(shown)

    def shown_uri(self) -> str:
        """Return what the QR code of the set-up page says."""
        found = re.search(r'"(otpauth://[^"]+)"', self.get("/two-step/setup").text)
        assert found
        return unescape(found[1])

    def next_code(self) -> str:
        """Return what the phone shows, half a minute later than the last time."""
        assert self.phone is not None
        self.shop.clock.move(seconds=self.phone.period)
        return self.phone.next_code(self.shop.clock.now())

    def set_up_wrongly(self) -> None:
        """Send a set-up the code of a phone whose clock is wrong."""
        self.phone = SoftwareAuthenticator.scan(self.shown_uri())
        self.send("/two-step/setup", code=self.phone.code(self.shop.clock.now(), steps=10))

    def past_code(self) -> str:
        """Return what the phone showed two minutes ago."""
        assert self.phone is not None
        return self.phone.code(self.shop.clock.now(), steps=-4)

    def wrong_code(self) -> str:
        """Return six digits that are surely not right."""
        assert self.phone is not None
        now = self.shop.clock.now()
        right = {self.phone.code(now, steps=steps) for steps in range(-10, 10)}
        return next(code for code in (f"{n:06}" for n in range(100)) if code not in right)

    def join(self, name: str = "maren") -> Self:
        """Sign in by password and turn two-step login on."""
        self.give_password(name)
        return self.set_up()

    def wait(self, name: str = "maren", **more: str) -> Self:
        """Stand before the second step."""
        answer = self.give_password(name, **more)
        assert answer.location == "/two-step/login"
        self.get("/two-step/login")
        return self

    def sign_out(self) -> Self:
        """Leave."""
        self.open("POST", "/logout", headers=PAGE)
        return self

    def is_signed_in(self) -> bool:
        """Say whether the shop lets this browser see the orders."""
        return self.get("/orders").text == "the orders"

    # What it holds

    def cookies(self) -> dict[str, str]:
        """Return the values of all cookies this browser has."""
        kept = self.client._cookies or {}  # noqa: SLF001 - there is no other list of them
        return {cookie.key: cookie.value for cookie in kept.values()}

    def passage(self) -> Passage | None:
        """Return what this browser's cookie of ours names."""
        case = self.shop.engine.look(self.cookies().get(self.shop.state.cookies.passage))
        return case.passage if case else None

    def enrolment_id(self, factor: str = "totp", name: str = "maren") -> str:
        """Return the id of somebody's way of one kind."""
        found = self.shop.engine.enrolments(name)
        return next(e.id for e in found if e.factor == factor)


def _text(response: TestResponse) -> str:
    return response.text if response.mimetype == "text/html" else ""


def said(response: TestResponse) -> dict[str, Any]:
    """Return the JSON of an answer."""
    found = response.get_json()
    assert isinstance(found, dict), response.text
    return found
