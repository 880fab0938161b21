"""`vestibule status` and `vestibule forget`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import request
from tests.cli.typed import refused, told, typed
from tests.core.site import Site
from tests.flask.shop import Shop

from vestibule.cli import group
from vestibule.store.migrate import NEWEST
from vestibule.system import SystemClock

STATUS = """\
installation          {installation}
epoch                 1
revision              {revision}
newest revision       {revision}
keys                  1
profile               default
factors               totp, recovery_codes
enrolled people       1
enrolments            1
live sessions         1
messages waiting      1
longest wait seconds  0
orphans               not known. Only the application knows its accounts: flask vestibule status.
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """An application with two people who have a second step, one of whom has no account now."""
    opened = Shop.open(tmp_path)
    for name in ("maren", "tobias"):
        opened.browser().join(name)
    opened.people.discard("tobias")
    yield opened
    opened.close()


def at(shop: Shop, *arguments: str, **more: Any) -> str:
    """What `flask vestibule …` prints."""
    result = shop.app.test_cli_runner().invoke(group, arguments, **more)
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def test_a_status_is_words_for_a_person(site: Site) -> None:
    """A line for each thing that stands, and without an application nobody is called an orphan."""
    site.fake.stand_at(SystemClock().now())
    site.enrol("ada")
    [here] = site.rows("installation")

    said = told(site, "status")

    assert said == STATUS.format(installation=here["id"], revision=NEWEST)


def test_a_status_is_an_object_for_a_program(small_site: Site) -> None:
    """The same as one JSON object: numbers are numbers, lists are lists."""
    said = json.loads(told(small_site, "status", "--json"))

    assert (said["epoch"], said["keys"], said["enrolled_people"]) == (1, [1], 0)
    assert said["revision"] == said["newest_revision"] == NEWEST
    assert said["factors"] == ["totp", "recovery_codes"]
    assert (said["orphans"]["count"], said["orphans"]["first"]) == (None, [])


def test_a_status_of_an_application_counts_its_orphans(shop: Shop) -> None:
    """With the application at hand orphans are counted, of how many, and the first are named."""
    orphans = json.loads(at(shop, "status", "--json"))["orphans"]

    assert orphans == {"count": 1, "of": 2, "first": ["tobias"], "note": None}
    assert at(shop, "status").splitlines()[-1] == "orphans               1 of 2: tobias"


def test_a_status_says_where_everybody_is_an_orphan(shop: Shop) -> None:
    """Where nobody is found an operator is warned before somebody is forgotten for nothing."""
    shop.people.clear()

    said = at(shop, "status")

    assert "orphans               2 of 2: maren, tobias\n" in said
    assert "forget nobody before" in said


def test_a_subject_in_a_status_is_harmless(shop: Shop) -> None:
    """A name that a terminal would obey is spelled out."""
    name = "\x1b[2Jeve"
    shop.people.add(name)
    shop.browser().join(name)
    shop.people.discard(name)

    assert "2 of 3: \\x1b[2Jeve, tobias\n" in at(shop, "status")


def test_an_operator_forgets_somebody(site: Site) -> None:
    """Everything of a subject is deleted, and the trail says who did it."""
    site.enrol("ada")
    bob = site.enrol("bob")

    said = told(site, "forget", "ada", "--by", "grace", "--yes")

    assert said == "Everything of ada is deleted; the audit trail says who did this.\n"
    assert {row["subject"] for row in site.rows("enrolment")} == {"bob"}
    last = site.facts("ada")[-1]
    assert (last["name"], last["data"]) == ("subject_forgotten", {"by": "grace"})
    assert last["agent"] == "command line"
    assert bob.come_in().is_accepted


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_it_is_asked_whether_it_is_meant(small_site: Site, answer: str, left: int) -> None:
    """Before anything is deleted it is told what follows, and only a yes goes on."""
    small_site.enrol("ada")

    result = typed(small_site, "forget", "ada", "--by", "grace", input=answer)

    assert "ada has a second step in the realm default.\n" in result.stdout
    assert "From then on a password alone signs in" in result.stdout
    assert (result.exit_code == 0) is (left == 0)
    assert len(small_site.rows("enrolment")) == left


def test_an_account_that_is_still_there_is_warned_of(shop: Shop) -> None:
    """With the application at hand it is said aloud that an account is not deleted yet."""
    runner = shop.app.test_cli_runner()
    asked = {
        name: runner.invoke(group, ["forget", name, "--by", "grace"], input="n\n").stdout
        for name in ("maren", "tobias")
    }

    assert "STILL HAS THIS ACCOUNT" in asked["maren"]
    assert "STILL HAS THIS ACCOUNT" not in asked["tobias"]
    at(shop, "forget", "tobias", "--by", "grace", "--yes")
    assert '"count": 0' in at(shop, "status", "--json")


def test_an_application_that_cannot_say_is_warned_of(shop: Shop) -> None:
    """Where the loader wants a request, it is said that nobody knows of the account."""

    @shop.app.login_manager.user_loader  # type: ignore[attr-defined]
    def load(name: str) -> object:
        return request.path and None

    said = shop.app.test_cli_runner().invoke(
        group, ["forget", "maren", "--by", "grace"], input="n\n"
    )

    assert "CANNOT SAY whether the account is still there" in said.stdout


def test_a_name_that_nobody_bears_is_refused(small_site: Site) -> None:
    """Of somebody unknown nothing is deleted: the command fails and says what a name is."""
    said = refused(small_site, "forget", "\x1bada", "--by", "grace", "--yes")

    assert "There is nothing of \\x1bada in the realm default." in said
    assert small_site.rows("event") == []


def test_nobody_forgets_without_a_name(small_site: Site) -> None:
    """Who does it must be said."""
    assert "--by" in refused(small_site, "forget", "ada", "--yes")


def test_no_first_ticket_is_made_for_an_account_that_is_not_there(shop: Shop) -> None:
    """With the application at hand a name instead of an id is told as one, and makes no orphan."""
    asked = ("reset", "nobody", "--first", "--by", "bea", "--reason", "new")

    result = shop.app.test_cli_runner().invoke(group, asked)

    assert result.exit_code == 1
    assert "The application has no account nobody" in result.output
    assert shop.engine.enrolments("nobody") == []
