from datetime import UTC, datetime, timedelta

from vestibule.system import SystemClock
from vestibule.testing import FakeClock
from vestibule.testing.clock import START


def test_a_fake_clock_moves_only_when_it_is_told() -> None:
    """A fake clock stands still, moves on and back, and jumps to a moment."""
    clock = FakeClock()
    assert clock.now() == clock.now() == START
    assert clock.move(timedelta(minutes=1), seconds=2, days=1) == START + timedelta(
        days=1, seconds=62
    )
    assert clock.move(seconds=-62, days=-1) == START
    clock.stand_at(datetime(2030, 1, 1, tzinfo=UTC))
    assert clock.now().year == 2030
    assert FakeClock(START).now().tzinfo is UTC


def test_the_systems_clock_is_in_utc_and_goes_on() -> None:
    """The machine's clock tells aware moments in UTC, one after the other."""
    clock = SystemClock()
    first, second = clock.now(), clock.now()

    assert first.tzinfo is UTC
    assert first <= second
    assert abs(first - datetime.now(tz=UTC)) < timedelta(seconds=5)
