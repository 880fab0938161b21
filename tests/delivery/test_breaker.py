from datetime import timedelta

import pytest

from vestibule.delivery.breaker import AT_LAST, FIRST_PAUSE, LONGEST_PAUSE, TRYING, Breaker
from vestibule.testing.clock import START

SECOND = timedelta(seconds=1)


def broken() -> Breaker:
    """A breaker that a carrier has just been kept out by."""
    breaker = Breaker()
    for _ in range(3):
        breaker.failed("acme", START)
    return breaker


@pytest.mark.row("W16")
def test_three_failures_in_a_row_keep_a_carrier_out() -> None:
    """The third failure in a row keeps a carrier out, and says so once."""
    breaker = Breaker()

    assert [breaker.failed("acme", START) for _ in range(4)] == [False, False, True, False]
    assert not breaker.admit("acme", START)
    assert breaker.admit("other", START)


def test_a_success_between_begins_the_count_anew() -> None:
    """Failures count only in a row."""
    breaker = Breaker()
    for _ in range(5):
        breaker.failed("acme", START)
        breaker.failed("acme", START)
        breaker.worked("acme")

    assert breaker.admit("acme", START)


def test_after_the_pause_one_of_many_may_try() -> None:
    """After the pause one try goes through, and another only when that one had its time."""
    breaker = broken()
    later = START + FIRST_PAUSE

    assert not breaker.admit("acme", later - SECOND)
    assert [breaker.admit("acme", later) for _ in range(3)] == [True, False, False]
    assert breaker.admit("acme", later + TRYING)


def test_what_works_is_let_back_whole() -> None:
    """A try that succeeds lets the carrier back, and is told apart from any other success."""
    breaker = broken()

    assert breaker.worked("acme")
    assert all(breaker.admit("acme", START) for _ in range(3))
    assert not breaker.worked("acme")


def test_the_pause_doubles_up_to_two_minutes() -> None:
    """A carrier that stays broken is tried ever less often, but every two minutes."""
    breaker, now, pauses = broken(), START, []
    for _ in range(6):
        began = now
        while not breaker.admit("acme", now):
            now += SECOND
        pauses.append(now - began)
        breaker.failed("acme", now)

    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


@pytest.mark.row("W16")
def test_with_what_nobody_takes_one_at_a_time_may_try_what_is_kept_out() -> None:
    """At last a carrier that is kept out may be tried: by one, and by the next when that failed."""
    breaker = broken()
    later = START + AT_LAST

    assert not breaker.admit_at_last("acme", later - SECOND)
    assert [breaker.admit_at_last("acme", later) for _ in range(3)] == [True, False, False]
    breaker.failed("acme", later + SECOND)
    assert not breaker.admit_at_last("acme", later + 2 * SECOND)
    assert breaker.admit_at_last("acme", later + SECOND + AT_LAST)
    assert breaker.admit_at_last("acme", later + SECOND + AT_LAST + TRYING)


def test_at_last_everybody_may_try_what_is_well() -> None:
    """Who is not kept out may be tried by all."""
    assert all(Breaker().admit_at_last("acme", START) for _ in range(3))
