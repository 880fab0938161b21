"""How many wrong answers an account bears: the ledger of odds, delays, and the arithmetic. Pure.

A limit that renews itself is no limit, so what is counted is not tries but *odds*: every wrong
answer is charged what it was worth to a guesser, w / 10^d for w codes valid at once of d digits.
Odds are whole trillionths here, so that sums are exact in every database.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vestibule.core.model import Ledger, Source

CERTAIN = 10**12
"""The odds of a sure thing, in the trillionths that all odds here are counted in."""

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers of one profile.

    Sources: NIST SP 800-63B-4 section 3.2.2 (at most 100 consecutive failures, waits of 30 s to
    1 h), OWASP ASVS 5.0 6.3.1, and the guessing arithmetic in the security model.
    """

    capacity: int = CERTAIN * 5 // 10_000
    """Odds a lane may have spent at any time: 0.05 %."""
    refill_per_year: int = CERTAIN * 5 // 10_000
    """Odds that drain from a lane in a year: 0.05 %."""
    attempts: int = 5
    """Wrong answers one challenge takes."""
    consecutive: int = 50
    """Wrong answers in a row, in one lane, that disable an enrolment there (both: <= 100)."""
    free_failures: int = 5
    """Wrong answers in a lane before it has to wait."""
    first_delay: timedelta = timedelta(seconds=30)
    """The wait after these; it doubles with each further wrong answer."""
    longest_delay: timedelta = timedelta(hours=1)
    """The longest wait of a lane."""
    source_free: int = 30
    """Wrong answers from one address within `source_window` before that address has to wait."""
    source_window: timedelta = timedelta(hours=1)
    """The time in which as many are forgotten again."""
    source_delay: timedelta = timedelta(seconds=5)
    """The wait of such an address; it doubles with every fifth further wrong answer."""
    longest_source_delay: timedelta = timedelta(minutes=1)
    """The longest wait of an address: it is slowed, never locked out."""


def cost(*, codes_valid: int, digits: int) -> int:
    """Return what one wrong answer is worth to a guesser, in trillionths.

    >>> cost(codes_valid=3, digits=6) / CERTAIN
    3e-06
    """
    return codes_valid * CERTAIN // int(10**digits)


def spent_at(ledger: Ledger, now: datetime, limits: Limits) -> int:
    """Return what stands charged at `now`, after draining. A clock set back drains nothing."""
    elapsed = max(now - ledger.as_of, timedelta())
    drained = limits.refill_per_year * (elapsed // timedelta(microseconds=1))
    return max(0, ledger.spent - drained // (YEAR // timedelta(microseconds=1)))


def room_for(ledger: Ledger, charge: int, now: datetime, limits: Limits) -> bool:
    """Say whether the lane can bear one more wrong answer of that worth."""
    return spent_at(ledger, now, limits) + charge <= limits.capacity


def room_again_at(ledger: Ledger, charge: int, now: datetime, limits: Limits) -> datetime:
    """Return when the lane will have drained enough for one more answer of that worth."""
    surplus = max(0, spent_at(ledger, now, limits) + charge - limits.capacity)
    return now + YEAR * (surplus / limits.refill_per_year) + timedelta(seconds=1)


def charged(ledger: Ledger, charge: int, now: datetime, limits: Limits) -> Ledger:
    """Return the ledger after a wrong answer."""
    return replace(
        ledger,
        spent=spent_at(ledger, now, limits) + charge,
        as_of=max(now, ledger.as_of),
        failures=ledger.failures + 1,
        failed_at=now,
        told_at=None,
    )


def settled(ledger: Ledger, given_back: int, now: datetime, limits: Limits) -> Ledger:
    """Return the ledger after a right answer: only what the same passage spent comes back."""
    return replace(
        ledger,
        spent=max(0, spent_at(ledger, now, limits) - given_back),
        as_of=max(now, ledger.as_of),
        failures=0,
        failed_at=None,
        told_at=None,
    )


def wait_until(ledger: Ledger, now: datetime, limits: Limits) -> datetime | None:
    """Return until when the lane has to wait after its last wrong answer, None when it need not.

    The wait doubles with each failure beyond the free ones, up to the longest.
    """
    over = ledger.failures - limits.free_failures
    if over < 0 or ledger.failed_at is None:
        return None
    until = min(ledger.failed_at, now) + _doubling(limits.first_delay, over, limits.longest_delay)
    return until if now < until else None


def is_told(ledger: Ledger, now: datetime, limits: Limits) -> bool:
    """Say whether the audit trail knows already that answers are not compared at present.

    It is told once after a wrong answer, and once more in as long as the longest delay: whoever
    goes on typing during a delay writes nothing.
    """
    return ledger.told_at is not None and now - ledger.told_at < limits.longest_delay


def recent(source: Source, now: datetime, limits: Limits) -> float:
    """Return how many wrong answers a source still stands for, draining over the window."""
    elapsed = max(now - source.as_of, timedelta())
    return max(0.0, source.failures - limits.source_free * (elapsed / limits.source_window))


def missed(source: Source, now: datetime, limits: Limits) -> Source:
    """Return the source after one more wrong answer."""
    return replace(source, failures=recent(source, now, limits) + 1, as_of=max(now, source.as_of))


def source_wait_until(source: Source | None, now: datetime, limits: Limits) -> datetime | None:
    """Return until when a source has to wait. It is slowed, a minute at the most, never locked."""
    if source is None:
        return None
    over = recent(source, now, limits) - limits.source_free
    if over < 0 or source.as_of - now > limits.longest_source_delay:
        return None  # few, or counted by a clock that has been set back since: nobody is locked
    delay = _doubling(limits.source_delay, int(over) // 5, limits.longest_source_delay)
    until = min(source.as_of, now) + delay
    return until if now < until else None


def _doubling(first: timedelta, times: int, longest: timedelta) -> timedelta:
    doubled: timedelta = first * 2 ** min(times, 20)
    return min(doubled, longest)
