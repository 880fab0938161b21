"""Views that hand out tokens ask for the second step too: the challenge and its proof."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import request
from flask.testing import FlaskClient
from tests.contracts.gate_hosts import (
    DOOR,
    Host,
    Person,
    PlainShape,
    Shape,
    flask_login_host,
    plain_host,
)
from werkzeug.test import TestResponse

from vestibule.flask import Vestibule
from vestibule.testing import SoftwareAuthenticator


@pytest.fixture(params=[flask_login_host, plain_host])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    """A host of either kind with a view that hands out tokens."""
    make: Callable[..., Host] = request.param
    made = make(tmp_path)
    _hand_out(made, Person if make is flask_login_host else str)
    yield made
    made.close()


def _hand_out(host: Host, user_named: Callable[[str], Any]) -> None:
    @host.app.post("/tokens")
    def tokens() -> Any:
        name = request.form["name"]
        if door := Vestibule.challenge(user_named(name)):
            return door
        host.diary.append(f"token for {name}")
        return {"token": f"of {name}"}


@pytest.fixture
def program(host: Host) -> FlaskClient:
    """A program: it keeps no cookies."""
    return host.app.test_client(use_cookies=False)


def ask(program: FlaskClient, name: str = "ada", proof: str | None = None) -> TestResponse:
    """Ask for a token."""
    headers = {} if proof is None else {"Vestibule-Proof": proof}
    return program.post("/tokens", data={"name": name}, headers=headers)


def prove(
    program: FlaskClient, host: Host, phone: SoftwareAuthenticator, handle: str
) -> TestResponse:
    """Take the second step of a challenge."""
    host.clock.move(seconds=60)
    code = phone.next_code(host.clock.now())
    return program.post(DOOR, json={"handle": handle, "code": code})


def proof_of(program: FlaskClient, host: Host, phone: SoftwareAuthenticator) -> str:
    """A new proof."""
    handle = ask(program).get_json()["handle"]
    return str(prove(program, host, phone, handle).get_json()["proof"])


@pytest.mark.row("ATK-02", "A4", "CS-02")
def test_a_token_wants_both_steps(host: Host, program: FlaskClient) -> None:
    """A program that knows the password gets a challenge, and the token for its proof."""
    phone = host.enrol()

    asked = ask(program)

    assert asked.status_code == 401
    told = asked.get_json()
    assert (told["error"], told["location"], told["methods"]) == (
        "second_step_required",
        DOOR,
        ["totp"],
    )
    proven = prove(program, host, phone, told["handle"])
    assert proven.status_code == 200
    assert proven.get_json()["expires_in"] == 300
    assert "Set-Cookie" not in proven.headers
    given = ask(program, proof=proven.get_json()["proof"])
    assert given.json == {"token": "of ada"}
    assert host.diary == ["token for ada"]


def test_without_a_second_step_a_token_is_given_at_once(host: Host, program: FlaskClient) -> None:
    """Whoever has no second step gets the token as before."""
    host.enrol("ada")

    assert ask(program, "bob").json == {"token": "of bob"}


@pytest.mark.row("ATK-24", "ATK-02")
def test_a_proof_is_for_one_token(host: Host, program: FlaskClient) -> None:
    """A proof is used up by the first request that carries it."""
    proof = proof_of(program, host, host.enrol())

    assert ask(program, proof=proof).status_code == 200
    assert ask(program, proof=proof).status_code == 401
    assert host.diary == ["token for ada"]


@pytest.mark.row("ATK-07", "ATK-30")
def test_a_proof_is_its_subjects_own(host: Host, program: FlaskClient) -> None:
    """One person's proof gives no token to another, and is not used up by the try."""
    host.enrol("bob")
    proof = proof_of(program, host, host.enrol("ada"))

    assert ask(program, "bob", proof=proof).status_code == 401
    assert ask(program, "ada", proof=proof).status_code == 200


@pytest.mark.row("ASVS-6.5.5", "A18")
def test_a_proof_lives_five_minutes(host: Host, program: FlaskClient) -> None:
    """A proof is good for five minutes, and a second later for nothing."""
    phone = host.enrol()
    for seconds, status in ((299, 200), (300, 401)):
        proof = proof_of(program, host, phone)
        host.clock.move(seconds=seconds)
        assert ask(program, proof=proof).status_code == status


@pytest.mark.row("ATK-12")
def test_a_proof_dies_with_its_factor(host: Host, program: FlaskClient) -> None:
    """A proof made by a factor that was removed since is worth nothing."""
    proof = proof_of(program, host, host.enrol())
    (enrolment,) = host.engine.enrolments("ada")
    host.engine.revoke(enrolment)
    host.enrol()

    assert ask(program, proof=proof).status_code == 401


@pytest.mark.row("ATK-06", "ATK-29")
def test_neither_handle_nor_nonsense_is_a_proof(host: Host, program: FlaskClient) -> None:
    """A handle, a browser's cookie, and whatever else are no proofs."""
    phone, browser = host.enrol(), host.browser()
    browser.login("ada")
    waiting = browser.cookies()["vestibule-default"]
    browser.second_step(phone)
    granted = browser.cookies()["vestibule-default"]
    handle = ask(program).get_json()["handle"]

    for nonsense in (handle, waiting, granted, "", "null", "0", "a" * 5000, "é"):
        assert ask(program, proof=nonsense).status_code == 401
    assert host.diary == []


@pytest.mark.row("ATK-01", "ATK-02")
def test_a_proof_is_no_session(host: Host, program: FlaskClient) -> None:
    """Neither a handle nor a proof opens a page or finishes a browser's login."""
    phone = host.enrol()
    handle = ask(program).get_json()["handle"]
    proof = proof_of(program, host, phone)

    for value in (handle, proof):
        thief = host.browser(**{"vestibule-default": value})
        assert not thief.is_in()
        assert thief.login("ada").location == DOOR
        assert not thief.is_in()


@pytest.mark.row("ATK-13", "ATK-06")
def test_wrong_answers_use_a_handle_up(host: Host, program: FlaskClient) -> None:
    """A handle takes five wrong answers like a page."""
    phone = host.enrol()
    handle = ask(program).get_json()["handle"]
    for _ in range(5):
        answered = program.post(DOOR, json={"handle": handle, "code": "000000"})
    assert answered.status_code == 429
    host.clock.move(seconds=300)

    assert prove(program, host, phone, handle).status_code == 429


def test_a_browser_that_proved_itself_needs_no_proof(host: Host) -> None:
    """A request that carries a grant of the same person gets its token at once, of another not."""
    phone, browser = host.enrol(), host.browser()
    host.enrol("bob")
    browser.login("ada")
    browser.second_step(phone)

    assert browser.client.post("/tokens", data={"name": "ada"}).status_code == 200
    assert browser.client.post("/tokens", data={"name": "bob"}).status_code == 401
    assert browser.is_in()


def test_a_remembered_browser_needs_no_proof_either(tmp_path: Path) -> None:
    """A grant counts in a browser that came back by its remember cookie as well."""

    def add(host: Host) -> None:
        @host.app.post("/tokens")
        def tokens() -> Any:
            return Vestibule.challenge(Person("ada")) or "TOKEN"

    host = flask_login_host(tmp_path, Shape(), add=add)
    phone, browser = host.enrol(), host.browser()
    browser.login("ada", remember="yes")
    browser.second_step(phone)
    browser.client.delete_cookie("session")

    assert browser.client.post("/tokens").text == "TOKEN"
    host.close()


def test_a_handle_is_the_programs_own(host: Host, program: FlaskClient) -> None:
    """While a program proves itself, a browser's login waits on, and the other way round."""
    phone, browser = host.enrol(), host.browser()
    browser.login("ada")
    proof = proof_of(program, host, phone)

    assert not browser.is_in()
    assert ask(program, proof=proof).status_code == 200
    assert not browser.is_in()
    browser.second_step(phone)
    assert browser.is_in()


def test_realms_hand_out_their_own(tmp_path: Path, host: Host, program: FlaskClient) -> None:
    """A proof of one realm is nothing in another on the same database."""
    phone = host.enrol()
    other = plain_host(
        tmp_path / "other",
        PlainShape(),
        clock=host.clock,
        VESTIBULE_REALM="other",
        VESTIBULE_DATABASE_URL=host.state.parts.database.engine.url.render_as_string(),
        VESTIBULE_KEY_FILE=str(Path(host.app.instance_path, "vestibule-development.keys")),
    )
    _hand_out(other, str)
    other.enrol("ada")
    proof = proof_of(program, host, phone)

    assert ask(other.app.test_client(), proof=proof).status_code == 401
    assert ask(program, proof=proof).status_code == 200
    other.close()
