"""What operators run meanwhile neither stands in the way of an answer nor undoes one."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.races.jobs import word
from tests.races.people import Site, enrolled, grant_of, recovery_codes, waiting
from tests.races.turns import Stop, held_back, locking, stopping, threads, wait_until_blocked

from vestibule.bootstrap import Parts
from vestibule.bootstrap.operate import rotate_keys
from vestibule.core.engine import Engine
from vestibule.core.model import Origin, Purpose
from vestibule.testing import FakeClock

HERE = Origin(address="192.0.2.7")


@pytest.fixture
def other(site: Site) -> Iterator[Parts]:
    """A second engine on the same database, as another process has it."""
    opened = site.opened()
    yield opened
    opened.database.close()


def test_a_name_given_during_a_rotation_leaves_the_secret_under_the_new_key(
    site: Site, parts: Parts
) -> None:
    """Renaming a factor that was read before a rotation keeps its newly sealed secret."""
    ann = enrolled(parts, "ann")
    [read_before] = parts.engine.enrolments("ann")
    version, _ = rotate_keys(parts, Path(str(site.config["VESTIBULE_KEY_FILE"])))

    assert parts.engine.rename(read_before, "phone")

    [renamed] = parts.engine.enrolments("ann")
    assert renamed.label == "phone"
    assert parts.engine.vault.box.version(renamed.secret) == version
    assert parts.engine.vault.opened(renamed).secret == ann.app.secret


def test_a_name_given_during_a_clearing_does_not_bring_shown_codes_back(parts: Parts) -> None:
    """Preferring a set of recovery codes read before they were hidden leaves them hidden."""
    ann = enrolled(parts, "ann")
    recovery_codes(parts, ann)
    read_before = parts.engine.enrolments("ann")[1]
    assert read_before.secret
    parts.upkeep.purge(parts.engine.now() + timedelta(hours=2), ["recovery_codes"])

    assert parts.engine.prefer(read_before)

    assert parts.engine.enrolments("ann")[1].secret == b""


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_clearing_out_waits_for_an_answer_and_not_the_other_way_round(
    parts: Parts, other: Parts
) -> None:
    """An answer from an address that is cleared out at that moment ends in no deadlock."""
    ann = enrolled(parts, "ann")
    recovery_codes(parts, ann)
    [begun] = waiting(parts, ann, 1)
    parts.engine.verify(begun.token, Purpose.LOGIN, "000000", HERE)
    parts.engine.ask_fresh(grant_of(parts.engine, ann), Purpose.FRESH)
    stop = Stop()

    def answer() -> str:
        engine = stopping(locking(parts), stop)
        return word(engine.verify(ann.token, Purpose.FRESH, "000000", HERE).verdict)

    with threads() as start:
        wrong = start(answer)
        stop.wait()
        purged = start(
            lambda: str(other.upkeep.purge(days_later(other.engine), ["recovery_codes"])["sources"])
        )
        wait_until_blocked(parts)
        stop.release()

        assert (wrong.result(), purged.result()) == ("wrong", "1")


@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_old_drafts_are_cleared_out_in_the_order_of_an_answers_locks(
    parts: Parts, other: Parts
) -> None:
    """An answer on a grant whose old draft is cleared out at that moment ends in no deadlock."""
    ann, bob = enrolled(parts, "ann"), enrolled(parts, "bob")
    engine, letters = parts.engine, parts.engine.registry["letters"]
    for person in (ann, bob):
        engine.begin_enrolment(letters, person.applicant, person.login(), grant_of(engine, person))
    engine.ask_fresh(grant_of(engine, ann), Purpose.FRESH)
    later = engine.now() + timedelta(hours=2)

    def answer() -> str:
        return word(engine.verify(ann.token, Purpose.FRESH, "000000").verdict)

    with threads() as start, parts.database.engine.connect() as third:
        # Clearing out has come to bob's draft, and perhaps past ann's, when ann answers.
        third.exec_driver_sql(
            "SELECT 1 FROM enrolment WHERE subject = 'bob' AND status = 'pending' FOR UPDATE"
        ).all()
        purged = start(lambda: str(other.upkeep.purge(later, [])["drafts"]))
        wait_until_blocked(parts)
        wrong = start(answer)
        time.sleep(0.2)  # the answer is given, or waits for what clearing out holds
        third.rollback()

        assert (wrong.result(), purged.result()) == ("wrong", "2")


@pytest.mark.row("ATK-26", "ASVS-6.5.5")
@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("by", ["app", "recovery code"])
def test_an_answer_that_waited_past_the_end_is_refused(parts: Parts, other: Parts, by: str) -> None:
    """An answer that came in time, but waited for another transaction past the end, is late."""
    clock = FakeClock(parts.engine.now())
    slow = replace(parts.engine.context, clock=clock)
    engine = Engine(slow)
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    begun = engine.begin_login(ann.login())
    answer = codes[0] if by == "recovery code" else ann.app.code(clock.now(), steps=1)
    with threads() as start, other.database.engine.connect() as third:
        # Somebody else's change to the same person, which takes its time.
        third.exec_driver_sql("SELECT 1 FROM ledger FOR NO KEY UPDATE").all()
        late = start(lambda: word(engine.verify(begun.token, Purpose.LOGIN, answer).verdict))
        wait_until_blocked(parts)
        clock.stand_at(begun.passage.expires_at)
        third.rollback()

        assert late.result() == "gone"


@pytest.mark.row("ATK-26", "ASVS-6.5.5")
@pytest.mark.postgresql
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_answer_that_waited_for_a_table_is_ruled_on_anew(parts: Parts, other: Parts) -> None:
    """An answer that a whole table was closed to for a second is judged as of afterwards."""
    clock = FakeClock(parts.engine.now())
    engine = Engine(replace(parts.engine.context, clock=clock))
    ann = enrolled(parts, "ann")
    begun = engine.begin_login(ann.login())
    answer = ann.app.code(clock.now(), steps=1)
    with threads() as start, held_back(other) as release:
        late = start(lambda: word(engine.verify(begun.token, Purpose.LOGIN, answer).verdict))
        wait_until_blocked(parts)
        clock.stand_at(begun.passage.expires_at)
        time.sleep(1.1)
        release()

        assert late.result() == "gone"


def days_later(engine: Engine) -> datetime:
    """Return the day after tomorrow."""
    return engine.now() + timedelta(days=2)
