from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from vestibule.core import conversion
from vestibule.core.conversion import Area, Watch

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WATCH = Watch()
RANGE = Area(name="+4917012", as_of=NOW)
COUNTRY = Area(name="+49", as_of=NOW)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def after(area: Area, course: str, now: datetime = NOW) -> Area:
    """The area after codes were sent (s), came back (r) and were lost (l), in that order."""
    deeds = {"s": conversion.sent, "r": conversion.returned, "l": conversion.undone}
    for letter in course:
        area = deeds[letter](area, WATCH, now)
    return area


def played(part: float, sends: int, *, seed: int = 7, delay: int = 5) -> Area:
    """A range to which so many codes were sent, of which that part came back a little later."""
    random, area, waiting = Random(seed), RANGE, list[bool]()
    for nth in range(sends):
        now = NOW + nth * timedelta(minutes=5)
        area = conversion.sent(area, WATCH, now)
        waiting.append(random.random() < part)
        if len(waiting) > delay and waiting.pop(0):
            area = conversion.returned(area, WATCH, now)
        if area.is_stopped(now):
            return area
    return area


@pytest.mark.row("ATK-56", "SMS-09")
def test_a_range_from_which_nothing_comes_back_is_stopped_after_twenty() -> None:
    """The twentieth code that goes to a range and does not come back is the last, for a day."""
    assert not after(RANGE, "s" * 19).is_stopped(NOW)
    stopped = after(RANGE, "s" * 20)

    assert stopped.is_stopped(NOW)
    assert stopped.is_stopped(NOW + DAY - timedelta(seconds=1))
    assert not stopped.is_stopped(NOW + DAY)


@pytest.mark.row("ATK-56")
def test_a_country_bears_more() -> None:
    """Everything that begins with one country's code is stopped after a hundred."""
    assert not after(COUNTRY, "s" * 99).is_stopped(NOW)
    assert after(COUNTRY, "s" * 100).is_stopped(NOW)


@pytest.mark.row("ATK-56")
def test_codes_that_no_carrier_took_lift_the_stop_they_made() -> None:
    """Where half of what stopped an area was carried by nobody in the end, it goes on by itself."""
    stopped = after(RANGE, "s" * 20)

    assert after(stopped, "l" * 9).is_stopped(NOW)
    assert not after(stopped, "l" * 11).is_stopped(NOW)
    assert after(stopped, "l" * 11 + "s" * 11).is_stopped(NOW)


def test_a_code_that_comes_back_pays_for_eight() -> None:
    """With one in two coming back and a quarter of that to come back, one pays for eight sends."""
    assert after(RANGE, "s" * 12 + "r").debt == pytest.approx(12 - 8, abs=2)
    assert after(RANGE, "sr" * 200).debt == 0
    assert conversion.usual(RANGE, WATCH) == 0.5


@pytest.mark.parametrize("part", [0.35, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("seed", range(5))
def test_ordinary_traffic_is_not_stopped(part: float, seed: int) -> None:
    """Where codes come back as they do among people, a thousand sends stop nothing."""
    assert played(part, 1000, seed=seed).stopped_until is None


@pytest.mark.parametrize("seed", range(5))
def test_a_range_that_falls_under_its_own_history_is_stopped(seed: int) -> None:
    """Where nine in ten came back and now one in twenty does, the range is stopped soon."""
    before = played(0.9, 400, seed=seed)
    random, area = Random(seed), before
    for nth in range(60):
        now = before.as_of + nth * timedelta(minutes=1)
        area = conversion.sent(area, WATCH, now)
        if random.random() < 0.05:
            area = conversion.returned(area, WATCH, now)
        if area.is_stopped(now):
            break

    assert area.stopped_until is not None


def test_an_area_cannot_be_talked_down() -> None:
    """However little came back before, one code that does pays for twenty at the most."""
    poor = replace(RANGE, sent=10_000.0, returned=10.0, debt=19.0)

    assert conversion.usual(poor, WATCH) == WATCH.least
    paid = conversion.returned(replace(poor, debt=100.0), WATCH, NOW)
    assert paid.debt == pytest.approx(80)


def test_a_busy_area_bears_a_rush() -> None:
    """Where thousands come back a day, a tenth of a day's may be on the way at once."""
    busy = replace(COUNTRY, sent=90_000.0, returned=60_000.0)

    assert conversion.limit(busy, WATCH) == pytest.approx(200)
    assert not after(busy, "s" * 150).is_stopped(NOW)


def test_codes_that_come_back_late_lift_a_stop() -> None:
    """Where many asked at once and then typed their codes, the area goes on by itself."""
    rush = after(RANGE, "s" * 20)
    assert rush.is_stopped(NOW)

    assert not after(rush, "r" * 4).is_stopped(NOW)


def test_what_no_carrier_took_is_not_held_against_anybody() -> None:
    """When a carrier is down, what it did not take stops no area."""
    assert not after(RANGE, "s" * 20 + "l" * 20).is_stopped(NOW)
    assert after(RANGE, "s" * 10 + "l" * 10).sent == 0
    assert after(RANGE, "l").debt == 0


def test_after_a_stop_an_area_is_on_probation() -> None:
    """A day later half is owed still: half as many codes stop it again; an operator forgets all."""
    stopped = after(RANGE, "s" * 20)
    later = NOW + DAY

    assert not after(stopped, "s" * 9, later).is_stopped(later)
    assert after(stopped, "s" * 11, later).is_stopped(later)
    resumed = conversion.resumed(stopped)
    assert not after(resumed, "s" * 19).is_stopped(NOW)


def test_counts_fade_and_a_clock_set_back_fades_nothing() -> None:
    """After a month a third counts still, and after a year next to nothing."""
    area = replace(RANGE, sent=100.0, returned=50.0, debt=10.0)

    faded = conversion.returned(area, WATCH, NOW + WATCH.memory)
    assert faded.sent == pytest.approx(100 / 2.718, rel=0.01)
    assert conversion.sent(area, WATCH, NOW - DAY).sent == 101
    assert conversion.sent(area, WATCH, NOW + 365 * DAY).sent == pytest.approx(1, abs=0.01)


def test_a_number_has_two_areas() -> None:
    """A number belongs to its country and to its range; a short one may have no more than one."""
    assert conversion.areas_of("+4917012") == ("+49", "+4917012")
    assert conversion.areas_of("+1876555") == ("+1", "+1876555")
    assert conversion.areas_of("+683") == ("+683",)
