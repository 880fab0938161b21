"""The key file: an installation id and versioned keys, read when they are needed.

It is text, one fact a line, so that an operator can look at it and a backup tool can hold it apart
from the database. A line `development` marks keys that production refuses.
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from vestibule.core.errors import DeploymentError
from vestibule.secretbox import KeyRing, decode_key, encode_key

_log = logging.getLogger("vestibule.keys")
MEND: Final = (
    "Restore it from its backup. Where nobody is enrolled yet, vestibule init makes another, at a "
    "--key-file that is not there yet"
)
HEADING: Final = (
    "# Vestibule's keys. Who has this file and the database has every secret: keep them apart.\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a key file or the setting VESTIBULE_KEYS says."""

    installation: str
    keys: Mapping[int, bytes] = field(repr=False)
    development: bool = False

    def rotated(self, fresh: bytes) -> "Keys":
        """Return the same with a newer key, which seals from now on."""
        return replace(self, keys={**self.keys, max(self.keys) + 1: fresh})


def parse(lines: list[str], origin: str) -> Keys:
    """Return the keys that `lines` tell of; raise `DeploymentError` where they tell none."""
    installation, development, keys = "", False, {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "installation" and len(words) == 2:  # noqa: PLR2004
            installation = words[1]
        elif words[0] == "development":
            development = True
        elif words[0] == "key" and len(words) == 3 and words[1].isdecimal():  # noqa: PLR2004
            keys[int(words[1])] = _key(words[2], origin)
        else:
            # By its number only: what it holds may be a key.
            raise DeploymentError(
                f"{origin} has a line that is not of a key file: line {number}. {MEND}"
            )
    if not installation or not keys:
        raise DeploymentError(f"{origin} holds no installation id or no key. {MEND}")
    return Keys(installation=installation, keys=keys, development=development)


def from_setting(value: str) -> Keys:
    """Return the keys in the one-line form `INSTALLATION;1=KEY;2=KEY`."""
    parts = [part.strip() for part in value.split(";") if part.strip()]
    installation, pairs = "".join(parts[:1]), parts[1:]
    lines = [f"installation {installation}"]
    lines += ["key " + " ".join(pair.split("=", 1)) for pair in pairs]
    return parse(lines, "VESTIBULE_KEYS")


def read(path: Path) -> Keys:
    """Return the keys in the file; raise `DeploymentError` where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DeploymentError(f"the key file {path} cannot be read ({error.strerror})") from error
    return parse(text.splitlines(), f"the key file {path.name}")


def write(path: Path, keys: Keys) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    lines = [HEADING, f"installation {keys.installation}\n"]
    if keys.development:
        lines.append("development keys: production refuses them\n")
    lines += [f"key {version} {encode_key(key)}\n" for version, key in sorted(keys.keys.items())]
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def ring(keys: Keys, path: Path | None) -> KeyRing:
    """Return the key ring; one from a file notices when the file is replaced."""
    if path is None:
        return KeyRing(keys.keys)
    watch = _Watch(path, keys.installation)
    return KeyRing(keys.keys, watch.newer)


class _Watch:
    """Reads the key file again when it was replaced: that is how a rotation reaches a process.

    A file that cannot be read, or is another installation's, changes nothing for a process that
    has its keys already.
    """

    def __init__(self, path: Path, installation: str) -> None:
        self._path = path
        self._installation = installation
        # Nothing seen yet: the file may have been replaced since the keys were read from it.
        self._seen: tuple[int, int] | None = None

    def newer(self) -> Mapping[int, bytes] | None:
        which = self._which_file()
        if which is None or which == self._seen:
            return None
        self._seen = which
        try:
            found = read(self._path)
        except DeploymentError as error:
            _log.warning("%s; going on with the keys read before", error)
            return None
        if found.installation != self._installation:
            _log.warning("%s is now another installation's; going on with ours", self._path.name)
            return None
        return found.keys

    def _which_file(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_ino)


def _key(text: str, origin: str) -> bytes:
    try:
        return decode_key(text)
    except ValueError as error:
        raise DeploymentError(f"{origin}: {error}. {MEND}") from error
