"""A day of SMS pumping, against the engine itself: what it costs, and whom it keeps waiting."""

from collections.abc import Callable

import pytest

from pumping import ABROAD, AT_HOME, NUMBERS, PER_DAY, PRICE, SCENARIOS, Scenario, line, played
from vestibule.core.conversion import Watch

ENOUGH = 2_000
"""How many numbers would cost far more than a day may, where nothing stopped them."""
OTHERS_OF_A_COUNTRY = 20
"""How many more go out in a country before it is stopped, where ordinary codes pay for some."""
UNANSWERED = [one for one in SCENARIOS if not one.answered]
(ANSWERED,) = [one for one in SCENARIOS if one.answered]


@pytest.mark.slow
@pytest.mark.row("ATK-56", "SMS-09")
@pytest.mark.parametrize(
    ("scenario", "numbers"),
    [(one, NUMBERS if one is UNANSWERED[0] else ENOUGH) for one in UNANSWERED],
    ids=[one.name for one in UNANSWERED],
)
def test_a_day_of_codes_that_nobody_types(
    scenario: Scenario, numbers: int, record_property: Callable[[str, object], None]
) -> None:
    """Thousands of numbers get few codes in any range or country, which cost a part of what a day
    may, and nobody who logs in is refused one.
    """
    day, watch = played(scenario, numbers), Watch()
    record_property("pumping", line(day))

    assert numbers * PRICE > PER_DAY
    assert day.spent < PER_DAY / 2
    assert 0 < day.most_in_a_range <= watch.range
    assert day.sent <= watch.country + OTHERS_OF_A_COUNTRY
    assert day.asked["known"] == 4 * (AT_HOME + ABROAD)
    assert day.refused["known"] == day.refused["abroad"] == day.refused["at home"] == 0


@pytest.mark.slow
@pytest.mark.row("ATK-56", "C16")
def test_a_day_that_money_alone_ends(record_property: Callable[[str, object], None]) -> None:
    """Whoever types enough codes to stop no area is stopped by what a day may cost: strangers spend
    four fifths of it and no more, and known browsers go on.
    """
    day = played(ANSWERED, ENOUGH)
    record_property("pumping", line(day))

    assert PER_DAY * 4 / 5 - PRICE < day.spent <= PER_DAY
    assert Watch().country < day.sent <= PER_DAY * 4 / 5 / PRICE
    assert day.refused["at home"] > 0
    assert day.asked["known"] == 4 * (AT_HOME + ABROAD)
    assert day.refused["known"] == 0
