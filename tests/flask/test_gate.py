"""The gate's five places, and what hosts do around them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import (
    Flask,
    Response,
    after_this_request,
    g,
    get_flashed_messages,
    redirect,
    request,
    request_started,
    session,
    stream_with_context,
    url_for,
)
from flask.sessions import SecureCookieSessionInterface
from flask.views import MethodView
from flask_login import FlaskLoginClient, current_user, login_user, logout_user
from tests.contracts.gate_hosts import (
    DOOR,
    PAGE,
    PROGRAM,
    Host,
    Person,
    Shape,
    flask_login_host,
    plain_host,
    replayed,
    signed,
    stream,
)
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import BaseConverter
from werkzeug.test import Client

from vestibule.core.errors import ConfigurationError, UsageError
from vestibule.flask import Vestibule
from vestibule.flask.state import state_of
from vestibule.store import tables

Make = Callable[..., Host]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes hosts with Flask-Login, and closes them."""
    made: list[Host] = []

    def one(shape: Shape | None = None, **options: Any) -> Host:
        host = flask_login_host(tmp_path / str(len(made)), shape, **options)
        made.append(host)
        return host

    yield one
    for host in made:
        host.close()


@pytest.fixture
def host(make: Make) -> Host:
    """An ordinary host."""
    return make()


def passages(host: Host) -> list[tuple[str, str, str]]:
    """Subject, purpose and status of everything that ever waited or was granted."""
    table = tables.passage
    with host.state.parts.database.engine.connect() as connection:
        rows = connection.execute(
            table.select().order_by(table.c.created_at, table.c.id)
        ).mappings()
        return [(row["subject"], row["purpose"], row["status"]) for row in rows]


def old_cookie(host: Host, name: str = "ada") -> str:
    """A remember cookie from before the subject enrolled."""
    browser = host.browser()
    browser.login(name, remember="yes")
    kept = browser.cookies()["remember_token"]
    host.diary.clear()
    return kept


# --- 1, 2: who comes by another way than a session


@pytest.mark.row("ATK-37", "A5", "ASVS-6.3.4")
def test_a_closed_account_is_no_bridge_to_an_open_one(host: Host) -> None:
    """Where the session's user is gone, an old remember cookie of another opens nothing."""
    cookie = old_cookie(host, "ada")
    host.enrol("ada")
    browser = host.browser()
    browser.login("bob")
    host.gone.add("bob")
    host.diary.clear()
    before = passages(host)

    browser.client.set_cookie("remember_token", cookie)

    assert browser.get("/secret").location.startswith("/login")
    assert browser.sees("/who") == "None green"
    assert host.diary == []
    assert passages(host) == before


@pytest.mark.row("ATK-70", "ATK-37")
def test_nothing_that_looks_early_sees_an_old_cookie(host: Host) -> None:
    """Signals, URL converters and preprocessors find nobody where only an old cookie says who."""
    early: list[tuple[str, str | None]] = []

    class Looking(BaseConverter):
        def to_python(self, value: str) -> str:
            early.append(("converter", current_user.get_id()))
            return value

    def look(*given: Any, **said: Any) -> None:
        del given, said
        early.append(("signal", current_user.get_id()))

    host.app.url_map.converters["looking"] = Looking
    host.app.add_url_rule("/at/<looking:place>", view_func=lambda place: place)
    host.app.url_value_preprocessor(
        lambda *routed: early.append(("preprocessor", current_user.get_id(), *routed)[:2])
    )
    cookie = old_cookie(host)
    host.enrol()
    early.clear()

    with request_started.connected_to(look, host.app):
        host.browser(remember_token=cookie).get("/at/home")

    assert early == [("converter", None), ("signal", None), ("preprocessor", None)]


@pytest.mark.row("ATK-02", "ATK-70")
def test_no_context_within_a_request_sees_more(make: Make) -> None:
    """An application context opened within a view, and a stream, find nobody either."""

    def add(host: Host) -> None:
        @host.app.get("/within")
        def within() -> str:
            with host.app.app_context():
                inner = current_user.get_id()
            return f"{inner} {current_user.get_id()}"

        @host.app.get("/flow")
        def flow() -> Response:
            def words() -> Iterator[str]:
                yield str(current_user.get_id())

            return Response(stream_with_context(words()))

    host = make(Shape(request_loader=True), add=add)
    cookie = old_cookie(host)
    host.enrol()

    for browser in (host.browser(), host.browser(remember_token=cookie)):
        for path, nobody in (("/within", "None None"), ("/flow", "None")):
            assert browser.get(path, headers={"X-Token": "ada"}).text == nobody
    assert host.diary == []
    assert host.browser().get("/within", headers={"X-Token": "bob"}).text == "bob bob"
    signed_in = host.browser()
    signed_in.login("bob")
    assert signed_in.sees("/within") == "bob bob"
    assert signed_in.sees("/flow") == "bob"


def test_a_closed_account_gets_the_pages_of_anybody(make: Make) -> None:
    """An old remember cookie of an account closed since is as harmless as without Vestibule."""

    def add(host: Host) -> None:
        class Closed(Person):
            is_active = False

        host.manager.user_loader(Closed)

    host = make()
    cookie = old_cookie(host)
    closed = make(add=add)

    browser = closed.browser(remember_token=cookie)

    assert browser.get("/who").status_code == 200
    assert browser.get("/secret").location.startswith("/login")


@pytest.mark.row("ATK-37", "W11")
def test_a_remember_cookie_that_loads_nobody_is_nobodys(host: Host) -> None:
    """An old remember cookie whose user is gone is deleted, and every page stays as it was."""
    cookie = old_cookie(host)
    host.enrol()
    host.gone.add("ada")
    browser = host.browser(remember_token=cookie)

    assert browser.sees("/who") == "None None"
    assert "remember_token" not in browser.cookies()
    assert browser.get("/login").text == "LOGIN"
    assert browser.login("bob").location == "/who"


@pytest.mark.row("ATK-08", "ASVS-6.4.1")
def test_nobody_enrols_for_a_person_who_is_not_there(host: Host) -> None:
    """A session left over from a closed account sets up no second step for whoever comes next."""
    browser = host.browser()
    browser.login("42")
    host.gone.add("42")

    assert browser.client.post("/two-step/add/totp", json={}).status_code == 401
    assert browser.get("/two-step/", headers=PROGRAM).status_code == 401

    host.gone.clear()
    assert host.engine.enrolments("42") == []


@pytest.mark.row("ATK-02")
def test_a_token_lets_nobody_enrolled_in(make: Make) -> None:
    """A request_loader brings whoever has no second step, and otherwise nobody."""
    host = make(Shape(request_loader=True))
    host.enrol("ada")

    assert host.browser().sees("/who", headers={"X-Token": "ada"}) == "None None"
    assert host.browser().sees("/who", headers={"X-Token": "bob"}) == "bob None"
    assert host.diary == ["bob seen before who", "bob seen after who"]


@pytest.mark.row("ATK-02")
def test_an_application_without_a_secret_key_is_guarded(tmp_path: Path, make: Make) -> None:
    """Tokens of an application that can keep no session pass the same gate."""
    host = make(Shape(request_loader=True))
    host.enrol("ada")
    bare = flask_login_host(
        tmp_path / "bare",
        Shape(request_loader=True),
        clock=host.clock,
        VESTIBULE_DATABASE_URL=host.state.parts.database.engine.url.render_as_string(),
        VESTIBULE_KEY_FILE=str(tmp_path / "0" / "vestibule-development.keys"),
    )
    bare.app.secret_key = None

    assert bare.browser().sees("/public") == "PUBLIC"
    assert bare.browser().sees("/public", headers={"X-Token": "ada"}) == "PUBLIC"
    assert bare.browser().get("/missing", headers={"X-Token": "ada"}).status_code == 404
    assert bare.diary == []
    assert bare.browser().get("/missing", headers={"X-Token": "bob"}).status_code == 404
    assert bare.diary == ["bob seen before None", "bob seen after None"]
    bare.close()


# --- 3: who is logged in before the view


def sign_on(host: Host) -> None:
    """Log in whom a proxy in front of the host names, where nobody is yet."""

    @host.app.before_request
    def trust_the_proxy() -> None:
        name = request.headers.get("X-Remote-User")
        if name and not current_user.is_authenticated:
            login_user(Person(name))


@pytest.mark.row("ATK-02", "ASVS-6.8.4", "ASVS-6.3.4")
def test_a_login_before_every_view_waits_like_any_other(make: Make) -> None:
    """A host that logs in whom its proxy names still asks, shows its page, and asks once."""
    host = make(add=sign_on)
    phone, browser = host.enrol(), host.browser()
    named = {"X-Remote-User": "ada"} | PAGE

    assert browser.get("/secret?page=2", headers=named).location == DOOR
    for _ in range(3):
        assert browser.get("/who", headers=named).location == DOOR
        assert browser.get(DOOR, headers=named).status_code == 200
        with browser.get("/two-step/static/code.js", headers=named) as script:
            assert script.status_code == 200
    assert [entry for entry in host.diary if "in secret" in entry] == []
    assert [row for row in passages(host) if row[2] == "pending"] == [("ada", "login", "pending")]

    host.clock.move(seconds=60)
    answered = browser.client.post(
        DOOR, json={"code": phone.next_code(host.clock.now())}, headers={"X-Remote-User": "ada"}
    )

    assert answered.get_json()["location"] == "/secret?page=2"
    assert browser.get("/secret", headers=named).text == "SECRET"
    assert browser.get("/secret", headers={"X-Remote-User": "bob"} | PAGE).text == "SECRET"


@pytest.mark.row("ATK-02", "ATK-07")
def test_the_proxys_word_is_for_one_person(make: Make) -> None:
    """A login the proxy makes for another begins anew, with the other's own second step."""
    host = make(add=sign_on)
    ada, bob, browser = host.enrol("ada"), host.enrol("bob"), host.browser()
    browser.get("/secret", headers={"X-Remote-User": "ada"} | PAGE)

    browser.get("/secret", headers={"X-Remote-User": "bob"} | PAGE)

    code = ada.next_code(host.clock.now())
    assert browser.client.post(DOOR, json={"code": code}).status_code == 422
    assert browser.second_step(bob).status_code == 200
    assert browser.sees("/who").startswith("bob")


@pytest.mark.row("ATK-70")
def test_an_answer_before_the_view_is_not_given_to_anybody_waiting(make: Make) -> None:
    """Where a before_request function logs in and answers by itself, the login waits too."""

    def add(host: Host) -> None:
        @host.app.before_request
        def answer() -> str | None:
            if request.headers.get("X-Remote-User"):
                login_user(Person(request.headers["X-Remote-User"]))
                return "WELCOME"
            return None

    host = make(add=add)
    host.enrol()
    browser = host.browser()

    answered = browser.get("/secret", headers={"X-Remote-User": "ada"} | PAGE)

    assert answered.location == DOOR
    assert "WELCOME" not in answered.text
    assert browser.sees("/who").startswith("None")


# --- 4: who is logged in by the view


@pytest.mark.row("ATK-03")
def test_what_a_login_leaves_to_be_done_waits_too(make: Make) -> None:
    """Cookies that a login view leaves to after_this_request come after the second step."""

    def add(host: Host) -> None:
        @host.app.post("/modern")
        def modern() -> Any:
            login_user(Person(request.form["name"]))

            @after_this_request
            def hand_out(response: Response) -> Response:
                response.set_cookie("jwt", f"signed for {current_user.id}")
                return response

            return redirect("/who")

    host = make(add=add)
    phone, browser = host.enrol(), host.browser()

    browser.login("ada", "/modern")
    assert set(browser.cookies()) == {"vestibule-default"}

    browser.second_step(phone)
    assert "signed for ada" in browser.cookies()["jwt"]
    other = host.browser()
    other.login("bob", "/modern")
    assert "signed for bob" in other.cookies()["jwt"]


def test_a_streamed_answer_to_a_login_is_closed(make: Make) -> None:
    """The answer of a login that must wait is closed unread; where none is needed it is read."""
    host = make(add=stream)
    host.enrol()
    browser = host.browser()

    assert browser.login("ada", "/stream").location == DOOR
    assert host.diary == ["closed"]

    host.diary.clear()
    answered = browser.login("bob", "/stream")
    assert answered.text == "hello bob"
    answered.close()
    assert [line for line in host.diary if "seen" not in line] == ["streamed", "closed"]


@pytest.mark.row("ATK-01", "ATK-80")
def test_a_login_view_that_fails_lets_nobody_in(make: Make) -> None:
    """A login whose view fails afterwards is as shut as one that did not fail."""

    def add(host: Host) -> None:
        @host.app.post("/failing")
        def failing() -> str:
            login_user(Person(request.form["name"]), remember=True)
            raise RuntimeError("the mail server is down")

        @host.app.errorhandler(500)
        def explain(error: Exception) -> tuple[str, int]:
            return f"sorry {current_user.get_id()}", 500

    host = make(add=add, PROPAGATE_EXCEPTIONS=False)
    phone, browser = host.enrol(), host.browser()

    answered = browser.login("ada", "/failing")

    assert "ada" not in answered.text
    assert set(browser.cookies()) <= {"vestibule-default"}
    assert not browser.is_in()
    assert host.diary == []
    browser.second_step(phone)
    assert browser.is_in()


@pytest.mark.row("ATK-01")
@pytest.mark.parametrize("name", ["contact_loader", "password_stamp", "subject_loader"])
def test_a_function_that_fails_at_the_login_lets_nobody_in(make: Make, name: str) -> None:
    """Where a function of the host fails for whoever signs in, its page of errors sees nobody."""
    broken: list[bool] = []

    def failing(user: Any) -> Any:
        if broken:
            raise LookupError("of the application's own")
        return {} if name == "contact_loader" else user.id

    def add(host: Host) -> None:
        @host.app.errorhandler(500)
        def explain(error: Exception) -> tuple[str, int]:
            return f"sorry {current_user.get_id()} {session.get('_user_id')}", 500

        @host.app.before_request
        def come_early() -> None:
            if request.path == "/early":
                login_user(Person("ada"))

    host = make(add=add, PROPAGATE_EXCEPTIONS=False)
    assert host.vestibule is not None
    getattr(host.vestibule, name)(failing)
    remembered = host.browser()
    remembered.login(remember="yes")
    remembered.client.delete_cookie("session")
    host.enrol()
    broken.append(True)
    browser = host.browser()

    assert browser.login().text == "sorry None None"
    assert browser.get("/early").text == "sorry None None"
    assert "ada" not in remembered.get("/who").text
    broken.clear()
    assert not browser.is_in()
    assert not remembered.is_in()


@pytest.mark.row("ATK-70", "ASVS-2.3.1")
@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_no_method_passes_by(make: Make, method: str) -> None:
    """Whatever the method, and whatever method a header claims, nobody waiting is seen."""

    def add(host: Host) -> None:
        class Any_(MethodView):  # noqa: N801 - "Any" is taken
            def dispatch_request(self, **values: Any) -> Any:
                del values
                return {"user": current_user.get_id(), "session": sorted(session)}

        methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
        view = Any_.as_view("any")
        host.app.add_url_rule(
            "/any", view_func=view, methods=methods, provide_automatic_options=False
        )

    host = make(add=add)
    host.enrol()
    browser = host.browser()
    browser.login("ada", remember="yes")

    headers = {"X-HTTP-Method-Override": "GET", "X-Original-URL": "/secret", "Upgrade": "websocket"}
    answered = browser.client.open("/any", method=method, headers=headers)

    if method != "HEAD":
        assert answered.json == {"user": None, "session": []}
    assert host.diary == []
    assert not browser.is_in()


@pytest.mark.row("ATK-70")
def test_the_gate_stands_before_other_extensions(make: Make) -> None:
    """A function that another extension puts in front of all others finds nobody."""
    found: list[str | None] = []

    def add(host: Host) -> None:
        def first() -> None:
            found.append(current_user.get_id())
            found.append(session.get("_user_id"))

        host.app.before_request_funcs.setdefault(None, []).insert(0, first)

    host = make(Shape(when="before"), add=add)
    browser = host.browser()
    browser.login("ada", remember="yes")
    host.enrol()
    found.clear()

    assert browser.get("/secret").status_code == 302
    assert browser.get("/missing").status_code == 404
    assert set(found) == {None}


@pytest.mark.row("ATK-70")
def test_error_pages_know_nobody_who_waits(make: Make) -> None:
    """Pages for errors, and whatever runs after an answer, find nobody."""
    last: list[str | None] = []

    def add(host: Host) -> None:
        @host.app.errorhandler(404)
        def explain(error: Exception) -> tuple[str, int]:
            return f"no such page, {current_user.get_id()}", 404

        @host.app.teardown_request
        def look(error: BaseException | None) -> None:
            last.append(current_user.get_id())

    host = make(add=add)
    host.enrol()
    browser = host.browser()
    cookie = old_cookie(host, "bob")
    host.enrol("bob")
    last.clear()

    browser.login("ada")
    assert browser.sees("/missing") == "no such page, None"
    assert host.browser(remember_token=cookie).sees("/missing") == "no such page, None"
    assert set(last) == {None}


# --- where a waiting person is led


def test_a_program_is_told_where_the_second_step_is(host: Host) -> None:
    """A login by a program is answered by a 401 that names the place and the ways."""
    host.enrol()

    answered = host.app.test_client().post("/login", data={"name": "ada"}, headers=PROGRAM)

    assert answered.status_code == 401
    assert answered.json == {
        "error": "second_step_required",
        "location": DOOR,
        "methods": ["totp"],
    }
    assert answered.headers["Cache-Control"] == "no-store"


@pytest.mark.row("ASVS-3.7.2", "W1")
def test_the_wanted_page_is_one_of_this_site(host: Host) -> None:
    """The page a login was going to is kept only where it is this site's own."""
    for number, (wanted, reached) in enumerate(
        {
            "/secret?page=2": "/secret?page=2",
            "http://localhost/secret": "/secret",
            "https://evil.example/": "/",
            "//evil.example/": "/",
            "/\\evil.example": "/",
            "javascript:alert(1)": "/",
        }.items()
    ):
        phone, browser = host.enrol(f"user{number}"), host.browser()
        browser.login(f"user{number}", "/login?next=" + wanted)

        assert browser.second_step(phone).get_json()["location"] == reached


def test_below_a_prefix_every_way_leads_back(make: Make) -> None:
    """Mounted below a prefix, the second step and the wanted page are below it too."""
    host = make(add=sign_on)
    phone = host.enrol()
    site = Client(DispatcherMiddleware(Flask("outside"), {"/shop": host.app}))

    login = site.post("/shop/login?next=/shop/who", data={"name": "ada"}, headers=PAGE)
    assert login.location == "/shop" + DOOR
    assert site.get("/shop/secret", headers=PAGE).location == "/shop" + DOOR
    code = phone.next_code(host.clock.now())
    assert site.post("/shop" + DOOR, json={"code": code}).get_json()["location"] == "/shop/who"

    other = Client(DispatcherMiddleware(Flask("outside"), {"/shop": host.app}))
    other.get("/shop/secret?page=2", headers={"X-Remote-User": "ada"} | PAGE)
    host.clock.move(seconds=60)
    code = phone.next_code(host.clock.now())
    answered = other.post("/shop" + DOOR, json={"code": code})
    assert answered.get_json()["location"] == "/shop/secret?page=2"


def test_whoever_waits_is_led_on_where_the_password_would_be_asked(make: Make) -> None:
    """A page that sends to the login page leads to the second step instead, unless it is exempt."""

    def add(host: Host) -> None:
        @host.app.get("/open")
        @Vestibule.exempt
        def open_page() -> Any:
            return redirect(url_for("login"))

        @host.app.get("/elsewhere")
        def elsewhere() -> Any:
            return redirect("/public")

    host = make(add=add)
    host.enrol()
    browser = host.browser()
    browser.login("ada")

    assert browser.get("/secret").location == DOOR
    assert browser.get("/open").location == "/login"
    assert browser.get("/elsewhere").location == "/public"
    assert browser.get("/secret", headers=PROGRAM).location.startswith("/login")
    assert host.browser().get("/secret").location.startswith("/login")
    host.clock.move(seconds=601)
    assert browser.get("/secret").location.startswith("/login")


@pytest.mark.row("ATK-12", "A18", "ASVS-6.5.5")
def test_a_word_about_signing_in_is_taken_back(make: Make) -> None:
    """What a host says about signing in, while the password was right already, is never shown."""

    def add(host: Host) -> None:
        host.app.add_url_rule("/said", view_func=lambda: str(get_flashed_messages()))

    host = make(add=add)
    phone, browser = host.enrol(), host.browser()
    browser.login()

    assert browser.get("/secret").location == DOOR
    browser.second_step(phone)

    assert browser.sees("/said") == "[]"


def test_a_login_waits_ten_minutes(host: Host) -> None:
    """A login that waits is over after ten minutes, and a second too late is too late."""
    phone, browser, late = host.enrol(), host.browser(), host.browser()
    browser.login("ada")
    late.login("ada")

    host.clock.move(seconds=599)
    code = phone.next_code(host.clock.now())
    assert browser.client.post(DOOR, json={"code": code}).status_code == 200
    host.clock.move(seconds=1)
    code = phone.next_code(host.clock.now())
    assert late.client.post(DOOR, json={"code": code}).status_code == 410
    assert not late.is_in()


@pytest.mark.row("A2", "A18")
def test_leaving_drops_what_waits(host: Host) -> None:
    """Whoever signs out while his login waits ends it."""
    phone, browser = host.enrol(), host.browser()
    browser.login("ada")
    waiting = browser.cookies()

    browser.logout()

    code = phone.next_code(host.clock.now())
    assert host.browser(**waiting).client.post(DOOR, json={"code": code}).status_code == 410


# --- what changes between the steps, and afterwards


@pytest.mark.row("ATK-12", "ASVS-7.4.2")
def test_an_account_closed_between_the_steps_stays_out(host: Host) -> None:
    """A right code opens nothing once the host would not let its user in any more."""
    phone, browser = host.enrol(), host.browser()
    browser.login("ada", remember="yes")

    host.gone.add("ada")

    assert browser.second_step(phone).status_code == 410
    assert set(browser.cookies()) <= {"vestibule-default-browser"}
    host.gone.clear()
    assert not browser.is_in()


@pytest.mark.row("ATK-12", "ASVS-6.5.6")
def test_a_factor_removed_between_the_steps_opens_nothing(host: Host) -> None:
    """A code of an app that was removed while the login waited is refused."""
    phone, browser = host.enrol(), host.browser()
    browser.login("ada")
    (enrolment,) = host.engine.enrolments("ada")

    host.engine.revoke(enrolment)

    assert browser.second_step(phone).status_code == 410
    assert not browser.is_in()


def with_stamps(make: Make) -> tuple[Host, dict[str, str]]:
    """A host that tells when a password changes."""
    host, stamps = make(), {"ada": "first"}
    assert host.vestibule is not None
    host.vestibule.password_stamp(lambda user: stamps[user.id])
    return host, stamps


@pytest.mark.row("ATK-12", "ASVS-7.4.3")
def test_a_password_changed_between_the_steps_begins_anew(make: Make) -> None:
    """A login that waits is over when the password changes."""
    host, stamps = with_stamps(make)
    phone, browser = host.enrol(), host.browser()
    browser.login("ada")

    stamps["ada"] = "second"

    assert browser.second_step(phone).status_code == 410
    assert not browser.is_in()


@pytest.mark.row("ASVS-7.4.3", "ATK-36", "A21")
def test_a_changed_password_ends_every_session(make: Make) -> None:
    """Once the password has changed, no cookie of before opens anything or spares a step."""
    host, stamps = with_stamps(make)
    phone, browser = host.enrol(), host.browser()
    browser.login("ada", remember="yes")
    browser.second_step(phone)
    assert browser.is_in()
    kept = browser.cookies()
    host.diary.clear()

    stamps["ada"] = "second"

    for thief in replayed(host, kept):
        assert not thief.is_in()
    assert host.diary == []
    returned = host.browser(**kept)
    returned.client.delete_cookie("session")
    returned.client.delete_cookie("remember_token")
    assert returned.login("ada").location == DOOR


@pytest.mark.row("ATK-36", "ASVS-7.4.3")
def test_a_grant_spares_a_second_step_while_the_password_is_the_same(make: Make) -> None:
    """Whoever lost only his session signs in by the password, until the password has changed."""
    host, stamps = with_stamps(make)
    phone, browser = host.enrol(), host.browser()
    browser.login("ada")
    browser.second_step(phone)
    granted = {n: v for n, v in browser.cookies().items() if n.startswith("vestibule")}

    assert host.browser(**granted).login("ada").location == "/who"
    assert host.browser(**granted).login("bob").location == "/who"
    assert not host.browser(**granted).is_in()
    again = host.browser()
    again.login("ada")
    again.second_step(phone)
    granted = {n: v for n, v in again.cookies().items() if n.startswith("vestibule")}
    stamps["ada"] = "second"

    assert host.browser(**granted).login("ada").location == DOOR


@pytest.mark.row("ASVS-7.4.3", "ASVS-7.4.1", "ASVS-6.5.6")
def test_removing_a_factor_ends_the_other_sessions(host: Host) -> None:
    """When the last factor goes, no grant is left, and only the browser that did it stays in."""
    phone, here, there = host.enrol(), host.browser(), host.browser()
    for browser in (here, there):
        browser.login("ada", remember="yes")
        browser.second_step(phone)
    (enrolment,) = host.engine.enrolments("ada")
    answered = here.client.post(f"/two-step/ways/{enrolment.id}/remove", json={})
    assert answered.status_code == 200
    kept = there.cookies()

    assert here.is_in()
    assert {row[2] for row in passages(host)} == {"ended"}
    host.enrol()
    for thief in (there, *replayed(host, kept)):
        assert not thief.is_in()


@pytest.mark.row("ASVS-7.1.1", "ASVS-7.4.1")
def test_a_grant_ends_by_the_servers_clock(host: Host) -> None:
    """A grant lives a day, thirty where one asked to be remembered, whatever the browser keeps."""
    phone = host.enrol()
    for fields, days in (({}, 1), ({"remember": "yes"}, 30)):
        browser = host.browser()
        browser.login("ada", **fields)
        browser.second_step(phone)
        kept = browser.cookies()

        host.clock.move(days=days, seconds=-1)
        assert host.browser(**kept).is_in()
        host.clock.move(seconds=1)
        assert not host.browser(**kept).is_in()


@pytest.mark.row("ASVS-7.2.3", "ASVS-7.2.4")
def test_every_proof_gives_a_new_token(host: Host) -> None:
    """The value that names a browser has 256 bits and is new after each proof, the old one dead."""
    phone, browser, seen = host.enrol(), host.browser(), []
    browser.login("ada")
    seen.append(browser.cookies()["vestibule-default"])
    browser.second_step(phone)
    seen.append(browser.cookies()["vestibule-default"])
    host.clock.move(seconds=60)
    code = phone.next_code(host.clock.now())
    assert browser.client.post("/two-step/confirm", json={"code": code}).status_code == 200
    seen.append(browser.cookies()["vestibule-default"])

    assert len(set(seen)) == 3
    assert {len(token) for token in seen} == {43}
    for dead in seen[:2]:
        kept = browser.cookies() | {"vestibule-default": dead}
        assert not host.browser(**kept).is_in()
    assert browser.is_in()


@pytest.mark.row("A1", "A11", "A15", "A20")
def test_a_proof_opens_the_browser_it_was_given_in(host: Host) -> None:
    """While the owner proves herself in one browser, another with her password stays shut."""
    phone, mine, theirs = host.enrol(), host.browser(), host.browser()
    mine.login("ada")
    theirs.login("ada")

    mine.second_step(phone)

    assert mine.is_in()
    assert not theirs.is_in()
    mine.logout()
    mine.login("ada")
    mine.second_step(phone)
    assert not theirs.is_in()


@pytest.mark.row("ATK-04")
def test_what_a_browser_makes_of_an_answer_is_nothing_to_us(host: Host) -> None:
    """Refusals turned round on their way back change nothing at the next request."""
    host.enrol()
    browser = host.browser()
    browser.login("ada")
    answered = browser.client.post(DOOR, json={"code": "000000"})
    assert answered.status_code == 422

    claims = {"status": "accepted", "verified": True, "code": "000000"}
    assert browser.client.post(DOOR, json=claims).status_code == 422
    assert browser.client.get(DOOR, query_string=claims, headers=PROGRAM).json != claims
    browser.client.set_cookie("verified", "true")
    assert not browser.is_in()


@pytest.mark.row("ATK-06")
def test_an_old_cookie_brings_no_tries_back(host: Host) -> None:
    """Five wrong answers stay five, whichever cookies are put back."""
    phone, browser = host.enrol(), host.browser()
    browser.login("ada")
    kept = browser.cookies()
    for _ in range(5):
        browser.client.post(DOOR, json={"code": "000000"})

    host.clock.move(seconds=300)
    again = host.browser(**kept)

    assert again.second_step(phone).status_code == 429
    assert not again.is_in()


@pytest.mark.row("ATK-08", "A2")
def test_enrolling_and_logging_in_in_one_browser_do_not_mix(host: Host) -> None:
    """A code for one's own new app never finishes the login of another that waits beside it."""
    ada, browser = host.enrol("ada"), host.browser()
    browser.login("ada")
    of_ada = browser.cookies()["vestibule-default"]

    browser.login("mallory")
    assert browser.client.post("/two-step/add/totp", json={}).status_code == 200
    secret = browser.client.get("/two-step/setup", headers=PROGRAM).get_json()["secret"]
    assert secret
    of_mallory = browser.cookies()["vestibule-default"]
    host.clock.move(seconds=60)
    code = ada.next_code(host.clock.now())

    assert browser.client.post(DOOR, json={"code": code}).status_code in {200, 410}
    assert browser.client.post("/two-step/setup", json={"code": code}).status_code == 422
    for token in (of_ada, of_mallory):
        thief = host.browser(**{"vestibule-default": token})
        assert thief.client.post(DOOR, json={"code": code}).status_code == 410
        assert not thief.is_in()
    assert browser.sees("/who").startswith("mallory")


@pytest.mark.row("ATK-05")
def test_a_planted_login_is_replaced(host: Host) -> None:
    """A waiting login that somebody planted in a browser is over once its owner signs in there."""
    phone, mallory, browser = host.enrol("ada"), host.browser(), host.browser()
    mallory.login("ada")
    planted = mallory.cookies()["vestibule-default"]
    browser.client.set_cookie("vestibule-default", planted)

    browser.login("ada")
    browser.second_step(phone)

    assert browser.is_in()
    assert browser.cookies()["vestibule-default"] != planted
    assert not mallory.is_in()
    host.clock.move(seconds=60)
    assert mallory.second_step(phone).status_code == 410


@pytest.mark.row("ATK-36", "ASVS-6.3.4")
def test_a_known_browser_still_proves_itself(host: Host) -> None:
    """The cookie of a known browser opens nothing, with the password or without."""
    phone, browser = host.enrol(), host.browser()
    browser.login("ada")
    browser.second_step(phone)
    known = browser.cookies()["vestibule-default-browser"]

    copy = host.browser(**{"vestibule-default-browser": known})

    assert not copy.is_in()
    assert copy.login("ada").location == DOOR
    assert not copy.is_in()


# --- the applications around


@pytest.mark.row("ASVS-8.4.1")
def test_applications_in_one_process_stay_apart(make: Make) -> None:
    """Two applications with the same key and names know nothing of each other's grants."""
    one, other = make(), make()
    phone = one.enrol("ada")
    other.enrol("ada")
    browser = one.browser()
    browser.login("ada")
    browser.second_step(phone)
    assert browser.is_in()

    assert not other.browser(**browser.cookies()).is_in()
    assert other.diary == []
    assert other.browser().login("bob").location == "/who"
    assert browser.is_in()


def test_one_login_manager_may_serve_several_applications(make: Make) -> None:
    """Where applications share a login manager, each is guarded by its own gate, or by none."""
    guarded, other = make(), make()
    bare = Flask("bare", instance_path=guarded.app.instance_path)
    bare.secret_key = guarded.app.secret_key
    for app in (other.app, bare):
        guarded.manager.init_app(app)
    bare.add_url_rule("/who", view_func=lambda: str(current_user.get_id()))
    cookie = old_cookie(guarded)
    guarded.enrol()

    assert guarded.browser(remember_token=cookie).sees("/who") == "None None"
    assert other.browser(remember_token=cookie).sees("/who") == "ada None"
    client = bare.test_client()
    client.set_cookie("remember_token", cookie)
    assert client.get("/who").text == "ada"


@pytest.mark.row("ATK-70")
def test_an_application_within_an_application_is_another_visit(make: Make) -> None:
    """A view that hands its environment on to another application is not mistaken for it."""
    inner = make(SESSION_COOKIE_NAME="inner", VESTIBULE_REALM="inner")

    def add(host: Host) -> None:
        @host.app.get("/inner/who")
        def hand_on() -> Any:
            return Response.from_app(inner.app, request.environ | {"PATH_INFO": "/who"})

        @host.app.get("/inner/share")
        def share() -> Any:
            request.environ["PATH_INFO"] = "/who"
            begin: Any = lambda *begun: begun  # noqa: E731 - as short as it can be
            answer = inner.app.wsgi_app(request.environ, begin)
            return b"".join(answer)

    outer = make(add=add)
    phone, browser = outer.enrol(), outer.browser()
    inner.enrol()
    browser.login("ada")
    browser.second_step(phone)

    for path in ("/inner/who", "/inner/share"):
        assert browser.sees(path) == "None None"
        assert browser.is_in()
    assert inner.diary == []


@pytest.mark.row("W14", "ASVS-7.4.1")
def test_nothing_is_kept_in_a_process(tmp_path: Path, make: Make) -> None:
    """What waits, what is granted and what is over is known at once to another process."""
    one = make()
    phone = one.enrol()
    other = flask_login_host(
        tmp_path / "other",
        clock=one.clock,
        VESTIBULE_DATABASE_URL=one.state.parts.database.engine.url.render_as_string(),
        VESTIBULE_KEY_FILE=str(Path(one.app.instance_path, "vestibule-development.keys")),
    )
    browser = one.browser()
    browser.login("ada")

    there = other.browser(**browser.cookies())
    there.second_step(phone)
    assert there.is_in()
    back = one.browser(**there.cookies())
    assert back.is_in()
    back.logout()
    assert not there.is_in()
    other.close()


def test_the_hosts_own_tests_may_write_a_session(make: Make) -> None:
    """A host's test signs in by its session as it always did, but for whom the gate guards."""
    host = make()
    host.enrol("ada")
    for name, seen in (("bob", "bob None"), ("ada", "None None")):
        browser = host.browser()
        with browser.client.session_transaction() as kept:
            kept["_user_id"] = name
            kept["_fresh"] = True
        assert browser.sees("/who") == seen
        host.app.test_client_class = FlaskLoginClient
        client = host.app.test_client(user=Person(name))
        assert client.get("/who").text == seen
        host.app.test_client_class = None


def test_the_hosts_session_interface_is_there_as_it_was(host: Host) -> None:
    """Whoever asks for the session interface, or sets something on it, reaches the host's own."""
    interface = host.app.session_interface
    interface.key_derivation = "hmac"  # type: ignore[attr-defined]
    interface.added = "something"  # type: ignore[attr-defined]

    assert interface.salt == "cookie-session"  # type: ignore[attr-defined]
    assert isinstance(interface, SecureCookieSessionInterface)
    assert interface._inner.added == "something"  # type: ignore[attr-defined]  # noqa: SLF001
    assert not hasattr(interface, "regenerate")


@pytest.mark.parametrize("made", [flask_login_host, plain_host])
def test_a_host_may_save_its_session_by_itself(made: Callable[..., Host], tmp_path: Path) -> None:
    """A view that hands Flask's session to the interface finds it saved, under the same rules."""

    def add(host: Host) -> None:
        @host.app.post("/save")
        def save() -> Response:
            session["kept"] = ["by hand"]
            if "name" in request.form:
                session[host.state.host.key] = request.form["name"]
            answer = Response("saved")
            host.app.session_interface.save_session(host.app, session, answer)
            return answer

    host = made(tmp_path, add=add)
    host.enrol()
    browser = host.browser()

    assert browser.client.post("/save").text == "saved"
    with browser.client.session_transaction() as after:
        assert after["kept"] == ["by hand"]
    browser.client.post("/save", data={"name": "ada"})
    assert not browser.is_in()
    host.close()


def test_a_context_of_a_test_is_guarded_like_a_request(host: Host) -> None:
    """In a context that a host's test makes by hand, who logs in is seen as in a view."""
    host.enrol()
    with host.app.test_request_context("/secret"):
        assert host.app.preprocess_request() is None
        assert current_user.get_id() is None
        login_user(Person("ada"))
        assert current_user.get_id() == "ada"
        logout_user()
    cookie = f"session={signed(host.app, {'_user_id': 'ada', '_fresh': True})}"
    with host.app.test_request_context("/secret", headers={"Cookie": cookie}):
        assert host.app.preprocess_request() is None
        assert current_user.get_id() is None


def test_no_page_varies_by_our_doing(tmp_path: Path) -> None:
    """A page that looks at no session is cached as it was, whoever is signed in."""
    host = plain_host(tmp_path)
    app = host.app
    app.before_request_funcs.clear()
    app.url_value_preprocessors.clear()
    phone = host.enrol()
    browser = host.browser()
    assert "Vary" not in host.browser().get("/public").headers
    browser.login("bob")
    assert "Vary" not in browser.get("/public").headers
    browser.login("ada")
    assert "Vary" not in browser.get("/public").headers
    browser.second_step(phone)
    assert "Vary" not in browser.get("/public").headers
    host.close()


# --- what it costs


@pytest.mark.parametrize("kind", [flask_login_host, plain_host])
def test_a_signed_in_request_costs_one_statement(kind: Make, tmp_path: Path) -> None:
    """A signed-in request asks the store once and writes nothing; an anonymous one asks nothing."""
    host = kind(tmp_path)
    phone, enrolled, other, nobody = host.enrol(), host.browser(), host.browser(), host.browser()
    enrolled.login("ada")
    enrolled.second_step(phone)
    other.login("bob")
    waiting = host.browser()
    waiting.login("ada")

    for browser, said in ((enrolled, ["SELECT"]), (other, ["SELECT"]), (nobody, []), (waiting, [])):
        for path in ("/who", "/public", "/missing"):
            with host.statements() as spoken:
                browser.get(path)
            assert spoken == said
    host.close()


def test_a_remembered_request_costs_one_statement(make: Make) -> None:
    """A request that comes by a remember cookie alone asks the store once as well."""
    host = make()
    browser = host.browser()
    browser.login("bob", remember="yes")
    browser.client.delete_cookie("session")

    with host.statements() as spoken:
        assert browser.sees("/who") == "bob None"

    assert spoken == ["SELECT"]


# --- what is refused at once


def test_a_host_is_guarded_once(host: Host) -> None:
    """A second Vestibule on one application is refused."""
    with pytest.raises(UsageError, match="call init_app once"):
        Vestibule(host.app)


def test_an_application_without_a_login_is_told_what_to_set(tmp_path: Path) -> None:
    """A host with neither Flask-Login nor VESTIBULE_LOGIN_KEYS is told so at its first request."""
    app = Flask("bare", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="k", TESTING=True)
    Vestibule(app)

    with pytest.raises(ConfigurationError, match="VESTIBULE_LOGIN_KEYS"):
        app.test_client().get("/")


def test_keys_beside_flask_login_are_refused(make: Make) -> None:
    """Session keys beside Flask-Login would leave its other ways open, and are refused."""
    host = make(VESTIBULE_LOGIN_KEYS=["_user_id"])

    with pytest.raises(ConfigurationError, match="has Flask-Login"):
        host.browser().get("/public")


def test_a_long_login_value_is_recognised(make: Make) -> None:
    """A grant is found again however long the host's login value is."""
    host = make()
    name = "a" * 500
    phone, browser = host.enrol(name), host.browser()
    browser.login(name)
    browser.second_step(phone)

    assert browser.is_in()


def test_a_login_the_host_writes_by_hand_is_seen(make: Make) -> None:
    """A login that is written into the session past Flask-Login waits all the same."""

    def add(host: Host) -> None:
        @host.app.post("/by-hand")
        def by_hand() -> Any:
            assert not current_user.is_authenticated
            session["_user_id"] = request.form["name"]
            return redirect("/who")

    host = make(add=add)
    phone, browser = host.enrol(), host.browser()

    assert browser.login("bob", "/by-hand").location == "/who"
    assert browser.sees("/who").startswith("bob")
    other = host.browser()
    assert other.login("ada", "/by-hand").location == DOOR
    assert other.sees("/who").startswith("None")
    other.second_step(phone)
    assert other.sees("/who").startswith("ada")


def test_a_login_after_the_view_is_emptied(make: Make) -> None:
    """A login made by an after_request function, when it is too late to ask, is not kept."""

    def add(host: Host) -> None:
        @host.app.after_request
        def late(response: Response) -> Response:
            name = request.headers.get("X-Late")
            if name:
                session["_user_id"] = name
                g.pop("_login_user", None)
            return response

    host = make(add=add)
    host.enrol("ada")
    for name, seen in (("ada", "None"), ("bob", "bob")):
        browser = host.browser()
        browser.get("/public", headers={"X-Late": name})
        assert browser.sees("/who").startswith(seen)


def test_a_logout_after_the_view_ends_the_grant(make: Make) -> None:
    """A logout made by an after_request function ends the grant as well."""

    def add(host: Host) -> None:
        @host.app.after_request
        def late(response: Response) -> Response:
            if request.headers.get("X-Late"):
                logout_user()
            return response

    host = make(add=add)
    phone, browser = host.enrol(), host.browser()
    browser.login("ada", remember="yes")
    browser.second_step(phone)
    kept = browser.cookies()

    browser.get("/public", headers={"X-Late": "yes"})

    for thief in replayed(host, kept):
        assert not thief.is_in()


def test_the_extension_finds_its_state(host: Host) -> None:
    """Code that asks an application without Vestibule for its state is told what to call."""
    assert state_of(host.app) is host.state
    with pytest.raises(ConfigurationError, match="call Vestibule"):
        state_of(Flask("other"))
