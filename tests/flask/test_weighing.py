"""Who is weighed although no loading was heard of, and what a spelling is worth."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import g, session
from flask_login import current_user
from tests.contracts.gate_hosts import (
    PROGRAM,
    Host,
    Person,
    PlainShape,
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


def test_a_subject_loader_that_knows_nobody_is_told_so(tmp_path: Path) -> None:
    """A `subject_loader` that returns None is a mistake of the host's, and named as one."""
    host = plain_host(tmp_path, PlainShape())
    assert host.vestibule is not None
    host.vestibule.subject_loader({}.get)

    with pytest.raises(ConfigurationError, match="subject_loader returned None"):
        host.browser().login()
    host.close()
