from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestibule.core import limits
from vestibule.core.limits import CERTAIN, YEAR, Limits
from vestibule.core.model import Enrolment, EnrolmentStatus, Lane, Ledger, Source
from vestibule.core.profiles import PROFILES, Profile
from vestibule.core.registry import load
from vestibule.testing.clock import START

LIMITS = Limits()
BLANK = Ledger(realm="default", subject="ada", lane=Lane.STRANGER, spent=0, as_of=START)
SOURCE = Source(realm="default", address="192.0.2.1", failures=0, as_of=START)
SECOND = timedelta(seconds=1)

odds = st.integers(0, LIMITS.capacity)
moments = st.timedeltas(timedelta(), 3 * YEAR)
factor_sets = st.lists(st.tuples(st.integers(1, 3), st.integers(6, 8)), min_size=1, max_size=4)


def guess_all_year(profile: Profile, charge: int) -> int:
    """The odds spent in a year by who guesses whenever the ledger allows, the waits left out."""
    numbers, ledger, now, total = profile.limits, BLANK, START, 0
    while now < START + YEAR:
        if not limits.room_for(ledger, charge, now, numbers):
            now = limits.room_again_at(ledger, charge, now, numbers)
            continue
        ledger = limits.charged(ledger, charge, now, numbers)
        total += charge
    return total


@pytest.mark.row("C1", "C2", "ATK-14", "ASVS-6.3.1")
@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_a_patient_guesser_has_less_than_a_tenth_of_a_percent_in_a_year(profile: Profile) -> None:
    """Whoever has the password and guesses for a year is let in with odds of at most 0.1 %."""
    registry = load(["totp", "recovery_codes"], replace(profile, phishing_resistant=False), {})
    app = Enrolment(
        id="e",
        realm="default",
        subject="ada",
        factor="totp",
        status=EnrolmentStatus.ACTIVE,
        created_at=START,
    )
    code = registry["totp"].code_format(app)
    assert code.digits is not None
    charge = limits.cost(codes_valid=code.valid_at_once, digits=code.digits)

    for together in (charge, 3 * charge):
        assert guess_all_year(profile, together) <= CERTAIN // 1000


@pytest.mark.row("NIST-26")
@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_both_lanes_together_stay_within_a_hundred(profile: Profile) -> None:
    """Wrong answers in a row, in both lanes together, never exceed what NIST allows."""
    assert 2 * profile.limits.consecutive <= 100


def test_an_answer_is_worth_its_share_of_all_codes() -> None:
    """A wrong answer costs the number of codes that were valid, out of all there are."""
    assert limits.cost(codes_valid=1, digits=6) * 10**6 == CERTAIN
    assert limits.cost(codes_valid=3, digits=6) == 3 * limits.cost(codes_valid=1, digits=6)
    assert limits.cost(codes_valid=2, digits=8) * 100 == limits.cost(codes_valid=2, digits=6)


@given(odds, moments)
def test_a_ledger_drains_evenly_and_never_below_nothing(spent: int, later: timedelta) -> None:
    """What stands charged falls by the yearly share, to nothing and not below."""
    ledger = replace(BLANK, spent=spent)

    drained = LIMITS.refill_per_year * (later / YEAR)

    assert abs(limits.spent_at(ledger, START + later, LIMITS) - max(0, spent - drained)) <= 1


@given(odds, moments, moments)
def test_looking_often_drains_no_faster(spent: int, first: timedelta, second: timedelta) -> None:
    """A ledger that is written in between has drained no more than one that was left alone."""
    left = replace(BLANK, spent=spent)
    written = limits.charged(left, 0, START + first, LIMITS)
    end = START + first + second

    assert limits.spent_at(written, end, LIMITS) >= limits.spent_at(left, end, LIMITS)
    assert limits.spent_at(written, end, LIMITS) - limits.spent_at(left, end, LIMITS) <= 1


@pytest.mark.row("ATK-32")
@given(odds, moments)
def test_a_clock_set_back_drains_nothing(spent: int, earlier: timedelta) -> None:
    """While the clock is behind the last charge, nothing drains, and nothing is drained twice."""
    ledger = replace(BLANK, spent=spent)
    back = START - earlier

    assert limits.spent_at(ledger, back, LIMITS) == spent
    assert limits.charged(ledger, 5, back, LIMITS).as_of == START


@pytest.mark.row("ATK-14")
@given(st.lists(st.tuples(factor_sets, st.timedeltas(timedelta(), timedelta(days=90)))))
def test_what_is_evaluated_never_exceeds_capacity_and_refill(
    tries: list[tuple[list[tuple[int, int]], timedelta]],
) -> None:
    """However guesses of different worth are spread in time, their odds stay under the ceiling."""
    ledger, now, evaluated = BLANK, START, 0
    for factors, pause in tries:
        now += pause
        charge = sum(limits.cost(codes_valid=w, digits=d) for w, d in factors)
        if limits.room_for(ledger, charge, now, LIMITS):
            ledger = limits.charged(ledger, charge, now, LIMITS)
            evaluated += charge
        assert limits.spent_at(ledger, now, LIMITS) <= LIMITS.capacity

    refilled = LIMITS.refill_per_year * ((now - START) / YEAR)
    assert evaluated <= LIMITS.capacity + refilled + 1


@given(st.integers(1, 10**7), st.integers(0, 10**7), moments)
def test_the_promised_moment_is_kept(charge: int, over: int, later: timedelta) -> None:
    """When an answer is promised to be heard again, there is room for it, and hardly sooner."""
    ledger, now = replace(BLANK, spent=LIMITS.capacity + over), START + later
    if limits.room_for(ledger, charge, now, LIMITS):
        assert limits.room_again_at(ledger, charge, now, LIMITS) == now + SECOND
        return
    again = limits.room_again_at(ledger, charge, now, LIMITS)

    assert limits.room_for(ledger, charge, again, LIMITS)
    assert not limits.room_for(ledger, charge, again - 2 * SECOND, LIMITS)


@given(odds, st.integers(0, LIMITS.capacity * 2))
def test_a_success_gives_back_no_more_than_was_there(spent: int, given_back: int) -> None:
    """What comes back after a right answer never makes an account richer than new."""
    after = limits.settled(replace(BLANK, spent=spent, failures=9), given_back, START, LIMITS)

    assert after.spent == max(0, spent - given_back)
    assert after.failures == 0
    assert after.failed_at is None


@pytest.mark.row("ATK-14", "NIST-27")
def test_a_success_returns_only_what_its_own_login_spent() -> None:
    """An owner who logs in between an attacker's guesses does not pay the attacker's account."""
    charge = limits.cost(codes_valid=3, digits=6)
    ledger = BLANK
    for _ in range(20):
        ledger = limits.charged(ledger, charge, START, LIMITS)
    ledger = limits.charged(ledger, charge, START, LIMITS)

    assert limits.settled(ledger, charge, START, LIMITS).spent == 20 * charge


DELAYS = [
    (0, None),
    (4, None),
    (5, 30),
    (6, 60),
    (7, 120),
    (8, 240),
    (9, 480),
    (10, 960),
    (11, 1920),
    (12, 3600),
    (13, 3600),
    (49, 3600),
    (10_000, 3600),
]


@pytest.mark.row("ATK-13", "OTP-10")
@pytest.mark.parametrize(("failures", "seconds"), DELAYS)
def test_the_wait_doubles_up_to_an_hour(failures: int, seconds: int | None) -> None:
    """Five wrong answers are free; then the wait is 30 seconds and doubles up to an hour."""
    ledger = replace(BLANK, failures=failures, failed_at=START)

    until = limits.wait_until(ledger, START, LIMITS)

    assert until == (None if seconds is None else START + seconds * SECOND)
    if until is not None:
        assert limits.wait_until(ledger, until - SECOND, LIMITS) == until
        assert limits.wait_until(ledger, until, LIMITS) is None


@pytest.mark.row("ATK-32")
@given(st.integers(0, 60), moments)
def test_no_clock_makes_a_wait_longer_than_an_hour(failures: int, earlier: timedelta) -> None:
    """Whatever the clock was when the last answer was wrong, the wait told is at most an hour."""
    ledger = replace(BLANK, failures=failures, failed_at=START)
    now = START - earlier
    until = limits.wait_until(ledger, now, LIMITS)

    assert until is None or now < until <= now + timedelta(hours=1)


@pytest.mark.row("ATK-16", "ATK-18")
@given(
    st.integers(0, 10**6),
    st.timedeltas(-timedelta(days=400), timedelta(days=400)),
)
def test_a_source_waits_a_minute_at_the_most(failures: int, away: timedelta) -> None:
    """Whatever an address did and whatever the clock did since, it waits for a minute at most."""
    source = replace(SOURCE, failures=float(failures))
    now = START + away

    until = limits.source_wait_until(source, now, LIMITS)

    assert until is None or now < until <= now + timedelta(minutes=1)


@pytest.mark.row("ATK-18")
def test_a_source_is_slowed_and_never_locked() -> None:
    """An address that only ever fails still gets an answer judged every minute, for ever."""
    source, now, judged = SOURCE, START, 0
    while now < START + timedelta(days=2):
        until = limits.source_wait_until(source, now, LIMITS)
        if until is None:
            source, judged = limits.missed(source, now, LIMITS), judged + 1
            now += SECOND
        else:
            assert until - now <= timedelta(minutes=1)
            now = until

    assert 30 * 48 <= judged <= 60 * 48 + 60


@pytest.mark.row("ATK-32")
def test_a_clock_that_was_years_ahead_locks_no_source() -> None:
    """An address counted by a clock that ran ahead answers again once the clock is right."""
    ahead = replace(SOURCE, failures=500.0, as_of=START + 3 * YEAR)

    assert limits.source_wait_until(ahead, START, LIMITS) is None


def test_a_source_recovers_within_its_window() -> None:
    """Thirty wrong answers from an address are forgotten within the hour."""
    source = replace(SOURCE, failures=30.0)

    assert limits.source_wait_until(source, START, LIMITS) == START + 5 * SECOND
    assert limits.recent(source, START + timedelta(minutes=30), LIMITS) == pytest.approx(15)
    assert limits.recent(source, START + timedelta(hours=1), LIMITS) == 0
    assert limits.source_wait_until(None, START, LIMITS) is None


@given(st.lists(st.timedeltas(-timedelta(minutes=10), timedelta(minutes=10)), max_size=60))
def test_a_miss_counts_one_and_never_turns_the_clock_back(steps: list[timedelta]) -> None:
    """Each wrong answer adds one to a source, and its time never goes back."""
    source, now = SOURCE, START
    for step in steps:
        now += step
        before = limits.recent(source, now, LIMITS)
        after = limits.missed(source, now, LIMITS)
        assert after.failures == pytest.approx(before + 1)
        assert after.as_of >= source.as_of
        source = after


@pytest.mark.row("ATK-13")
def test_the_worst_case_is_written_down() -> None:
    """The shipped numbers are those of the security model."""
    assert LIMITS.capacity * 2000 == CERTAIN
    assert LIMITS.refill_per_year * 2000 == CERTAIN
    assert (LIMITS.attempts, LIMITS.consecutive, LIMITS.free_failures) == (5, 50, 5)
    assert (LIMITS.first_delay, LIMITS.longest_delay) == (30 * SECOND, 3600 * SECOND)
