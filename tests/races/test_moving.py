"""The new phone used while the old one is, or while either is removed: two processes, one end."""

from collections import Counter

import pytest
from tests.races.jobs import Job
from tests.races.people import Person, Site, enrolled, events, grant_of, waiting
from tests.races.servers import Servers
from tests.races.turns import answering, overtaken

from vestibule.bootstrap import Parts
from vestibule.core.engine import Engine
from vestibule.core.model import Purpose
from vestibule.testing import SoftwareAuthenticator

ROUNDS = 6


def moving(parts: Parts, subject: str) -> tuple[Person, str, str]:
    """Return a person with a new phone that has not been used, and the ids of the old and the new.

    Of its apps the old one comes first.
    """
    person = enrolled(parts, subject, steps=-1)
    [old] = parts.engine.enrolments(subject)
    new = add_in_place(parts, person, old.id)
    return person, old.id, new


def add_in_place(parts: Parts, person: Person, old_id: str) -> str:
    """Set up what takes the place of a way, and return its id."""
    engine, old = parts.engine, parts.engine.own(person.subject, old_id)
    assert old is not None
    kind = engine.registry["totp"]
    draft = engine.begin_enrolment(
        kind, person.applicant, person.login(), grant_of(engine, person), succeeds=old
    )
    assert draft is not None
    app = SoftwareAuthenticator(draft.enrolment.secret)
    outcome = engine.verify(person.token, Purpose.ENROL, app.code(engine.now()))
    assert outcome.granted is not None
    person.token = outcome.granted.token
    person.apps[draft.enrolment.id] = app
    return draft.enrolment.id


def code(engine: Engine, person: Person, way: str) -> str:
    """Return the code of the coming step of one of a person's phones."""
    return person.apps[way].code(engine.now(), steps=1)


def ways(parts: Parts, subject: str) -> set[str]:
    """Return the ids of the ways that are in force."""
    return {e.id for e in parts.engine.enrolments(subject)}


@pytest.mark.row("ATK-26")
def test_old_and_new_at_the_same_moment(site: Site, parts: Parts, servers: Servers) -> None:
    """Once the new phone was used the old one lets nobody in, and whoever it had let in is out."""
    for number in range(ROUNDS):
        ann, old, new = moving(parts, f"ann{number}")
        one, two = (begun.token for begun in waiting(parts, ann, 2))
        by_old = Job("verify", {"token": one, "answer": code(parts.engine, ann, old)})
        by_new = Job("verify", {"token": two, "answer": code(parts.engine, ann, new)})

        old_word, new_word = servers.run(site, [by_old, by_new], threads=1)

        assert new_word == "accepted"
        assert old_word in {"accepted", "gone", "disabled"}
        assert ways(parts, ann.subject) == {new}
        assert len(live(parts, ann.subject)) == 1
        assert len(events(parts, ann.subject, "enrolment_revoked")) == 1


@pytest.mark.row("ATK-24", "ATK-26")
def test_the_new_one_on_two_logins(site: Site, parts: Parts, servers: Servers) -> None:
    """The code that ends a move ends it once."""
    for number in range(ROUNDS):
        ann, _old, new = moving(parts, f"ann{number}")
        typed = code(parts.engine, ann, new)
        both = [Job("verify", {"token": b.token, "answer": typed}) for b in waiting(parts, ann, 2)]

        words = Counter(servers.run(site, both, threads=1))

        assert words["accepted"] == 1
        assert ways(parts, ann.subject) == {new}
        assert len(events(parts, ann.subject, "enrolment_revoked")) == 1


@pytest.mark.row("ATK-26")
@pytest.mark.parametrize("removed", ["old", "new"])
def test_used_and_removed_at_the_same_moment(
    site: Site, parts: Parts, servers: Servers, removed: str
) -> None:
    """Nobody is left without a way by a removal that was meant for one of two."""
    # Who removes does so in the session that began the move: it ends where the new phone was used
    # elsewhere before, and then it removes nothing.
    for number in range(ROUNDS):
        ann, old, new = moving(parts, f"ann{number}")
        [begun] = waiting(parts, ann, 1)
        way = {"old": old, "new": new}[removed]
        use = Job("verify", {"token": begun.token, "answer": code(parts.engine, ann, new)})
        remove = Job("remove", {"subject": ann.subject, "enrolment": way, "by": ann.token})

        used, gone = servers.run(site, [use, remove], threads=1)

        left = ways(parts, ann.subject)
        assert len(left) == 1
        assert left == ({old} if removed == "new" and gone == "removed" else {new})
        assert (used, gone) != ("accepted", "removed") or removed == "old"
        assert len(events(parts, ann.subject, "enrolment_revoked")) == 1


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_move_is_ruled_on_under_the_lock(parts: Parts) -> None:
    """What another transaction did between the look and the change is seen by the ruling."""
    ann, old, new = moving(parts, "ann")
    one, two = (begun.token for begun in waiting(parts, ann, 2))
    by_new = answering(one, code(parts.engine, ann, new))
    by_old = answering(two, code(parts.engine, ann, old))

    assert overtaken(parts, by_new, by_old) == ("accepted", "accepted")
    assert ways(parts, "ann") == {new}
    assert len(live(parts, "ann")) == 1


def test_two_moves_of_one_way_are_not_both_begun(
    site: Site, parts: Parts, servers: Servers
) -> None:
    """While one new phone waits to be used, another is not set up in the same place."""
    ann, old, new = moving(parts, "ann")
    jobs = [Job("begin_move", {"person": ann, "old": way}) for way in (old, new, old, new)]

    assert set(servers.run(site, jobs, threads=1)) == {"refused"}


def live(parts: Parts, subject: str) -> list[str]:
    """Return the ids of the subject's live grants."""
    with parts.database.read() as connection:
        found = connection.exec_driver_sql("SELECT id, subject, status FROM passage").all()
    return [row[0] for row in found if (row[1], row[2]) == (subject, "granted")]
