"""A right answer counts once, whoever else gives it at the same moment."""

from collections import Counter

import pytest
from tests.races.jobs import Job
from tests.races.people import (
    Site,
    add,
    enrolled,
    events,
    letter,
    next_code,
    recovery_codes,
    waiting,
)
from tests.races.servers import Servers

from vestibule.bootstrap import Parts
from vestibule.core.engine import Login
from vestibule.core.model import PassageKind, Purpose

ANSWERS = 100
LOGINS = 5


@pytest.mark.row("H-5", "ATK-24", "NIST-18", "PSD-01", "C6")
def test_an_app_code_is_accepted_once(site: Site, parts: Parts, servers: Servers) -> None:
    """One app code, given a hundred times at once to five logins of one person, opens one."""
    ann = enrolled(parts, "ann")
    tokens = [begun.token for begun in waiting(parts, ann, LOGINS)]
    code = next_code(parts, ann)
    jobs = [Job("verify", {"token": tokens[n % LOGINS], "answer": code}) for n in range(ANSWERS)]

    words = Counter(servers.run(site, jobs))

    assert words["accepted"] == 1
    assert len(events(parts, "ann", "answer_accepted")) == 2  # the enrolment's and this one
    assert set(words) <= {"accepted", "replayed", "gone", "delayed", "exhausted"}


@pytest.mark.row("ATK-24", "ASVS-6.5.1", "C6")
def test_a_recovery_code_is_accepted_once(site: Site, parts: Parts, servers: Servers) -> None:
    """One recovery code, given a hundred times at once to twenty-five logins, opens one of them."""
    ann = enrolled(parts, "ann")
    code = recovery_codes(parts, ann)[0]
    tokens = [begun.token for begun in waiting(parts, ann, 25)]
    jobs = [Job("verify", {"token": tokens[n % 25], "answer": code}) for n in range(ANSWERS)]

    words = Counter(servers.run(site, jobs))

    assert words["accepted"] == 1
    kept = parts.engine.recovery_codes(parts.engine.enrolments("ann"))
    assert kept is not None
    assert kept.remaining == 9


@pytest.mark.row("ATK-24")
def test_two_recovery_codes_at_once_are_both_spent(
    site: Site, parts: Parts, servers: Servers
) -> None:
    """Of two different codes of one set given at once, each accepted one is gone from the set."""
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    tokens = [begun.token for begun in waiting(parts, ann, 10)]
    jobs = [Job("verify", {"token": tokens[n], "answer": codes[n]}) for n in range(10)]

    words = Counter(servers.run(site, jobs))

    kept = parts.engine.recovery_codes(parts.engine.enrolments("ann"))
    assert kept is not None
    assert words["accepted"] >= 1
    assert kept.remaining == 10 - words["accepted"]


@pytest.mark.row("ATK-24", "C6")
def test_a_sent_code_is_accepted_once(site: Site, parts: Parts, servers: Servers) -> None:
    """One sent code, given a hundred times at once to the login it was sent for, opens it once."""
    ann = enrolled(parts, "ann", "letters")
    [begun] = waiting(parts, ann, 1)
    code = letter(parts.engine, begun.token, Purpose.LOGIN)
    jobs = [Job("verify", {"token": begun.token, "answer": code})] * ANSWERS

    words = Counter(servers.run(site, jobs))

    assert words == {"accepted": 1, "gone": ANSWERS - 1}


@pytest.mark.row("ATK-24")
def test_a_proof_is_redeemed_once(site: Site, parts: Parts, servers: Servers) -> None:
    """A program's proof, handed in a hundred times at once, is worth something once."""
    ann = enrolled(parts, "ann")
    login = Login(subject="ann", identity="1", kind=PassageKind.PROGRAM)
    begun = parts.engine.begin_login(login)
    code = next_code(parts, ann)
    granted = parts.engine.verify(begun.token, Purpose.LOGIN, code).granted
    assert granted is not None
    jobs = [Job("redeem", {"proof": granted.token, "subject": "ann"})] * ANSWERS

    words = Counter(servers.run(site, jobs))

    assert words == {"accepted": 1, "refused": ANSWERS - 1}
    assert len(events(parts, "ann", "proof_redeemed")) == 1


@pytest.mark.row("ATK-24", "ATK-29")
def test_one_code_for_two_purposes_is_accepted_once(
    site: Site, parts: Parts, servers: Servers
) -> None:
    """One app code, given at once to two logins and a changed setting, is accepted once."""
    ann = enrolled(parts, "ann")
    add(parts, ann, "letters")
    grant = parts.engine.standing("ann", ann.token).passage
    assert grant is not None
    parts.engine.ask_fresh(grant, Purpose.FRESH)
    tokens = [begun.token for begun in waiting(parts, ann, 2)]
    code = next_code(parts, ann)
    jobs = [Job("verify", {"token": token, "answer": code}) for token in tokens]
    jobs += [Job("verify", {"token": ann.token, "answer": code, "purpose": Purpose.FRESH})]

    words = Counter(servers.run(site, jobs * 5))

    assert words["accepted"] == 1
