"""What every request asks, said to the driver itself: one transaction, or one look.

SQLAlchemy writes the statements (`prepared`) and lends the connections. In between it stands aside
here: what it does for a statement takes longer than the statement, where the database is a file.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect

from vestibule.store.prepared import Prepared
from vestibule.store.together import guarded, together

Change = tuple[Prepared, Mapping[str, Any]]
"""A change, and the values it is carried out with."""
Guard = tuple[Prepared, Mapping[str, Any], Sequence[str]]
"""What locks the rows a ruling was made on, what it looks for, and their versions as seen."""


class Turn:
    """A connection's cursor while it is ours."""

    __slots__ = ("_cursor", "_dialect")

    def __init__(self, cursor: Any, dialect: Dialect) -> None:
        """Speak through `cursor`, in the words of `dialect`."""
        self._cursor = cursor
        self._dialect = dialect

    @property
    def dialect(self) -> str:
        """The name of the kind of database."""
        return self._dialect.name

    def rows(self, query: Prepared, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what is found, each row by the names of its columns."""
        written = query.written(self._dialect)
        self._cursor.execute(written.text, written.parameters(values))
        return [written.row(found) for found in self._cursor.fetchall()]

    def change(self, change: Prepared, values: Mapping[str, Any]) -> int:
        """Carry out a change and return how many rows it met."""
        written = change.written(self._dialect)
        self._cursor.execute(written.text, written.parameters(values))
        return int(self._cursor.rowcount)

    def change_together(self, changes: Sequence[Change]) -> Sequence[int]:
        """Carry out changes that meet no row twice, and return how many rows each has met.

        PostgreSQL is told of all at once: a way to the server and back takes longer than a change.
        """
        if self._dialect.name != "postgresql" or len(changes) == 1:
            return [self.change(change, values) for change, values in changes]
        if not changes:
            return ()
        whole = together(tuple(change for change, _ in changes), self._dialect)
        self._cursor.execute(whole.text, whole.parameters([values for _, values in changes]))
        counts: Sequence[int] = self._cursor.fetchone()
        return counts

    def change_if(self, guard: Guard, needed: Sequence[Change], others: Sequence[Change]) -> bool:
        """Carry out changes if what a guard locks is as it was seen; say whether it was.

        By one statement of PostgreSQL, whole or not at all: it is also refused where one of those
        `needed` meets no row.
        """
        held, asked, versions = guard
        changes = [*needed, *others]
        which = tuple(change for change, _ in changes)
        whole = guarded(held, which, len(needed), self._dialect)
        handed = whole.parameters([values for _, values in changes])
        driver: Any = self._dialect.loaded_dbapi
        try:
            self._cursor.execute(whole.text, handed | whole.lookout(asked, versions))
        except driver.errors.DivisionByZero:
            return False
        return self._cursor.fetchone() is not None

    def change_all(self, change: Prepared, values: Sequence[Mapping[str, Any]]) -> None:
        """Carry out a change once for each of `values`."""
        if len(values) == 1:
            self.change(change, values[0])
        elif values:
            written = change.written(self._dialect)
            self._cursor.executemany(written.text, [written.parameters(one) for one in values])
