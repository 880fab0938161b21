import os
import stat
import threading
from pathlib import Path

import pytest

from vestibule.bootstrap import keys as key_files
from vestibule.bootstrap.keys import Keys
from vestibule.core.errors import DeploymentError
from vestibule.secretbox import SecretBox, encode_key
from vestibule.testing import FixedRandom

DRAWS = FixedRandom("keys")
FIRST, SECOND, THIRD = (DRAWS.bytes(32) for _ in range(3))
KEYS = Keys(installation="a" * 32, keys={1: FIRST, 2: SECOND})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a key file goes."""
    return tmp_path / "door" / "vestibule.keys"


def test_keys_are_read_as_they_were_written(path: Path) -> None:
    """A key file holds the installation, the versions and whether it is for development."""
    for keys in (KEYS, Keys(installation="b", keys={7: THIRD}, development=True)):
        key_files.write(path, keys)
        assert key_files.read(path) == keys


@pytest.mark.row("ASVS-13.3.1/13.3.4")
def test_a_key_file_is_its_owners_alone(path: Path) -> None:
    """Nobody but its owner can read a key file, whatever the process's mask is."""
    before = os.umask(0)
    try:
        key_files.write(path, KEYS)
        key_files.write(path, KEYS.rotated(THIRD))
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_file_is_replaced_whole(path: Path) -> None:
    """Whoever reads while keys are written sees the old file or the new, and never a part."""
    key_files.write(path, KEYS)
    stop, seen, errors = threading.Event(), set(), []

    def keep_reading() -> None:
        while not stop.is_set():
            try:
                seen.add(max(key_files.read(path).keys))
            except DeploymentError as error:
                errors.append(error)

    reader = threading.Thread(target=keep_reading)
    reader.start()
    keys = KEYS
    for _ in range(50):
        keys = keys.rotated(THIRD)
        key_files.write(path, keys)
    stop.set()
    reader.join()

    assert errors == []
    assert seen <= set(range(2, 53))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_write_that_fails_leaves_the_old_file(path: Path) -> None:
    """Keys that cannot be written leave the file as it was."""
    key_files.write(path, KEYS)
    path.with_name(f"{path.name}.{os.getpid()}.new").mkdir()

    with pytest.raises(OSError, match="directory"):
        key_files.write(path, KEYS.rotated(THIRD))

    assert key_files.read(path) == KEYS


@pytest.mark.row("ASVS-13.3.1/13.3.4")
def test_a_running_process_notices_a_rotation(path: Path) -> None:
    """A box made before a rotation seals under the new key after it, without a restart."""
    key_files.write(path, KEYS)
    box = SecretBox(key_files.ring(key_files.read(path), path), DRAWS.bytes)
    old = box.seal(b"secret", place="here")
    key_files.write(path, KEYS.rotated(THIRD))
    new = box.seal(b"secret", place="here")

    assert (box.version(old), box.version(new)) == (2, 3)
    assert box.open(old, place="here") == box.open(new, place="here") == b"secret"


@pytest.mark.row("ATK-80")
def test_a_key_file_that_is_away_for_a_moment_stops_nothing(path: Path) -> None:
    """A process that has its keys goes on while the file is gone, and notices it coming back."""
    key_files.write(path, KEYS)
    box = SecretBox(key_files.ring(key_files.read(path), path), DRAWS.bytes)
    away = path.rename(path.with_suffix(".away"))
    assert box.version(box.seal(b"secret", place="here")) == 2

    away.unlink()
    key_files.write(path, KEYS.rotated(THIRD))
    assert box.version(box.seal(b"secret", place="here")) == 3


def test_a_rotation_between_reading_and_watching_is_noticed(path: Path) -> None:
    """Keys rotated while a process was starting are noticed by it all the same."""
    key_files.write(path, KEYS)
    read_before = key_files.read(path)
    key_files.write(path, KEYS.rotated(THIRD))
    box = SecretBox(key_files.ring(read_before, path), DRAWS.bytes)

    assert box.version(box.seal(b"secret", place="here")) == 3


@pytest.mark.row("ATK-80", "ATK-74")
def test_a_wrong_file_under_a_running_process_changes_nothing(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken key file, or another installation's, is warned of, and the keys are kept."""
    key_files.write(path, KEYS)
    box = SecretBox(key_files.ring(KEYS, path), DRAWS.bytes)
    key_files.write(path, Keys(installation="other", keys={9: THIRD}))
    assert box.version(box.seal(b"secret", place="here")) == 2
    path.write_text(f"{encode_key(THIRD)}\n")
    assert box.version(box.seal(b"secret", place="here")) == 2

    assert "another installation's" in caplog.text
    assert "not of a key file" in caplog.text
    assert encode_key(THIRD) not in caplog.text


def test_a_rotation_adds_a_newer_key_and_keeps_the_old() -> None:
    """A rotated key ring has every key it had, and one that is newer than all."""
    rotated = KEYS.rotated(THIRD)

    assert rotated.keys == {1: FIRST, 2: SECOND, 3: THIRD}
    assert rotated.installation == KEYS.installation


def test_keys_fit_into_one_line() -> None:
    """A platform without files can hold the same keys in one setting."""
    line = f"{'a' * 32};1={encode_key(FIRST)};2={encode_key(SECOND)}"

    assert key_files.from_setting(line) == KEYS
    assert key_files.from_setting(f" {line} ; ") == KEYS
    padded = f"{'a' * 32};1={encode_key(FIRST)}=;2={encode_key(SECOND)}="
    assert key_files.from_setting(padded) == KEYS


@pytest.mark.row("ATK-69", "ASVS-13.3.1/13.3.4", "W7")
@pytest.mark.parametrize(
    "line",
    [
        "",
        ";",
        "a",
        "a;",
        "a;1",
        "a;1=",
        "a;one=" + encode_key(FIRST),
        "a;1=changeme",
        "a;1=" + "A" * 43,
        "a;1=" + encode_key(FIRST)[:-2],
        "a b;1=" + encode_key(FIRST),
    ],
)
def test_a_line_that_holds_no_keys_is_refused_with_the_remedy(line: str) -> None:
    """Keys that are empty, cut or a placeholder are refused by the setting's name."""
    with pytest.raises(DeploymentError, match="VESTIBULE_KEYS") as refusal:
        key_files.from_setting(line)

    assert encode_key(FIRST)[:10] not in str(refusal.value)


@pytest.mark.row("W7", "ATK-74")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "installation a\n",
        f"key 1 {encode_key(FIRST)}\n",
        "installation\n",
        f"installation a\n{encode_key(FIRST)}\n",
    ],
)
def test_a_file_that_holds_no_keys_is_refused_by_name(path: Path, text: str) -> None:
    """A file that is no key file is refused by its name."""
    path.parent.mkdir()
    path.write_text(text)

    with pytest.raises(DeploymentError, match=path.name) as refusal:
        key_files.read(path)
    assert encode_key(FIRST) not in str(refusal.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A key file that cannot be read is told with its path and the reason."""
    with pytest.raises(DeploymentError, match=f"{tmp_path} cannot be read"):
        key_files.read(tmp_path)


@pytest.mark.row("ATK-74")
def test_keys_are_not_printed() -> None:
    """Printed keys show the installation and no key."""
    ring = key_files.ring(KEYS, None)

    for printed in (repr(KEYS), repr(ring)):
        assert encode_key(FIRST) not in printed
        assert repr(FIRST) not in printed
    assert KEYS.installation in repr(KEYS)
