"""A town of people: as many copies of one as are wanted, made inside the database.

Each has an authenticator app, both ledgers and a browser that is signed in. Ids and hashes are as
scattered as real ones, so that indexes grow as they do in life.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Table,
    Text,
    cast,
    func,
    insert,
    literal,
    select,
    text,
    true,
)

from vestibule.store import tables
from vestibule.store.database import Database, connect

SHARE: Final = 100_000


def fill(url: str, model: str, first: int, last: int) -> None:
    """Copy the subject `model` once for every number from `first` to `last`, the new subjects."""
    engine = connect(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(connection.connection.driver_connection)
            connection.rollback()
        for start in range(first, last + 1, SHARE):
            numbers = _numbers(start, min(start + SHARE - 1, last))
            for table in (tables.enrolment, tables.ledger, tables.passage):
                connection.execute(_copying(table, model, numbers))
            connection.commit()
    engine.dispose()


def settle(url: str) -> None:
    """Do at once what a database does by itself in time, so that it is not done while we look."""
    database = Database(connect(url))
    with database.read() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        else:
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))
    database.close()


def token_of(number: int) -> str:
    """Return the token of the browser in which that copy is signed in."""
    return f"token {number}"


def _copying(table: Table, model: str, numbers: CTE) -> Any:
    number = cast(numbers.c.n, Text)
    changed: Mapping[str, ColumnElement[Any]] = {
        "id": func.substr(func.encode(_hash(f"{table.name} ", number), "hex"), 1, 32),
        "subject": number,
        "token_hash": _hash("token ", number),
        "browser_hash": _hash("browser ", number),
    }
    columns = [changed.get(column.name, column) for column in table.c]
    copies = (
        select(*columns).select_from(table.join(numbers, true())).where(table.c.subject == model)
    )
    return insert(table).inline().from_select(list(table.c), copies)


def _hash(kind: str, number: ColumnElement[str]) -> ColumnElement[bytes]:
    hashed: ColumnElement[bytes] = func.sha256(func.convert_to(literal(kind) + number, "UTF8"))
    return hashed


def _numbers(first: int, last: int) -> CTE:
    begun = select(literal(first).label("n")).cte("numbers", recursive=True)
    return begun.union_all(select(begun.c.n + 1).where(begun.c.n < last))


def _prepare_sqlite(driver: Any) -> None:
    """Give SQLite the functions that PostgreSQL has, and memory enough to fill it quickly."""
    told: Any = {"deterministic": True}
    driver.create_function("convert_to", 2, lambda value, _: value.encode(), **told)
    driver.create_function("sha256", 1, lambda value: hashlib.sha256(value).digest(), **told)
    driver.create_function("encode", 2, lambda value, _: value.hex(), **told)
    driver.execute("PRAGMA cache_size = -1000000")
