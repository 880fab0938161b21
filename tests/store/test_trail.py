"""The audit trail, searched and gone through."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import Engine, text
from tests.core.site import Site
from tests.store.plans import spelled_out

from vestibule.core.events import Event, LimitsReset, PassageEnded
from vestibule.core.model import Origin
from vestibule.store import rows, tables
from vestibule.store.trail import Entry, Trail, Wanted

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = Wanted(realm="default")
ADAS = Wanted(realm="default", subject="ada")
Reading = Callable[[Trail, Wanted], object]


def happen(site: Site, *subjects: str, realm: str = "default", address: str = "") -> None:
    """Write an event a minute for each of `subjects`, each other one of another kind."""
    happened = [
        Event(
            at=NOON + number * MINUTE,
            realm=realm,
            subject=subject,
            fact=PassageEnded(passage=str(number), why="logout")
            if number % 2
            else LimitsReset(by="grace", reason="a call"),
            origin=Origin(address=address),
        )
        for number, subject in enumerate(subjects)
    ]
    site.parts.upkeep.add_events(happened)


def minutes(entries: Sequence[Entry]) -> list[int]:
    """How many minutes after noon each happened."""
    return [(entry.at - NOON) // MINUTE for entry in entries]


@pytest.fixture
def trail(site: Site) -> Trail:
    """The trail of a site."""
    return Trail(site.parts.database)


@pytest.mark.parametrize("wanted", [ALL, ADAS], ids=["all", "ada"])
def test_the_newest_come_last(site: Site, trail: Trail, wanted: Wanted) -> None:
    """Of a search from the end the newest events are returned, the very newest last."""
    happen(site, "ada", "ada", "ada", "ada")

    assert minutes(trail.newest(wanted, 3)) == [1, 2, 3]


def test_an_entry_is_what_was_written(site: Site, trail: Trail) -> None:
    """What is read of an event is all that was written of it."""
    happen(site, "ada", address="192.0.2.1")

    [entry] = trail.newest(ALL, 50)

    assert entry == Entry(
        id=entry.id,
        at=NOON,
        realm="default",
        subject="ada",
        name="limits_reset",
        address="192.0.2.1",
        agent="",
        data={"by": "grace", "reason": "a call"},
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"subject": "ada"}, [0, 2, 4]),
        ({"subject": "nobody"}, []),
        ({"names": ["passage_ended"]}, [1, 3, 5]),
        ({"names": ["passage_ended", "limits_reset"]}, [0, 1, 2, 3, 4, 5]),
        ({"since": NOON + 2 * MINUTE}, [2, 3, 4, 5]),
        ({"until": NOON + 2 * MINUTE}, [0, 1]),
        ({"since": NOON + MINUTE, "until": NOON + 3 * MINUTE}, [1, 2]),
        ({"address": "192.0.2.1"}, [0, 1, 2, 3, 4, 5]),
        ({"address": "192.0.2.10"}, []),
        ({"subject": "bob", "names": ["limits_reset"]}, []),
        ({"subject": "ada", "since": NOON + MINUTE, "address": "192.0.2.1"}, [2, 4]),
    ],
    ids=str,
)
def test_what_is_asked_narrows(
    site: Site, trail: Trail, asked: dict[str, Any], found: list[int]
) -> None:
    """Subject, names, times and address narrow a search and an export alike, and all at once."""
    happen(site, "ada", "bob", "ada", "bob", "ada", "bob", address="192.0.2.1")
    happen(site, "ada", "bob", realm="other", address="192.0.2.1")
    wanted = Wanted(realm="default", **asked)

    assert minutes(trail.newest(wanted, 50)) == found
    assert minutes(list(trail.whole(wanted))) == found


@pytest.mark.parametrize("wanted", [ALL, ADAS], ids=["all", "ada"])
def test_an_export_is_read_in_batches(site: Site, trail: Trail, wanted: Wanted) -> None:
    """Every event is yielded once, oldest first, and no more than a batch is read ahead."""
    happen(site, *["ada"] * 7)
    exported = trail.whole(wanted, batch=3)

    with site.statements() as said:
        first = list(islice(exported, 3))
    with site.statements() as said_then:
        rest = list(exported)

    assert minutes([*first, *rest]) == [0, 1, 2, 3, 4, 5, 6]
    assert (len(said), len(said_then)) == (1, 2)


def test_events_of_one_moment_are_all_exported(site: Site, trail: Trail) -> None:
    """Of many events that one subject has at the same moment none is left out between batches."""
    for _ in range(5):
        happen(site, "ada")

    assert len({entry.id for entry in trail.whole(ADAS, batch=2)}) == 5


def crowd(engine: Engine) -> None:
    """Fill a trail with what many people did, and have the database count it."""
    many = [
        {
            "at": rows.number(NOON + number * MINUTE),
            "realm": "default",
            "subject": f"person {number % 100}",
            "name": "passage_ended",
            "address": "",
            "agent": "",
            "data": {},
        }
        for number in range(3000)
    ]
    with engine.begin() as connection:
        connection.execute(tables.event.insert().inline(), many)
        if engine.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))


def plan_of(engine: Engine, statement: str) -> str:
    """What a database says it would do."""
    words = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        return "\n".join(
            str(tuple(row)) for row in connection.exec_driver_sql(f"{words} {statement}")
        )


@pytest.mark.parametrize(
    "reading",
    [lambda trail, asked: trail.newest(asked, 50), lambda trail, asked: list(trail.whole(asked))],
    ids=["newest", "whole"],
)
@pytest.mark.parametrize("times", [{}, {"since": NOON, "until": NOON + 900 * MINUTE}], ids=str)
@pytest.mark.parametrize("subject", [None, "person 7"])
def test_no_reading_goes_through_the_trail_to_sort_it(
    site: Site, trail: Trail, reading: Reading, times: dict[str, Any], subject: str | None
) -> None:
    """One subject's events are found by their index, and everybody's in the order of the key."""
    engine = site.parts.database.engine
    crowd(engine)
    wanted = Wanted(realm="default", subject=subject, names=["passage_ended"], **times)

    with spelled_out(engine) as said:
        reading(trail, wanted)

    assert said
    for statement in said:
        plan = plan_of(engine, statement)
        assert ("ix_event_realm_subject_at" in plan) is (subject is not None), plan
        assert "Seq Scan" not in plan
        if subject is None:
            assert "Sort" not in plan
            assert "TEMP B-TREE" not in plan
