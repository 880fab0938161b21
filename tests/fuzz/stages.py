"""Moments in which somebody may send anything: each can be gone back to, as if nothing was sent."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from zlib import crc32

from flask import Flask, got_request_exception
from hypothesis import HealthCheck, Phase, seed, settings
from sqlalchemy import select
from tests.flask.json_tour import sent_code
from tests.flask.shop import Browser, Shop
from werkzeug.test import TestResponse

from vestibule.store import tables

EXAMPLES: Final = int(os.environ.get("VESTIBULE_TEST_EXAMPLES", "0"))
"""How many for each test, in a long run which is not the same every time."""
NO_WAY: Final = "0" * 32
COUNTERS: Final = {"failures_known", "failures_stranger", "last_used_at"}
"""What a wrong answer may change of a way."""
RUNNING: Final = {"seen_at", "expires_at", "purpose"}
"""What a mere visit may change of a session: it may be asked for a fresh proof."""
Seen = list[tuple[Any, ...]]
Test = TypeVar("Test", bound=Callable[..., None])


def examples(count: int, name: str) -> Callable[[Test], Test]:
    """So many examples: the same every time for tests of one name, and others for each name."""
    chosen = settings(
        max_examples=EXAMPLES or count,
        # A failure here is made small by a long run: that takes longer than a test may.
        phases=set(Phase) if EXAMPLES else {Phase.generate},
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    if EXAMPLES:
        return chosen
    return lambda test: seed(crc32(name.encode()))(chosen(test))


@dataclass
class Stage:
    """One moment of one browser, in a shop in which others have a second step too."""

    name: str
    browser: Browser
    ways: list[str]
    """The ids of every way there is, whoever's."""
    whose: str = ""
    """Whose ways and sessions may change here: somebody's of whom no more would be asked."""
    code: str = ""
    """The code that is right here, where it proves nothing that is not proven yet."""
    errors: list[Exception] = field(default_factory=list)
    """What was raised while a request was answered."""
    _kept: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:"))
    _cookies: list[Any] = field(default_factory=list)
    _then: datetime | None = None

    def keep(self) -> "Stage":
        """Keep this moment."""
        with closing(sqlite3.connect(self.file)) as database:
            database.backup(self._kept)
        self._cookies = list(self._jar.items())
        self._then = self.browser.shop.clock.now()
        got_request_exception.connect(self._note, self.shop.app)
        return self

    @property
    def shop(self) -> Shop:
        """The shop."""
        return self.browser.shop

    @property
    def file(self) -> Path:
        """Where the shop's second step keeps everything."""
        return Path(str(self.shop.state.parts.database.engine.url.database))

    def go_back(self) -> None:
        """Be there again."""
        with closing(sqlite3.connect(self.file)) as database:
            self._kept.backup(database)
        self._jar.clear()
        self._jar.update(self._cookies)
        if self._then is not None:
            self.shop.clock.stand_at(self._then)
        self.shop.inbox.clear()
        self.shop.seen.clear()
        self.errors.clear()

    def sent(self, **request: Any) -> TestResponse:
        """Send a request as it is; what is raised meanwhile fails the test."""
        answer = self.browser.client.open(base_url="https://localhost", **request)
        assert self.errors == [], repr(self.errors[0])
        return answer

    def proven(self) -> Seen:
        """What only a proof may change: ways that are in force, and sessions that are through."""
        found: Seen = []
        with self.shop.state.parts.database.read() as connection:
            for table, status in ((tables.enrolment, "active"), (tables.passage, "granted")):
                query = select(*(c for c in table.c if c.name not in COUNTERS | RUNNING))
                mine = table.c.subject != self.whose
                found += map(tuple, connection.execute(query.where(table.c.status == status, mine)))
        return sorted(found, key=repr)

    @property
    def _jar(self) -> dict[Any, Any]:
        found: Any = self.browser.client._cookies  # noqa: SLF001 - there is no public way
        return cast("dict[Any, Any]", found)

    def close(self) -> None:
        """Close the shop."""
        self._kept.close()
        self.shop.close()

    def _note(self, sender: Flask, exception: Exception, **_: object) -> None:
        del sender
        self.errors.append(exception)


def nobody(folder: Path) -> Stage:
    """Somebody without a cookie."""
    member, ways = _member(folder)
    return Stage("nobody", member.shop.browser(), ways).keep()


def at_the_door(folder: Path) -> Stage:
    """Somebody who has the password, and so a login that waits."""
    member, ways = _member(folder)
    return Stage("at the door", member.shop.browser().wait(), ways).keep()


def proven_long_ago(folder: Path) -> Stage:
    """Somebody signed in by both steps, an hour ago."""
    member, ways = _member(folder)
    member.shop.clock.move(seconds=3600)
    member.get("/two-step/")
    return Stage("proven long ago", member, ways).keep()


def setting_up(folder: Path) -> Stage:
    """Somebody who began to add an app by a fresh proof, which is none any more."""
    member, ways = _member(folder)
    assert member.ask("/two-step/add/totp").status_code == 200
    member.shop.clock.move(seconds=400)
    member.get("/two-step/setup")
    return Stage("setting up", member, ways).keep()


def proven_now(folder: Path) -> Stage:
    """Somebody signed in by both steps just now: her own may change, and nobody else's."""
    member, ways = _member(folder)
    member.get("/two-step/")
    return Stage("proven now", member, ways, "maren", member.next_code()).keep()


def without(folder: Path) -> Stage:
    """Somebody signed in who has no second step."""
    member, ways = _member(folder)
    browser = member.shop.browser()
    browser.give_password("ines")
    browser.get("/two-step/")
    return Stage("without", browser, ways, "ines").keep()


Moment = Callable[[Path], Stage]
MOMENTS: Final[tuple[Moment, ...]] = (
    nobody,
    at_the_door,
    proven_long_ago,
    setting_up,
    proven_now,
    without,
)


def _member(folder: Path) -> tuple[Browser, list[str]]:
    """Somebody with an app, recovery codes and a mailbox, in a shop as in production."""
    factors = ["totp", "recovery_codes", "email"]
    shop = Shop.open(folder, production=True, VESTIBULE_FACTORS=factors)
    shop.browser().join("tobias")
    member = shop.browser().join("maren")
    member.ask("/two-step/add/email", {"address": "maren@post.example"})
    assert member.ask("/two-step/setup", {"code": sent_code(shop)}).status_code == 200
    return member, [e.id for name in ("maren", "tobias") for e in shop.engine.enrolments(name)]
