import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.core.site import Site

from vestibule.bootstrap import Parts, assemble, operate, read_settings
from vestibule.bootstrap import keys as key_files
from vestibule.core.engine import Engine
from vestibule.core.errors import ConfigurationError, DeploymentError, StoreUnavailableError
from vestibule.core.events import Event
from vestibule.secretbox import encode_key
from vestibule.store import installation
from vestibule.store.database import Database, connect
from vestibule.system import SystemClock, SystemRandom

Assemble = Callable[..., Parts]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Assemble]:
    """Assembles parts for the given settings and closes what it opened."""
    opened: list[Parts] = []

    def one(**settings: Any) -> Parts:
        config = {f"VESTIBULE_{name.upper()}": value for name, value in settings.items()}
        instance = tmp_path / "instance"
        parts = assemble(read_settings(config, {}), application="Site", instance=instance)
        opened.append(parts)
        return parts

    yield one
    for parts in opened:
        parts.database.close()


@pytest.fixture
def pair(database_url: str, tmp_path: Path) -> dict[str, str]:
    """An installation fit for production: its database and its key file."""
    key_file = tmp_path / "door.keys"
    operate.initialise(database_url, key_file)
    return {"database_url": database_url, "key_file": str(key_file)}


def test_an_initialised_pair_opens(made: Assemble, pair: dict[str, str]) -> None:
    """Keys and store that were made together open in production, with the system's own clock."""
    parts = made(**pair)

    assert isinstance(parts.engine.context.clock, SystemClock)
    assert isinstance(parts.engine.context.random, SystemRandom)
    assert not parts.engine.standing("ada", None).enrolled
    assert parts.courier is None


@pytest.mark.row("ATK-69", "ASVS-6.3.2")
def test_a_fresh_installation_holds_nobody(made: Assemble, pair: dict[str, str]) -> None:
    """What init made has no user, no factor and no event in it."""
    parts = made(**pair)
    with parts.database.read() as connection:
        for table in ("enrolment", "passage", "challenge", "ledger", "message", "event"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608


@pytest.mark.row("ATK-69", "ATK-80")
def test_an_empty_store_opens_no_door(
    made: Assemble, pair: dict[str, str], sqlite_url: str
) -> None:
    """A database with nothing in it is refused, and the message has the command."""
    empty = sqlite_url.replace("vestibule.sqlite3", "empty.sqlite3")
    Path(empty.removeprefix("sqlite:///")).touch()

    with pytest.raises(DeploymentError, match="an empty store would open every door") as refusal:
        made(**pair | {"database_url": empty})
    assert "vestibule init --database-url" in str(refusal.value)


@pytest.mark.row("ATK-69", "ATK-80")
def test_a_file_that_is_not_there_is_not_made(
    made: Assemble, pair: dict[str, str], sqlite_url: str
) -> None:
    """A SQLite file that is missing is refused, and is still missing afterwards."""
    missing = sqlite_url.replace("vestibule.sqlite3", "missing.sqlite3")

    with pytest.raises(DeploymentError, match="does not exist"):
        made(**pair | {"database_url": missing})
    assert not Path(missing.removeprefix("sqlite:///")).exists()


@pytest.mark.row("ATK-69")
def test_a_store_of_another_installation_is_refused(
    made: Assemble, pair: dict[str, str], tmp_path: Path
) -> None:
    """Keys of one installation open no other's store, and a command finds those of this one."""
    other = tmp_path / "other.keys"
    operate.initialise(f"sqlite:///{tmp_path / 'other.db'}", other)

    with pytest.raises(DeploymentError, match="different installations") as refusal:
        made(**pair | {"key_file": str(other)})
    found = re.search(r"grep -rl '([^']+)' /etc", str(refusal.value))
    assert found is not None
    assert found[1] in Path(pair["key_file"]).read_text("utf-8")
    assert found[1] not in other.read_text("utf-8")


@pytest.mark.row("ATK-68", "ATK-69")
def test_a_development_store_is_refused_in_production(
    made: Assemble, database_url: str, tmp_path: Path
) -> None:
    """A store made for development does not become one for production by other settings."""
    made(development=True, database_url=database_url)
    keys = key_files.read(tmp_path / "instance" / "vestibule-development.keys")
    path = tmp_path / "relabelled.keys"
    key_files.write(path, key_files.Keys(installation=keys.installation, keys=keys.keys))

    with pytest.raises(DeploymentError, match="made for development") as refusal:
        made(database_url=database_url, key_file=str(path))
    assert "vestibule init" in str(refusal.value)


def test_a_store_that_is_behind_is_refused(made: Assemble, pair: dict[str, str]) -> None:
    """A database older than the code is refused, and the message has the command that mends it."""
    database = Database(connect(pair["database_url"]))
    with database.write() as connection:
        connection.execute(text("UPDATE vestibule_version SET version_num = '0000'"))
    database.close()

    with pytest.raises(DeploymentError, match="older than this version") as refusal:
        made(**pair)
    assert "vestibule db upgrade" in str(refusal.value)


def test_a_store_that_is_ahead_is_refused(made: Assemble, pair: dict[str, str]) -> None:
    """A database newer than the code is refused everywhere: a newer version is what mends it."""
    database = Database(connect(pair["database_url"]))
    with database.write() as connection:
        connection.execute(text("UPDATE vestibule_version SET version_num = '9999'"))
    database.close()

    for refused in (
        lambda: made(**pair),
        lambda: operate.upgrade(pair["database_url"]),
        lambda: operate.downgrade(pair["database_url"], "0001"),
        lambda: operate.initialise(pair["database_url"], Path(pair["key_file"])),
    ):
        with pytest.raises(DeploymentError, match="newer than this version") as refusal:
            refused()
        assert "pip install --upgrade vestibule" in str(refusal.value)
        assert "db upgrade" not in str(refusal.value)


@pytest.mark.row("ATK-80")
def test_a_store_that_does_not_answer_is_not_an_empty_one(
    made: Assemble, pair: dict[str, str]
) -> None:
    """A database that is down raises our own exception, and nothing is assumed about it."""
    with pytest.raises(StoreUnavailableError):
        made(**pair | {"database_url": "postgresql://nobody@127.0.0.1:9/door"})


def test_development_sets_itself_up_once(made: Assemble, tmp_path: Path) -> None:
    """In development keys and store are made where the application keeps its own, and kept."""
    first = made(development=True)
    second = made(development=True)
    found = installation.read(second.database)

    names = {file.name for file in (tmp_path / "instance").iterdir()}
    assert {name for name in names if not name.endswith(("-wal", "-shm"))} == {
        "vestibule-development.db",
        "vestibule-development.keys",
    }
    assert found is not None
    assert found.development
    assert dict(first.ring.keys) == dict(second.ring.keys)


def test_development_takes_its_keys_in_one_line(made: Assemble, database_url: str) -> None:
    """In development the keys may be given in one line, and no file is made for them."""
    line = f"{'d' * 32};1={encode_key(SystemRandom().bytes(32))}"
    parts = made(development=True, database_url=database_url, keys=line)

    found = installation.read(parts.database)
    assert found is not None
    assert found.id == "d" * 32


@pytest.mark.row("ASVS-13.3.1/13.3.4")
def test_keys_in_one_line_open_what_the_file_sealed(
    made: Assemble, pair: dict[str, str], tmp_path: Path
) -> None:
    """The same keys open the same store, whether they come from a file or from one setting."""
    keys = key_files.read(Path(pair["key_file"]))
    line = ";".join([keys.installation, *(f"{v}={encode_key(k)}" for v, k in keys.keys.items())])
    sealed = made(**pair).engine.vault.seal_parked("p", b"session")

    other = made(database_url=pair["database_url"], keys=line)
    assert other.engine.vault.open_parked("p", sealed) == b"session"


@pytest.mark.row("ASVS-6.3.6", "NIST-03")
def test_strict_starts_only_with_what_cannot_be_phished(
    made: Assemble, pair: dict[str, str]
) -> None:
    """The strict profile with the shipped factors does not start, and says what to switch on."""
    with pytest.raises(ConfigurationError, match="phishing-resistant"):
        made(**pair, profile="strict")


def test_a_site_is_called_by_its_issuer(made: Assemble) -> None:
    """An app shows the issuer that was set, else the application's own name."""
    assert made(development=True).engine.context.issuer == "Site"
    assert made(development=True, issuer="Bakery").engine.context.issuer == "Bakery"


def test_listeners_are_told_after_the_commit(database_url: str, tmp_path: Path) -> None:
    """Whoever listens finds the event in the trail already when it is told of it."""
    found: list[bool] = []
    site = Site.open(database_url, tmp_path)

    def listen(event: Event) -> None:
        found.append(event.fact.name in site.told("ada"))

    context = replace(site.engine.context, after_commit=listen)
    site.parts = replace(site.parts, engine=Engine(context))
    site.enrol("ada").come_in()
    site.close()

    assert found == [True] * 5


@pytest.mark.row("ATK-74")
def test_nothing_assembled_prints_a_key(made: Assemble, pair: dict[str, str]) -> None:
    """Printing the parts, or anything in them, shows no key and no derived key."""
    parts = made(**pair)
    ring = parts.ring
    ring.derive(1, "seal")

    for value in (
        parts,
        parts.engine,
        parts.engine.context,
        parts.engine.vault,
        parts.settings,
    ):
        assert repr(ring.keys[1]) not in repr(value)
        assert repr(ring.derive(1, "seal")) not in repr(value)
