"""A way is reported while it is used, by two processes: it lets nobody in after that."""

import pytest
from tests.races.jobs import Job
from tests.races.people import Person, Site, events, waiting
from tests.races.reported import is_shut_out, robbed, status, thiefs_code, thiefs_way
from tests.races.servers import Servers

from vestibule.bootstrap import Parts

pytestmark = pytest.mark.row("NIST-37", "ATK-24")


@pytest.fixture
def ann(parts: Parts) -> Person:
    """Somebody with two apps; the second is a thief's."""
    return robbed(parts)


@pytest.mark.parametrize("number", range(4))
def test_reported_while_it_is_used(
    site: Site, parts: Parts, servers: Servers, ann: Person, number: int
) -> None:
    """A login by the reported way that comes at the same moment is over right after, or refused."""
    mine, theirs = waiting(parts, ann, 2)
    answer = Job("verify", {"token": theirs.token, "answer": thiefs_code(parts, ann)})
    report = Job("report", {"subject": "ann", "way": thiefs_way(ann), "token": mine.token})
    jobs = [answer, report] if number % 2 else [report, answer]

    words = servers.run(site, jobs, threads=1)

    assert words.count("reported") == 1
    assert is_shut_out(parts, ann, theirs.token)
    assert [status(parts, mine), status(parts, theirs)] == ["pending", "ended"]


def test_many_reports_are_one(site: Site, parts: Parts, servers: Servers, ann: Person) -> None:
    """Of many who press at once in as many logins one is obeyed, and its login is the one left."""
    begun = waiting(parts, ann, 6)
    jobs = [
        Job("report", {"subject": "ann", "way": thiefs_way(ann), "token": b.token}) for b in begun
    ]

    words = servers.run(site, jobs, threads=3)

    assert sorted(words) == ["refused"] * 5 + ["reported"]
    assert len(events(parts, "ann", "enrolment_suspended")) == 1
    assert [status(parts, b) for b in begun].count("pending") == 1
