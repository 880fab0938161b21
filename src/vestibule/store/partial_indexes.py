"""The indexes over some rows of a table alone.

They stand apart from the tables, because naming an option of a database's own loads all that
SQLAlchemy knows of that database, and a site that starts on another one would wait for it. Whoever
compares or makes tables imports this as well.
"""

from sqlalchemy import Column, Index, text

from vestibule.store.tables import message, passage


def _over(rows: str, *columns: Column[object]) -> Index:
    """Return an index over the rows of which that holds; it belongs to its table from here on."""
    return Index(None, *columns, sqlite_where=text(rows), postgresql_where=text(rows))


PARTIAL = (
    _over("browser_hash IS NOT NULL", passage.c.browser_hash),
    _over("challenge_id IS NOT NULL", message.c.challenge_id),
    # What every round of the courier asks for: codes that may still come back.
    _over("awaited IN ('asked', 'carried')", message.c.realm, message.c.created_at),
)
