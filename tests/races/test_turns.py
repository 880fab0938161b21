"""Two answers in an order chosen by hand: the second sees every row as the first left it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, NullPool, create_engine, func, make_url, select
from tests.races.jobs import with_limits
from tests.races.people import (
    Person,
    Site,
    add,
    count,
    enrolled,
    evaluated,
    first_app,
    first_letters,
    grant_of,
    letter,
    made_site,
    next_code,
    recovery_codes,
    waiting,
)
from tests.races.servers import UNLIMITED
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
from vestibule.core.limits import CERTAIN
from vestibule.core.model import ChallengeStatus, Purpose
from vestibule.core.verdict import Pending
from vestibule.store.prepared import Prepared
from vestibule.testing import FixedRandom

pytestmark = pytest.mark.postgresql


@pytest.fixture(params=["read committed", "repeatable read", "serializable"])
def site(request: pytest.FixtureRequest, postgresql_url: str, tmp_path: Path) -> Iterator[Site]:
    """An installation on PostgreSQL, whatever isolation the server gives to whom asks for none."""
    site = made_site(postgresql_url, tmp_path)
    name = make_url(postgresql_url).database
    with server(postgresql_url) as connection:
        connection.exec_driver_sql(
            f"ALTER DATABASE {name} SET default_transaction_isolation = '{request.param}'"
        )
        yield site
        connection.exec_driver_sql(f"ALTER DATABASE {name} RESET default_transaction_isolation")


@contextmanager
def server(url: str) -> Iterator[Connection]:
    """Lend a connection for what an administrator does."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def other(site: Site) -> Iterator[Parts]:
    """A second engine on the same database, as another process has it."""
    opened = site.opened()
    yield opened
    opened.database.close()


@pytest.mark.row("ATK-24")
def test_a_statement_of_its_own_sees_what_is_committed(parts: Parts) -> None:
    """What is read and carried out without a transaction runs at our isolation as well."""
    asked = Prepared(select(func.current_setting("transaction_isolation").label("level")))

    with parts.database.look() as turn:
        assert turn.rows(asked, {}) == [{"level": "read committed"}]


@pytest.mark.row("ATK-24", "OTP-06")
@pytest.mark.parametrize("known", [(False, False), (False, True), (True, False)])
def test_the_same_code_on_two_logins(parts: Parts, known: tuple[bool, bool]) -> None:
    """Whoever waited for a login with the same code finds the step used, in whichever lane."""
    ann = enrolled(parts, "ann")
    one, two = (waiting(parts, ann, 1, known=here)[0].token for here in known)
    code = next_code(parts, ann)

    words = one_after_the_other(parts, answering(one, code), answering(two, code))

    assert words == ("accepted", "replayed")


@pytest.mark.row("ATK-24")
def test_two_right_answers_to_one_login(parts: Parts) -> None:
    """A login that was opened by one answer is over for another that waited, however right."""
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    [begun] = waiting(parts, ann, 1)
    by_app = answering(begun.token, next_code(parts, ann))
    by_code = answering(begun.token, codes[0])

    assert one_after_the_other(parts, by_app, by_code) == ("accepted", "gone")

    left = parts.engine.recovery_codes(parts.engine.enrolments("ann"))
    assert left is not None
    assert left.remaining == 10


@pytest.mark.row("ATK-23")
def test_the_last_attempt_is_taken_once(parts: Parts) -> None:
    """Of two wrong answers where one attempt is left, the one that waited is not compared."""
    ann = enrolled(parts, "ann")
    [begun] = waiting(parts, ann, 1)
    engine = with_limits(parts.engine, UNLIMITED)
    for _ in range(4):
        engine.verify(begun.token, Purpose.LOGIN, "000000")
    wrong = answering(begun.token, "000001")

    assert one_after_the_other(parts, wrong, wrong, engine) == ("wrong", "exhausted")
    assert len(evaluated(parts, "ann")) == 5


@pytest.mark.row("ATK-23", "ATK-14")
@pytest.mark.parametrize(
    ("limits", "refusal"),
    [
        (replace(UNLIMITED, capacity=4 * CERTAIN // 10**6), "closed"),
        (replace(UNLIMITED, consecutive=1), "disabled"),
        (replace(UNLIMITED, free_failures=1), "delayed"),
    ],
    ids=["ledger", "consecutive", "delay"],
)
def test_the_last_of_a_limit_is_taken_once(parts: Parts, limits: object, refusal: str) -> None:
    """Of two wrong answers on two logins where one is allowed, the one that waited is refused."""
    ann = enrolled(parts, "ann")
    one, two = (begun.token for begun in waiting(parts, ann, 2))
    engine = with_limits(parts.engine, limits)  # type: ignore[arg-type]

    words = one_after_the_other(parts, answering(one, "000000"), answering(two, "000000"), engine)

    assert words == ("wrong", refusal)
    assert len(evaluated(parts, "ann")) == 1


@pytest.mark.row("ATK-12", "ATK-26")
def test_an_answer_waits_for_a_removal(parts: Parts, other: Parts) -> None:
    """An answer that waited while its factor was removed finds nothing to answer."""
    ann = enrolled(parts, "ann")
    [own] = parts.engine.enrolments("ann")
    [begun] = waiting(parts, ann, 1)
    answer = answering(begun.token, next_code(parts, ann))

    assert second_during(parts, other, lambda engine: engine.revoke(own), answer) == "gone"
    assert not parts.engine.standing("ann", None).enrolled


@pytest.mark.row("ATK-12")
def test_a_factor_removed_while_a_login_is_written(parts: Parts) -> None:
    """A login that asks for a factor just removed sends no code for it and takes none."""
    ann = enrolled(parts, "ann")
    letters = add(parts, ann, "letters")
    stop = Stop()

    with threads() as start:
        begun = start(lambda: stopping(parts.engine, stop).begin_login(ann.login()))
        stop.wait()
        own = parts.engine.own("ann", letters)
        assert own is not None
        assert parts.engine.revoke(own)
        stop.release()
        token = begun.result().token

    assert parts.engine.resend(token, Purpose.LOGIN, letters).verdict != Pending()
    assert answering(token, letter(parts.engine, token, Purpose.LOGIN))(parts.engine) == "wrong"
    assert answering(token, next_code(parts, ann))(parts.engine) == "accepted"


@pytest.mark.row("ATK-26")
def test_an_answer_waits_for_an_end(parts: Parts, other: Parts) -> None:
    """An answer that waited while its login was ended opens nothing."""
    ann = enrolled(parts, "ann")
    [begun] = waiting(parts, ann, 1)
    answer = answering(begun.token, next_code(parts, ann))

    def end(engine: Engine) -> None:
        engine.end(begun.passage, "cancelled")

    assert second_during(parts, other, end, answer) == "gone"


@pytest.mark.row("ATK-26", "ASVS-7.4.1/7.4.2")
def test_an_end_waits_for_an_answer(parts: Parts) -> None:
    """Removing a way while a login is being accepted ends the grant it has just become."""
    ann = enrolled(parts, "ann")
    [own] = parts.engine.enrolments("ann")
    [begun] = waiting(parts, ann, 1)
    answer = answering(begun.token, next_code(parts, ann))

    def end(engine: Engine) -> str:
        assert engine.revoke(own)
        return "ended"

    assert one_after_the_other(parts, answer, end) == ("accepted", "ended")
    assert count(parts, "SELECT count(*) FROM passage WHERE status <> 'ended'") == 0


@pytest.mark.row("ATK-28", "ATK-11")
def test_a_second_draft_waits_for_the_first(parts: Parts, other: Parts) -> None:
    """A factor begun while another of its kind is being begun takes that one's place."""
    ann = enrolled(parts, "ann")

    def begin(engine: Engine) -> str:
        grant = engine.standing("ann", ann.token).passage
        kind = engine.registry["totp"]
        return str(engine.begin_enrolment(kind, ann.applicant, ann.login(), grant) is not None)

    assert second_during(parts, other, begin, begin) == "True"
    assert count(parts, "SELECT count(*) FROM enrolment WHERE status = 'pending'") == 1


@pytest.mark.row("ATK-10", "ATK-28")
@pytest.mark.parametrize("app_first", [True, False])
def test_two_first_factors_proven_at_once(parts: Parts, *, app_first: bool) -> None:
    """Of two first factors proven at the same moment one counts, and its session alone."""
    by_app = answering(*first_app(parts, "ann"), Purpose.ENROL)
    by_letter = answering(*first_letters(parts, "ann"), Purpose.ENROL)
    first, second = (by_app, by_letter) if app_first else (by_letter, by_app)

    assert one_after_the_other(parts, first, second) == ("accepted", "gone")

    assert len(parts.engine.enrolments("ann")) == 1
    assert count(parts, "SELECT count(*) FROM passage WHERE status <> 'ended'") == 1


@pytest.mark.row("ATK-24")
def test_asking_again_waits_for_an_answer(site: Site, parts: Parts, other: Parts) -> None:
    """Asking again while an answer on the same grant takes row after row ends in no deadlock."""
    ann = ann_with_a_younger_enrolment_first(site)
    grant = grant_of(parts.engine, ann)
    parts.engine.ask_fresh(grant, Purpose.FRESH)

    def ask() -> str:
        parts.engine.ask_fresh(grant, Purpose.FRESH)
        return "asked"

    with threads() as start, other.database.engine.connect() as third:
        # A third hand holds the enrolment that an answer takes first. The answer has one challenge
        # then and waits for the rest, which asking again would take in the order they were made.
        first = "SELECT id FROM enrolment ORDER BY id LIMIT 1 FOR UPDATE"
        third.exec_driver_sql(first).all()
        wrong = start(lambda: answering(ann.token, "000000", Purpose.FRESH)(parts.engine))
        wait_until_blocked(parts)
        asked = start(ask)
        wait_until_blocked(parts, 2)
        third.rollback()

        assert (wrong.result(), asked.result()) == ("wrong", "asked")


def ann_with_a_younger_enrolment_first(site: Site) -> Person:
    """Return a person whose second enrolment comes before the first in the order of ids."""
    drawn = site.opened(random=FixedRandom("one"))
    ann = enrolled(drawn, "ann")
    add(drawn, ann, "totp")
    older, younger = drawn.engine.enrolments("ann")
    assert younger.id < older.id
    drawn.database.close()
    return ann


@pytest.mark.row("ATK-28")
def test_two_who_ask_again_leave_one_set_of_challenges(parts: Parts, other: Parts) -> None:
    """Asked again twice at once, each factor has one open challenge for the purpose."""
    ann = enrolled(parts, "ann")
    add(parts, ann, "letters")
    grant = parts.engine.standing("ann", ann.token).passage
    assert grant is not None

    def ask(engine: Engine) -> str:
        engine.ask_fresh(grant, Purpose.FRESH)
        return "asked"

    assert second_during(parts, other, ask, ask) == "asked"

    case = parts.engine.look(ann.token)
    assert case is not None
    opened = [a.enrolment.id for a in case.asked if a.challenge.purpose is Purpose.FRESH]
    assert len(opened) == len(set(opened)) == 2
    assert {a.challenge.status for a in case.asked} >= {ChallengeStatus.OPEN}
