import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    bindparam,
    create_engine,
    select,
)

from vestibule.store.prepared import Prepared

THING = Table(
    "thing",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("state", JSON),
    Column("is_good", Boolean),
    Column("hash", LargeBinary),
)
FIND = Prepared(
    select(THING.c.id.label("t_id"), THING.c.state, THING.c.is_good).where(
        THING.c.hash == bindparam("hash"), THING.c.id != 7
    )
)
CHANGE = Prepared(
    THING.update()
    .where(THING.c.id == bindparam("the_id"))
    .values(state=bindparam("state"), is_good=True)
)
SQLITE = create_engine("sqlite://").dialect
POSTGRESQL = create_engine("postgresql+psycopg://").dialect


def test_sqlite_is_handed_values_in_order() -> None:
    """For SQLite the values stand in the order of the statement, with its own constants between."""
    written = CHANGE.written(SQLITE)

    assert written.text == "UPDATE thing SET state=?, is_good=? WHERE thing.id = ?"
    assert written.parameters({"the_id": 3, "state": {"a": 1}}) == ['{"a": 1}', 1, 3]


def test_postgresql_is_handed_values_by_name() -> None:
    """For PostgreSQL the values go by their names, each cast to the type of its column."""
    written = CHANGE.written(POSTGRESQL)
    handed = written.parameters({"the_id": 3, "state": {"a": 1}})

    assert "state=%(state)s::JSON" in written.text
    assert (handed["the_id"], handed["state"].obj) == (3, {"a": 1})


def test_rows_bear_the_names_of_their_columns() -> None:
    """A row found is known by its labels, and what SQLite has no type for is what was put in."""
    written = FIND.written(SQLITE)

    assert written.row((3, '{"a": [1]}', 0)) == {"t_id": 3, "state": {"a": [1]}, "is_good": False}
    assert written.row((3, None, None)) == {"t_id": 3, "state": None, "is_good": None}


def test_postgresql_hands_over_what_was_put_in() -> None:
    """Of a row that PostgreSQL's driver found nothing is converted again."""
    found = (3, {"a": [1]}, False)

    assert list(FIND.written(POSTGRESQL).row(found).values()) == list(found)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL])
def test_a_value_that_is_left_out_is_an_error(dialect: Dialect) -> None:
    """A statement is not run with a value missing."""
    with pytest.raises(KeyError, match="state"):
        CHANGE.written(dialect).parameters({"the_id": 3})


def test_each_kind_of_database_has_its_own_text() -> None:
    """One statement is written once for each kind of database, and kept."""
    assert FIND.written(SQLITE) is FIND.written(SQLITE)
    assert FIND.written(SQLITE).text != FIND.written(POSTGRESQL).text
