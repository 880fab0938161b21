"""What was ruled on without a lock, while another transaction went between: it is ruled on anew."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.races.jobs import with_limits
from tests.races.people import (
    Person,
    add,
    count,
    enrolled,
    evaluated,
    first_app,
    first_letters,
    grant_of,
    letter,
    next_code,
    recovery_codes,
    waiting,
)
from tests.races.servers import UNLIMITED
from tests.races.turns import answering, overtaken

from vestibule.bootstrap import Parts
from vestibule.core.engine import Engine
from vestibule.core.limits import CERTAIN
from vestibule.core.model import Purpose

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]


@pytest.mark.row("ATK-24", "OTP-06")
@pytest.mark.parametrize("known", [(False, False), (False, True), (True, False)])
def test_one_code_on_two_logins_opens_the_one_that_was_written(
    parts: Parts, known: tuple[bool, bool]
) -> None:
    """A right code that another login has used since it was judged is a replay, in each lane."""
    ann = enrolled(parts, "ann")
    one, two = (waiting(parts, ann, 1, known=here)[0].token for here in known)
    code = next_code(parts, ann)

    words = overtaken(parts, answering(one, code), answering(two, code))

    assert words == ("replayed", "accepted")


@pytest.mark.row("ATK-24")
def test_a_login_that_was_opened_meanwhile_is_gone(parts: Parts) -> None:
    """A right code for a login that another right answer has opened since opens nothing."""
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    [begun] = waiting(parts, ann, 1)
    by_app = answering(begun.token, next_code(parts, ann))
    by_code = answering(begun.token, codes[0])

    assert overtaken(parts, by_app, by_code) == ("gone", "accepted")
    assert count(parts, "SELECT count(*) FROM passage WHERE status = 'granted'") == 2


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
@pytest.mark.parametrize("is_right", [False, True])
def test_a_limit_that_was_reached_meanwhile_holds(
    parts: Parts, limits: object, refusal: str, *, is_right: bool
) -> None:
    """What was compared before another used up the limit is refused, though it were right."""
    ann = enrolled(parts, "ann")
    one, two = (begun.token for begun in waiting(parts, ann, 2))
    engine = with_limits(parts.engine, limits)  # type: ignore[arg-type]
    answer = next_code(parts, ann) if is_right else "000000"

    words = overtaken(parts, answering(one, answer), answering(two, "000000"), engine)

    assert words == (refusal, "wrong")
    assert len(evaluated(parts, "ann")) == 1


@pytest.mark.row("ATK-23")
def test_the_last_attempt_was_used_meanwhile(parts: Parts) -> None:
    """A right code judged while one attempt was left is not accepted once that is used."""
    ann = enrolled(parts, "ann")
    [begun] = waiting(parts, ann, 1)
    engine = with_limits(parts.engine, UNLIMITED)
    for _ in range(4):
        engine.verify(begun.token, Purpose.LOGIN, "000000")
    right = answering(begun.token, next_code(parts, ann))

    words = overtaken(parts, right, answering(begun.token, "000001"), engine)

    assert words == ("exhausted", "wrong")
    assert len(evaluated(parts, "ann")) == 5


Deed = Callable[[Parts, Person, str], None]


def remove(parts: Parts, ann: Person, token: str) -> None:
    """Remove the only app."""
    [own] = parts.engine.enrolments("ann")
    assert parts.engine.revoke(own)


def cancel(parts: Parts, ann: Person, token: str) -> None:
    """Give the login up."""
    case = parts.engine.look(token)
    assert case is not None
    parts.engine.end(case.passage, "given up")


@pytest.mark.row("ATK-12", "ATK-26")
@pytest.mark.parametrize("deed", [remove, cancel])
def test_what_was_ended_meanwhile_is_not_opened(parts: Parts, deed: Deed) -> None:
    """A right code opens nothing when its app or its login was ended since it was judged."""
    ann = enrolled(parts, "ann")
    [begun] = waiting(parts, ann, 1)
    right = answering(begun.token, next_code(parts, ann))

    def end(engine: Engine) -> str:
        deed(parts, ann, begun.token)
        return "done"

    assert overtaken(parts, right, end) == ("gone", "done")
    assert count(parts, "SELECT count(*) FROM passage WHERE status = 'granted'") == (
        1 if deed is cancel else 0
    )


@pytest.mark.row("ATK-26")
def test_a_wrong_answer_to_what_was_ended_meanwhile_counts_nowhere(parts: Parts) -> None:
    """A wrong answer is no guess where its login was given up since it was judged."""
    ann = enrolled(parts, "ann")
    [begun] = waiting(parts, ann, 1)

    def give_up(engine: Engine) -> str:
        cancel(parts, ann, begun.token)
        return "given up"

    assert overtaken(parts, answering(begun.token, "000000"), give_up) == ("gone", "given up")
    assert count(parts, "SELECT sum(failures) FROM ledger") == 0
    assert evaluated(parts, "ann") == []


@pytest.mark.row("ATK-10", "ATK-28")
@pytest.mark.parametrize("app_first", [True, False])
def test_of_two_first_ways_the_one_that_was_written_counts(
    parts: Parts, *, app_first: bool
) -> None:
    """A first way proven while another was being proven is gone, and so is its session."""
    by_app = answering(*first_app(parts, "ann"), Purpose.ENROL)
    by_letter = answering(*first_letters(parts, "ann"), Purpose.ENROL)
    first, second = (by_app, by_letter) if app_first else (by_letter, by_app)

    assert overtaken(parts, first, second) == ("gone", "accepted")
    assert len(parts.engine.enrolments("ann")) == 1
    assert count(parts, "SELECT count(*) FROM passage WHERE status <> 'ended'") == 1


@pytest.mark.row("ATK-24")
def test_a_recovery_code_reserved_while_another_was_used(parts: Parts) -> None:
    """Of one recovery code on two logins, the one whose reservation was overtaken is a replay."""
    ann = enrolled(parts, "ann")
    codes = recovery_codes(parts, ann)
    one, two = (begun.token for begun in waiting(parts, ann, 2))

    words = overtaken(parts, answering(one, codes[0]), answering(two, codes[0]))

    assert words in {("replayed", "accepted"), ("wrong", "accepted")}
    left = parts.engine.recovery_codes(parts.engine.enrolments("ann"))
    assert left is not None
    assert left.remaining == 9


@pytest.mark.row("ATK-24")
def test_a_code_sent_anew_meanwhile_is_the_one_that_counts(parts: Parts) -> None:
    """A sent code that was judged before a new one was sent is compared with the new one."""
    ann = enrolled(parts, "ann")
    letters = add(parts, ann, "letters")
    [begun] = waiting(parts, ann, 1)
    parts.engine.resend(begun.token, Purpose.LOGIN, letters)
    old = letter(parts.engine, begun.token, Purpose.LOGIN)

    def send_again(engine: Engine) -> str:
        with parts.database.write() as connection:
            connection.execute(text("UPDATE challenge SET generation = generation + 1"))
        return "sent"

    assert overtaken(parts, answering(begun.token, old), send_again) == ("wrong", "sent")


@pytest.mark.row("ATK-28")
def test_ways_asked_for_anew_meanwhile_are_the_ones_that_count(parts: Parts) -> None:
    """An answer to what a grant asked before it asked anew is ruled on what it asks now."""
    ann = enrolled(parts, "ann")
    grant = grant_of(parts.engine, ann)
    parts.engine.ask_fresh(grant, Purpose.FRESH)
    wrong = answering(ann.token, "000000", Purpose.FRESH)

    def ask(engine: Engine) -> str:
        engine.ask_fresh(grant, Purpose.FRESH)
        return "asked"

    assert overtaken(parts, wrong, ask) == ("wrong", "asked")
    assert count(parts, "SELECT sum(attempts) FROM challenge WHERE purpose = 'manage'") == 1
    assert count(parts, "SELECT sum(failures) FROM ledger") == 1


@pytest.mark.row("ATK-24")
def test_nothing_of_what_was_overtaken_remains(parts: Parts) -> None:
    """A ruling that was overtaken leaves no count, no event and no source behind."""
    ann = enrolled(parts, "ann")
    one, two = (begun.token for begun in waiting(parts, ann, 2))

    overtaken(parts, answering(one, "000000"), answering(two, "000001"))

    assert count(parts, "SELECT count(*) FROM event WHERE name = 'answer_rejected'") == 2
    assert count(parts, "SELECT sum(attempts) FROM challenge") == 2
    assert count(parts, "SELECT sum(failures) FROM ledger") == 2
