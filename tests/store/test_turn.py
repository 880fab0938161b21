from collections.abc import Iterator
from contextlib import AbstractContextManager

import psycopg
import pytest
from sqlalchemy import bindparam, column, func, select, table, text
from sqlalchemy.exc import ProgrammingError
from tests.heard import heard

from vestibule.core.errors import DeploymentError, StoreUnavailableError, UsageError
from vestibule.store import migrate, tables
from vestibule.store.database import Database, connect
from vestibule.store.prepared import Prepared
from vestibule.store.turn import Turn

ADD = Prepared(
    tables.source.insert().values(
        realm="here", address=bindparam("address"), failures=bindparam("failures"), as_of=0
    )
)
COUNT = Prepared(select(func.count().label("count")).select_from(tables.source))
FORGET = Prepared(tables.source.delete().where(tables.source.c.failures > bindparam("more_than")))
NOWHERE = Prepared(
    select(column("x")).select_from(table("nowhere")).where(column("x") == bindparam("secret"))
)
MISTAKEN = Prepared(select(func.no_such_function(bindparam("secret"))))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated store."""
    opened = Database(connect(database_url))
    migrate.upgrade(opened)
    yield opened
    opened.close()


def count(database: Database) -> int:
    """Return how many sources there are."""
    with database.look() as look:
        return int(look.rows(COUNT, {})[0]["count"])


def break_off(lent: AbstractContextManager[Turn]) -> None:
    """Ask something, and fail in the middle."""
    with lent as speaking:
        speaking.rows(COUNT, {})
        raise ZeroDivisionError


def break_off_a_change(database: Database) -> None:
    """Change something, and fail in the middle."""
    with database.turn() as turn:
        turn.change(ADD, {"address": "1", "failures": 1})
        raise ZeroDivisionError


def test_a_turn_is_committed_whole(database: Database) -> None:
    """What a turn changed is there for everybody once it has ended, and not before."""
    with database.turn() as turn:
        turn.change_all(ADD, [{"address": str(n), "failures": n} for n in range(3)])
        assert turn.rows(COUNT, {}) == [{"count": 3}]
        assert count(database) == 0

    assert count(database) == 3


def test_a_change_tells_how_many_rows_it_met(database: Database) -> None:
    """A change returns the number of rows it met, also where that is none."""
    with database.turn() as turn:
        turn.change_all(ADD, [{"address": str(n), "failures": n} for n in range(3)])

        assert turn.change(FORGET, {"more_than": 0}) == 2
        assert turn.change(FORGET, {"more_than": 0}) == 0


def test_changes_together_tell_how_many_rows_each_met(database: Database) -> None:
    """Several changes carried out together each have values of their own, and a count."""
    with database.turn() as turn:
        turn.change_all(ADD, [{"address": str(n), "failures": n} for n in range(4)])
        counts = turn.change_together(
            [
                (FORGET, {"more_than": 1}),
                (ADD, {"address": "a", "failures": 0}),
                (ADD, {"address": "b", "failures": 0}),
                (FORGET, {"more_than": 5}),
            ]
        )

    assert list(counts) == [2, 1, 1, 0]
    assert count(database) == 4


def test_postgresql_is_told_of_changes_together_at_once(database: Database) -> None:
    """Over a network every statement costs a journey: changes take one, where that can be."""
    with heard(database.engine) as said, database.turn() as turn:
        turn.change_together([(ADD, {"address": str(n), "failures": n}) for n in range(3)])

    assert len(said) == (1 if database.engine.dialect.name == "postgresql" else 3)


def test_no_changes_together_say_nothing(database: Database) -> None:
    """Where there is nothing to change no statement is run."""
    with heard(database.engine) as said, database.turn() as turn:
        assert list(turn.change_together([])) == []

    assert said == []


def test_nothing_is_said_for_nothing(database: Database) -> None:
    """A change for no values runs no statement."""
    with heard(database.engine) as said, database.turn() as turn:
        turn.change_all(ADD, [])

    assert said == []


def test_a_turn_that_fails_changes_nothing(database: Database) -> None:
    """Where a rule raises in the middle of a turn, all it has changed is as it was."""
    with pytest.raises(ZeroDivisionError):
        break_off_a_change(database)

    assert count(database) == 0
    with database.turn() as turn:
        turn.change(ADD, {"address": "1", "failures": 1})
    assert count(database) == 1


@pytest.mark.row("ATK-74", "ATK-80")
@pytest.mark.parametrize("kind", ["turn", "look"])
def test_what_the_database_refuses_is_told_by_its_kind(database: Database, kind: str) -> None:
    """Where a table is missing our own error names the command, quotes nothing, and all goes on."""
    lent = database.turn() if kind == "turn" else database.look()
    with pytest.raises(DeploymentError, match="vestibule db upgrade") as refusal, lent as speaking:
        speaking.rows(NOWHERE, {"secret": "s3cret"})

    assert "s3cret" not in str(refusal.value)
    assert "s3cret" not in str(refusal.value.__cause__)
    assert count(database) == 0


@pytest.mark.postgresql
def test_a_mistake_of_ours_is_not_told_as_an_outage(postgresql_url: str) -> None:
    """A statement that no database could understand is raised as what it is."""
    database = Database(connect(postgresql_url))
    with pytest.raises(psycopg.errors.UndefinedFunction), database.look() as look:
        look.rows(MISTAKEN, {"secret": "x"})
    with pytest.raises(ProgrammingError), database.read() as connection:
        connection.execute(MISTAKEN.statement, {"secret": "x"})
    database.close()


@pytest.mark.postgresql
@pytest.mark.row("ATK-73")
def test_what_cannot_be_stored_is_told_to_who_called(postgresql_url: str) -> None:
    """A text that PostgreSQL cannot hold is a mistake of the caller's, in words, not an outage."""
    database = Database(connect(postgresql_url))
    migrate.upgrade(database)
    with pytest.raises(UsageError, match="without NUL"), database.turn() as turn:
        turn.change(ADD, {"address": "a\x00b", "failures": 0})
    with pytest.raises(UsageError, match="without NUL"), database.write() as connection:
        connection.execute(ADD.statement, {"address": "a\x00b", "failures": 0})
    database.close()


def test_a_store_that_is_away_is_unavailable() -> None:
    """A database that nobody answers for is told in our own word, whatever is asked of it."""
    database = Database(connect("postgresql://nobody@127.0.0.1:1/none"))
    for lent in (database.turn(), database.look()):
        with pytest.raises(StoreUnavailableError), lent:
            pass


def test_a_look_leaves_no_transaction_behind(database: Database) -> None:
    """After a look, also one that broke off, the next turn is one transaction as ever."""
    with pytest.raises(ZeroDivisionError):
        break_off(database.look())

    with pytest.raises(ZeroDivisionError):
        break_off_a_change(database)
    assert count(database) == 0


def test_looks_and_turns_share_the_pool_with_all_others(database: Database) -> None:
    """What was lent comes back: no number of looks, turns and failures uses up the connections."""
    for number in range(40):
        assert count(database) == number
        with pytest.raises(DeploymentError), database.turn() as turn:
            turn.rows(NOWHERE, {"secret": "x"})
        with database.turn() as turn:
            turn.change(ADD, {"address": str(number), "failures": 0})
        with database.write() as connection:
            assert (
                connection.execute(text("SELECT count(*) FROM source")).scalar_one() == number + 1
            )


@pytest.mark.postgresql
def test_a_connection_that_was_cut_is_not_lent_again(postgresql_url: str) -> None:
    """After the server has cut a connection one request fails, and the next has a new one."""
    database = Database(connect(postgresql_url))
    migrate.upgrade(database)
    with database.turn() as turn:
        [row] = turn.rows(Prepared(select(func.pg_backend_pid().label("pid"))), {})
    other = Database(connect(postgresql_url))
    with other.read() as connection:
        connection.execute(select(func.pg_terminate_backend(row["pid"])))
    other.close()

    with pytest.raises(StoreUnavailableError):
        count(database)
    assert count(database) == 0
    database.close()
