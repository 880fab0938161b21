"""`vestibule sessions` and `vestibule sign-out`, as an operator types them."""

import json

import pytest
from tests.cli.typed import refused, told, typed
from tests.core.site import Person, Site

from vestibule.core.model import Origin, Purpose
from vestibule.system import SystemClock

ASKED = ("--by", "bea", "--reason", "laptop stolen")


@pytest.fixture
def seven(site: Site) -> Person:
    """Somebody who is signed in, at the time that the commands go by."""
    site.fake.stand_at(SystemClock().now())
    return site.enrol("7")


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_where_somebody_is_signed_in(site: Site, seven: Person) -> None:
    """The command tells of each session since when, by what, and what the browser is called."""
    begun = seven.login(remembered=True)
    browser = Origin(agent="Mozilla/5.0 Firefox/140.0")
    site.engine.verify(begun.token, Purpose.LOGIN, seven.next_code(), browser)

    newest, first = told(site, "sessions", "7").splitlines()

    assert newest.startswith("signed in 20")
    assert newest.endswith('factor=totp remembered=yes agent="Mozilla/5.0 Firefox/140.0"')
    assert "remembered" not in first


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_the_list_as_json_holds_no_token(site: Site, seven: Person) -> None:
    """As JSON the command says a line for each session, and nothing that would open one."""
    printed = told(site, "sessions", "7", "--json")

    assert set(json.loads(printed)) == {
        *("id", "signed_in_at", "last_used_at", "remembered", "factor", "acting_by", "agent")
    }
    assert seven.token not in printed
    assert seven.passage.token_hash.hex() not in printed


def test_nowhere_is_said(site: Site) -> None:
    """Of somebody who is signed in nowhere the command says so, and prints no line."""
    result = typed(site, "sessions", "8")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "8 is signed in nowhere by both steps" in result.stderr


@pytest.mark.row("ASVS-7.4.5/7.5.2")
def test_an_operator_signs_somebody_out(site: Site, seven: Person) -> None:
    """The command ends every session of one person; the audit trail says who and why."""
    assert "Ended for 7: 1." in told(site, "sign-out", "7", *ASKED)

    assert not seven.is_in
    fact = site.facts("7")[-1]
    assert fact["data"] == {"by": "bea", "reason": "laptop stolen", "count": 1}
    assert fact["agent"] == "command line"


def test_a_slip_is_told(site: Site, seven: Person) -> None:
    """Of a subject that is signed in nowhere the command says what a subject is, and fails."""
    assert "subject_loader or get_id()" in refused(site, "sign-out", "8", *ASKED)
    assert seven.is_in


@pytest.mark.parametrize("left_out", ["--by", "--reason"])
def test_who_and_why_must_be_said(site: Site, seven: Person, left_out: str) -> None:
    """Nobody is signed out without a name and a reason."""
    at = ASKED.index(left_out)

    assert typed(site, "sign-out", "7", *ASKED[:at], *ASKED[at + 2 :]).exit_code == 2
    assert seven.is_in
