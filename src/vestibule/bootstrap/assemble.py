"""Settings become an engine, a courier and the database behind them."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vestibule.bootstrap import configure, reach_and_prices
from vestibule.bootstrap import keys as key_files
from vestibule.core import registry
from vestibule.core.codes import Codes
from vestibule.core.engine import Context, Engine
from vestibule.core.engine.context import carries_any, tell_nobody
from vestibule.core.errors import DeploymentError, StoreUnavailableError
from vestibule.core.events import Event
from vestibule.core.ports import Brake, Clock, Random, Sender
from vestibule.core.vault import Vault
from vestibule.secretbox import KEY_BYTES, KeyRing, SecretBox
from vestibule.settings import Settings
from vestibule.store import SqlStore, installation, migrate
from vestibule.store.brake import SqlBrake
from vestibule.store.database import Database, closed_on_error, connect, sqlite_file
from vestibule.store.installation import Installation
from vestibule.store.upkeep import Upkeep
from vestibule.system import SystemClock, SystemRandom

if TYPE_CHECKING:
    from vestibule.bootstrap.carrying import Carrying
    from vestibule.delivery.courier import Courier
    from vestibule.delivery.hosting import Hosting

DEVELOPMENT_DATABASE: Final = "vestibule-development.db"
DEVELOPMENT_KEYS: Final = "vestibule-development.keys"

_log = logging.getLogger("vestibule.start")
_by_operator: ContextVar[bool] = ContextVar("vestibule_by_operator", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that was made for one application in one process."""

    engine: Engine
    carrying: "Carrying | None"
    """Who carries messages; None where nobody does."""
    upkeep: Upkeep
    brake: Brake
    database: Database
    ring: KeyRing = field(repr=False)
    settings: Settings

    @property
    def courier(self) -> "Courier | None":
        """Who delivers by hand, as a test or a command has it done."""
        return self.carrying.courier if self.carrying else None


def assemble(
    settings: Settings,
    *,
    application: str,
    instance: Path,
    clock: Clock | None = None,
    random: Random | None = None,
    sender: Sender | None = None,
    number_check: Callable[[str, str], object] | None = None,
    after_commit: Callable[[Event], None] | None = None,
) -> Parts:
    """Return the parts for `settings`; opens the database and looks whether it is the right one.

    In development whatever is missing is made in `instance`. Raises `DeploymentError` where the
    store is empty, another installation's, or older than this version of Vestibule.
    """
    clock, random = clock or SystemClock(), random or SystemRandom()
    profile = configure.profile_of(settings)
    factors = registry.load(settings.factors, profile, settings.factor_settings)
    reach, budget = reach_and_prices.reach_of(settings), reach_and_prices.budget_of(settings)
    keys, key_path, database = _opened(settings, instance, clock, random)
    with closed_on_error(database):
        here = _checked(database, keys, development=settings.development)
    ring = key_files.ring(keys, key_path)
    vault = Vault(SecretBox(ring, random.bytes))
    hosting = _hosting(settings, sender, database, clock, vault)
    context = Context(
        realm=settings.realm,
        issuer=settings.issuer or application,
        store=SqlStore(database),
        clock=clock,
        random=random,
        vault=vault,
        codes=Codes(ring=ring, epoch=here.epoch),
        registry=factors,
        profile=profile,
        notifies=hosting is not None and hosting.routes.tells,
        carries=hosting.routes.carries if hosting else carries_any,
        verifier=hosting if hosting and hosting.routes.hosts else None,
        reach=reach,
        budget=budget,
        after_commit=after_commit or tell_nobody,
    )
    brake = SqlBrake(database, settings.realm, profile.watch)
    return Parts(
        engine=Engine(context),
        carrying=_carrying(context, settings, hosting, brake, number_check),
        upkeep=Upkeep(database),
        brake=brake,
        database=database,
        ring=ring,
        settings=settings,
    )


def _hosting(
    settings: Settings, sender: Sender | None, database: Database, clock: Clock, vault: Vault
) -> "Hosting | None":
    """Return what knows the routes; None where nobody carries anything, and nothing is loaded."""
    if not settings.routes and sender is None:
        return None
    from vestibule.bootstrap import carrying

    return carrying.hosting(settings, sender, database, clock, vault)


def _carrying(
    context: Context,
    settings: Settings,
    hosting: "Hosting | None",
    brake: SqlBrake,
    number_check: Callable[[str, str], object] | None,
) -> "Carrying | None":
    if hosting is None:
        return None
    from vestibule.bootstrap import carrying

    return carrying.carrying(context, settings, hosting, brake, number_check)


@contextmanager
def started_by_operator() -> Iterator[None]:
    """Let an application start on any store meanwhile: a command is there to mend it."""
    before = _by_operator.set(True)
    try:
        yield
    finally:
        _by_operator.reset(before)


def check_store(settings: Settings) -> None:
    """Look once whether production's store is the one its keys belong to, and leave it closed.

    Raises `DeploymentError` where it is empty, another installation's, made for development, or
    older than this version. A store that does not answer just now is no reason not to start: the
    log says so, and the gate keeps shut until it does.
    """
    if _by_operator.get():
        return
    keys, database = configure.keys_of(settings), Database(connect(_existing(settings)))
    try:
        _checked(database, keys, development=False)
    except StoreUnavailableError as error:
        _log.warning("%s; nobody who has a second step gets in before it does", error)
    finally:
        database.close()


def _existing(settings: Settings) -> str:
    """Return the URL of production's store; SQLite would make a file that is not there."""
    url = str(settings.database_url)
    file = sqlite_file(url)
    if file is not None and not file.exists():
        raise DeploymentError(f"The database {file} does not exist. {configure.REMEDY}")
    return url


def _opened(
    settings: Settings, instance: Path, clock: Clock, random: Random
) -> tuple[key_files.Keys, Path | None, Database]:
    if not settings.development:
        path = Path(settings.key_file) if settings.key_file and not settings.keys else None
        return configure.keys_of(settings), path, Database(connect(_existing(settings)))
    url = settings.database_url or f"sqlite:///{instance / DEVELOPMENT_DATABASE}"
    path = None if settings.keys else Path(settings.key_file or instance / DEVELOPMENT_KEYS)
    instance.mkdir(parents=True, exist_ok=True)
    database = Database(connect(url))

    def make() -> Installation:
        keys = _development_keys(settings, path, random)
        return Installation(id=keys.installation, epoch=1, development=True, created_at=clock.now())

    with closed_on_error(database):
        migrate.upgrade(database)
        installation.write_first(database, make)
        return _development_keys(settings, path, random), path, database


def _development_keys(settings: Settings, path: Path | None, random: Random) -> key_files.Keys:
    if path is None:
        return key_files.from_setting(str(settings.keys))
    if not path.exists():
        fresh = key_files.Keys(
            installation=random.bytes(16).hex(),
            keys={1: random.bytes(KEY_BYTES)},
            development=True,
        )
        key_files.write(path, fresh)
    return key_files.read(path)


def _checked(database: Database, keys: key_files.Keys, *, development: bool) -> Installation:
    found = installation.read(database)
    if found is None:
        raise DeploymentError(
            f"The database is not one of Vestibule's, or is empty: an empty store would open every "
            f"door. {configure.REMEDY}"
        )
    if found.id != keys.installation:
        raise DeploymentError(
            "The key file and the database belong to different installations: "
            f"{keys.installation[:8]}… and {found.id[:8]}…. This database's key file is found by: "
            f"grep -rl 'installation {found.id[:8]}' /etc, or is in a backup; else set "
            "VESTIBULE_DATABASE_URL to the database of the key file"
        )
    if found.development and not development:
        raise DeploymentError(
            f"This store was made for development; production needs its own. {configure.REMEDY}"
        )
    if not development and migrate.known(database) != migrate.NEWEST:
        raise DeploymentError(
            "The database is older than this version of Vestibule. Run: vestibule db upgrade"
        )
    return found
