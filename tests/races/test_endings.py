"""Accepting and ending at the same moment: the first to write decides, and one of them only."""

from collections import Counter

import pytest
from tests.races.jobs import Job
from tests.races.people import (
    Site,
    enrolled,
    events,
    next_code,
    recovery_codes,
    waiting,
)
from tests.races.servers import Servers

from vestibule.bootstrap import Parts
from vestibule.core.model import PassageStatus

ROUNDS = 12


@pytest.mark.row("ATK-26")
def test_accept_and_cancel_end_in_one_state(site: Site, parts: Parts, servers: Servers) -> None:
    """A login that is answered and ended at the same moment is never open afterwards."""
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    for code in codes[:6]:
        [begun] = waiting(parts, ann, 1)
        answer = Job("verify", {"token": begun.token, "answer": code})
        end = Job("cancel", {"subject": "ann", "token": begun.token})

        words = Counter(servers.run(site, [answer, end, answer, end], threads=1))

        # The token may be renewed before a cancel by it.
        accepted = words["accepted"] == 1
        status = statuses(parts)[begun.passage.id]
        if not accepted:
            assert status is PassageStatus.ENDED
        assert words["accepted"] <= 1


@pytest.mark.row("ATK-26", "ATK-12")
def test_accept_and_remove_end_in_one_state(site: Site, parts: Parts, servers: Servers) -> None:
    """An answer to a factor that is removed at the same moment opens nothing that stays open."""
    for number in range(ROUNDS // 2):
        ann = enrolled(parts, f"ann{number}")
        [own] = parts.engine.enrolments(ann.subject)
        [begun] = waiting(parts, ann, 1)
        answer = Job("verify", {"token": begun.token, "answer": next_code(parts, ann)})
        remove = Job("remove", {"subject": ann.subject, "enrolment": own.id})

        words = Counter(servers.run(site, [answer, remove], threads=1))

        assert words["removed"] == 1
        assert statuses(parts)[begun.passage.id] is PassageStatus.ENDED
        accepted = events(parts, ann.subject, "answer_accepted")[1:]
        assert len(accepted) == words["accepted"]


def statuses(parts: Parts) -> dict[str, PassageStatus]:
    """Return the status of every passage by its id."""
    with parts.database.read() as connection:
        found = connection.exec_driver_sql("SELECT id, status FROM passage").all()
    return {row[0]: PassageStatus(row[1]) for row in found}
