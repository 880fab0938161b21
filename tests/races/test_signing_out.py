"""A session ended from elsewhere while its browser, or another, answers: it stays ended."""

from collections.abc import Callable, Iterator

import pytest
from tests.races.people import (
    Person,
    Site,
    count,
    enrolled,
    events,
    grant_of,
    next_code,
    recovery_codes,
    waiting,
)
from tests.races.turns import (
    Stop,
    answering,
    between_reserve_and_settle,
    one_after_the_other,
    overtaken,
    second_during,
    stopping,
    threads,
    wait_until_blocked,
)

from vestibule.bootstrap import Parts
from vestibule.core.engine import Engine
from vestibule.core.model import Passage, Purpose

End = Callable[[Engine, Passage, Passage], bool]

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def other(site: Site) -> Iterator[Parts]:
    """A second engine on the same database, as another process has it."""
    opened = site.opened()
    yield opened
    opened.database.close()


def end_one(engine: Engine, here: Passage, there: Passage) -> bool:
    """End that session from this one."""
    return engine.end_session(there.id, here)


def end_others(engine: Engine, here: Passage, _there: Passage) -> bool:
    """End all others from this one."""
    return engine.end_others(here) > 0


def sign_out(engine: Engine, here: Passage, _there: Passage) -> bool:
    """End all, as an operator does."""
    return engine.sign_out(here.subject, by="bea", reason="lost") > 0


ends = pytest.mark.parametrize("end", [end_one, end_others, sign_out])
all_ends = pytest.mark.parametrize("end", [end_others, sign_out])


def elsewhere(parts: Parts, ann: Person, code: str) -> str:
    """Sign Ann in in another browser and ask her there for a fresh proof; return its token."""
    [begun] = waiting(parts, ann, 1)
    outcome = parts.engine.verify(begun.token, Purpose.LOGIN, code)
    assert outcome.granted is not None
    parts.engine.ask_fresh(outcome.granted.passage, Purpose.FRESH)
    return outcome.granted.token


def passage_of(parts: Parts, token: str) -> Passage:
    """The passage a token names."""
    found = parts.engine.standing(None, token).passage
    assert found is not None
    return found


def granted(parts: Parts) -> int:
    """How many sessions are live."""
    return count(parts, "SELECT count(*) FROM passage WHERE status = 'granted'")


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ATK-26")
@ends
def test_a_session_ended_before_its_answer_is_judged(parts: Parts, end: End) -> None:
    """A fresh proof that comes to be judged when its session was ended leaves it ended."""
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    here = grant_of(parts.engine, ann)
    token = elsewhere(parts, ann, codes[0])
    there = passage_of(parts, token)
    stop = Stop()
    with threads() as start:
        answer = answering(token, next_code(parts, ann), Purpose.FRESH)
        answered = start(lambda: answer(stopping(parts.engine, stop, before=1)))
        stop.wait()
        assert end(parts.engine, here, there)
        stop.release()

        assert answered.result() == "gone"
    assert granted(parts) == (0 if end is sign_out else 1)


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ATK-26")
@ends
def test_a_session_ended_while_its_answer_is_judged(parts: Parts, end: End) -> None:
    """A fresh proof that was judged while its session was ended leaves it ended."""
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    here = grant_of(parts.engine, ann)
    token = elsewhere(parts, ann, codes[0])
    there = passage_of(parts, token)

    def meanwhile() -> None:
        assert end(parts.engine, here, there)

    answer = answering(token, codes[1], Purpose.FRESH)
    assert between_reserve_and_settle(parts, answer, meanwhile) == "gone"
    assert granted(parts) == (0 if end is sign_out else 1)


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ATK-26")
@all_ends
def test_a_login_ended_while_its_answer_is_judged(parts: Parts, end: End) -> None:
    """A right code judged while everything was ended lets nobody in."""
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    here = grant_of(parts.engine, ann)
    [begun] = waiting(parts, ann, 1)

    def meanwhile() -> None:
        assert end(parts.engine, here, here)

    answer = answering(begun.token, codes[0])
    assert between_reserve_and_settle(parts, answer, meanwhile) == "gone"
    assert granted(parts) == (0 if end is sign_out else 1)


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ATK-26")
@pytest.mark.postgresql
@on_postgresql
@ends
def test_an_answer_overtaken_by_an_end(parts: Parts, end: End) -> None:
    """A fresh proof ruled on without a lock is worth nothing once its session was ended."""
    ann = enrolled(parts, "ann")
    here = grant_of(parts.engine, ann)
    token = elsewhere(parts, ann, recovery_codes(parts, ann)[0])
    there = passage_of(parts, token)
    answer = answering(token, next_code(parts, ann), Purpose.FRESH)

    words = overtaken(parts, answer, lambda engine: str(end(engine, here, there)))

    assert words == ("gone", "True")
    assert granted(parts) == (0 if end is sign_out else 1)


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ATK-26")
@pytest.mark.postgresql
@on_postgresql
@ends
def test_an_end_waits_for_an_answer(parts: Parts, end: End) -> None:
    """An end that comes while a fresh proof is accepted ends the session it was accepted on."""
    ann = enrolled(parts, "ann")
    here = grant_of(parts.engine, ann)
    token = elsewhere(parts, ann, recovery_codes(parts, ann)[0])
    there = passage_of(parts, token)
    answer = answering(token, next_code(parts, ann), Purpose.FRESH)

    words = one_after_the_other(parts, answer, lambda engine: str(end(engine, here, there)))

    assert words == ("accepted", "True")
    assert granted(parts) == (0 if end is sign_out else 1)


@pytest.mark.row("ASVS-7.4.5/7.5.2", "ATK-26")
@pytest.mark.postgresql
@on_postgresql
@all_ends
def test_a_login_that_is_being_accepted_ends_too(parts: Parts, end: End) -> None:
    """Ending everything while a login is accepted ends the session it has just become."""
    ann = enrolled(parts, "ann")
    here = grant_of(parts.engine, ann)
    [begun] = waiting(parts, ann, 1)
    answer = answering(begun.token, next_code(parts, ann))

    words = one_after_the_other(parts, answer, lambda engine: str(end(engine, here, here)))

    assert words == ("accepted", "True")
    assert granted(parts) == (0 if end is sign_out else 1)


@pytest.mark.row("ASVS-7.4.5/7.5.2")
@pytest.mark.postgresql
@on_postgresql
def test_of_two_that_end_each_other_one_stays(parts: Parts, other: Parts) -> None:
    """Two sessions that end each other at the same moment leave one, and tell of one end."""
    ann = enrolled(parts, "ann")
    here = grant_of(parts.engine, ann)
    there = passage_of(parts, elsewhere(parts, ann, recovery_codes(parts, ann)[0]))

    word = second_during(
        parts,
        other,
        lambda engine: end_one(engine, here, there),
        lambda engine: str(end_one(engine, there, here)),
    )

    assert word == "False"
    assert granted(parts) == 1
    assert len(events(parts, "ann", "passage_ended")) == 1


@pytest.mark.row("ASVS-7.4.5/7.5.2")
@pytest.mark.postgresql
@on_postgresql
@ends
def test_an_end_is_alone_with_its_subject(parts: Parts, other: Parts, end: End) -> None:
    """Whatever ends sessions waits for whoever is alone with the subject: no two cross."""
    ann = enrolled(parts, "ann")
    here = grant_of(parts.engine, ann)
    there = passage_of(parts, elsewhere(parts, ann, recovery_codes(parts, ann)[0]))

    with threads() as start, other.database.engine.connect() as third:
        third.exec_driver_sql("SELECT 1 FROM ledger FOR UPDATE")
        ended = start(lambda: end(parts.engine, here, there))
        wait_until_blocked(other)
        third.rollback()
        assert ended.result()
