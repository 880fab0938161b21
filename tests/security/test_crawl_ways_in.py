"""Every way into the microblog, one by one: each ends at the second step of whoever has one."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from examples.microblog.models import ApiToken, db
from flask.testing import FlaskClient
from tests.hosts.example import DOOR, PASSWORD, Example, kept
from tests.hosts.ours import microblog
from tests.security.crawl import PAGE
from werkzeug.test import TestResponse

from vestibule.testing import SoftwareAuthenticator

NEW = "turnip and thyme pie"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Example]:
    """The microblog, with maren in it."""
    with microblog(tmp_path) as made:
        yield made


@pytest.fixture
def mails(site: Example) -> list[dict[str, str]]:
    """Where sent mails arrive."""
    sent: list[dict[str, str]] = []
    site.app.extensions["mail"] = lambda **mail: sent.append(mail)
    return sent


def submit(site: Example, client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Send a form with its anti-forgery value."""
    token = site.forgery_value(client.get(path).text)
    return client.post(path, data=fields | {"csrf_token": token}, headers=PAGE)


def is_in(client: FlaskClient) -> bool:
    """Whether a page opens that is maren's own."""
    return client.get("/account/profile", headers=PAGE).status_code == 200


def link_in(mail: dict[str, str]) -> str:
    """The path of the one link a mail holds."""
    (link,) = re.findall(r"\S+://\S+", mail["text"])
    return str(urlsplit(link).path)


def reset(site: Example, mails: list[dict[str, str]], client: FlaskClient) -> TestResponse:
    """Set a new password by a link in a mail."""
    submit(site, client, "/reset", email="maren@mail.example")
    return submit(site, client, link_in(mails[-1]), password=NEW, repeat=NEW)


@pytest.mark.parametrize("name", ["maren", "MAREN", " maren ", "maren@mail.example"])
@pytest.mark.row("ATK-02", "A8", "ASVS-6.3.4")
def test_every_name_a_person_has_ends_at_the_same_door(site: Example, name: str) -> None:
    """A login waits under whatever name it was made."""
    phone, client = site.enrol(), site.app.test_client()

    answered = submit(site, client, "/login", login=name, password=PASSWORD, remember="y")

    assert answered.location == DOOR
    assert not is_in(client)
    site.second_step(client, phone)
    assert is_in(client)
    assert "remember_token" in kept(client)


@pytest.mark.row("ATK-34", "ASVS-6.4.3", "A21")
def test_a_reset_password_is_half_a_login(site: Example, mails: list[dict[str, str]]) -> None:
    """A reset signs nobody in, and the new password alone opens nothing."""
    phone, client = site.enrol(), site.app.test_client()

    assert reset(site, mails, client).location == "/login"
    assert not is_in(client)
    answered = submit(site, client, "/login", login="maren", password=NEW)

    assert answered.location == DOOR
    assert not is_in(client)
    assert client.post("/two-step/add/totp", json={}).status_code == 401
    assert len(site.engine.enrolments("1")) == 1
    site.second_step(client, phone)
    assert is_in(client)


@pytest.mark.row("ATK-34", "ATK-36", "ASVS-7.4.3")
def test_a_reset_ends_what_was_before(site: Example, mails: list[dict[str, str]]) -> None:
    """After a reset no session, remembered browser or waiting login of before is worth anything."""
    phone, old, waiting = site.enrol(), site.app.test_client(), site.app.test_client()
    site.sign_in(old, remember="y")
    site.second_step(old, phone)
    site.sign_in(waiting)
    assert is_in(old)
    cookies = kept(old)

    reset(site, mails, site.app.test_client())

    assert not is_in(old)
    assert not is_in(site.crawl.browser(cookies))
    cookies.pop("microblog_session")
    assert not is_in(site.crawl.browser(cookies))
    code = phone.code(site.engine.now(), steps=1)
    assert waiting.post(DOOR, json={"code": code}).status_code == 410
    assert not is_in(waiting)


@pytest.mark.row("ATK-34")
def test_a_reset_link_is_no_way_round_beside_a_waiting_login(
    site: Example, mails: list[dict[str, str]]
) -> None:
    """Neither following the link nor using it opens the browser in which a login waits."""
    site.enrol()
    client = site.app.test_client()
    site.sign_in(client)
    submit(site, client, "/reset", email="maren@mail.example")

    client.get(link_in(mails[-1]))
    assert not is_in(client)
    submit(site, client, link_in(mails[-1]), password=NEW, repeat=NEW)
    assert not is_in(client)


@pytest.mark.row("ATK-02")
def test_signing_up_beside_a_waiting_login_is_somebody_else(
    site: Example, mails: list[dict[str, str]]
) -> None:
    """A new account made where another's login waits is signed in as itself alone."""
    site.enrol()
    client = site.app.test_client()
    site.sign_in(client)
    submit(site, client, "/sign-up", email="new@mail.example")

    made = submit(site, client, link_in(mails[-1]), username="newcomer", password=NEW, repeat=NEW)

    assert made.location == "/"
    assert is_in(client)
    assert "newcomer" in client.get("/@newcomer").text
    assert client.get(DOOR, headers={"Accept": "application/json"}).json == {
        "status": "signed_in",
        "location": "/",
    }


# --- programs


def basic() -> dict[str, Any]:
    """Maren's name and password, as a program sends them."""
    return {"auth": ("maren", PASSWORD)}


def bearer(token: str) -> dict[str, dict[str, str]]:
    """The header that carries a token."""
    return {"headers": {"Authorization": f"Bearer {token}"}}


def challenged(program: FlaskClient) -> dict[str, Any]:
    """What a program is told instead of a token."""
    asked = program.post("/api/tokens", **basic())
    assert asked.status_code == 401
    told: dict[str, Any] = asked.get_json()
    return told


def prove(site: Example, program: FlaskClient, phone: SoftwareAuthenticator, handle: str) -> str:
    """Take the second step for a program."""
    code = phone.next_code(site.engine.now())
    answered = program.post(DOOR, json={"handle": handle, "code": code})
    return str(answered.get_json()["proof"])


@pytest.fixture
def program(site: Example) -> FlaskClient:
    """A program: it keeps no cookies."""
    return site.app.test_client(use_cookies=False)


def tokens(site: Example) -> int:
    """How many tokens were ever given."""
    with site.app.app_context():
        return db.session.query(ApiToken).count()


@pytest.mark.row("ATK-02", "A4", "CS-02")
def test_a_program_takes_both_steps(site: Example, program: FlaskClient) -> None:
    """A token wants the second step, and then opens the programs' pages and no other."""
    phone = site.enrol()

    told = challenged(program)
    assert (told["error"], told["location"], told["methods"]) == (
        "second_step_required",
        DOOR,
        ["totp"],
    )
    assert tokens(site) == 0
    proof = prove(site, program, phone, told["handle"])
    given = program.post("/api/tokens", **basic(), headers={"Vestibule-Proof": proof})

    assert given.status_code == 201
    token = bearer(given.get_json()["token"])
    assert program.get("/api/me", **token).get_json()["username"] == "maren"
    assert program.post("/api/posts", json={"body": "hello"}, **token).status_code == 201
    assert len(program.get("/api/posts", **token).get_json()["posts"]) == 2
    assert program.get("/account/profile", **token).status_code == 302
    assert program.get("/two-step/", **token).status_code == 401
    assert program.delete("/api/tokens", **token).status_code == 204
    assert program.get("/api/me", **token).status_code == 401


@pytest.mark.row("ATK-02", "A4")
def test_a_program_without_a_second_step_is_as_before(program: FlaskClient) -> None:
    """Whoever has no second step gets a token for the password."""
    given = program.post("/api/tokens", **basic())

    assert given.status_code == 201
    assert program.get("/api/me", **bearer(given.get_json()["token"])).status_code == 200


@pytest.mark.row("ATK-24", "ATK-30")
def test_a_proof_is_for_one_token_of_one_person(site: Example, program: FlaskClient) -> None:
    """A proof works once, for its own subject, and never without the right password."""
    phone = site.enrol()
    proof = prove(site, program, phone, challenged(program)["handle"])
    header = {"Vestibule-Proof": proof}

    assert program.post("/api/tokens", auth=("maren", "wrong"), headers=header).status_code == 401
    assert program.post("/api/tokens", headers=header).status_code == 401
    assert program.post("/api/tokens", **basic(), headers=header).status_code == 201
    assert program.post("/api/tokens", **basic(), headers=header).status_code == 401
    assert tokens(site) == 1


@pytest.mark.row("ATK-01", "ATK-02", "ATK-03")
def test_a_waiting_browser_gets_no_token(site: Example) -> None:
    """The browser in which a login waits gets no token, and its cookie is no proof."""
    site.enrol()
    client = site.app.test_client()
    site.sign_in(client)
    cookie = kept(client)["vestibule-default"]

    for headers in ({}, {"Vestibule-Proof": cookie}, {"Authorization": f"Bearer {cookie}"}):
        assert client.post("/api/tokens", headers=headers).status_code == 401
        assert client.get("/api/me", headers=headers).status_code == 401
    assert tokens(site) == 0
