"""Migrations, forward and back, under Alembic with a version table of our own."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, column, inspect, select, table, text

from vestibule.core.errors import DeploymentError, UsageError
from vestibule.store.database import SCHEMA, Database

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE: Final = "vestibule_version"
NEWEST: Final = "0006"
"""The revision this version needs. Said here so that an application starts without Alembic."""
_VERSION: Final[Select[Any]] = select(column("version_num")).select_from(table(VERSION_TABLE))


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the store forward to `revision`; two processes doing so at once wait for each other."""
    if known(database) == NEWEST and revision in {"head", NEWEST}:
        return  # without Alembic, which takes longer to load than all the rest
    _run(database, "upgrade", revision)


def downgrade(database: Database, revision: str) -> None:
    """Bring the store back to `revision` (`base` for an empty one)."""
    known(database)
    _run(database, "downgrade", revision)


def current(database: Database) -> str | None:
    """Return the revision the store is at, None where it has no tables of ours."""
    with database.read() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        found: str | None = connection.scalar(_VERSION)
        return found


def known(database: Database) -> str | None:
    """Return the same; raise `DeploymentError` where only a newer version knows that revision."""
    found = current(database)
    if found is not None and found > NEWEST:
        raise DeploymentError(
            f"The database is newer than this version of Vestibule: its tables are at {found}, and "
            f"this version knows them up to {NEWEST}. Run: pip install --upgrade vestibule"
        )
    return found


def _run(database: Database, direction: str, revision: str) -> None:
    from alembic import command
    from alembic.util import CommandError

    config = _config()
    with database.write() as connection:
        alone(connection)
        config.attributes["connection"] = connection
        try:
            getattr(command, direction)(config, revision)
        except CommandError as error:
            raise UsageError(
                f"REVISION is 0001 to {NEWEST}, head for the newest, or base for no tables; "
                f"{revision!r} cannot be reached from here"
            ) from error


def alone(connection: Connection) -> None:
    """Wait until no other process makes or migrates a store; SQLite's write lock sees to it."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7613054)"))
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
