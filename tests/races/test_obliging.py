"""Somebody who owes a first way, met by several requests at once: noted once, and told once."""

import pytest
from tests.races.jobs import Job
from tests.races.people import Site, count, events
from tests.races.servers import Servers
from tests.races.turns import second_during

from vestibule.bootstrap import Parts
from vestibule.core.engine import Engine

ADA, EVE = "ada@site.test", "eve@site.test"
REQUESTS = 12
ONE_MAIL = "SELECT count(*) FROM message WHERE text = '{}'"


def oblige(engine: Engine, address: str) -> str:
    """Ask what a subject owes whose address is told."""
    return engine.owed("ada", {"email": address}).until.isoformat()


def mails(parts: Parts, text: str) -> int:
    """How many messages of one kind were queued."""
    return count(parts, ONE_MAIL.format(text))


@pytest.mark.row("ATK-24")
def test_a_page_that_loads_in_parallel_begins_one_obligation(
    site: Site, parts: Parts, servers: Servers
) -> None:
    """Of many first requests at once one is told of, and all are told the same day."""
    jobs = [Job("oblige", {"subject": "ada", "address": ADA})] * REQUESTS

    words = servers.run(site, jobs)

    assert len(words) == REQUESTS
    assert len(set(words)) == 1
    assert len(events(parts, "ada", "obligation_begun")) == 1
    assert mails(parts, "obliged") == 1


@pytest.mark.row("ATK-24", "ASVS-6.3.7")
def test_many_requests_with_another_address_tell_the_one_before_once(
    site: Site, parts: Parts, servers: Servers
) -> None:
    """Of many requests at once that name another address one writes to the former."""
    oblige(parts.engine, ADA)

    servers.run(site, [Job("oblige", {"subject": "ada", "address": EVE})] * REQUESTS)

    assert mails(parts, "address_changed") == 1
    assert mails(parts, "obliged") == 1


@pytest.mark.postgresql
@pytest.mark.row("ATK-24")
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_second_waits_for_what_the_first_notes(site: Site, parts: Parts) -> None:
    """A request that comes before the first has committed finds what that has noted."""
    other = site.opened()

    second_during(
        parts,
        other,
        lambda engine: oblige(engine, ADA),
        lambda engine: oblige(engine, ADA),
    )

    other.database.close()
    assert len(events(parts, "ada", "obligation_begun")) == 1
    assert mails(parts, "obliged") == 1
