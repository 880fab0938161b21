"""Adding and removing factors from several places at once leaves what one place would have left."""

from collections import Counter

import pytest
from tests.races.jobs import Job
from tests.races.people import (
    Person,
    Site,
    add,
    enrolled,
    events,
    first_app,
    first_letters,
    grant_of,
    letter,
    recovery_codes,
)
from tests.races.servers import Servers

from vestibule.bootstrap import Parts
from vestibule.core.model import PassageStatus, Purpose

MOST = 5


@pytest.mark.row("ATK-28")
def test_there_is_one_draft_of_a_factor(site: Site, parts: Parts, servers: Servers) -> None:
    """However often a factor is begun at once, one draft of it is left, and one way to prove it."""
    ann = enrolled(parts, "ann")
    jobs = [Job("begin_enrolment", {"person": ann, "factor": "totp"})] * 40

    words = Counter(servers.run(site, jobs))

    drafts = [
        e for e in parts.engine.context.store.enrolments("default", "ann") if e.status == "pending"
    ]
    case = parts.engine.look(ann.token)
    assert words == {"begun": 40}
    assert case is not None
    asked = [a.enrolment.id for a in case.asked if a.challenge.is_open(parts.engine.now())]
    assert asked == [draft.id for draft in drafts]
    assert len(drafts) == 1


@pytest.mark.row("ATK-28")
def test_the_maximum_of_a_factor_holds(site: Site, parts: Parts, servers: Servers) -> None:
    """Two sessions of one person that add factors at once end with five, never six."""
    ann = enrolled(parts, "ann", "letters")
    sessions = [logged_in(parts, ann) for _ in range(2)]
    jobs = [Job("add_until_full", {"person": one, "factor": "letters"}) for one in sessions]

    words = Counter(servers.run(site, jobs, threads=1))

    assert words == {"full": 2}
    assert len(parts.engine.enrolments("ann")) == MOST
    assert len(events(parts, "ann", "enrolment_confirmed")) == MOST


@pytest.mark.row("ATK-28")
def test_a_full_house_takes_no_more(site: Site, parts: Parts, servers: Servers) -> None:
    """Who has five of a factor begins no sixth, in however many places at once."""
    ann = enrolled(parts, "ann")
    for _ in range(MOST - 1):
        add(parts, ann, "totp")
    jobs = [Job("begin_enrolment", {"person": ann, "factor": "totp"})] * 20

    assert Counter(servers.run(site, jobs)) == {"refused": 20}


@pytest.mark.row("ATK-28", "ATK-10")
def test_one_of_two_first_factors_wins(site: Site, parts: Parts, servers: Servers) -> None:
    """Of two first factors confirmed at once from two browsers one counts; the other is over."""
    for number in range(6):
        subject = f"ann{number}"
        app_token, app_code = first_app(parts, subject)
        post_token, post_code = first_letters(parts, subject)
        answers = [(app_token, app_code), (post_token, post_code)]
        jobs = [
            Job("verify", {"token": token, "answer": code, "purpose": Purpose.ENROL})
            for token, code in answers
        ]

        words = Counter(servers.run(site, jobs, threads=1))

        assert words == {"accepted": 1, "gone": 1}
        assert len(parts.engine.enrolments(subject)) == 1
        assert len(live_grants(parts, subject)) == 1


@pytest.mark.row("ATK-28")
def test_a_first_factor_is_begun_by_nobody_once_there_is_one(
    site: Site, parts: Parts, servers: Servers
) -> None:
    """While a first factor is confirmed, whoever begins another too late is refused."""
    token, code = first_app(parts, "ann")
    begin = Job("begin_enrolment", {"person": Person("ann"), "factor": "letters", "first": True})
    confirm = Job("verify", {"token": token, "answer": code, "purpose": Purpose.ENROL})

    words = Counter(servers.run(site, [confirm, *[begin] * 20]))

    assert words["accepted"] == 1
    assert len(parts.engine.enrolments("ann")) == 1
    assert parts.engine.standing("ann", None).enrolled
    assert Counter(servers.run(site, [begin] * 4)) == {"refused": 4}


@pytest.mark.row("ATK-28")
def test_removing_both_of_two_leaves_nothing(site: Site, parts: Parts, servers: Servers) -> None:
    """Two factors removed at once by two sessions are both gone, and with them what helped out."""
    ann = enrolled(parts, "ann")
    other = add(parts, ann, "letters")
    recovery_codes(parts, ann)
    own = next(e.id for e in parts.engine.enrolments("ann") if e.factor == "totp")
    jobs = [Job("remove", {"subject": "ann", "enrolment": one}) for one in (own, other)] * 5

    words = Counter(servers.run(site, jobs))

    assert words["removed"] == 2
    assert parts.engine.enrolments("ann") == []
    assert not parts.engine.standing("ann", None).enrolled
    assert len(events(parts, "ann", "enrolment_revoked")) == 2


@pytest.mark.row("ATK-28", "ATK-40")
def test_there_is_one_set_of_recovery_codes(site: Site, parts: Parts, servers: Servers) -> None:
    """However many new sets are made at once, one is left."""
    ann = enrolled(parts, "ann")

    made = servers.run(site, [Job("renew_codes", {"person": ann})] * 20)

    left = [e.id for e in parts.engine.enrolments("ann") if e.factor == "recovery_codes"]
    assert len(left) == 1
    assert left[0] in made


def logged_in(parts: Parts, person: Person) -> Person:
    """Return the person in one more browser, logged in there with a sent code."""
    engine = parts.engine
    begun = engine.begin_login(person.login())
    code = letter(engine, begun.token, Purpose.LOGIN)
    granted = engine.verify(begun.token, Purpose.LOGIN, code).granted
    assert granted is not None
    return Person(person.subject, granted.token, granted.browser)


def live_grants(parts: Parts, subject: str) -> list[str]:
    """Return the ids of a subject's passages that are granted."""
    with parts.database.read() as connection:
        found = connection.exec_driver_sql("SELECT id, subject, status FROM passage").all()
    return [row[0] for row in found if row[1] == subject and row[2] == PassageStatus.GRANTED]


def test_a_grant_is_what_its_cookie_names(parts: Parts) -> None:
    """A person who has just enrolled holds the one live grant there is."""
    ann = enrolled(parts, "ann")

    assert live_grants(parts, "ann") == [grant_of(parts.engine, ann).id]
