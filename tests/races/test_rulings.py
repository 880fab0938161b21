"""The store obeys a ruling whole or not at all: what it was made for must still be there."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.races.people import Person, enrolled, waiting

from vestibule.bootstrap import Parts
from vestibule.core.model import EnrolmentStatus, PassageStatus, Purpose
from vestibule.core.ruling import Case, Ruling, Won
from vestibule.core.tokens import token_hash
from vestibule.core.verdict import Accepted, Reason, Rejected
from vestibule.store.rulings import LostRaceError

Spoil = Callable[[Ruling], Ruling]


def of_a_former_version(ruling: Ruling) -> Ruling:
    """Rule on an enrolment as it was two versions ago."""
    won = won_by(ruling)
    moved = replace(won.enrolment, version=won.enrolment.version + 1)
    return replace(ruling, won=replace(won, enrolment=moved))


def of_a_draft(ruling: Ruling) -> Ruling:
    """Rule on an enrolment as if it waited to be proven."""
    return replace(ruling, won=replace(won_by(ruling), was=EnrolmentStatus.PENDING))


def of_no_challenge(ruling: Ruling) -> Ruling:
    """Rule that a challenge which is not there was answered."""
    return replace(ruling, won=replace(won_by(ruling), challenge_id="none", closed_ids=()))


def won_by(ruling: Ruling) -> Won:
    """Return what a ruling says was won."""
    assert ruling.won is not None
    return ruling.won


def accepting(case: Case) -> Ruling:
    """Return the ruling that grants a passage for its first challenge."""
    asked = case.asked[0]
    moved = replace(asked.enrolment, version=asked.enrolment.version + 1, state={"step": 1})
    return Ruling(
        verdict=Accepted(),
        won=Won(
            was=asked.enrolment.status,
            challenge_id=asked.challenge.id,
            closed_ids=(),
            enrolment=moved,
        ),
        passage=replace(case.passage, status=PassageStatus.GRANTED),
    )


@pytest.mark.row("ATK-24", "ATK-25")
@pytest.mark.parametrize("spoil", [of_a_former_version, of_a_draft, of_no_challenge])
def test_a_ruling_on_what_has_moved_on_is_refused_whole(parts: Parts, spoil: Spoil) -> None:
    """A ruling made for rows that are not so any more changes no row at all."""
    token = waiting_login(parts, enrolled(parts, "ann"))
    before = rows(parts)

    with pytest.raises(LostRaceError):
        parts.engine.context.store.decide(key(token), None, lambda case: spoil(accepting(case)))

    assert rows(parts) == before


@pytest.mark.row("ATK-24")
def test_a_race_that_was_lost_is_ruled_on_once_more(parts: Parts) -> None:
    """A ruling made for rows that are not so any more is made again, on the rows as they are."""
    token, seen = waiting_login(parts, enrolled(parts, "ann")), []

    def rule(case: Case) -> Ruling:
        seen.append(case)
        return of_a_former_version(accepting(case)) if len(seen) == 1 else accepting(case)

    ruling = parts.engine.context.store.decide(key(token), None, rule)

    assert ruling is not None
    assert len(seen) == 2
    assert ruling.verdict == Accepted()
    assert sum("accepted" in row for row in rows(parts)) == 2  # the enrolling, and this one


@pytest.mark.row("ATK-24")
def test_a_challenge_is_won_once(parts: Parts) -> None:
    """A second ruling that the same challenge was won changes nothing."""
    token = waiting_login(parts, enrolled(parts, "ann"))
    store = parts.engine.context.store
    first = store.decide(key(token), None, lambda case: replace(accepting(case), passage=None))
    assert first is not None
    after = rows(parts)

    with pytest.raises(LostRaceError):
        store.decide(key(token), None, lambda case: replace(accepting(case), passage=None))

    assert rows(parts) == after


@pytest.mark.row("ATK-26")
@pytest.mark.parametrize(
    ("name", "was"),
    [
        ("status", PassageStatus.ENDED),
        ("status", PassageStatus.GRANTED),
        ("token_hash", b"of another token"),
    ],
)
def test_a_passage_is_granted_from_what_it_was(parts: Parts, name: str, was: object) -> None:
    """A ruling grants a passage only where it still has the status and token it was ruled on."""
    token = waiting_login(parts, enrolled(parts, "ann"))
    before = rows(parts)

    def rule(case: Case) -> Ruling:
        # What the rule saw is altered in place: the store compares with what it was handed.
        object.__setattr__(case.passage, name, was)
        return accepting(case)

    with pytest.raises(LostRaceError):
        parts.engine.context.store.decide(key(token), None, rule)

    assert rows(parts) == before


@pytest.mark.row("ATK-25")
def test_a_rule_that_fails_changes_nothing(parts: Parts) -> None:
    """Where a rule breaks off nothing is written, and the next answer finds all as it was."""
    ann = enrolled(parts, "ann")
    token = waiting_login(parts, ann)
    before = rows(parts)

    def broken(case: Case) -> Ruling:
        raise ZeroDivisionError(case.passage.id)

    with pytest.raises(ZeroDivisionError):
        parts.engine.context.store.decide(key(token), None, broken)

    assert rows(parts) == before
    verdict = parts.engine.verify(token, Purpose.LOGIN, "000000").verdict
    assert isinstance(verdict, Rejected)
    assert verdict.reason is Reason.WRONG
    assert verdict.tries_left == 4


def waiting_login(parts: Parts, person: Person) -> str:
    """Return the token of a login that waits."""
    [begun] = waiting(parts, person, 1)
    return begun.token


def key(token: str) -> bytes:
    """Return what a token is kept under."""
    found = token_hash(token)
    assert found is not None
    return found


def rows(parts: Parts) -> list[tuple[object, ...]]:
    """Return everything a ruling can change."""
    queries = (
        "SELECT id, status, version, failures_known, failures_stranger FROM enrolment ORDER BY id",
        "SELECT id, status, token_hash FROM passage ORDER BY id",
        "SELECT id, status, attempts, spent FROM challenge ORDER BY id",
        "SELECT lane, spent, failures FROM ledger ORDER BY lane",
        "SELECT count(*) FROM event",
    )
    with parts.database.read() as connection:
        return [tuple(row) for query in queries for row in connection.exec_driver_sql(query).all()]
