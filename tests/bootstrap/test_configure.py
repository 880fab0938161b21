from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from vestibule.bootstrap import check_production, read_settings
from vestibule.bootstrap import keys as key_files
from vestibule.bootstrap.configure import profile_of
from vestibule.bootstrap.keys import Keys
from vestibule.core.errors import ConfigurationError, DeploymentError
from vestibule.secretbox import encode_key
from vestibule.testing import FixedRandom

KEY = FixedRandom("configure").bytes(32)
GOOD = Keys(installation="a" * 32, keys={1: KEY})
COMMAND = "vestibule init --database-url"


def check(host_files: tuple[Path, ...] = (), **settings: Any) -> None:
    """Look whether such settings may go into production."""
    config = {f"VESTIBULE_{name.upper()}": value for name, value in settings.items()}
    check_production(read_settings(config, {}), host_files)


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    """A key file fit for production."""
    path = tmp_path / "door.keys"
    key_files.write(path, GOOD)
    return str(path)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database fit for production."""
    return f"sqlite:///{tmp_path / 'door.db'}"


def test_what_is_whole_is_not_refused(url: str, key_file: str, tmp_path: Path) -> None:
    """An explicit database and keys of its own pass, and nothing is opened or made by looking."""
    check(database_url=url, key_file=key_file, host_files=(tmp_path / "host.db",))
    check(database_url=url, keys=f"{'a' * 32};1={encode_key(KEY)}")
    check(database_url="postgresql://door@db.test/door", key_file=key_file)

    assert [file.name for file in tmp_path.iterdir()] == ["door.keys"]


@pytest.mark.row("ATK-69", "W7", "ASVS-13.4.2")
def test_no_database_is_refused(key_file: str) -> None:
    """Production needs a database that was named, and the message has the command for one."""
    with pytest.raises(DeploymentError, match="VESTIBULE_DATABASE_URL is not set") as refusal:
        check(key_file=key_file)

    assert COMMAND in str(refusal.value)


@pytest.mark.row("ATK-69", "W7")
def test_no_keys_are_refused(url: str, tmp_path: Path) -> None:
    """Production needs keys, and the message has the command that makes them."""
    with pytest.raises(DeploymentError, match="VESTIBULE_KEY_FILE is not set") as refusal:
        check(database_url=url)
    assert COMMAND in str(refusal.value)

    missing = str(tmp_path / "missing.keys")
    with pytest.raises(DeploymentError, match=r"missing\.keys does not exist") as refusal:
        check(database_url=url, key_file=missing)
    assert COMMAND in str(refusal.value)


@pytest.mark.row("ATK-69", "W7")
@pytest.mark.parametrize(
    "key", ["changeme", "A" * 43, "cGxlYXNlLXJlcGxhY2UtbWUtd2l0aC0zMi1ieXRlcyE"]
)
def test_a_placeholder_key_is_refused(url: str, tmp_path: Path, key: str) -> None:
    """A key out of an example is refused, in the setting and in the file, with what to run."""
    with pytest.raises(DeploymentError, match="vestibule init"):
        check(database_url=url, keys=f"{'a' * 32};1={key}")
    path = tmp_path / "door.keys"
    path.write_text(f"installation {'a' * 32}\nkey 1 {key}\n")
    with pytest.raises(DeploymentError, match="vestibule init"):
        check(database_url=url, key_file=str(path))


@pytest.mark.row("ATK-69", "ATK-68")
def test_development_keys_are_refused(url: str, tmp_path: Path) -> None:
    """Keys that were made in development do not open production."""
    path = tmp_path / "door.keys"
    key_files.write(path, Keys(installation="a" * 32, keys={1: KEY}, development=True))

    with pytest.raises(DeploymentError, match="made for development") as refusal:
        check(database_url=url, key_file=str(path))
    assert COMMAND in str(refusal.value)


@pytest.mark.parametrize("memory", ["sqlite://", "sqlite:///:memory:", "sqlite:///"])
def test_a_database_in_memory_is_refused(key_file: str, memory: str) -> None:
    """A database that forgets everything is none for production."""
    with pytest.raises(DeploymentError, match="all would be lost") as refusal:
        check(database_url=memory, key_file=key_file)
    assert COMMAND in str(refusal.value)


def test_the_hosts_own_file_is_refused(key_file: str, tmp_path: Path) -> None:
    """The application's own SQLite file is refused, however either is spelled, there or not yet."""
    host = tmp_path / "app.db"
    (tmp_path / "link.db").symlink_to(host)

    def refused(ours: Path, theirs: Path) -> None:
        with pytest.raises(DeploymentError, match="application's own SQLite file") as refusal:
            check(database_url=f"sqlite:///{ours}", key_file=key_file, host_files=(theirs,))
        assert COMMAND in str(refusal.value)

    refused(host, host)
    host.touch()
    refused(tmp_path / "link.db", host)
    (tmp_path / "sub").mkdir()
    refused(tmp_path / "sub" / ".." / "app.db", host)
    check(database_url=f"sqlite:///{tmp_path / 'other.db'}", key_file=key_file, host_files=(host,))


def test_any_other_database_is_refused(key_file: str) -> None:
    """A database we cannot use is refused before anything is opened."""
    for wrong in ("mysql://localhost/door", "door.db"):
        with pytest.raises(ConfigurationError, match="VESTIBULE_DATABASE_URL"):
            check(database_url=wrong, key_file=key_file)


def test_development_is_refused_nothing() -> None:
    """In development nothing needs to be set."""
    check(development=True)


def test_an_unknown_setting_is_an_error_of_configuration() -> None:
    """A misspelled setting, or one of a factor that is not switched on, stops the start."""
    for name in ("VESTIBULE_REALMS", "VESTIBULE_LETTERS_DIGITS"):
        with pytest.raises(ConfigurationError, match=name):
            read_settings({name: "x"}, {})
    with pytest.raises(ConfigurationError, match="totpp"):
        read_settings({"VESTIBULE_FACTORS": "totpp"}, {})


def test_the_process_environment_is_read_by_default() -> None:
    """Where no environment is handed in, the settings come from that of the process."""
    assert read_settings({"VESTIBULE_REALM": "shop"}).realm == "shop"


def test_a_profile_is_one_of_two(url: str) -> None:
    """A profile that does not exist is refused, and the two that do are named."""
    with pytest.raises(ConfigurationError, match="VESTIBULE_PROFILE is default or strict, not 'x'"):
        profile_of(read_settings({"VESTIBULE_PROFILE": "x"}, {}))
    assert profile_of(read_settings({}, {})).name == "default"


@pytest.mark.parametrize("minutes", [0, 61, -5])
def test_freshness_is_within_the_hour(minutes: int) -> None:
    """How fresh a proof must be is one minute to an hour."""
    with pytest.raises(ConfigurationError, match="VESTIBULE_FRESH_MINUTES"):
        profile_of(read_settings({"VESTIBULE_FRESH_MINUTES": minutes}, {}))
    named = profile_of(read_settings({"VESTIBULE_FRESH_MINUTES": "15"}, {}))
    assert named.fresh_for == timedelta(minutes=15)
