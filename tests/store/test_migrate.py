from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError
from tests.core.site import Site

from vestibule.store import migrate, partial_indexes, tables
from vestibule.store.database import Database, connect


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database."""
    opened = Database(connect(database_url))
    yield opened
    opened.close()


def names(engine: Engine) -> set[str]:
    """The tables there are, but for the one that remembers the revision."""
    return set(inspect(engine).get_table_names()) - {migrate.VERSION_TABLE}


def test_up_down_and_up_again(database: Database) -> None:
    """The migrations make every table, take every table away, and make them all again."""
    assert migrate.current(database) is None
    migrate.upgrade(database)
    assert names(database.engine) == set(tables.metadata.tables)
    assert migrate.current(database) == migrate.NEWEST

    migrate.downgrade(database, "base")
    assert names(database.engine) == set()
    assert migrate.current(database) is None

    migrate.upgrade(database)
    assert names(database.engine) == set(tables.metadata.tables)


def test_the_newest_revision_is_the_one_the_code_asks_for() -> None:
    """The revision that the code names is the last of the migrations."""
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))

    assert scripts.get_current_head() == migrate.NEWEST


def test_migrating_again_changes_nothing(database: Database) -> None:
    """Upgrading a store that is up to date does nothing to it."""
    migrate.upgrade(database)
    with database.write() as connection:
        connection.execute(text("INSERT INTO source VALUES ('a', 'b', 1, 0)"))
    migrate.upgrade(database)

    with database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM source")) == 1


def test_the_migrated_schema_is_the_one_the_code_knows(database: Database) -> None:
    """After all migrations the database holds exactly what the code knows."""
    migrate.upgrade(database)
    with database.engine.connect() as connection:
        options = {"version_table": migrate.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, tables.metadata)

    assert differences == []


def test_two_processes_may_migrate_at_once(database_url: str) -> None:
    """Of two processes that upgrade at the same moment one does it and the other finds it done."""
    databases = [Database(connect(database_url)) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate.upgrade, databases))

    assert migrate.current(databases[0]) == migrate.NEWEST
    for database in databases:
        database.close()


def test_postgresql_has_a_schema_of_its_own(postgresql_url: str) -> None:
    """In PostgreSQL everything of ours is in our own schema, beside whatever else is there."""
    database = Database(connect(postgresql_url))
    migrate.upgrade(database)

    assert set(inspect(database.engine).get_table_names(schema="public")) == set()
    assert set(inspect(database.engine).get_table_names(schema="vestibule")) >= {"event", "ledger"}
    database.close()


@pytest.mark.row("NIST-32", "ASVS-16.2.1..5,16.3.1..4,16.4.1")
def test_the_audit_trail_is_append_only(site: Site) -> None:
    """An event can be neither changed nor deleted by whoever uses the database as we do."""
    site.enrol()
    before = site.rows("event")
    verbs = ["UPDATE event SET name = 'x'", "DELETE FROM event"]
    if site.url.startswith("postgresql"):
        verbs.append("TRUNCATE event")
    for verb in verbs:
        with (
            pytest.raises(DBAPIError, match="append-only"),
            site.parts.database.engine.begin() as connection,
        ):
            connection.execute(text(verb))

    assert site.rows("event") == before
    assert len(before) > 0


def test_the_tables_of_the_code_are_named_by_rule() -> None:
    """Each key and index has a name that a migration can say."""
    for table in tables.metadata.tables.values():
        assert table.primary_key.name == f"pk_{table.name}"
        assert all(str(index.name).startswith(f"ix_{table.name}_") for index in table.indexes)
    assert all(str(index.name).startswith("ix_") for index in partial_indexes.PARTIAL)


def test_obligations_outlive_the_column_of_their_addresses(database: Database) -> None:
    """Since when somebody is obliged stays as it is, forward and back."""
    migrate.upgrade(database, "0003")
    with database.write() as connection:
        connection.execute(text("INSERT INTO obligation VALUES ('a', 'ada', 1, NULL, 2)"))

    migrate.upgrade(database)
    with database.write() as connection:
        assert connection.execute(text("SELECT * FROM obligation")).one() == (
            "a",
            "ada",
            1,
            None,
            2,
            None,
        )
        connection.execute(tables.obligation.update().values(sealed_address=b"sealed"))
    migrate.downgrade(database, "0003")

    with database.read() as connection:
        found = connection.execute(text("SELECT * FROM obligation")).one()
    assert found == ("a", "ada", 1, None, 2)
