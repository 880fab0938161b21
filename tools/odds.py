"""Play a year against the engine: what is the chance of somebody who has the password?

An owner logs in every day. A guesser has the password, all the time there is, and plays as well as
one can: he uses every way that is asked, at a browser's door and at a program's, and comes back the
very moment he is heard again. He has no cookie by which a browser is known. Each of his answers
that was compared with something is weighed by what it was worth, whatever the engine thinks of it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from odds_players import NEW_BROWSER, Guesser, Owner, Scenario, Year
from vestibule.bootstrap import Parts, assemble, read_settings
from vestibule.bootstrap.operate import purge
from vestibule.testing import FakeClock, FixedRandom

DAYS: Final = 365
LETTERS: Final = "vestibule.testing.letters:Letters"
BEFORE_A_NEW_ONE: Final = (NEW_BROWSER - 2, NEW_BROWSER - 1, 0)
HEADING: Final = f"{'a year against':<48}{'compared':>9}{'refused':>9}{'days in':>9}{'chance':>12}"
SCENARIOS: Final = (
    Scenario(name="default, an app"),
    Scenario(name="default, an app and letters", letters=True),
    Scenario(name="default, an app, renewed monthly", rebinds=True, stands_aside=True),
    Scenario(name="default, two apps", apps=2),
    Scenario(name="default, two apps, renewed monthly", apps=2, rebinds=True),
    Scenario(name="strict, an app and letters", profile="strict", letters=True),
    Scenario(
        name="strict, two apps and letters, renewed monthly",
        profile="strict",
        apps=2,
        letters=True,
        rebinds=True,
        stands_aside=True,
    ),
)


def year(scenario: Scenario) -> Year:
    """Play a year of the scenario and return what came of it."""
    with site(scenario) as (parts, clock):
        played, owner = Year(scenario), Owner(parts.engine, clock, scenario)
        guesser = Guesser(parts, clock, owner, played)
        start = clock.now()
        for number in range(1, DAYS + 1):
            morning = start + timedelta(days=number)
            if scenario.stands_aside and number % NEW_BROWSER in BEFORE_A_NEW_ONE:
                clock.stand_at(morning)
            else:
                guess_until(guesser, clock, morning)
            if owner.day(number):
                played.days_in += 1
            else:
                played.days_out += 1
            if scenario.rebinds and number % 30 == 0 and number % NEW_BROWSER:
                owner.renew()
            if number % 30 == 0:
                purge(parts)
    return played


def guess_until(guesser: Guesser, clock: FakeClock, until: datetime) -> None:
    """Let the guesser act whenever he is heard, up to a moment; the clock stands there then."""
    while True:
        guesser.act()
        if guesser.again_at >= until:
            break
        clock.stand_at(max(guesser.again_at, clock.now()))
    clock.stand_at(max(until, clock.now()))


@contextmanager
def site(scenario: Scenario) -> Iterator[tuple[Parts, FakeClock]]:
    """Lend an engine on a database in memory, and its clock."""
    settings = {
        "VESTIBULE_DEVELOPMENT": True,
        "VESTIBULE_DATABASE_URL": "sqlite://",
        "VESTIBULE_PROFILE": scenario.profile,
        "VESTIBULE_FACTORS": ["totp", "recovery_codes", LETTERS],
        "VESTIBULE_LETTERS_RESISTANT": True,
    }
    clock = FakeClock()
    with tempfile.TemporaryDirectory() as folder:
        parts = assemble(
            read_settings(settings, {}),
            application="Site",
            instance=Path(folder),
            clock=clock,
            random=FixedRandom(scenario.name),
        )
        yield parts, clock
        parts.database.close()


def line(played: Year) -> str:
    """Return a year's figures as a line of the table."""
    counts = f"{len(played.worth):>9}{played.refused:>9}{played.days_in:>9}"
    return f"{played.scenario.name:<48}{counts}{played.chance:>12.5%}"


def main() -> None:
    """Print a line for each scenario."""
    print(HEADING)
    for scenario in SCENARIOS:
        print(line(year(scenario)))


if __name__ == "__main__":
    main()
