"""Whoever acts as a user stays in the bounds of it, whatever login a view of the site makes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, after_this_request, request, session
from flask.testing import FlaskClient
from flask_login import LoginManager, UserMixin, current_user, login_user
from werkzeug.wrappers import Response

from vestibule.flask import Vestibule
from vestibule.flask.state import state_of
from vestibule.store import tables
from vestibule.testing import FakeClock, SoftwareAuthenticator, enrol_app, take_second_step

HTML = {"Accept": "text/html"}
VIEWS = [
    "/sign-out-elsewhere",
    "/sign-out-elsewhere-late",
    "/sign-out-elsewhere-early",
    "/to-another-account",
]


class Account(UserMixin):  # type: ignore[misc]
    """Somebody whose id in the session is renewed to end the other sessions."""

    def __init__(self, name: str) -> None:
        self.name, self.token = name, f"{name}-1"

    def get_id(self) -> str:
        """What stands in the session."""
        return self.token


def early_and_late(site: Flask, anew: Callable[[], None]) -> None:
    """Give a site what logs in anew before a view and after it."""

    @site.before_request
    def early() -> None:
        if request.path == "/sign-out-elsewhere-early":
            anew()

    @site.post("/sign-out-elsewhere-early")
    def sign_out_elsewhere_early() -> str:
        return "signed out elsewhere"

    @site.post("/sign-out-elsewhere-late")
    def sign_out_elsewhere_late() -> str:
        @after_this_request
        def late(response: Response) -> Response:
            anew()
            return response

        return "signed out elsewhere"


def flask_login_site(site: Flask, vestibule: Vestibule) -> None:
    """Give a site Flask-Login, and views that log in anew whoever is there."""
    accounts = {name: Account(name) for name in ("ada", "bob", "staff")}
    manager = LoginManager(site)

    @manager.user_loader
    def load(token: str) -> Account | None:
        return next((one for one in accounts.values() if one.token == token), None)

    vestibule.subject_loader(lambda user: user.name)
    vestibule.may_act_as(lambda staff, user: staff.name == "staff" != user.name)

    def rotate() -> None:
        user = accounts[current_user.name]
        user.token += "x"
        login_user(user, remember=True)

    @site.post("/login/<name>")
    def login(name: str) -> str:
        login_user(accounts[name])
        return "in"

    @site.post("/act")
    def act() -> str:
        with vestibule.acting_as(accounts["ada"], reason="a test"):
            login_user(accounts["ada"])
        return "acting"

    @site.post("/sign-out-elsewhere")
    def sign_out_elsewhere() -> str:
        rotate()
        return "signed out elsewhere"

    @site.post("/to-another-account")
    def to_another_account() -> str:
        login_user(accounts["bob"])
        return "bob's"

    @site.get("/who")
    def who() -> str:
        return current_user.name if current_user.is_authenticated else "nobody"

    early_and_late(site, rotate)


def plain_site(site: Flask, vestibule: Vestibule) -> None:
    """Give a site a login by a name that its owner can change."""
    site.config["VESTIBULE_LOGIN_KEYS"] = ["name"]
    subjects = {"ada": "1", "bob": "2", "staff": "3"}
    vestibule.subject_loader(lambda name: subjects[name])
    vestibule.may_act_as(lambda staff, user: staff == "staff" != user)

    def rename() -> None:
        old = session["name"]
        subjects[f"{old}-anew"] = subjects.pop(old)
        session["name"] = f"{old}-anew"

    @site.post("/login/<name>")
    def login(name: str) -> str:
        session["name"] = name
        return "in"

    @site.post("/act")
    def act() -> str:
        with vestibule.acting_as("ada", reason="a test"):
            session["name"] = "ada"
        return "acting"

    @site.post("/sign-out-elsewhere")
    def sign_out_elsewhere() -> str:
        rename()
        return "renamed"

    @site.post("/to-another-account")
    def to_another_account() -> str:
        session["name"] = "bob"
        return "bob's"

    @site.get("/who")
    def who() -> str:
        return str(session.get("name", "nobody"))

    early_and_late(site, rename)


@pytest.fixture(params=[flask_login_site, plain_site], ids=["flask-login", "plain"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A site of each kind on which staff may act."""
    made = Flask("site", instance_path=str(tmp_path))
    made.config.update(SECRET_KEY="for tests", TESTING=True)
    vestibule, clock = Vestibule(), FakeClock()
    request.param(made, vestibule)
    vestibule.init_app(made, clock=clock)
    made.extensions["test_clock"] = clock
    yield made
    state_of(made).parts.database.close()


def enrolled(site: Flask, name: str) -> tuple[FlaskClient, SoftwareAuthenticator]:
    """Have somebody sign in and add an app."""
    client = site.test_client()
    client.post(f"/login/{name}")
    phone = enrol_app(client)
    site.extensions["test_clock"].move(minutes=1)
    return client, phone


@pytest.fixture
def staff(site: Flask) -> FlaskClient:
    """Somebody who works there, signed in by both steps just now, and acting as a user."""
    _, phone = enrolled(site, "staff")
    client = site.test_client()
    client.post("/login/staff")
    take_second_step(client, phone)
    assert client.post("/act").text == "acting"
    return client


def seen(client: FlaskClient) -> tuple[str, str]:
    """Whom the site sees, and whether our pages are theirs: open, refused or nobody's."""
    status = client.get("/two-step/", headers=HTML).status_code
    return client.get("/who").text, {200: "open", 403: "refused"}.get(status, "nobody's")


def living(site: Flask) -> list[str]:
    """Whose grants and waiting logins there are that have not ended, and what for."""
    table = tables.passage.c
    wanted = tables.passage.select().where(table.status != "ended", table.subject != "staff")
    with state_of(site).parts.database.read() as connection:
        return [row["purpose"] for row in connection.execute(wanted).mappings()]


@pytest.mark.parametrize("view", VIEWS)
def test_a_login_that_a_view_makes_ends_the_acting(
    site: Flask, staff: FlaskClient, view: str
) -> None:
    """A view that logs in anew, the user under a new id or another one, signs nobody in."""
    assert seen(staff) == ("ada", "refused")

    staff.post(view)

    assert seen(staff) == ("nobody", "nobody's")
    assert "act" not in living(site)
    site.extensions["test_clock"].move(hours=3)
    assert seen(staff) == ("nobody", "nobody's")


@pytest.mark.parametrize("view", VIEWS)
def test_no_login_of_the_users_waits_for_their_code(site: Flask, view: str) -> None:
    """Nor does such a login wait at the door of a user who has a second step."""
    enrolled(site, "ada")
    _, phone = enrolled(site, "staff")
    staff = site.test_client()
    staff.post("/login/staff")
    take_second_step(staff, phone)
    staff.post("/act")

    staff.post(view)

    assert staff.get("/two-step/login", headers=HTML).status_code == 410
    assert seen(staff) == ("nobody", "nobody's")
