"""Every route is asked, and no view is called."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import pytest
from examples.microblog import create_app as create_microblog
from examples.plain_session import create_app as create_plain_session
from flask import Blueprint, Flask, g, redirect, request, session
from flask.sessions import SecureCookieSession, SessionInterface
from flask.views import MethodView
from flask_login import current_user, login_user
from tests.cli.sites import KEY, Ground, Host, Member, examined
from tests.hosts.tutorial import create_app as create_tutorial
from tests.hosts.tutorial import init_db

from vestibule.cli.doctor.examine import Examination, examine
from vestibule.cli.doctor.findings import Severity
from vestibule.cli.doctor.routes import Route, Seen
from vestibule.flask import event_recorded, login_paused
from vestibule.flask.state import state_of

BOTH = ("with_flask_login", "with_session_ids")


def route(found: Examination, endpoint: str) -> Route:
    """The one route of an endpoint."""
    (one,) = [r for r in found.routes if r.endpoint == endpoint]
    return one


@pytest.mark.parametrize("kind", BOTH)
def test_every_route_is_open_before_and_shut_after(ground: Ground, kind: str) -> None:
    """The password alone is enough everywhere before, and nowhere after."""
    host = getattr(ground, kind)()
    found = examined(host)

    rules = {rule.rule for rule in host.app.url_map.iter_rules()}
    assert {r.rule for r in found.routes} == {r for r in rules if not r.startswith("/two-step")}
    assert {r.before.seen for r in found.routes} == {Seen.SIGNED_IN}
    assert {r.after.seen for r in found.routes} == {Seen.NOBODY}


@pytest.mark.parametrize("kind", BOTH)
def test_no_view_is_called(ground: Ground, kind: str) -> None:
    """Asking calls no view, and leaves the application as it was."""
    host = getattr(ground, kind)()
    views, config, interface = (
        dict(host.app.view_functions),
        dict(host.app.config),
        host.app.session_interface,
    )
    examined(host)

    assert host.called == []
    assert host.app.view_functions == views
    assert dict(host.app.config) == config
    assert state_of(host.app).settings.database_url == ground.settings["VESTIBULE_DATABASE_URL"]
    assert host.app.session_interface is interface
    assert host.app.test_client().get("/nowhere").status_code == 404


def test_a_class_of_views_and_a_mounted_application_are_not_called(ground: Ground) -> None:
    """Neither a view class nor what stands around the application is called."""
    called = []

    class Things(MethodView):
        def get(self) -> str:
            called.append("get")
            return ""

        def post(self) -> str:
            called.append("post")
            return ""

    def plant(host: Host) -> None:
        host.app.add_url_rule("/things", view_func=Things.as_view("things"))
        inner = host.app.wsgi_app

        def around(environ: Any, start: Any) -> Any:
            called.append("around")
            return inner(environ, start)

        vars(host.app)["wsgi_app"] = around

    found = examined(ground.with_flask_login(plant))

    assert route(found, "things").methods == ("GET", "POST")
    assert called == []


def test_the_store_of_the_application_is_left_alone(ground: Ground) -> None:
    """What people have set up is neither read nor written."""
    host = ground.with_flask_login()
    before = (ground.folder / "vestibule.db").read_bytes()
    examined(host)

    assert (ground.folder / "vestibule.db").read_bytes() == before
    assert sorted(path.name for path in ground.folder.iterdir()) == [
        "vestibule.db",
        "vestibule.keys",
    ]


def test_what_listens_to_the_door_hears_nothing(ground: Ground) -> None:
    """Whom --user names has set nothing up: no receiver of ours ends their tokens for it."""

    def plant(host: Host) -> None:
        @host.app.before_request
        def restore() -> None:
            if not current_user.is_authenticated:
                login_user(Member("ada"))

    host, told = ground.with_flask_login(plant), []

    def hear(sender: object, **said: object) -> None:
        told.append(said)

    with ExitStack() as stack:
        for signal in (event_recorded, login_paused):
            stack.enter_context(signal.connected_to(hear, host.app))
        examined(host, user="ada")

    assert told == []


def test_sessions_on_the_servers_side_get_none_of_ours(ground: Ground) -> None:
    """A host that keeps sessions itself keeps none for the asking."""
    saved: list[Any] = []

    class Kept(SessionInterface):
        def open_session(self, *_: Any) -> SecureCookieSession:
            return SecureCookieSession()

        def save_session(self, *given: Any) -> None:
            saved.append(given)

    def plant(host: Host) -> None:
        host.app.session_interface = Kept()

    found = examined(ground.with_flask_login(plant))

    assert found.signed_in_before() == len(found.routes)
    assert saved == []


def test_marks_are_named(ground: Ground) -> None:
    """What is known of a view without calling it stands behind it: marks, wrappers, logins."""

    def plant(host: Host) -> None:
        @host.app.get("/help")
        @host.vestibule.exempt
        def helping() -> str:
            return "help"

    found = examined(ground.with_flask_login(plant))

    assert route(found, "thing").words == ("takes tokens",)
    assert route(found, "helping").words == ("exempt",)
    assert route(found, "home").words == ("needs a login",)
    assert route(found, "login").words == ("signs people in",)
    assert route(found, "token").words == ()


def test_methods_that_are_answered_alike_share_a_line(ground: Ground) -> None:
    """GET and POST of one view are one route where the answer is the same."""
    found = examined(ground.with_flask_login())

    assert route(found, "login").methods == ("GET", "POST")


def test_a_hook_that_answers_first_is_said(ground: Ground) -> None:
    """Where the host itself answers before the view, the route says so."""

    def plant(host: Host) -> None:
        @host.app.before_request
        def shut() -> Any:
            return redirect("/closed") if request.endpoint == "home" else None

    found = examined(ground.with_flask_login(plant))

    assert str(route(found, "home").after) == "stopped (302)"


def test_a_login_made_by_a_hook_is_stopped(ground: Ground) -> None:
    """A hook that signs people in by a cookie of its own is no hole: the view is not reached."""

    def plant(host: Host) -> None:
        @host.app.before_request
        def restore() -> None:
            if not current_user.is_authenticated:
                login_user(Member("2147483646"))

    found = examined(ground.with_flask_login(plant))

    assert route(found, "home").after.seen is Seen.STOPPED
    assert found.signed_in_after() == 0


def test_a_loader_that_reads_the_session_is_not_asked_by_an_id(ground: Ground) -> None:
    """Where the host's loader cannot take --user, that is said, and nothing is vouched for."""

    def plant(host: Host) -> None:
        @host.app.login_manager.user_loader  # type: ignore[attr-defined]
        def load(name: str) -> object:
            return Member(name) if session["version"] else None

    (told,) = examined(ground.with_flask_login(plant), user="1").findings
    assert (told.fault, told.severity) == ("not-asked", Severity.HOLE)
    assert "KeyError: 'version'" in told.what
    assert "leave --user out" in told.mend


def test_a_hook_that_fails_is_told_and_a_real_person_helps(ground: Ground) -> None:
    """A hook that wants somebody real is named with its error, and --user is what mends it."""

    def plant(host: Host) -> None:
        @host.app.before_request
        def need() -> None:
            if session.get("user_id"):
                g.name = {1: "ada"}[session["user_id"]]

    host = ground.with_session_ids(plant)
    (told,) = examined(host).findings
    assert (told.fault, told.mend) == ("not-asked", "Name the id of somebody real: --user ID.")
    assert "KeyError" in told.what
    assert examined(ground.with_session_ids(plant), user="1").findings == []


def test_a_hook_that_forgets_the_stand_in_proves_nothing(ground: Ground) -> None:
    """Where nobody is seen before either, it is said that nothing is shown."""

    def plant(host: Host) -> None:
        @host.app.before_request
        def forget() -> None:
            if session.get("user_id") != 1:
                session.clear()

    (told,) = examined(ground.with_session_ids(plant)).findings
    assert (told.fault, told.where) == ("unproven", "home, login")
    assert examined(ground.with_session_ids(plant), user="1").findings == []


def test_an_application_of_other_methods_is_asked(tmp_path: Path) -> None:
    """Whichever second steps an application offers, its routes are asked."""
    app = create_tutorial({"SECRET_KEY": KEY, "VESTIBULE_FACTORS": ["phone"]}, str(tmp_path))
    with app.app_context():
        init_db()

    found = examine(app)

    assert len(found.routes) == found.signed_in_before() > 0
    assert found.signed_in_after() == 0


def test_somebody_the_application_does_not_know_is_refused(ground: Ground) -> None:
    """An id that loads nobody is the operator's mistake, and is said."""

    def plant(host: Host) -> None:
        manager: Any = host.app.login_manager  # type: ignore[attr-defined]
        manager.user_loader(lambda name: Member(name) if name == "ada" else None)

    with pytest.raises(click.UsageError, match="knows nobody with the id bob"):
        examined(ground.with_flask_login(plant), user="bob")
    assert examined(ground.with_flask_login(plant), user="ada").findings == []


def test_blueprints_converters_and_subdomains_are_asked(ground: Ground) -> None:
    """Routes of every kind of address are asked."""

    def plant(host: Host) -> None:
        def nothing(**values: object) -> str:
            return str(values)

        blueprint = Blueprint("deep", __name__, url_prefix="/deep")
        for number, rule in enumerate(
            (
                "/<any(en, de):lang>",
                "/<uuid:one>",
                "/<float:f>/x",
                "/<path:rest>/end",
                "/<int(min=9):n>",
            )
        ):
            blueprint.add_url_rule(rule, f"v{number}", nothing)
        host.app.register_blueprint(blueprint)

    found = examined(ground.with_flask_login(plant))

    assert {r.after.seen for r in found.routes} == {Seen.NOBODY}
    assert found.findings == []


def test_a_route_that_no_address_leads_to_is_told(ground: Ground) -> None:
    """A route behind another of the same address cannot be asked, and that is said."""

    def plant(host: Host) -> None:
        host.app.add_url_rule("/", "hidden", lambda: "")

    (told,) = examined(ground.with_flask_login(plant)).findings
    assert (told.fault, told.where) == ("not-asked", "hidden")
    assert told.mend == "Go there by hand, with the password alone."


def test_the_microblog_is_sound(ground: Ground) -> None:
    """The example with Flask-Login has no hole; what is worth knowing of it is told."""
    settings = {
        **ground.settings,
        "SECRET_KEY": KEY,
        "SITE_URL": "https://porchlight.example",
        "INSTANCE_PATH": ground.folder,
    }
    found = examine(create_microblog(settings))

    assert [(f.severity, f.fault) for f in found.findings] == [
        ("warning", "no-password-stamp"),
        ("note", "no-notices"),
        ("note", "no-support"),
        ("note", "second-login"),
    ]
    assert (found.signed_in_before(), found.signed_in_after()) == (len(found.routes), 0)


def test_the_notebook_is_sound(ground: Ground) -> None:
    """The example without Flask-Login has no hole."""
    settings = {**ground.settings, "SECRET_KEY": KEY, "INSTANCE_PATH": ground.folder}
    found = examine(create_plain_session(settings))

    assert [f.fault for f in found.findings] == ["no-password-stamp", "no-support"]
    assert (found.signed_in_before(), found.signed_in_after()) == (len(found.routes), 0)


def test_an_application_without_a_door_is_shown_with_one(tmp_path: Path) -> None:
    """A tutorial's blog is open before and shut after, though not a line of it knows us."""
    app = create_tutorial({"SECRET_KEY": KEY}, str(tmp_path))
    with app.app_context():
        init_db()
    found = examine(app)

    assert {(r.before.seen, r.after.seen) for r in found.routes} == {(Seen.SIGNED_IN, Seen.NOBODY)}
    assert [f.fault for f in found.findings if f.severity == "hole"] == ["no-door"]
    assert "VESTIBULE_LOGIN_KEYS = ['user_id']" in found.findings[0].mend


def test_an_application_whose_login_nobody_knows_is_not_asked(tmp_path: Path) -> None:
    """Without Flask-Login and without a key in the code no route is asked, and the way is named."""
    app = Flask("bare", instance_path=str(tmp_path))
    app.secret_key = KEY
    found = examine(app)

    assert found.routes == ()
    (told,) = [f for f in found.findings if f.fault == "unknown-login"]
    assert told.mend == "Name the session key of your login: --login-key user_id."
