"""`flask vestibule …`: the commands with what an application says."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from vestibule.testing.carriers import Carriers

SHOP = """
from flask import Flask
from vestibule.flask import Vestibule

app = Flask(__name__)
app.config.update({settings!r})
Vestibule(app)
"""


@dataclass(frozen=True)
class Shop:
    """An application of the realm `shop`, whose settings stand in its own configuration."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its database."""
        return f"sqlite:///{self.folder / 'shop.db'}"

    @property
    def keys(self) -> Path:
        """Its key file."""
        return self.folder / "shop.keys"

    def open(self, **more: Any) -> None:
        """Write the application and set up what it needs."""
        settings = {
            "VESTIBULE_DATABASE_URL": self.url,
            "VESTIBULE_KEY_FILE": str(self.keys),
            "VESTIBULE_REALM": "shop",
            "VESTIBULE_LOGIN_KEYS": ["user_id"],
            **more,
        }
        (self.folder / "app.py").write_text(SHOP.format(settings=settings))
        self.run("init", "--database-url", self.url, "--key-file", str(self.keys))

    def run(self, *arguments: str, of_flask: Sequence[str] = ()) -> str:
        """What `flask vestibule …` says; fail where it fails."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("FLASK_", "VESTIBULE_"))}
        command = [sys.executable, "-m", "flask", *of_flask, "vestibule", *arguments]
        environment = {**kept, **self.environment}
        return subprocess.run(
            command, cwd=self.folder, env=environment, text=True, capture_output=True, check=True
        ).stdout

    def refused(self, *arguments: str) -> str:
        """What `flask vestibule …` complains of."""
        with pytest.raises(subprocess.CalledProcessError) as failed:
            self.run(*arguments)
        return str(failed.value.stderr)

    def realms(self) -> list[str]:
        """The realms that events were written for."""
        with closing(sqlite3.connect(self.folder / "shop.db")) as database:
            return [row[0] for row in database.execute("SELECT realm FROM event ORDER BY id")]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with an empty installation, its database named by the environment as well."""
    made = Shop(tmp_path, {"VESTIBULE_DATABASE_URL": f"sqlite:///{tmp_path / 'shop.db'}"})
    made.open()
    return made


def test_a_command_of_an_application_is_for_its_realm(shop: Shop) -> None:
    """A command that an application runs is for its own realm, whatever the environment names."""
    shop.run("reset-limits", "7", "--by", "grace", "--reason", "a call")

    assert shop.realms() == ["shop"]


def test_a_command_of_an_application_needs_no_option(shop: Shop) -> None:
    """Keys are rotated and tables brought forward by what an application's configuration says."""
    assert "Key 2 seals from now on" in shop.run("rotate-keys")
    assert "The database is at" in shop.run("db", "upgrade")


def test_a_typed_option_goes_before_the_application(shop: Shop) -> None:
    """A database that is typed is the one that is meant."""
    other = f"sqlite:///{shop.folder / 'other.db'}"
    shop.run("init", "--database-url", other, "--key-file", str(shop.folder / "other.keys"))
    told = shop.run("db", "downgrade", "base", "--yes", "--database-url", other)

    assert told == "The database is at nothing.\n"
    assert "installation" in shop.run("status")


def test_a_test_goes_by_the_routes_of_the_application(tmp_path: Path) -> None:
    """What `send-test` sends goes by the application's own routes, in its name and its realm."""
    with Carriers() as carriers:
        shop = Shop(tmp_path, {"FLASK_SKIP_DOTENV": "1"})
        routes = {"VESTIBULE_ROUTES": {"email": ["smtp"]}, "VESTIBULE_ISSUER": "Shop"}
        shop.open(**routes, **carriers.settings("smtp"))
        told = json.loads(shop.run("send-test", "grace@shop.example", "--json"))
        came = carriers.latest(to="grace@shop.example")

    assert (told["taken"], told["to"]) == (True, "g•••@shop.example")
    assert came is not None
    assert came.subject == "Shop: a test"
    assert shop.realms() == ["shop"]


def test_a_developers_store_is_there_in_debug_mode(tmp_path: Path) -> None:
    """Where nothing is set a command is refused, and works by what the refusal names."""
    made = Shop(tmp_path)
    settings = {"VESTIBULE_LOGIN_KEYS": ["user_id"]}
    (tmp_path / "app.py").write_text(SHOP.format(settings=settings))

    assert "flask --debug" in made.refused("status")
    assert "installation" in made.run("status", of_flask=["--debug"])


def test_keys_in_a_setting_are_not_rotated_and_it_is_said_why(shop: Shop) -> None:
    """Who has keys in a setting and in a file is told which of the two is in the way."""
    lines = [line.split() for line in shop.keys.read_text("utf-8").splitlines()]
    of = {words[0]: words[1:] for words in lines if words}
    keys = f"{of['installation'][0]};1={of['key'][1]}"
    named = ["--database-url", shop.url, "--key-file", str(shop.keys)]

    told = Shop(shop.folder, {"VESTIBULE_KEYS": keys}).refused("rotate-keys", *named)

    assert "unset VESTIBULE_KEYS" in told
    assert "Key 2 seals from now on" in shop.run("rotate-keys", *named)


def test_an_application_that_cannot_start_can_be_mended(shop: Shop) -> None:
    """Tables that are missing keep the application from starting, but not the command for them."""
    shop.run("db", "downgrade", "base", "--yes")

    assert "The database is at 0" in shop.run("db", "upgrade")


def test_init_warns_of_an_empty_database_for_old_keys(shop: Shop) -> None:
    """A mistyped address is not taken for a new site without a word."""
    keys = ("--key-file", str(shop.keys))
    mistyped = f"sqlite:///{shop.folder / 'shpo.db'}"

    assert "nobody has a second step" not in shop.run("init", "--database-url", shop.url, *keys)
    assert "nobody has a second step" in shop.run("init", "--database-url", mistyped, *keys)


def test_init_says_what_it_needs(shop: Shop) -> None:
    """Without a word about where, init shows a whole command line."""
    bare = Shop(shop.folder)

    assert "--database-url sqlite:////" in bare.refused("init")
    assert "--key-file /etc/" in bare.refused("init")


def test_a_command_sends_nothing_by_itself(tmp_path: Path) -> None:
    """A command that looks at an application begins to carry none of its messages."""
    shop = Shop(tmp_path)
    shop.open(VESTIBULE_ROUTES={"sms": ["crondock"]}, VESTIBULE_CRONDOCK_API_KEY="k")
    told = "import atexit, threading\natexit.register(lambda: print(threading.enumerate()))\n"
    with (tmp_path / "app.py").open("a") as app:
        app.write(told)

    said = shop.run("events", "--json")

    assert "MainThread" in said
    assert "vestibule-" not in said
