"""Who is weighed although no loading was heard of, and what a spelling is worth."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Response, after_this_request, g, request, session
from flask_login import current_user, login_user
from tests.contracts.gate_hosts import (
    PAGE,
    PROGRAM,
    Host,
    Person,
    PlainShape,
    Shape,
    flask_login_host,
    plain_host,
    signed,
)

from vestibule.core.errors import ConfigurationError
from vestibule.flask import Vestibule

Add = Callable[[Host], None]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[Add], Host]]:
    """Makes hosts with Flask-Login, and closes them."""
    made: list[Host] = []

    def one(add: Add) -> Host:
        made.append(flask_login_host(tmp_path / str(len(made)), add=add))
        return made[-1]

    yield one
    for host in made:
        host.close()


def by_header(host: Host) -> None:
    """Have a host put its user where Flask-Login looks, without asking Flask-Login."""

    @host.app.before_request
    def put() -> None:
        g._login_user = Person("ada")  # noqa: SLF001 - as such hosts do

    @host.app.get("/mine")
    def mine() -> str:
        return str(current_user.get_id())

    @host.app.get("/api")
    @Vestibule.accepts_tokens
    def api() -> str:
        return str(current_user.get_id())


def test_a_user_put_there_by_hand_is_nobody_to_a_view(make: Callable[[Add], Host]) -> None:
    """A user that something puts in place past Flask-Login's loading needs a grant too."""
    host = make(by_header)
    assert host.browser().get("/mine").text == "ada"
    host.enrol()

    assert host.browser().get("/mine", headers=PROGRAM).text == "None"


def test_a_user_put_there_by_hand_is_seen_by_a_token_view(make: Callable[[Add], Host]) -> None:
    """A view for tokens sees the user that the host itself has put in place."""
    host = make(by_header)
    host.enrol()

    assert host.browser().get("/api", headers=PROGRAM).text == "ada"


def test_a_grant_is_for_its_own_user_only(make: Callable[[Add], Host]) -> None:
    """Somebody else, put in the place of whoever is signed in, is not let through with him."""

    def add(host: Host) -> None:
        @host.app.before_request
        def put() -> None:
            if session.get("acting"):
                g._login_user = Person("eve")  # noqa: SLF001

        @host.app.get("/act")
        def act() -> str:
            session["acting"] = True
            return str(current_user.get_id())

    host = make(add)
    phone = host.enrol()
    host.enrol("eve")
    browser = host.browser()
    browser.login()
    browser.second_step(phone)

    assert browser.get("/act").text == "ada"
    assert browser.get("/act").text != "eve"


def test_an_odd_spelling_is_weighed_before_anything_reads_it(make: Callable[[Add], Host]) -> None:
    """A forged `01` is gone before a function of the host reads the session for itself."""
    read: list[Any] = []

    def add(host: Host) -> None:
        manager = host.manager

        @manager.user_loader
        def load(value: Any) -> Person:
            return Person(str(int(value)))

        @host.app.before_request
        def look() -> None:
            read.append(session.get("_user_id"))

    host = make(add)
    host.enrol("1")
    cookie = signed(host.app, {"_user_id": "01", "_fresh": True})

    host.browser(session=cookie).get("/who")

    assert read == [None]


def test_a_user_put_there_within_a_view_is_not_shown(make: Callable[[Add], Host]) -> None:
    """What a view says to somebody put in place while it runs is not handed out."""

    def add(host: Host) -> None:
        @host.app.get("/basic")
        def basic() -> str:
            g._login_user = Person("ada")  # noqa: SLF001 - as a decorator would
            return f"SECRET of {current_user.get_id()}"

    host = make(add)
    assert host.browser().get("/basic").text == "SECRET of ada"
    host.enrol()

    answer = host.browser().get("/basic", headers=PROGRAM)

    assert answer.status_code == 401
    assert "SECRET" not in answer.text


def test_an_old_session_is_gone_before_anything_reads_it(tmp_path: Path) -> None:
    """A session from before the enrolment is empty for what reads it first, whatever its id is."""
    read: list[Any] = []

    def add(host: Host) -> None:
        def look() -> None:
            read.append(session.get("_user_id"))

        # Before the functions of the host that ask for its user.
        host.app.before_request_funcs.setdefault(None, []).insert(0, look)

    host = flask_login_host(tmp_path, Shape(loader="token"), add=add)
    browser = host.browser()
    browser.login()
    assert browser.sees("/who").startswith("ada")
    host.enrol("ada", "token-of-ada")
    read.clear()

    browser.get("/who")

    assert read == [None]
    host.close()


def test_what_is_left_to_be_done_before_a_view_waits_too(make: Callable[[Add], Host]) -> None:
    """A cookie that comes with a login made before the view is held back with that login."""

    def add(host: Host) -> None:
        @host.app.before_request
        def sign_on() -> None:
            if request.headers.get("X-Remote-User") and not current_user.is_authenticated:
                login_user(Person("ada"))

                @after_this_request
                def hand_out(response: Response) -> Response:
                    response.set_cookie("api_token", "TOKEN")
                    return response

    host = make(add)
    phone, browser = host.enrol(), host.browser()

    browser.get("/who", headers={"X-Remote-User": "ada", **PAGE})
    assert "api_token" not in browser.cookies()

    browser.second_step(phone)
    assert browser.cookies()["api_token"] == "TOKEN"


def test_a_subject_loader_that_knows_nobody_is_told_so(tmp_path: Path) -> None:
    """A `subject_loader` that returns None is a mistake of the host's, and named as one."""
    host = plain_host(tmp_path, PlainShape())
    assert host.vestibule is not None
    host.vestibule.subject_loader({}.get)

    with pytest.raises(ConfigurationError, match="subject_loader returned None"):
        host.browser().login()
    host.close()
