"""`flask vestibule doctor`: what it prints, and how it ends."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo
from tests.cli.plants import TWILIO, admin_login, no_stamp, second_login
from tests.cli.sites import Ground, Plant

from vestibule.cli import group

TEXT, LIST, NUMBER, TRUTH = str, list, int, bool
ANSWER = {"seen": TEXT, "detail": TEXT}
ROUTE = {
    "rule": TEXT,
    "endpoint": TEXT,
    "methods": LIST,
    "before": ANSWER,
    "after": ANSWER,
    "words": LIST,
    "open_by": LIST,
}
FINDING = {"severity": TEXT, "fault": TEXT, "where": TEXT, "what": TEXT, "mend": TEXT}
REPORT = {
    "schema": NUMBER,
    "application": TEXT,
    "mode": TEXT,
    "door": TRUTH,
    "played": TEXT,
    "routes": LIST,
    "carriers": LIST,
    "findings": LIST,
    "summary": dict.fromkeys(
        ("routes", "signed_in_before", "signed_in_after", "holes", "warnings", "notes"), NUMBER
    ),
}


def run(make: Callable[[], Flask], *arguments: str) -> Result:
    """What the command does for the application that a factory makes."""
    return CliRunner().invoke(group, ["doctor", *arguments], obj=ScriptInfo(create_app=make))


def test_who_carries_what_is_told(ground: Ground) -> None:
    """Where there are routes the text and the JSON say who carries what, in their order."""
    settings: dict[str, Any] = dict(TWILIO) | {
        "VESTIBULE_ROUTES": "sms=twilio_messaging,twilio_verify; sms:+49=twilio_verify",
        "VESTIBULE_SITE_URL": "https://site.example",
    }
    lines = run(lambda: ground.with_flask_login(**settings).app).output.splitlines()
    told = json.loads(run(lambda: ground.with_flask_login(**settings).app, "--json").output)

    assert "  sms      twilio_messaging, twilio_verify" in lines
    assert "  sms:+49  twilio_verify" in lines
    assert told["carriers"][1] == {"where": "sms:+49", "providers": ["twilio_verify"]}


@pytest.mark.parametrize(
    ("plant", "options", "status"),
    [
        (None, [], 0),
        (None, ["--strict"], 0),
        (second_login, ["--strict"], 0),
        (no_stamp, [], 0),
        (no_stamp, ["--strict"], 1),
        (no_stamp, ["--strict", "--ignore", "no-password-stamp"], 0),
        (admin_login, [], 1),
        (admin_login, ["--ignore", "foreign-login:elsewhere"], 1),
        (admin_login, ["--ignore", "foreign-login"], 0),
    ],
)
def test_it_fails_for_a_hole(
    ground: Ground, plant: Plant | None, options: list[str], status: int
) -> None:
    """A hole ends the command with 1, a warning where it is strict, what is ignored never."""
    assert run(lambda: ground.with_flask_login(plant).app, *options).exit_code == status


def test_a_person_reads_it(ground: Ground) -> None:
    """The text has a line for each route and, for each finding, what mends it."""
    text = run(lambda: ground.with_flask_login(admin_login).app).output

    assert "GET, POST  /login" in text
    assert "signed in on 6 of 6 routes before, and on 0 after." in text
    assert "HOLE  foreign-login  admin (tests.cli.plants:" in text
    assert "-> Sign people in there with flask_login.login_user()." in text
    assert text.endswith("1 hole, 0 warnings, 0 notes.\n")


def test_a_program_reads_it(ground: Ground) -> None:
    """The JSON has the names and types that its schema number promises, and nothing else."""
    report = json.loads(run(lambda: ground.with_flask_login(admin_login).app, "--json").output)

    assert shaped(report, REPORT)
    assert all(shaped(route, ROUTE) for route in report["routes"])
    assert all(shaped(finding, FINDING) for finding in report["findings"])
    assert (report["schema"], report["mode"], report["door"]) == (1, "production", True)
    assert report["summary"]["holes"] == len(report["findings"]) == 1


def test_a_program_reads_it_where_nothing_starts(tmp_path: Path) -> None:
    """An application that cannot be had at all is a report too."""

    def make() -> Flask:
        from vestibule.flask import Vestibule

        app = Flask("never", instance_path=str(tmp_path))
        app.config["VESTIBULE_DEVELOPMENT"] = "maybe"
        Vestibule(app)
        return app

    result = run(make, "--json")
    report = json.loads(result.output)

    assert result.exit_code == 1
    assert shaped(report, REPORT)
    assert [finding["fault"] for finding in report["findings"]] == ["refused"]


def test_it_says_how_to_name_the_application() -> None:
    """Without an application the command shows how it is called."""
    result = CliRunner().invoke(group, ["doctor"])

    assert result.exit_code == 2
    assert "flask --app yours vestibule doctor" in result.output


def test_a_key_for_a_door_that_is_there_is_refused(ground: Ground) -> None:
    """An application with a Vestibule says itself where its logins are."""
    result = run(lambda: ground.with_flask_login().app, "--login-key", "user_id")

    assert result.exit_code == 2
    assert "VESTIBULE_LOGIN_KEYS" in result.output


def test_the_commands_are_light() -> None:
    """To list the commands neither Flask nor SQLAlchemy is imported."""
    code = "import sys, vestibule.cli; print({'flask', 'sqlalchemy'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout == "set()\n"


def shaped(value: Any, shape: Any) -> bool:
    """Whether a value has exactly the names of a shape, each of its type."""
    if isinstance(shape, dict):
        return (
            isinstance(value, dict)
            and value.keys() == shape.keys()
            and all(shaped(value[name], shape[name]) for name in shape)
        )
    return type(value) is shape
