"""What operators do: make an installation, rotate its keys, come back from a backup."""

import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from vestibule.bootstrap import keys as key_files
from vestibule.bootstrap.assemble import Parts
from vestibule.core import events, registry
from vestibule.core.errors import DeploymentError
from vestibule.core.factor import Env, Factor
from vestibule.core.model import Enrolment, Origin
from vestibule.core.registry import Registry
from vestibule.core.vault import (
    address_place,
    contact_place,
    destination_place,
    enrolment_place,
    parked_place,
    receipt_place,
)
from vestibule.secretbox import KEY_BYTES, SealError, SecretBox
from vestibule.store import installation, migrate
from vestibule.store.database import Database, connect, shown, sqlite_file
from vestibule.store.delivery_desk import DeliveryDesk
from vestibule.store.installation import Installation
from vestibule.system import SystemClock, SystemRandom

OPERATOR = Origin(agent="command line")
_log = logging.getLogger("vestibule.keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What `initialise` made."""

    installation: str
    made_keys: bool
    made_store: bool
    database_url: str
    """Where it is, to be shown: without a password."""


def initialise(database_url: str, key_file: Path) -> Made:
    """Make keys and store a pair. What is there already is kept; what does not fit is refused."""
    made_keys = not key_file.exists()
    fresh = _fresh_keys() if made_keys else key_files.read(key_file)
    if fresh.development:
        raise DeploymentError(
            f"{key_file} holds development keys; choose another --key-file for production"
        )
    file = sqlite_file(database_url)
    if file is not None:
        _make_room(file)
    with closing(Database(connect(database_url))) as database:
        found = installation.read(database)
        if found is not None and found.development:
            raise DeploymentError(
                "The database was made for development: name another with --database-url"
            )
        if found is not None and found.id != fresh.installation:
            raise DeploymentError(
                f"The database already belongs to installation {found.id[:8]}…: give its key file "
                "with --key-file, or another database"
            )
        migrate.upgrade(database)
        if made_keys:
            key_files.write(key_file, fresh)
        if found is None:
            made = Installation(
                id=fresh.installation, epoch=1, development=False, created_at=SystemClock().now()
            )
            installation.write(database, made)
    return Made(
        installation=fresh.installation,
        made_keys=made_keys,
        made_store=found is None,
        database_url=shown(database_url),
    )


def _fresh_keys() -> key_files.Keys:
    random = SystemRandom()
    return key_files.Keys(installation=random.bytes(16).hex(), keys={1: random.bytes(KEY_BYTES)})


def _make_room(file: Path) -> None:
    """Make a database file that nobody else reads; one with other tables in it is refused."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if installation.is_anothers(file):
        raise DeploymentError(
            f"{file} has tables of another application: give Vestibule a file of its own"
        )
    # Secrets are sealed in it, but who did what and when is not.
    file.touch(mode=0o600)


def upgrade(database_url: str, revision: str = "head") -> str | None:
    """Bring a store forward; return the revision it is at then."""
    with closing(Database(connect(database_url))) as database:
        migrate.upgrade(database, revision)
        return migrate.current(database)


def downgrade(database_url: str, revision: str) -> str | None:
    """Bring a store back; return the revision it is at then."""
    with closing(Database(connect(database_url))) as database:
        migrate.downgrade(database, revision)
        return migrate.current(database)


def describe(parts: Parts) -> dict[str, object]:
    """Return how an installation stands: numbers, lists and words, each by its name."""
    here = installation.read(parts.database)
    context = parts.engine.context
    counts = parts.upkeep.counts(context.realm, context.now())
    waiting = DeliveryDesk(parts.database, context.realm).waiting(context.now())
    longest = waiting.longest
    return {
        "installation": here.id if here else None,
        "epoch": here.epoch if here else None,
        "revision": migrate.current(parts.database),
        "newest revision": migrate.NEWEST,
        "keys": sorted(parts.ring.keys),
        "profile": context.profile.name,
        "factors": [f.name for f in context.registry.methods()],
        **counts,
        "messages waiting": waiting.count,
        "longest wait seconds": None if longest is None else int(longest.total_seconds()),
    }


def rotate_keys(parts: Parts, key_file: Path) -> tuple[int, int]:
    """Add a key to the file and seal every value anew; return its version and how many there were.

    Running processes notice the file before they seal again. The old keys stay in the file: codes
    on their way were derived from them, and backups were sealed with them.
    """
    keys = key_files.read(key_file).rotated(SystemRandom().bytes(KEY_BYTES))
    key_files.write(key_file, keys)
    version = max(keys.keys)
    count = reseal(parts)
    context = parts.engine.context
    fact = events.KeysRotated(version=version, resealed=count)
    parts.upkeep.add_events([context.event(fact, "", context.now(), OPERATOR)])
    return version, count


def reseal(parts: Parts) -> int:
    """Seal under the newest key whatever is sealed under an older one; return how many values.

    A value that does not open (an altered row, or one under a key that is lost) stays as it is, and
    the log names its row.
    """
    box = parts.engine.vault.box
    newest = parts.ring.newest()

    def under_newest(place: Callable[[dict[str, Any]], str]) -> Callable[..., bytes | None]:
        def reseal_one(row: dict[str, Any], sealed: bytes) -> bytes | None:
            try:
                return _resealed(box, sealed, newest, place(row))
            except SealError:
                name = row.get("id") or row["subject"]
                _log.warning("the sealed value of row %s does not open and stays", name)
                return None

        return reseal_one

    return sum(
        parts.upkeep.reseal(table, column, keys, under_newest(place))
        for table, column, keys, place in SEALED
    )


SEALED: tuple[tuple[str, str, tuple[str, ...], Callable[[dict[str, Any]], str]], ...] = (
    (
        "enrolment",
        "secret",
        ("id", "realm", "subject"),
        lambda row: enrolment_place(row["realm"], row["subject"], row["id"]),
    ),
    ("passage", "parked", ("id",), lambda row: parked_place(row["id"])),
    ("passage", "contact", ("id",), lambda row: contact_place(row["id"])),
    ("message", "destination", ("id",), lambda row: destination_place(row["id"])),
    ("delivery_try", "receipt", ("message_id",), lambda row: receipt_place(row["message_id"])),
    (
        "obligation",
        "sealed_address",
        ("realm", "subject"),
        lambda row: address_place(row["realm"], row["subject"]),
    ),
)
"""Every sealed column, the columns that name its row, and the place its values are bound to."""


def after_restore(parts: Parts) -> int:
    """Make a store that came from a backup safe to open; return the new epoch.

    What was used since the backup was made would be fresh again: so every session and login under
    way ends, and each factor says what of its own still counts. Raises `DeploymentError`, having
    changed nothing, where there are enrolments of a factor that nobody can ask.
    """
    context = parts.engine.context
    now = context.now()
    env = context.env(now)
    parts.upkeep.end_everything(lambda enrolment: _moved_on(context.registry, enrolment, env))
    epoch = installation.next_epoch(parts.database)
    parts.upkeep.add_events([context.event(events.Restored(epoch=epoch), "", now, OPERATOR)])
    return epoch


def purge(parts: Parts) -> dict[str, int]:
    """Clear out what is over and of no more use; return how much of each kind it was."""
    context = parts.engine.context
    shown_once = [factor.name for factor in context.registry if factor.traits.shown_once]
    return parts.upkeep.purge(context.now(), shown_once)


def _moved_on(on: Registry, enrolment: Enrolment, env: Env) -> Enrolment:
    name = enrolment.factor
    if name in on:
        return on[name].after_restore(enrolment, env)
    if name in registry.house_names():
        # Switched off it counts for nothing; it must not once it is on again, either.
        ours = cast("Factor", registry.factor_type(name)())
        return ours.after_restore(enrolment, env)
    raise DeploymentError(
        f"Some people have the factor {name!r}, which VESTIBULE_FACTORS does not name, so nobody "
        "can say what of it was used since the backup. Name it for this command; nothing was "
        "changed yet"
    )


def _resealed(box: SecretBox, sealed: bytes, newest: int, place: str) -> bytes | None:
    if box.version(sealed) == newest:
        return None
    return box.seal(box.open(sealed, place=place), place=place)


__all__ = [
    "Made",
    "after_restore",
    "describe",
    "downgrade",
    "initialise",
    "purge",
    "reseal",
    "rotate_keys",
    "upgrade",
]
