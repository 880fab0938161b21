from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import MetaData, create_engine, make_url
from tests.upgrade.house import DOOR, Browser, Record, create_app

from vestibule.cli import group
from vestibule.core.errors import DeploymentError
from vestibule.flask.state import state_of
from vestibule.store import migrate
from vestibule.testing import FakeClock, Inbox, SoftwareAuthenticator

HERE = Path(__file__).parent
SETUP = "/two-step/setup"


@dataclass
class House:
    """The site with the store that the first release left, and what its people hold."""

    url: str
    keys: Path
    record: Record
    inbox: Inbox
    clock: FakeClock

    def typed(self, *arguments: str) -> str:
        """What `vestibule …` prints."""
        settings = {"VESTIBULE_DATABASE_URL": self.url, "VESTIBULE_KEY_FILE": str(self.keys)}
        result = CliRunner(env=settings).invoke(group, arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def open(self) -> "Open":
        """The site with today's Vestibule."""
        app = create_app(self.url, self.keys, self.clock, seed="today", inbox=self.inbox)
        return Open(self, Browser(app))


@dataclass
class Open:
    """The same, running."""

    house: House
    fresh: Browser
    """A browser without cookies."""

    def browser(self, name: str) -> Browser:
        """What was somebody's browser then."""
        return Browser(self.fresh.app).hold(self.house.record.browsers[name])

    def code(self, name: str = "ada") -> str:
        """What somebody's app shows half a minute later."""
        self.house.clock.move(seconds=30)
        secret = bytes.fromhex(self.house.record.secrets[name])
        return SoftwareAuthenticator(secret).code(self.house.clock.now())


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> House:
    """The store as it was, not upgraded."""
    kind = make_url(database_url).get_backend_name()
    dump = (HERE / f"first.{kind}.sql").read_text()
    if kind == "sqlite":
        engine = create_engine(database_url)
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.executescript(dump)
        engine.dispose()
    else:
        plain = make_url(database_url).set(drivername="postgresql")
        with psycopg.connect(plain.render_as_string(hide_password=False)) as server:
            server.execute(dump.encode())
    keys = tmp_path / "first.keys"
    keys.write_text((HERE / "first.keys").read_text())
    keys.chmod(0o600)
    record = Record.read(HERE / f"first.{kind}.json")
    return House(database_url, keys, record, Inbox(), FakeClock(record.moment))


@pytest.fixture
def upgraded(house: House) -> Iterator[Open]:
    """The store as `vestibule db upgrade` leaves it, and the site open again."""
    house.typed("db", "upgrade")
    made = house.open()
    yield made
    state_of(made.fresh.app).close()


Rows = dict[str, list[dict[str, Any]]]


def rows(url: str) -> Rows:
    """Everything in every table."""
    schema = "vestibule" if url.startswith("postgresql") else None
    metadata, engine = MetaData(schema=schema), create_engine(url)
    with engine.connect() as connection:
        metadata.reflect(connection)
        found = {
            table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
            for table in metadata.tables.values()
            if table.name != migrate.VERSION_TABLE
        }
    engine.dispose()
    return {name: sorted(kept, key=repr) for name, kept in found.items()}


def as_before(before: Rows, now: Rows) -> Rows:
    """What stands now in the tables and columns that were there before."""
    return {
        name: [{column: row[column] for column in kept[0]} for row in now[name]] if kept else []
        for name, kept in before.items()
    }


def test_the_site_does_not_start_before_the_upgrade(house: House) -> None:
    """On the first release's store the site refuses to start, and names the command."""
    with pytest.raises(DeploymentError, match="vestibule db upgrade"):
        house.open()


def test_the_upgrade_keeps_every_row(house: House) -> None:
    """The upgrade ends at the newest revision, and changes no row that was there."""
    before = rows(house.url)
    told = house.typed("db", "upgrade")

    assert told == f"The database is at {migrate.NEWEST}.\n"
    assert as_before(before, rows(house.url)) == before
    assert {name for name, found in before.items() if found} >= {"enrolment", "passage", "ledger"}


def test_who_is_signed_in_stays_signed_in(upgraded: Open) -> None:
    """Whoever took both steps before the upgrade is in after it, and has the same ways."""
    laptop = upgraded.browser("signed in")

    assert laptop.sees() == "the letters of ada"
    ways = laptop.ask("/two-step/")
    assert [way["factor"] for way in ways["methods"]] == ["totp"]
    assert ways["recovery_codes"]["remaining"] == 3


def test_who_is_not_enrolled_stays_signed_in(upgraded: Open) -> None:
    """Whoever had no second step before the upgrade has none after it, and is in."""
    browser = upgraded.browser("not enrolled")

    assert browser.sees() == "the letters of bea"
    assert browser.ask("/two-step/")["methods"] == []


def test_who_waits_at_the_door_goes_in(upgraded: Open) -> None:
    """A login that waited during the upgrade ends with a code, where it was going."""
    browser = upgraded.browser("waiting")
    assert browser.sees() == ""

    answered = browser.send(DOOR, code=upgraded.code())

    assert (answered.status_code, answered.get_json()["location"]) == (200, "/letters")
    assert browser.sees() == "the letters of ada"


@pytest.mark.row("OTP-06", "ATK-29", "C6")
def test_a_used_code_stays_used(upgraded: Open) -> None:
    """The code that let somebody in before the upgrade lets nobody in after it."""
    browser, record = upgraded.browser("waiting"), upgraded.house.record
    secret = bytes.fromhex(record.secrets["ada"])
    assert SoftwareAuthenticator(secret).code(upgraded.house.clock.now()) == record.used_code

    assert browser.send(DOOR, code=record.used_code).status_code == 422
    assert browser.sees() == ""
    assert browser.send(DOOR, code=upgraded.code()).status_code == 200


def test_a_known_browser_stays_known(upgraded: Open) -> None:
    """A browser that had signed in before the upgrade is counted apart from strangers after it."""
    known = upgraded.browser("known")
    known.login("ada")
    upgraded.fresh.login("ada")

    assert (known.lane(), upgraded.fresh.lane()) == ("known", "stranger")
    assert known.send(DOOR, code=upgraded.code()).status_code == 200


@pytest.mark.row("ATK-20")
def test_recovery_codes_stay_good_once(upgraded: Open) -> None:
    """A recovery code from before the upgrade lets in once, and one used then not at all."""
    used, unused, *others = upgraded.house.record.recovery_codes

    def answer(code: str) -> int:
        browser = Browser(upgraded.fresh.app)
        browser.login("ada")
        return browser.send(DOOR, code=code).status_code

    assert [answer(code) for code in (used, unused, unused)] == [422, 200, 422]
    left = upgraded.browser("signed in").ask("/two-step/")["recovery_codes"]
    assert left["remaining"] == len(others)


@pytest.mark.row("ATK-37", "A5")
def test_the_password_alone_stays_out(upgraded: Open) -> None:
    """A session from before the second step opens nothing after the upgrade either."""
    browser = upgraded.browser("password only")

    assert browser.sees() == ""
    assert browser.get("/").text == "hello stranger"


def test_who_is_adding_an_app_goes_on(upgraded: Open) -> None:
    """An app that was scanned before the upgrade is confirmed after it."""
    browser = upgraded.browser("halfway")

    assert browser.send(SETUP, code=upgraded.code("cy")).status_code == 200
    other = Browser(upgraded.fresh.app)
    assert other.login("cy").location == DOOR


def test_messages_on_their_way_arrive(upgraded: Open) -> None:
    """Notices that the first release promised are sent after the upgrade, each once."""
    courier, inbox = upgraded.fresh.state.parts.courier, upgraded.house.inbox
    promised = len(rows(upgraded.house.url)["message"])
    assert courier is not None
    courier.deliver_due()
    assert courier.deliver_due() == 0

    assert {message.to for message in inbox.messages} == {"ada@mail.example"}
    assert len(inbox.messages) == promised == 3


def test_operators_go_on(upgraded: Open) -> None:
    """The commands read the trail of the first release and seal its secrets anew."""
    house = upgraded.house

    assert "enrolment_confirmed" in house.typed("events", "--subject", "ada")
    assert "Key 2 seals from now on" in house.typed("rotate-keys")
    house.typed("purge")
    assert upgraded.browser("signed in").sees() == "the letters of ada"
