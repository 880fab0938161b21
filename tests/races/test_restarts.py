"""Nothing that counts lives in a process: neither its start, nor its end, nor its death matters."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine
from tests.races.jobs import Job
from tests.races.people import (
    LETTERS,
    Site,
    enrolled,
    evaluated,
    next_code,
    recovery_codes,
    waiting,
)
from tests.races.servers import THREADS, Order, Servers, alone

from vestibule.bootstrap import Parts
from vestibule.core.errors import StoreUnavailableError
from vestibule.core.model import Purpose
from vestibule.core.verdict import Reason, Rejected

OTHERS_END = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.mark.row("ATK-27", "ATK-25")
def test_a_process_killed_while_judging_costs_one_attempt(site: Site, parts: Parts) -> None:
    """A recovery code being judged when its process is killed is counted once and still good."""
    ann = enrolled(parts, "ann")
    code = recovery_codes(parts, ann)[0]
    [begun] = waiting(parts, ann, 1)
    doomed = alone()

    doomed.tell(Order(site, [Job("die_judging", {"token": begun.token, "answer": code})], 1))

    assert doomed.is_silenced()
    doomed.stop()
    case = parts.engine.look(begun.token)
    assert case is not None
    assert {asked.challenge.attempts for asked in case.asked} == {1}
    assert parts.engine.verify(begun.token, Purpose.LOGIN, code).is_accepted


@pytest.mark.row("ATK-27", "W14")
def test_limits_outlive_every_process(site: Site, parts: Parts, servers: Servers) -> None:
    """Wrong answers are counted on by processes that were started after they were given."""
    ann = enrolled(parts, "ann")
    [begun, other] = waiting(parts, ann, 2)
    for code in ("000000", "000001", "000002"):
        with_new_process = site.opened()
        with_new_process.engine.verify(begun.token, Purpose.LOGIN, code)
        with_new_process.database.close()
    jobs = [Job("verify", {"token": begun.token, "answer": f"{n:06d}"}) for n in range(40)]

    words = Counter(servers.run(site, jobs))

    assert words["wrong"] == 2
    assert len(evaluated(parts, "ann")) == 5
    late = site.opened()
    refused = late.engine.verify(other.token, Purpose.LOGIN, next_code(parts, ann)).verdict
    late.database.close()
    assert isinstance(refused, Rejected)
    assert refused.reason is Reason.DELAYED


@pytest.mark.row("ATK-24", "ATK-27", "ATK-29", "W14")
def test_a_used_code_stays_used_in_every_process(
    site: Site, parts: Parts, servers: Servers
) -> None:
    """A code accepted in one process is a used one in another, before and after a restart."""
    ann = enrolled(parts, "ann")
    one, two, three = (begun.token for begun in waiting(parts, ann, 3))
    code = next_code(parts, ann)
    assert parts.engine.verify(one, Purpose.LOGIN, code).is_accepted

    assert servers.run(site, [Job("verify", {"token": two, "answer": code})]) == ["replayed"]

    restarted = site.opened()
    assert not restarted.engine.verify(three, Purpose.LOGIN, code).is_accepted
    restarted.database.close()


@pytest.mark.row("ASVS-6.5.6", "ASVS-7.4.1/7.4.2", "W14")
def test_an_end_is_seen_at_once_in_every_process(
    site: Site, parts: Parts, servers: Servers
) -> None:
    """A session ended in one process is over at the next request in another."""
    ann = enrolled(parts, "ann")
    live = Job("is_live", {"subject": "ann", "token": ann.token})
    assert set(servers.run(site, [live] * 2)) == {"live"}

    grant = parts.engine.standing("ann", ann.token).passage
    assert grant is not None
    parts.engine.end(grant, "elsewhere")

    assert set(servers.run(site, [live] * 2)) == {"over"}


def test_two_processes_start_in_an_empty_place(
    database_url: str, tmp_path: Path, servers: Servers
) -> None:
    """Two development servers started at once in an empty place share one installation."""
    config = {
        "VESTIBULE_DATABASE_URL": database_url,
        "VESTIBULE_DEVELOPMENT": True,
        "VESTIBULE_FACTORS": ["totp", LETTERS],
    }
    place = Site(config, tmp_path / "instance")

    words = servers.run(place, [Job("ready")] * 2 * THREADS)

    assert words == ["default"] * 2 * THREADS
    opened = place.opened()
    assert enrolled(opened, "ann").token
    opened.database.close()


@pytest.mark.row("ATK-80")
@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_was_restarted_is_missed_once(parts: Parts, postgresql_database: str) -> None:
    """Connections that all ended together are found out by one request, not by one for each."""
    with parts.database.look(), parts.database.look(), parts.database.look():
        pass
    with create_engine(postgresql_database, poolclass=NullPool).connect() as administrator:
        administrator.exec_driver_sql(OTHERS_END)

    with pytest.raises(StoreUnavailableError):
        parts.engine.standing("ann", None)

    assert not any(parts.engine.standing("ann", None).enrolled for _ in range(3))


@pytest.mark.row("ATK-80")
@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_write_that_finds_its_connection_gone_is_told_in_our_words(
    parts: Parts, postgresql_database: str
) -> None:
    """Where a transaction cannot begin the store did not answer, and for the next one it does."""
    ann = enrolled(parts, "ann")
    passage = parts.engine.standing("ann", ann.token).passage
    assert passage is not None
    with create_engine(postgresql_database, poolclass=NullPool).connect() as administrator:
        administrator.exec_driver_sql(OTHERS_END)

    with pytest.raises(StoreUnavailableError):
        parts.engine.end(passage, "logout")
    parts.engine.end(passage, "logout")

    assert not parts.engine.is_live(parts.engine.standing("ann", ann.token).passage, "ann", "ann")
