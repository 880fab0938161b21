"""`flask vestibule try`: the door on an application as it is, with nothing of it changed."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import click
import pytest
from flask import Flask, request
from flask.cli import ScriptInfo
from flask_login import LoginManager, UserMixin, current_user, login_user
from tests.cli.sites import KEY, SOUND, Ground
from tests.hosts import tutorial

from vestibule.cli.application import load_for_development
from vestibule.cli.trial import greeting, prepared
from vestibule.flask import Vestibule
from vestibule.testing import enrol_app, login_with_second_factor
from vestibule.testing.carriers import Carriers

ADA = {"username": "ada", "password": "correct horse battery"}
PAGE = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}
# Where the tests run in the background an interrupt is ignored, and so it would be by their child.
FLASK = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from flask.cli import main
main()
"""


def blog(folder: Path) -> Flask:
    """The tutorial's blog with one account."""
    app = tutorial.create_app({"SECRET_KEY": KEY}, str(folder))
    with app.app_context():
        tutorial.init_db()
        tutorial.add_user(**ADA)
    return app


def members(**config: object) -> Flask:
    """A small application with Flask-Login."""
    app = Flask("members", static_folder=None)
    app.config.from_mapping({**SOUND, **config})
    manager = LoginManager(app)

    class Member(UserMixin):  # type: ignore[misc]
        id = "ada"

    manager.user_loader(lambda _: Member())

    @app.post("/login")
    def login() -> str:
        login_user(Member(), remember="remember" in request.form)
        return "welcome"

    @app.get("/")
    def home() -> str:
        return "ada" if current_user.is_authenticated else "nobody"

    return app


def test_a_blog_with_session_ids_gets_the_door(tmp_path: Path) -> None:
    """The tutorial's blog asks for the second step, and opens after it, with no line written."""
    with prepared(blog(tmp_path), ["user_id"], None) as trial:
        client = trial.state.app.test_client()
        client.post("/auth/login", data=ADA)
        assert client.get("/create").status_code == 200
        phone = enrol_app(client)
        client.get("/auth/logout")
        waiting = client.post("/auth/login", data=ADA, headers=PAGE)
        assert waiting.location == "/two-step/login"
        assert client.get("/create").status_code == 302
        login_with_second_factor(client, phone, "/auth/login", **ADA)
        assert client.get("/create").status_code == 200


def test_an_application_with_flask_login_gets_the_door() -> None:
    """With Flask-Login nothing has to be said, and Secure cookies do not stand in the way."""
    app = members(REMEMBER_COOKIE_SECURE=True)
    with prepared(app, [], None) as trial:
        client = trial.state.app.test_client()
        client.post("/login")
        assert client.get("/").text == "ada"
        phone = enrol_app(client)
        other = app.test_client()
        assert other.post("/login", data={"remember": "1"}, headers=PAGE).status_code == 303
        assert other.get("/").text == "nobody"
        login_with_second_factor(other, phone, "/login")
        assert other.get("/").text == "ada"


def test_nothing_goes_out_by_the_routes_of_the_application(ground: Ground) -> None:
    """What is tried arrives in the inbox, though the application's settings name a carrier."""
    with Carriers() as carriers:
        settings = carriers.settings("smtp") | {
            "VESTIBULE_FACTORS": "email,recovery_codes",
            "VESTIBULE_ROUTES": "email=smtp",
        }

        def make() -> Flask:
            app = members(**ground.settings, **settings)
            Vestibule(app)
            return app

        app = load_for_development(ScriptInfo(create_app=make))
        with prepared(app, [], None):
            client = app.test_client()
            client.post("/login")
            client.post("/two-step/add/email", json={"address": "ada@site.example"}, headers=JSON)
            until = time.monotonic() + 10
            inbox = app.extensions["vestibule_inbox"]
            while not inbox.messages and time.monotonic() < until:
                time.sleep(0.05)

        assert inbox.latest(to="ada@site.example") is not None
        assert not carriers.messages


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """Without a word about keeping, no file is made in the application's folders."""
    app = blog(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with prepared(app, ["user_id"], None) as trial:
        client = app.test_client()
        client.post("/auth/login", data=ADA)
        enrol_app(client)
        assert trial.folder is None

    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_kept_is_there_the_next_time(tmp_path: Path) -> None:
    """With a folder to keep it in, a second step outlives the trial."""
    with prepared(blog(tmp_path), ["user_id"], tmp_path / "kept"):
        pass
    app = blog(tmp_path)
    with prepared(app, ["user_id"], tmp_path / "kept"):
        client = app.test_client()
        client.post("/auth/login", data=ADA)
        enrol_app(client)
    again = blog(tmp_path)
    with prepared(again, ["user_id"], tmp_path / "kept"):
        answered = again.test_client().post("/auth/login", data=ADA, headers=PAGE)

    assert answered.location == "/two-step/login"


def test_a_store_of_the_applications_own_is_left_alone(ground: Ground) -> None:
    """An application that has a door keeps its people apart from those who try it."""

    def make() -> Flask:
        app = members(**ground.settings)
        Vestibule(app)
        return app

    before = (ground.folder / "vestibule.db").read_bytes()
    app = load_for_development(ScriptInfo(create_app=make))
    with prepared(app, [], None) as trial:
        client = app.test_client()
        client.post("/login")
        enrol_app(client)
        assert trial.has_own_door

    assert (ground.folder / "vestibule.db").read_bytes() == before


def test_an_unknown_login_is_asked_for(tmp_path: Path) -> None:
    """Without Flask-Login the key is asked for, by the name that the code gives away."""
    with (
        pytest.raises(click.ClickException, match="try --login-key user_id"),
        prepared(blog(tmp_path), [], None),
    ):
        pass


def test_a_missing_secret_key_is_said() -> None:
    """Without SECRET_KEY nobody could sign in, and that is said before anything is served."""
    with (
        pytest.raises(click.ClickException, match="no SECRET_KEY"),
        prepared(members(SECRET_KEY=None), [], None),
    ):
        pass


def test_development_switched_off_is_said(ground: Ground) -> None:
    """An application that insists on production cannot be tried over plain http."""

    def make() -> Flask:
        app = members(VESTIBULE_DEVELOPMENT=False, **ground.settings)
        Vestibule(app)
        return app

    app = load_for_development(ScriptInfo(create_app=make))
    with (
        pytest.raises(click.ClickException, match="VESTIBULE_DEVELOPMENT is off"),
        prepared(app, [], None),
    ):
        pass


def test_a_page_at_the_inboxs_address_stays() -> None:
    """Where the application has an /inbox itself, that is what is there."""
    app = members()
    app.add_url_rule("/inbox", "inbox", lambda: "the application's own")
    with prepared(app, [], None) as trial:
        assert app.test_client().get("/inbox").text == "the application's own"
        assert "/inbox" not in greeting(trial, 5000)


def test_it_is_served(tmp_path: Path) -> None:
    """The command serves a site that does not know us, its inbox and the second step's pages."""
    shutil.copy(tutorial.__file__, tmp_path / "blog.py")
    flask(tmp_path, "init-db")
    with served(tmp_path, "--login-key", "user_id") as said:
        site, inbox = (re.findall(rf"{name} +(\S+)", said)[0] for name in ("Your site", "Inbox"))
        assert b"Log in" in fetched(site)
        assert b"nbox" in fetched(inbox)

    assert sorted(path.name for path in (tmp_path / "instance").iterdir()) == ["blog.sqlite"]


def fetched(address: str) -> bytes:
    """A page, as a browser is given it."""
    with urlopen(address, timeout=10) as page:  # noqa: S310 - of this machine's own
        assert page.status == 200
        return bytes(page.read())


def environment() -> dict[str, str]:
    """This process's environment without anything that would say where an application is."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FLASK_", "VESTIBULE_"))}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def flask(folder: Path, *arguments: str) -> None:
    """Run a command of Flask's."""
    command = [sys.executable, "-m", "flask", "--app", "blog", *arguments]
    subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)


@contextmanager
def served(folder: Path, *options: str) -> Iterator[str]:
    """What the command says once it serves; it is stopped as a person would stop it."""
    command = [sys.executable, "-c", FLASK, "--app", "blog", "vestibule", "try", "--port", "0"]
    with subprocess.Popen(
        [*command, *options],
        cwd=folder,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Stop with Ctrl-C" in line:
                break
        try:
            yield said
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=10) == 0
