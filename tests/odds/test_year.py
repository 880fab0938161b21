"""The published odds: what a year of the best guessing comes to, against the engine itself."""

from collections.abc import Callable

import pytest

from odds import DAYS, SCENARIOS, line, year
from odds_players import NEW_BROWSER, Scenario

PUBLISHED = 0.001


@pytest.mark.slow
@pytest.mark.row("ATK-14", "ATK-18", "ASVS-6.3.1")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_year_of_guessing(
    scenario: Scenario, record_property: Callable[[str, object], None]
) -> None:
    """Whoever has the password and a year gets in with a chance of at most a tenth of a percent."""
    played = year(scenario)
    record_property("odds", line(played))

    assert 0 < played.chance <= PUBLISHED
    # What the engine charges is what an answer was worth, but for the bias of an app's digits.
    assert sum(played.charged) == pytest.approx(sum(played.worth), rel=1e-3)
    # A guesser may close the strangers' lane; in the known browser the owner gets in every day.
    assert played.days_in + played.days_out == DAYS
    assert played.days_out <= DAYS // NEW_BROWSER
