"""Two applications that nobody wrote for this purpose, before the second step and after."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo
from tests.cli.sites import SOUND, Ground
from tests.hosts import club, tutorial
from tests.hosts.doors import DOORS, cost, with_door
from tests.hosts.example import DOOR, PASSWORD, kept
from tests.hosts.foreign import (
    Foreign,
    club_with_door,
    made_club,
    made_tutorial,
    tutorial_with_door,
)
from tests.security.crawl import PAGE

from vestibule.cli import group
from vestibule.core.errors import ConfigurationError
from vestibule.testing import enrol_app, take_second_step

NEW = "turnip and thyme pie"
PROMISED = {
    "gate": 2,
    "settings": 1,
    "subject": 3,
    "stamp": 3,
    "contacts": 3,
    "marks": 1,
    "links": 1,
}
"""What the second step costs at most, in lines: `marks` for the one view that takes tokens."""
Made = Callable[..., AbstractContextManager[Foreign]]


@pytest.fixture(params=[club_with_door, tutorial_with_door])
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Foreign]:
    """Each of the two, with the second step."""
    with request.param(tmp_path) as made:
        yield made


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Foreign]:
    """The club."""
    with club_with_door(tmp_path) as made:
        yield made


def examined(app: Flask, *options: str) -> Result:
    """What `flask vestibule doctor` does for an application."""
    info = ScriptInfo(create_app=lambda: app)
    return CliRunner().invoke(group, ["doctor", *options], obj=info)


def found_by(result: Result) -> set[tuple[str, str]]:
    """How grave what was found is, and of what kind."""
    report = json.loads(result.stdout)
    return {(finding["severity"], finding["fault"]) for finding in report["findings"]}


# What it costs


@pytest.mark.parametrize("host", [club, tutorial])
def test_the_second_step_costs_what_was_promised(host: ModuleType) -> None:
    """No line of an application is changed or taken away, and no more are added than promised."""
    before = Path(str(host.__file__)).read_text().splitlines()
    after, added = with_door("\n".join(before), DOORS[host]).splitlines(), cost(DOORS[host])

    rest = iter(after)
    assert all(line in rest for line in before)
    assert len([line for line in after if line]) == len(list(filter(None, before))) + sum(
        added.values()
    )
    assert {kind: lines for kind, lines in added.items() if lines > PROMISED[kind]} == {}


# What doctor says


@pytest.mark.parametrize(
    ("made", "host", "faults"),
    [
        (
            made_club,
            club,
            {
                ("hole", "no-door"),
                ("hole", "own-get-id"),
                ("note", "second-login"),
                ("note", "unheard-tokens"),
            },
        ),
        (made_tutorial, tutorial, {("hole", "no-door")}),
    ],
)
def test_doctor_names_the_hole_before(
    made: Any, host: ModuleType, faults: set[tuple[str, str]], tmp_path: Path
) -> None:
    """Before, the doctor ends with 1, and says what each application needs."""
    with made(host, tmp_path, **SOUND, TESTING=False) as app:
        result = examined(app, "--json")

    summary = json.loads(result.stdout)["summary"]
    assert result.exit_code == 1
    assert found_by(result) == faults
    assert (summary["signed_in_before"], summary["signed_in_after"]) == (summary["routes"], 0)


@pytest.mark.parametrize(
    ("made", "faults"),
    [
        (club_with_door, {("note", "second-login"), ("note", "no-notices")}),
        (tutorial_with_door, set()),
    ],
)
def test_doctor_finds_no_hole_after(
    made: Made, faults: set[tuple[str, str]], tmp_path: Path
) -> None:
    """After, in production, the doctor ends with 0, also where it is strict."""
    settings = SOUND | Ground.lay(tmp_path).settings | {"TESTING": False}
    with made(tmp_path, **settings) as example:
        result = examined(example.app, "--json", "--strict")
        real = examined(example.app, "--json", "--strict", "--user", example.identity())

    assert (result.exit_code, real.exit_code) == (0, 0)
    assert found_by(result) == found_by(real) == faults
    report = json.loads(result.stdout)
    assert (report["mode"], report["door"]) == ("production", True)
    assert report["summary"]["signed_in_after"] == 0
    words = {route["endpoint"]: route["words"] for route in report["routes"]}
    if made is club_with_door:
        assert words["pages.member"] == ["needs a login", "takes tokens"]
        assert words["pages.close"] == ["needs a login"]
        assert words["accounts.change"] == ["needs a login", "signs people in"]


def test_a_user_whose_id_changes_is_refused_without_a_loader(tmp_path: Path) -> None:
    """In production nobody is let in by a get_id of the application's own, unless it says who."""
    settings = SOUND | Ground.lay(tmp_path).settings | {"TESTING": False}
    with club_with_door(tmp_path, without={"subject"}, **settings) as example:
        example.app.config["PROPAGATE_EXCEPTIONS"] = True
        with pytest.raises(ConfigurationError, match="subject_loader"):
            example.app.test_client().post(
                "/login", data=example.account, base_url="https://localhost"
            )


# What a person does


@pytest.mark.row("ATK-01")
def test_somebody_enrols_and_signs_in(example: Foreign) -> None:
    """Somebody sets up an app by the link in her profile, and from then on is asked for a code."""
    client, other = example.app.test_client(), example.app.test_client()
    example.sign_in(client)
    assert 'href="/two-step/"' in client.get(example.profile).text
    phone = enrol_app(client)
    assert example.is_in(client)
    example.sign_out(client)
    assert not example.is_in(client)

    assert example.give_password(other, remember="y").location == DOOR
    assert not example.is_in(other)
    assert take_second_step(other, phone).status_code == 303
    assert example.is_in(other)


@pytest.mark.row("ATK-34", "ATK-37", "A5", "ASVS-7.4.3")
def test_after_a_new_password_nothing_opens(example: Foreign) -> None:
    """A new password ends every session and remember cookie, and alone it opens nothing either."""
    phone, client, other = example.enrol(), example.app.test_client(), example.app.test_client()
    for one in (client, other):
        example.sign_in(one, remember="y")
        example.second_step(one, phone)
        assert example.is_in(one)
    cookies = kept(other)

    example.change_password(client, NEW)

    for sent in (cookies, *({name: value} for name, value in cookies.items())):
        assert not example.is_in(example.crawl.browser(sent))
    fresh = example.app.test_client()
    assert example.give_password(fresh).location == DOOR
    assert not example.is_in(fresh)


def test_who_changes_the_password_is_asked_for_a_code(members: Foreign) -> None:
    """Where a new password makes a new login, whoever changed it goes on after the second step."""
    phone, client = members.enrol(), members.app.test_client()
    members.sign_in(client)
    members.second_step(client, phone)

    fields = {"password": PASSWORD, "new_password": NEW}
    answered = client.post("/change", data=fields, headers=PAGE)

    assert answered.location == DOOR
    assert not members.is_in(client)
    members.second_step(client, phone)
    assert members.is_in(client)


# Tokens


@pytest.mark.row("A4", "CS-02")
def test_the_password_alone_gets_no_token(members: Foreign) -> None:
    """A login that would hand out a token at once hands out none before the second step."""
    members.enrol()
    client = members.app.test_client()

    answered = client.post("/login?include_auth_token", json=members.account)

    assert answered.status_code == 401
    assert answered.get_json()["error"] == "second_step_required"
    assert "token" not in answered.text
    assert client.post("/auth-token", headers=PAGE).status_code == 302


@pytest.mark.row("A4", "CS-02")
def test_a_token_opens_what_takes_tokens_until_the_password_changes(members: Foreign) -> None:
    """A token made after both steps opens the one view that takes tokens, until a new password."""
    phone, client = members.enrol(), members.app.test_client()
    members.sign_in(client)
    members.second_step(client, phone)
    token = client.post("/auth-token").get_json()["authentication_token"]

    def opened(path: str, method: str = "GET") -> bool:
        answered = members.app.test_client().open(
            path, method=method, headers={"Authentication-Token": token}
        )
        return answered.status_code == 200

    assert opened("/api/members/2")
    assert not opened("/profile")
    assert not opened("/api/members/2/close", "POST")
    members.change_password(client, NEW)
    assert not opened("/api/members/2")


@pytest.mark.row("ATK-02", "ASVS-6.3.4")
def test_signing_up_is_no_way_around(members: Foreign) -> None:
    """Whoever signs up is signed in at once, and stops at the second step like everybody else."""
    client = members.app.test_client()
    fields = {"email": "tobias@mail.example", "password": PASSWORD}

    assert client.post("/register", data=fields, headers=PAGE).location == "/profile"
    members.account.update(fields)
    enrol_app(client)
    assert members.give_password(members.app.test_client()).location == DOOR
    assert client.post("/register", data=fields, headers=PAGE).status_code == 200
