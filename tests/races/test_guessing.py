"""However many wrong answers arrive at once, only as many are compared as the limits allow."""

from collections import Counter
from dataclasses import replace
from typing import Final

import pytest
from tests.races.jobs import Job
from tests.races.people import (
    Person,
    Site,
    add,
    enrolled,
    evaluated,
    events,
    grant_of,
    next_code,
    waiting,
)
from tests.races.servers import UNLIMITED, Servers

from vestibule.bootstrap import Parts
from vestibule.core.limits import CERTAIN, Limits
from vestibule.core.model import Lane, Purpose

BURST: Final = 200
ONE_ANSWER: Final = 3 * CERTAIN // 10**6
A_MINUTE_OF_DRAINING: Final = Limits().refill_per_year // (365 * 24 * 60) + 1


def wrong_answers(parts: Parts, person: Person, tokens: list[str], count: int = BURST) -> list[Job]:
    """Return that many wrong answers, all different, dealt out to the tokens."""
    now = parts.engine.now()
    right = {app.code(now, steps=step) for app in person.apps.values() for step in range(-9, 10)}
    wrong = (code for n in range(count * 2) if (code := f"{n * 4_999:06d}") not in right)
    return [
        Job("verify", {"token": tokens[n % len(tokens)], "answer": code})
        for n, code in zip(range(count), wrong, strict=False)
    ]


@pytest.mark.row("ATK-23", "ATK-13")
def test_one_challenge_takes_its_five(site: Site, parts: Parts, servers: Servers) -> None:
    """Of two hundred wrong answers at once to one login exactly five are compared."""
    ann = enrolled(parts, "ann")
    [begun] = waiting(parts, ann, 1)

    words = Counter(servers.run(site, wrong_answers(parts, ann, [begun.token]), limits=UNLIMITED))

    assert words == {"wrong": 5, "exhausted": BURST - 5}
    assert len(evaluated(parts, "ann")) == 5


@pytest.mark.row("ATK-23", "ATK-14", "OTP-10")
def test_a_lane_takes_its_free_ones_and_waits(site: Site, parts: Parts, servers: Servers) -> None:
    """Of two hundred wrong answers at once to forty logins five are compared before a wait."""
    ann = enrolled(parts, "ann")
    tokens = [begun.token for begun in waiting(parts, ann, 40)]

    words = Counter(servers.run(site, wrong_answers(parts, ann, tokens)))

    assert words == {"wrong": 5, "delayed": BURST - 5}
    assert len(evaluated(parts, "ann")) == 5


@pytest.mark.row("ATK-23", "ATK-14")
@pytest.mark.parametrize("answers", [1, 17])
def test_a_ledger_takes_what_it_has_room_for(
    site: Site, parts: Parts, servers: Servers, answers: int
) -> None:
    """Of two hundred wrong answers at once just those are compared that the ledger has room for."""
    ann = enrolled(parts, "ann")
    tokens = [begun.token for begun in waiting(parts, ann, 40)]
    room = ONE_ANSWER * answers + ONE_ANSWER // 2
    limits = replace(UNLIMITED, capacity=room)

    words = Counter(servers.run(site, wrong_answers(parts, ann, tokens), limits=limits))

    assert words == {"wrong": answers, "closed": BURST - answers}
    assert sum(fact["odds"] for fact in evaluated(parts, "ann")) == ONE_ANSWER * answers


@pytest.mark.row("ATK-23", "ATK-14")
def test_an_enrolment_takes_its_consecutive_ones(
    site: Site, parts: Parts, servers: Servers
) -> None:
    """Of two hundred wrong answers at once just the limit is compared, and the owner told once."""
    ann = enrolled(parts, "ann")
    tokens = [begun.token for begun in waiting(parts, ann, 40)]
    limits = replace(UNLIMITED, consecutive=13)

    words = Counter(servers.run(site, wrong_answers(parts, ann, tokens), limits=limits))

    assert words == {"wrong": 13, "disabled": BURST - 13}
    assert len(events(parts, "ann", "factor_disabled")) == 1


@pytest.mark.row("ATK-23", "ATK-18")
def test_each_lane_is_counted_exactly(site: Site, parts: Parts, servers: Servers) -> None:
    """Wrong answers of strangers and of a known browser at once are held to a limit each."""
    ann = enrolled(parts, "ann")
    strangers = [begun.token for begun in waiting(parts, ann, 20)]
    known = [begun.token for begun in waiting(parts, ann, 20, known=True)]
    limits = replace(UNLIMITED, consecutive=13)
    mixed = [token for pair in zip(strangers, known, strict=True) for token in pair]

    words = Counter(servers.run(site, wrong_answers(parts, ann, mixed), limits=limits))

    lanes = Counter(fact["lane"] for fact in evaluated(parts, "ann"))
    assert words["wrong"] == 26
    assert lanes == {Lane.STRANGER: 13, Lane.KNOWN: 13}


@pytest.mark.row("ATK-23", "ATK-14")
def test_two_apps_share_one_ledger(site: Site, parts: Parts, servers: Servers) -> None:
    """With two apps enrolled an answer costs twice, and the burst is held to the same odds."""
    ann = enrolled(parts, "ann")
    add(parts, ann, "totp")
    tokens = [begun.token for begun in waiting(parts, ann, 40)]
    limits = replace(UNLIMITED, capacity=ONE_ANSWER * 9)

    words = Counter(servers.run(site, wrong_answers(parts, ann, tokens), limits=limits))

    assert words["wrong"] == 4
    assert sum(fact["odds"] for fact in evaluated(parts, "ann")) == 8 * ONE_ANSWER


@pytest.mark.row("ATK-23", "ATK-14")
def test_login_and_step_up_share_one_ledger(site: Site, parts: Parts, servers: Servers) -> None:
    """Wrong answers at a known browser's login and at its step-up are charged to one account."""
    ann = enrolled(parts, "ann")
    parts.engine.ask_fresh(grant_of(parts.engine, ann), Purpose.FRESH)
    logins = [begun.token for begun in waiting(parts, ann, 19, known=True)]
    at_step_up = {"token": ann.token, "purpose": Purpose.FRESH}
    jobs = [
        Job(job.name, {**job.arguments, **(at_step_up if number % 20 == 0 else {})})
        for number, job in enumerate(wrong_answers(parts, ann, logins))
    ]
    limits = replace(UNLIMITED, capacity=ONE_ANSWER * 7)

    words = Counter(servers.run(site, jobs, limits=limits))

    assert words["wrong"] == 7


@pytest.mark.row("ATK-20", "ATK-23")
def test_wrong_recovery_codes_are_counted_before_they_are_hashed(
    site: Site, parts: Parts, servers: Servers
) -> None:
    """Of two hundred wrong recovery codes at once to one login exactly five are hashed."""
    ann = enrolled(parts, "ann")
    parts.engine.new_recovery_codes(ann.applicant)
    [begun] = waiting(parts, ann, 1)
    jobs = [Job("verify", {"token": begun.token, "answer": f"{n:020d}"}) for n in range(BURST)]

    words = Counter(servers.run(site, jobs, limits=UNLIMITED))

    assert words == {"wrong": 5, "exhausted": BURST - 5}


@pytest.mark.row("ATK-23")
def test_the_right_answer_in_a_burst_gives_back_no_more_than_its_login_spent(
    site: Site, parts: Parts, servers: Servers
) -> None:
    """A success amid a burst of guesses returns what its own login was charged, nothing else."""
    ann = enrolled(parts, "ann")
    own, *others = (begun.token for begun in waiting(parts, ann, 21))
    jobs = wrong_answers(parts, ann, others, 60)
    jobs[30:30] = [Job("verify", {"token": own, "answer": next_code(parts, ann)})]

    words = Counter(servers.run(site, jobs, limits=UNLIMITED))

    charged = ONE_ANSWER * len(evaluated(parts, "ann"))
    assert words["accepted"] == 1
    assert 0 <= charged - spent(parts, Lane.STRANGER) < A_MINUTE_OF_DRAINING


def spent(parts: Parts, lane: Lane) -> int:
    """Return what stands charged to a lane of the one person there is."""
    with parts.database.read() as connection:
        found = connection.exec_driver_sql("SELECT lane, spent FROM ledger").all()
    return int(dict(tuple(row) for row in found)[lane.value])
