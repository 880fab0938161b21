"""A report and what goes on beside it, in an order chosen by the test."""

import pytest
from tests.races.people import (
    Person,
    Site,
    grant_of,
    recovery_codes,
    waiting,
)
from tests.races.reported import is_shut_out, reporting, robbed, status, thiefs_code, thiefs_way
from tests.races.turns import (
    Stop,
    answering,
    between_reserve_and_settle,
    one_after_the_other,
    overtaken,
    second_during,
    stopping,
    threads,
)

from vestibule.bootstrap import Parts
from vestibule.core.model import Purpose
from vestibule.testing import SoftwareAuthenticator

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
    pytest.mark.row("NIST-37", "ATK-24"),
]


@pytest.fixture
def ann(parts: Parts) -> Person:
    """Somebody with two apps; the second is a thief's."""
    return robbed(parts)


def test_an_answer_that_waited_for_the_report(site: Site, parts: Parts, ann: Person) -> None:
    """A right answer by the reported way that waits for the report opens nothing."""
    mine, theirs = waiting(parts, ann, 2)
    report = reporting(parts, thiefs_way(ann), mine)
    other = site.opened()

    use = answering(theirs.token, thiefs_code(parts, ann))
    assert second_during(parts, other, report, use) != "accepted"
    other.database.close()
    assert is_shut_out(parts, ann, theirs.token)


def test_a_report_that_waited_for_the_answer(parts: Parts, ann: Person) -> None:
    """A report that waits for a login by the reported way ends that login."""
    mine, theirs = waiting(parts, ann, 2)
    use = answering(theirs.token, thiefs_code(parts, ann))

    words = one_after_the_other(parts, use, reporting(parts, thiefs_way(ann), mine))

    assert words == ("accepted", "done")
    assert status(parts, theirs) == "ended"


def test_a_report_that_overtakes_an_answer(parts: Parts, ann: Person) -> None:
    """An answer that was judged right before a report, and is written after it, is refused."""
    mine, theirs = waiting(parts, ann, 2)
    use = answering(theirs.token, thiefs_code(parts, ann))

    words = overtaken(parts, use, reporting(parts, thiefs_way(ann), mine))

    assert words == ("gone", "done")
    assert is_shut_out(parts, ann, theirs.token)


def test_a_report_that_overtakes_in_the_login_that_reports(parts: Parts, ann: Person) -> None:
    """Where the reporting login itself was being answered by the reported way, it stays shut."""
    [mine] = waiting(parts, ann, 1)
    use = answering(mine.token, thiefs_code(parts, ann))

    words = overtaken(parts, use, reporting(parts, thiefs_way(ann), mine))

    assert words[0] != "accepted"
    assert status(parts, mine) == "pending"


def test_a_recovery_code_that_is_being_judged(parts: Parts, ann: Person) -> None:
    """A code of a set that is suspended while the code is hashed opens nothing."""
    codes = recovery_codes(parts, ann)
    mine, theirs = waiting(parts, ann, 2)
    report = reporting(parts, thiefs_way(ann), mine)

    use = answering(theirs.token, codes[0])
    word = between_reserve_and_settle(parts, use, lambda: report(parts.engine))

    assert word != "accepted"


def test_a_way_that_is_being_proven(parts: Parts, ann: Person) -> None:
    """A way the thief was just adding is not added once the first one is reported."""
    draft = parts.engine.begin_enrolment(
        parts.engine.registry["totp"],
        ann.applicant,
        ann.login(),
        grant_of(parts.engine, ann),
    )
    assert draft is not None
    code = SoftwareAuthenticator(draft.enrolment.secret).code(parts.engine.now())
    [mine] = waiting(parts, ann, 1)
    prove = answering(ann.token, code, Purpose.ENROL)

    words = overtaken(parts, prove, reporting(parts, thiefs_way(ann), mine))

    assert words[0] != "accepted"
    assert len(parts.engine.enrolments("ann")) == 2


def test_a_login_that_is_begun_meanwhile(parts: Parts, ann: Person) -> None:
    """A login that read its ways before a report is not opened by the reported one after it."""
    [mine] = waiting(parts, ann, 1)
    report = reporting(parts, thiefs_way(ann), mine)
    stop = Stop()
    with threads() as start:
        late = start(lambda: stopping(parts.engine, stop).begin_login(ann.login()))
        stop.wait()
        report(parts.engine)
        stop.release()
        begun = late.result()

    assert answering(begun.token, thiefs_code(parts, ann))(parts.engine) != "accepted"
    assert is_shut_out(parts, ann, begun.token)
