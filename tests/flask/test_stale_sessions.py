"""Managing one's second step wants a fresh proof by an existing way, and touches nobody else's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.gate_hosts import DOOR, PROGRAM, Browser, Host, flask_login_host
from werkzeug.test import TestResponse

from vestibule.store import tables
from vestibule.testing import SoftwareAuthenticator

CONFIRM = "/two-step/confirm"
OPEN_TO_STALE = {
    "static": "files for everybody",
    "login": "the second step itself",
    "answer": "the second step itself",
    "send": "sends a code for the second step itself",
    "delivery": "says how far a code has come that this browser asked for",
    "receipt": "is a carrier's, by its signature",
    "script": "is a carrier's, by its signature",
    "cancel_reset": "objects to a change: all that there is stays",
    "not_me": "says what a link in a mail would do",
    "report": "keeps somebody out, by the password and a link in a mail",
    "reset": "says what a link in a mail would do",
    "stop_reset": "objects to a change by a link in a mail: all that there is stays",
    "stuck": "says what is left to whoever can use no way",
    "cancel": "gives up a login that waits",
    "first": "says what can be set up once a proof was made at the door",
    "begin_first": "puts a login of somebody who has no way back to the door",
    "put_off": "is for whoever has no way",
    "confirm": "the fresh proof itself",
    "answer_confirm": "the fresh proof itself",
    "send_confirm": "sends a code for the fresh proof itself",
    "manage": "a list that tells no secret",
    "sessions": "a list that tells no secret",
    "send_setup": "sends a code to what was begun by a fresh proof minutes ago",
    "setup": "shows what was begun by a fresh proof minutes ago",
    "confirm_setup": "finishes what was begun by a fresh proof minutes ago",
    "try_new": "asks for a code of what was begun by a fresh proof",
    "answer_try": "judges a code of what was begun by a fresh proof, and is one itself",
    "cancel_setup": "gives up what was begun by a fresh proof minutes ago",
}
"""Every route of ours that a stale session may reach, and why."""
OF_A_LOGIN = {
    "delivery",
    "receipt",
    "script",
    "static",
    "login",
    "answer",
    "send",
    "stuck",
    "cancel",
    "first",
    "put_off",
}
"""Every route of ours that is for a login that waits, or for everybody."""
UNKNOWN = "0" * 32
BY_LINK = {"not_me", "report", "reset", "stop_reset"}
"""Routes for whoever holds the link that a mail brought."""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """A host with Ada's app, and somebody else's in another realm on the same database."""
    made = flask_login_host(tmp_path)
    yield made
    made.close()


@pytest.fixture
def phone(host: Host) -> SoftwareAuthenticator:
    """Ada's app."""
    return host.enrol()


@pytest.fixture
def ada(host: Host, phone: SoftwareAuthenticator) -> Browser:
    """Ada's browser, signed in by both steps just now, remembered, with recovery codes."""
    browser = host.browser()
    browser.login("ada", remember="yes")
    browser.second_step(phone)
    made = browser.client.post("/two-step/recovery-codes", json={})
    assert made.status_code == 200
    return browser


def rows(host: Host) -> list[tuple[Any, ...]]:
    """Every enrolment and challenge as it stands."""
    with host.state.parts.database.engine.connect() as connection:
        return [
            tuple(row)
            for table in (tables.enrolment, tables.challenge)
            for row in connection.execute(table.select().order_by(table.c.id))
        ]


def routes(host: Host, enrolment: str) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and path of every route of ours, about this enrolment where it names one."""
    for rule in host.app.url_map.iter_rules():
        owner, _, endpoint = rule.endpoint.rpartition(".")
        if owner != "vestibule":
            continue
        values = {
            "enrolment_id": enrolment,
            "session_id": UNKNOWN,
            "factor": "totp",
            "filename": "code.js",
            "link": UNKNOWN,
            "provider": "twilio_messaging",
            "token": UNKNOWN,
        }
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<{name}>", values[name]).replace(f"<path:{name}>", values[name])
        for method in sorted(rule.methods or set()):
            if method in {"GET", "POST"}:
                yield endpoint, method, path


def send(browser: Browser, method: str, path: str) -> TestResponse:
    """Send what would change something, if it were let."""
    body = {"label": "Mine", "kept": "yes"} if method == "POST" else None
    return browser.client.open(path, method=method, json=body, headers=PROGRAM)


@pytest.mark.row("ATK-35", "ASVS-7.5.1", "ASVS-6.4.4", "A13", "NIST-34")
def test_every_management_route_wants_a_fresh_proof(host: Host, ada: Browser) -> None:
    """Five minutes after the proof no route shows, adds, changes or removes anything unasked."""
    (app, _codes) = host.engine.enrolments("ada")
    host.clock.move(seconds=300)
    before = rows(host)

    asked = set()
    for endpoint, method, path in routes(host, app.id):
        if endpoint in OPEN_TO_STALE:
            continue
        asked.add(endpoint)
        refused = send(ada, method, path)
        assert (path, refused.status_code) == (path, 401)
        assert refused.json == {"error": "proof_required", "location": CONFIRM}
        assert ada.get(path).location == CONFIRM if method == "GET" else True
    assert rows(host) == before
    assert asked == {
        "ask",
        "begin",
        "rename",
        "move",
        "begin_move",
        "prefer",
        "restore",
        "remove",
        "recovery_codes",
        "new_recovery_codes",
        "download_recovery_codes",
        "keep_recovery_codes",
        "end_session",
        "end_others",
    }


@pytest.mark.row("ATK-35", "ASVS-7.5.1")
def test_the_password_is_no_proof(host: Host, ada: Browser) -> None:
    """Signing in with the password once more makes no session fresh."""
    (app, _codes) = host.engine.enrolments("ada")
    host.clock.move(seconds=300)

    ada.login("ada")

    refused = send(ada, "POST", f"/two-step/ways/{app.id}/remove")
    assert refused.get_json()["error"] == "proof_required"
    assert [e.id for e in host.engine.enrolments("ada")] == [app.id, _codes.id]


@pytest.mark.row("ATK-37", "ASVS-7.5.1")
def test_being_remembered_is_no_proof(host: Host, ada: Browser) -> None:
    """A browser that came back by its remember cookie proves anew before it changes anything."""
    (app, _codes) = host.engine.enrolments("ada")
    host.clock.move(days=1)
    ada.client.delete_cookie("session")

    assert ada.is_in()
    refused = send(ada, "POST", f"/two-step/ways/{app.id}/remove")
    assert refused.get_json()["error"] == "proof_required"


@pytest.mark.row("ATK-35", "A13")
def test_the_proof_opens_it_for_five_minutes(
    host: Host, ada: Browser, phone: SoftwareAuthenticator
) -> None:
    """After the proof a route works until five minutes are over, to the second."""
    (app, _codes) = host.engine.enrolments("ada")
    host.clock.move(seconds=600)
    code = phone.next_code(host.clock.now())
    assert ada.client.post(CONFIRM, json={"code": code}).status_code == 200
    path = f"/two-step/ways/{app.id}/name"

    host.clock.move(seconds=299)
    assert send(ada, "POST", path).status_code == 200
    host.clock.move(seconds=1)
    assert send(ada, "POST", path).status_code == 401
    assert [e.label for e in host.engine.enrolments("ada")] == ["Mine", ""]


@pytest.mark.row("ATK-35", "ATK-01")
def test_nobody_else_manages_anything(host: Host, ada: Browser) -> None:
    """Strangers and people whose login waits reach no route of management."""
    (app, _codes) = host.engine.enrolments("ada")
    waiting, nobody = host.browser(), host.browser()
    waiting.login("ada")
    before = rows(host)

    for endpoint, method, path in routes(host, app.id):
        if endpoint in OF_A_LOGIN | BY_LINK:
            continue
        for browser in (waiting, nobody):
            assert (path, send(browser, method, path).status_code) == (path, 401)
    assert rows(host) == before
    assert ada.is_in()


@pytest.mark.row("ATK-38", "ASVS-8.2.1", "ATK-63")
def test_another_persons_way_is_not_there(host: Host, ada: Browser, tmp_path: Path) -> None:
    """Ids of another person, another realm, nothing at all, and odd ones get the same 404."""
    host.enrol("bob")
    (of_bob,) = host.engine.enrolments("bob")
    (_app, codes) = host.engine.enrolments("ada")
    assert send(ada, "POST", f"/two-step/ways/{codes.id}/remove").status_code == 200
    elsewhere = flask_login_host(
        tmp_path / "elsewhere",
        clock=host.clock,
        VESTIBULE_REALM="elsewhere",
        VESTIBULE_DATABASE_URL=host.state.parts.database.engine.url.render_as_string(),
        VESTIBULE_KEY_FILE=str(tmp_path / "vestibule-development.keys"),
    )
    elsewhere.enrol("ada")
    (of_elsewhere,) = elsewhere.engine.enrolments("ada")
    elsewhere.close()
    before = rows(host)
    strangers = [of_bob.id, of_elsewhere.id, codes.id, UNKNOWN, "1", "..", "%00", "é", "a" * 500]
    fresh = host.clock.now()

    for endpoint, method, path in routes(host, "{id}"):
        if "{id}" not in path:
            continue
        pages, answers = set(), set()
        for stranger in strangers:
            host.clock.stand_at(fresh)
            address = path.replace("{id}", stranger)
            answered = send(ada, method, address)
            answers.add((answered.status_code, answered.data))
            if method == "GET":
                page = ada.get(address)
                pages.add((page.status_code, page.data))
        assert [status for status, _ in answers] == [404], endpoint
        assert [status for status, _ in pages] in ([], [404])
    assert rows(host) == before


@pytest.mark.row("ATK-09", "A16")
def test_a_way_is_chosen_among_ones_own(host: Host, phone: SoftwareAuthenticator) -> None:
    """Asking for another's way, or an unknown one, shows one's own and opens nothing."""
    theirs = host.enrol("bob")
    (of_bob,) = host.engine.enrolments("bob")
    browser = host.browser()
    browser.login("ada")
    usual = browser.get(DOOR).text

    for wanted in (of_bob.id, UNKNOWN, "sms", "none"):
        shown = browser.get(DOOR, query_string={"method": wanted}).text
        assert _without_token(shown) == _without_token(usual)
        code = theirs.next_code(host.clock.now())
        host.clock.move(seconds=60)
        body = {"code": code, "method": wanted, "factor": wanted, "subject": "bob"}
        refused = browser.client.post(DOOR, json=body, query_string={"method": wanted})
        assert refused.status_code in {422, 429}
    assert not browser.is_in()
    again = host.browser()
    again.login("ada")
    host.clock.move(days=1)
    assert again.second_step(phone).status_code == 410


def _without_token(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf_token" not in line)


@pytest.mark.row("A16", "ASVS-6.3.3")
def test_every_way_counts_by_itself(host: Host, ada: Browser) -> None:
    """With one of two apps removed the second step is still asked, and the other still opens it."""
    began = ada.client.post("/two-step/add/totp", json={})
    assert began.status_code == 200
    uri = ada.client.get("/two-step/setup", headers=PROGRAM).get_json()["otpauth"]
    second = SoftwareAuthenticator.scan(uri)
    code = second.next_code(host.clock.now())
    assert ada.client.post("/two-step/setup", json={"code": code}).status_code == 200
    first = host.engine.enrolments("ada")[0]
    assert send(ada, "POST", f"/two-step/ways/{first.id}/remove").status_code == 200

    other = host.browser()
    assert other.login("ada").location == DOOR
    other.second_step(second)
    assert other.is_in()


def test_the_list_of_exceptions_is_up_to_date(host: Host) -> None:
    """Every route that a stale session may reach is still there."""
    names = {endpoint for endpoint, _, _ in routes(host, UNKNOWN)}

    assert set(OPEN_TO_STALE) <= names
