"""An account is forgotten while its person does something."""

from collections.abc import Iterator

import pytest
from tests.races.people import Site, count, enrolled, first_app, grant_of, next_code, waiting
from tests.races.turns import (
    Stop,
    answering,
    one_after_the_other,
    second_during,
    stopping,
    threads,
    wait_until_blocked,
)

from vestibule.bootstrap import Parts
from vestibule.core.engine import Engine
from vestibule.core.errors import StoreUnavailableError
from vestibule.core.model import Purpose

LEFT = (
    "SELECT (SELECT count(*) FROM passage) + (SELECT count(*) FROM enrolment) "
    "+ (SELECT count(*) FROM challenge) + (SELECT count(*) FROM ledger) "
    "+ (SELECT count(*) FROM message)"
)
POSTGRESQL_ONLY = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def other(site: Site) -> Iterator[Parts]:
    """A second engine on the same database, as another process has it."""
    opened = site.opened()
    yield opened
    opened.database.close()


def forget(engine: Engine) -> str:
    """Forget Ann, and say whether there was anything."""
    return str(engine.forget("ann", by="grace"))


@pytest.mark.postgresql
@POSTGRESQL_ONLY
def test_an_answer_before_it_is_the_last(parts: Parts) -> None:
    """An answer that is being judged is told, and then all that it led to is deleted as well."""
    ann = enrolled(parts, "ann")
    [begun] = waiting(parts, ann, 1)

    words = one_after_the_other(parts, answering(begun.token, next_code(parts, ann)), forget)

    assert words == ("accepted", "True")
    assert count(parts, LEFT) == 0


@pytest.mark.row("ATK-23")
@pytest.mark.postgresql
@POSTGRESQL_ONLY
def test_an_answer_after_it_finds_nothing(parts: Parts, other: Parts) -> None:
    """A right answer that had to wait while its person was forgotten opens nothing."""
    ann = enrolled(parts, "ann")
    [begun] = waiting(parts, ann, 1)

    told = second_during(parts, other, forget, answering(begun.token, next_code(parts, ann)))

    assert told == "gone"
    assert count(parts, LEFT) == 0


@pytest.mark.postgresql
@POSTGRESQL_ONLY
def test_it_waits_for_the_ledger_before_it_holds_anything(parts: Parts, other: Parts) -> None:
    """Who holds a person's ledger may go on to the passages: forgetting waits with empty hands."""
    enrolled(parts, "ann")
    with threads() as start, other.database.engine.connect() as third:
        third.exec_driver_sql("SELECT 1 FROM ledger FOR NO KEY UPDATE").all()
        forgotten = start(lambda: forget(parts.engine))
        wait_until_blocked(parts)
        held = third.exec_driver_sql("SELECT 1 FROM passage FOR UPDATE SKIP LOCKED").all()
        third.rollback()

        assert len(held) == 1
        assert forgotten.result() == "True"


def test_a_login_that_comes_too_late_is_refused(parts: Parts) -> None:
    """A login whose ways were forgotten since they were read is not decided, and leaves no row."""
    ann = enrolled(parts, "ann")
    stop = Stop()
    with threads() as start:
        late = start(lambda: stopping(parts.engine, stop).begin_login(ann.login()))
        stop.wait()
        assert parts.engine.forget("ann", by="grace")
        stop.release()

        with pytest.raises(StoreUnavailableError, match="has been deleted meanwhile"):
            late.result()
    assert count(parts, LEFT) - count(parts, "SELECT count(*) FROM ledger") == 0


def test_a_change_that_comes_too_late_is_refused(parts: Parts) -> None:
    """Who was forgotten since the request began adds no way and is asked nothing."""
    ann = enrolled(parts, "ann")
    grant = grant_of(parts.engine, ann)
    read_before = parts.engine.enrolments("ann")[0]
    begin = parts.engine.begin_enrolment
    forget(parts.engine)

    with pytest.raises(StoreUnavailableError, match="has been deleted meanwhile"):
        begin(parts.engine.registry["totp"], ann.applicant, ann.login(), grant)
    assert not parts.engine.rename(read_before, "phone")
    assert not parts.engine.revoke(read_before, grant)
    parts.engine.ask_fresh(grant, Purpose.FRESH)
    assert count(parts, LEFT) - count(parts, "SELECT count(*) FROM ledger") == 0


@pytest.mark.postgresql
@POSTGRESQL_ONLY
def test_a_first_way_begun_meanwhile_can_be_begun_anew(parts: Parts, other: Parts) -> None:
    """Somebody who begins a second step at the moment of being forgotten can begin it again."""
    enrolled(parts, "ann")
    parts.engine.revoke(parts.engine.enrolments("ann")[0])

    second_during(parts, other, forget, lambda _: first_app(parts, "ann")[0])

    token, answer = first_app(parts, "ann")
    assert parts.engine.verify(token, Purpose.ENROL, answer).is_accepted
