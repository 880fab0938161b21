"""What docs/security-model.md lists is what there is."""

import re

import pytest
from flask import Flask
from tests.docs.blocks import DOCS

from coverage_rows import read_owners, read_rows
from vestibule.core.events import Fact
from vestibule.flask import Vestibule

MODEL = (DOCS / "security-model.md").read_text("utf-8")
ROUTE = re.compile(r"^\| `(/two-step/\S*)` \| ([A-Z, ]+) \| .+ \| .+ \|$", re.MULTILINE)
EVENT = re.compile(r"^\| `([a-z_]+)` \| .+\. \|$", re.MULTILINE)
OWNERS = {
    "a later version: phones and people",
    "does not apply",
    "ours",
    "passkeys",
    "push approver",
    "the host",
    "verification server",
}


@pytest.mark.row("ASVS-6.1.3", "H-7")
def test_every_route_is_listed() -> None:
    """Every route that Vestibule adds stands in the security model, and no other."""
    app = Flask("routes")
    app.testing = True
    Vestibule(app)
    there = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("vestibule.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    listed = [
        (route, method) for route, methods in ROUTE.findall(MODEL) for method in methods.split(", ")
    ]

    assert sorted(listed) == sorted(there)


@pytest.mark.row("CS-16")
def test_every_event_is_listed() -> None:
    """Every kind of event stands in the security model by its public name, and no other."""
    section = MODEL.partition("\n## Events\n")[2].partition("\n## ")[0]

    assert sorted(EVENT.findall(section)) == sorted({kind.name for kind in Fact.__subclasses__()})


def test_a_row_that_is_given_away_has_an_owner() -> None:
    """Each row that the security model gives away is one of the checklist, and says whose it is."""
    known = {row.id for row in read_rows((DOCS / "checklist-rows.txt").read_text("utf-8"))}
    owners = read_owners(MODEL)

    assert owners.keys() - known == set()
    assert {reason.partition(" · ")[0] for reason in owners.values()} == OWNERS
