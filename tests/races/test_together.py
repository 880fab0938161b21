"""All that can be done to one person, done at once from two processes, for some seconds."""

from collections.abc import Sequence
from typing import Any, Final

import pytest
from tests.races.jobs import Job
from tests.races.people import Person, Site, add, enrolled
from tests.races.servers import UNLIMITED, Servers

from vestibule.bootstrap import Parts

SECONDS: Final = 4.0
THREADS: Final = 8


@pytest.mark.row("ATK-24", "ATK-26", "ATK-28", "W14")
def test_everything_at_once_is_answered(site: Site, parts: Parts, servers: Servers) -> None:
    """Logins in both lanes, step-ups and every change to one person at once raise nothing."""
    ann = enrolled(parts, "ann", "letters")
    add(parts, ann, "totp")
    add(parts, ann, "letters")

    jobs = busy(ann)
    counts = servers.run(site, jobs, threads=THREADS, limits=UNLIMITED)

    assert len(counts) == len(jobs)
    assert all(int(count) > 0 for count in counts)
    assert parts.engine.standing("ann", None).enrolled
    grant = parts.engine.standing("ann", ann.token).passage
    assert parts.engine.is_live(grant, "ann", "1")


def busy(ann: Person) -> Sequence[Job]:
    """Return one job for each thread of both servers, each pair the same."""
    grant = {"subject": "ann", "token": ann.token}
    works: list[tuple[str, dict[str, Any]]] = [
        ("log_in_by_letter", {"person": ann, "known": False}),
        ("log_in_by_letter", {"person": ann, "known": True}),
        ("log_in_by_code", {"person": ann}),
        ("ask_and_answer", grant),
        ("ask_and_answer", grant),
        ("rename", {"subject": "ann"}),
        ("add_and_remove", {"person": Person("ann"), "by": ann.token}),
    ]
    jobs = [
        Job("keep_busy", {"what": name, "seconds": SECONDS, **arguments})
        for name, arguments in works
    ]
    return [job for job in jobs for _ in range(2)]
