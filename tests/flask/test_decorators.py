"""What a host says of its views: fresh, required, exempt, open to tokens."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import request
from flask.views import MethodView
from flask_login import current_user
from tests.contracts.gate_hosts import (
    PAGE,
    PROGRAM,
    Browser,
    Host,
    PlainShape,
    Shape,
    flask_login_host,
    plain_host,
)

from vestibule.flask import Vestibule
from vestibule.flask.marks import is_marked
from vestibule.testing import SoftwareAuthenticator

CONFIRM = "/two-step/confirm"


def views(host: Host) -> None:
    """Give a host a view of every kind."""
    app = host.app

    @app.route("/pay", methods=["GET", "POST"])
    @Vestibule.fresh
    def pay() -> str:
        host.diary.append("paid" if request.method == "POST" else "asked")
        return "PAY"

    @app.get("/hour")
    @Vestibule.fresh(minutes=60)
    def hour() -> str:
        return "HOUR"

    @app.get("/inner")
    @Vestibule.required
    def inner() -> str:
        return "INNER"

    @app.get("/open")
    @Vestibule.accepts_tokens
    def open_to_tokens() -> str:
        return f"open to {current_user.get_id()}"

    @app.get("/both")
    @Vestibule.accepts_tokens
    @Vestibule.fresh
    def both() -> str:
        return f"both {current_user.get_id()}"

    class Shelf(MethodView):
        decorators = [Vestibule.accepts_tokens]  # noqa: RUF012 - as Flask has it

        def get(self) -> str:
            return f"shelf of {current_user.get_id()}"

    app.add_url_rule("/shelf", view_func=Shelf.as_view("shelf"))


@pytest.fixture(params=[flask_login_host, plain_host])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host of either kind with a view of every kind."""
    make: Callable[..., Host] = request.param
    made = make(tmp_path, add=_without_tokens if make is plain_host else views)
    yield made
    made.close()


def _without_tokens(host: Host) -> None:
    app = host.app

    @app.route("/pay", methods=["GET", "POST"])
    @Vestibule.fresh
    def pay() -> str:
        host.diary.append("paid" if request.method == "POST" else "asked")
        return "PAY"

    app.add_url_rule("/hour", view_func=Vestibule.fresh(minutes=60)(lambda: "HOUR"), endpoint="h")
    app.add_url_rule("/inner", view_func=Vestibule.required(lambda: "INNER"), endpoint="i")


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[Host]:
    """A host with Flask-Login and a loader that reads tokens."""
    made = flask_login_host(tmp_path, Shape(request_loader=True), add=views)
    yield made
    made.close()


@pytest.fixture
def phone(host: Host) -> SoftwareAuthenticator:
    """Ada's authenticator app."""
    return host.enrol()


@pytest.fixture
def ada(host: Host, phone: SoftwareAuthenticator) -> Browser:
    """Ada's browser, signed in by both steps just now."""
    browser = host.browser()
    browser.login("ada")
    browser.second_step(phone)
    return browser


def confirm(browser: Browser, phone: SoftwareAuthenticator) -> Any:
    """Prove anew who one is; return where that leads."""
    browser.host.clock.move(seconds=60)
    code = phone.next_code(browser.host.clock.now())
    return browser.client.post(CONFIRM, json={"code": code}).get_json()["location"]


@pytest.mark.row("ASVS-7.5.3", "ATK-35")
def test_a_proof_is_fresh_for_as_long_as_said(ada: Browser) -> None:
    """A fresh view opens up to its last second, and a second later it asks."""
    clock = ada.host.clock

    clock.move(seconds=299)
    assert ada.get("/pay").text == "PAY"
    clock.move(seconds=1)
    assert ada.get("/pay").location == CONFIRM
    clock.move(seconds=3299)
    assert ada.get("/hour").text == "HOUR"
    clock.move(seconds=1)
    assert ada.get("/hour").location == CONFIRM


@pytest.mark.row("ASVS-7.5.3")
def test_a_get_goes_on_where_it_was(ada: Browser, phone: SoftwareAuthenticator) -> None:
    """After the proof a page opens that was asked for, query and all, and once."""
    ada.host.clock.move(seconds=600)

    assert ada.get("/pay?to=bob&much=5").location == CONFIRM
    assert confirm(ada, phone) == "/pay?to=bob&much=5"

    assert ada.get("/pay?to=bob&much=5").text == "PAY"
    assert confirm(ada, phone) == "/two-step/"


@pytest.mark.row("ASVS-7.5.3", "ATK-44")
def test_a_post_goes_back_to_its_form(ada: Browser, phone: SoftwareAuthenticator) -> None:
    """After the proof a form is shown again and nothing was sent; another site's page never is."""
    for referrer, form in (
        ("http://localhost/pay?to=bob", "/pay?to=bob"),
        ("https://evil.example/pay", "/pay"),
        ("//evil.example/pay", "/pay"),
    ):
        ada.host.clock.move(seconds=600)
        ada.host.diary.clear()

        asked = ada.client.post("/pay", headers=PAGE | {"Referer": referrer})

        assert asked.location == CONFIRM
        assert confirm(ada, phone) == form
        assert "paid" not in ada.host.diary
        assert ada.client.post("/pay").text == "PAY"


def test_a_program_is_told_to_prove(ada: Browser) -> None:
    """A program that asks for a fresh view too late gets a 401 that says where to prove."""
    ada.host.clock.move(seconds=600)

    answered = ada.client.get("/pay", headers=PROGRAM)

    assert answered.status_code == 401
    assert answered.json == {"error": "proof_required", "location": CONFIRM}


def test_without_a_second_step_nothing_is_asked_anew(host: Host) -> None:
    """A fresh view opens for whoever has no second step, however old the login is."""
    browser = host.browser()
    browser.login("bob")
    host.clock.move(days=1)

    assert browser.get("/pay").text == "PAY"


def test_fresh_leaves_strangers_to_the_host(host: Host) -> None:
    """A fresh view says nothing of whoever is not signed in: that is the host's own."""
    assert host.browser().get("/pay").text == "PAY"


def test_a_required_view_wants_both_steps(host: Host, ada: Browser) -> None:
    """A required view has strangers sign in, and leads whoever has no second step to make one."""
    bob = host.browser()
    bob.login("bob")

    assert ada.get("/inner").text == "INNER"
    assert bob.get("/inner").location == "/two-step/"
    assert host.browser().get("/inner").location in {"/", "/login?next=%2Finner"}
    assert host.browser().get("/inner", headers=PROGRAM).status_code == 401


@pytest.mark.row("ATK-02", "A4")
def test_tokens_open_marked_views_only(tokens: Host) -> None:
    """A token of an enrolled subject opens the views that accept tokens, however they are made."""
    tokens.enrol("ada")
    browser = tokens.browser()
    token = {"X-Token": "ada"}

    assert browser.sees("/open", headers=token) == "open to ada"
    assert browser.sees("/shelf", headers=token) == "shelf of ada"
    assert browser.sees("/who", headers=token).startswith("None")
    assert browser.get("/secret", headers=token).status_code == 302
    assert browser.get("/inner", headers=token).status_code == 401
    assert browser.get("/two-step/", headers=token | PROGRAM).status_code == 401


@pytest.mark.row("ATK-02", "ATK-37")
def test_a_marked_view_accepts_nothing_but_tokens(tokens: Host) -> None:
    """Old sessions, remember cookies and waiting logins are nobody's on a marked view too."""
    old = tokens.browser()
    old.login("ada", remember="yes")
    kept = old.cookies()
    tokens.enrol("ada")
    waiting = tokens.browser()
    waiting.login("ada")

    assert waiting.sees("/open") == "open to None"
    for name in ("session", "remember_token"):
        assert tokens.browser(**{name: kept[name]}).sees("/open") == "open to None"


@pytest.mark.row("ASVS-7.5.3")
def test_a_token_is_no_fresh_proof(tokens: Host) -> None:
    """A view that accepts tokens and wants a fresh proof is shut to an enrolled subject's token."""
    tokens.enrol("ada")

    assert tokens.browser().get("/both", headers={"X-Token": "ada"}).status_code == 401
    assert tokens.browser().sees("/both", headers={"X-Token": "bob"}) == "both bob"


def test_marks_are_found_whatever_a_view_is() -> None:
    """A mark is found on functions and on classes of views, and nowhere else."""

    class Marked(MethodView):
        pass

    Vestibule.accepts_tokens(Marked)

    assert is_marked(Vestibule.accepts_tokens(lambda: ""), "accepts_tokens")
    assert is_marked(Marked.as_view("marked"), "accepts_tokens")
    assert not is_marked(Vestibule.exempt(lambda: ""), "accepts_tokens")
    assert not is_marked(None, "accepts_tokens")


def test_a_proof_can_be_asked_for(host: Host, ada: Browser) -> None:
    """Code can ask what was proven and when; where nothing was, there is nothing."""
    assert host.vestibule is not None
    vestibule, found = host.vestibule, []

    def look() -> str:
        found.append(vestibule.proof)
        return "LOOKED"

    host.app.view_functions[
        "site.public" if "site.public" in host.app.view_functions else "public"
    ] = look
    proven_at = host.clock.now()
    host.clock.move(seconds=600)

    ada.get("/public")
    host.browser().get("/public")

    proof, none = found
    assert none is None
    assert proof is not None
    assert (proof.factor, proof.at) == ("totp", proven_at)


def test_status_tells_how_a_person_stands(tmp_path: Path) -> None:
    """A template can ask whether somebody has a second step, by what, and where it is managed."""

    def add(host: Host) -> None:
        @host.app.get("/status/<name>")
        def status(name: str) -> dict[str, Any]:
            found = Vestibule.status(name)
            return {"on": found.enabled, "by": found.methods, "url": found.url}

    host = plain_host(tmp_path, PlainShape(), add=add)
    host.enrol("ada")

    on = {"on": True, "by": ["totp"], "url": "/two-step/"}
    assert host.browser().get("/status/ada").json == on
    assert host.browser().get("/status/bob").json == {"on": False, "by": [], "url": "/two-step/"}
    host.close()
