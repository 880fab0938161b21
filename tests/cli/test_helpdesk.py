"""`vestibule reset` and `vestibule cancel-reset`, as an operator types them."""

import re

import pytest
from tests.cli.typed import typed
from tests.core.site import Site

ASKED = ("--by", "bea", "--reason", "phone lost")


def test_a_ticket_is_shown_once(site: Site) -> None:
    """The command prints the ticket and from when until when it works."""
    site.enrol("7")

    result = typed(site, "reset", "7", *ASKED)

    assert result.exit_code == 0
    assert re.search(r"^Ticket +([0-9A-Z]{4}-){3}[0-9A-Z]{4}$", result.output, re.MULTILINE)
    assert "Valid from   20" in result.output
    assert {e.factor for e in site.engine.enrolments("7")} == {"totp", "ticket"}


def test_at_once_is_typed_twice(site: Site) -> None:
    """Leaving out the waiting asks for the subject once more, and a slip changes nothing."""
    site.enrol("7")

    slipped = typed(site, "reset", "7", *ASKED, "--at-once", input="8\n")
    assert slipped.exit_code == 1
    assert {e.factor for e in site.engine.enrolments("7")} == {"totp"}

    assert typed(site, "reset", "7", *ASKED, "--at-once", input="7\n").exit_code == 0
    assert {e.factor for e in site.engine.enrolments("7")} == {"ticket"}


def test_nobody_is_reset_who_needs_it_not(site: Site) -> None:
    """For somebody without a second step the command says that the password is enough."""
    result = typed(site, "reset", "7", *ASKED)

    assert result.exit_code == 1
    assert "the password is enough" in result.output


def test_a_ticket_can_be_taken_back(site: Site) -> None:
    """Cancelling makes a ticket worthless; where there is none the command says so."""
    site.enrol("7")
    typed(site, "reset", "7", *ASKED)

    assert typed(site, "cancel-reset", "7", "--by", "bea").exit_code == 0
    assert {e.factor for e in site.engine.enrolments("7")} == {"totp"}
    assert typed(site, "cancel-reset", "7", "--by", "bea").exit_code == 1


@pytest.mark.parametrize("left_out", ["--by", "--reason"])
def test_who_and_why_must_be_said(site: Site, left_out: str) -> None:
    """A reset without a name or a reason is not done."""
    at = ASKED.index(left_out)
    given = [*ASKED[:at], *ASKED[at + 2 :]]

    assert typed(site, "reset", "7", *given).exit_code == 2


def test_a_first_ticket_works_at_once(site: Site) -> None:
    """Of somebody who must set up a first way the command makes a ticket that waits for nothing."""
    result = typed(site, "reset", "7", *ASKED, "--first")

    assert result.exit_code == 0
    assert not site.engine.standing("7", None).enrolled
    assert {e.factor for e in site.engine.enrolments("7")} == {"ticket"}
