"""An installation on a disk of its own, its clock and its operator, and the model beside it."""

import shutil
import sqlite3
import tempfile
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from tests.properties import rows
from tests.properties.model import Door, Held, Model
from tests.races.people import CHEAP_HASHES, LETTERS, Site, made_site

from vestibule.bootstrap import Parts
from vestibule.bootstrap.operate import after_restore, purge, rotate_keys
from vestibule.core.engine import Engine
from vestibule.core.limits import CERTAIN, Limits
from vestibule.core.model import PassageStatus
from vestibule.testing import FakeClock, FixedRandom

ODDS: Final = {
    "totp": 3 * CERTAIN // 10**6,
    "letters": CERTAIN // 10**6,
    "recovery_codes": 0,
}
"""What one wrong answer is worth against each factor."""
NUMBERS: Final = Limits(
    capacity=8 * ODDS["totp"],
    refill_per_year=8 * ODDS["totp"] * 365,
    attempts=3,
    consecutive=12,
    free_failures=5,
    longest_delay=timedelta(minutes=10),
)
"""Limits small enough to be met on a busy day."""

SUBJECTS: Final = ("ann", "bob")
Who = tuple[str, int]
"""A subject and the number of a browser."""


@dataclass(slots=True)
class Browser:
    """What one browser holds: the way in it knows, a login that waits, and its own cookie."""

    token: str = ""
    waiting: str = ""
    cookie: str = ""
    last_answer: str = ""
    """The last right answer given here."""
    old_letter: str = ""
    """A sent code that a newer one has replaced."""


class Household:
    """The engine on files of its own, driven step by step."""

    def __init__(self, place: Path, clock: FakeClock, seed: str) -> None:
        """Open a copy of the files in `place`, beside it."""
        self.place = Path(tempfile.mkdtemp(dir=place.parent))
        for file in place.iterdir():
            shutil.copy(file, self.place)
        config = {
            "VESTIBULE_DATABASE_URL": f"sqlite:///{self.place / 'store.db'}",
            "VESTIBULE_KEY_FILE": str(self.place / "vestibule.keys"),
            "VESTIBULE_FACTORS": ["totp", "recovery_codes", LETTERS],
            **CHEAP_HASHES,
        }
        self.site = Site(config, self.place)
        self.clock, self.random = clock, FixedRandom(seed)
        self.began = self.latest = self.now
        self.parts = self.opened()
        self.model, self.rows = Model(), rows.Rows()
        self.browsers = {(s, n): Browser() for s in SUBJECTS for n in (0, 1)}
        self.backup: tuple[dict[str, Held], dict[str, str], rows.Rows] | None = None

    def opened(self) -> Parts:
        """Return a new engine on the file, with small numbers."""
        parts = self.site.opened(self.clock, self.random)
        context = parts.engine.context
        profile = replace(context.profile, limits=NUMBERS, enrolments_per_factor=2)
        return replace(parts, engine=Engine(replace(context, profile=profile)))

    @property
    def engine(self) -> Engine:
        """Return the engine of the moment."""
        return self.parts.engine

    @property
    def now(self) -> datetime:
        """Return the moment the clock stands at."""
        return self.clock.now()

    def cleared_away(self) -> None:
        """Look for secrets in what rests on the disk, and clear it away."""
        self.parts.database.close()
        resting = b"".join(file.read_bytes() for file in self.place.glob("*.db*"))
        tokens = {token.encode() for token in (*self.model.tokens, *self.model.cookies)}
        for secret in self.model.secrets | tokens:
            assert secret not in resting
        shutil.rmtree(self.place)

    def live_door(self, browser: Browser) -> Door | None:
        """Return the door of a browser that is signed in."""
        door = self.model.door_of(browser.token)
        if door is None or not self.model.is_live(browser.token, self.now):
            return None
        passage = self.engine.standing(door.subject, browser.token).passage
        assert passage is not None
        assert passage.status is PassageStatus.GRANTED
        return door

    # The operator

    def time(self, by: int) -> None:
        """Time passes, or the clock is set back."""
        self.latest = max(self.latest, self.clock.move(seconds=by))

    def operate(self, what: str) -> None:
        """The operator does something."""
        if what == "restart":
            self.restart()
        elif what == "rotate":
            rotate_keys(self.parts, self.place / "vestibule.keys")
        elif what == "purge":
            purge(self.parts)
            self.model.purged(self.now)
        elif what == "back up":
            self.back_up()
        elif self.backup is not None:
            self.restore(*deepcopy(self.backup))

    def restart(self) -> None:
        """The process ends and another begins."""
        self.parts.database.close()
        self.parts = self.opened()

    def back_up(self) -> None:
        """The operator makes a backup."""
        source = sqlite3.connect(self.place / "store.db")
        target = sqlite3.connect(self.place / "backup")
        source.backup(target)
        source.close()
        target.close()
        self.backup = deepcopy((self.model.held, self.model.cookies, self.rows))

    def restore(self, held: dict[str, Held], cookies: dict[str, str], then: rows.Rows) -> None:
        """The operator puts the backup back, on a machine whose clock is right."""
        self.clock.stand_at(self.latest)
        self.parts.database.close()
        for file in self.place.glob("store.db*"):
            file.unlink()
        shutil.copy(self.place / "backup", self.place / "store.db")
        self.parts = self.opened()
        after_restore(self.parts)
        self.restart()
        self.model.restored(held, self.now)
        self.model.cookies = cookies
        self.rows = rows.Rows(answers=then.answers, last_event=then.last_event)


def empty_place(folder: Path) -> Path:
    """Make a folder in `folder` with an installation that nobody has used, and return it."""
    place = folder / "empty"
    place.mkdir()
    made_site(f"sqlite:///{place / 'store.db'}", place)
    return place
