"""Runs the migrations on the connection it is handed; Alembic calls it."""

from alembic import context

import vestibule.store.partial_indexes  # noqa: F401 - they belong to the tables
from vestibule.store.migrate import VERSION_TABLE
from vestibule.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    transactional_ddl=True,
)
# The caller's transaction is the migration's: all of it holds, or nothing.
context.run_migrations()
