"""Opening a database: SQLite with its own file in WAL mode, or PostgreSQL with its own schema."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from vestibule.core.errors import ConfigurationError
from vestibule.store import writers
from vestibule.store.refusals import in_our_words
from vestibule.store.turn import Turn
from vestibule.store.writers import PATIENCE, Writers

SCHEMA: Final = "vestibule"
OLDEST_SQLITE: Final = (3, 35, 0)
FIRST_TO_OPEN: Final = 100
"""How often a connection tries to be the one that brings a new file into WAL mode."""
READS_ONLY: Final = "vestibule_reads_only"
_READ_COMMITTED: Final = r"-cdefault_transaction_isolation=read\ committed"


def parse(url: str) -> URL:
    """Return the URL of a database we can use; raise `ConfigurationError` for any other."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        message = "VESTIBULE_DATABASE_URL is not a database URL such as sqlite:////var/lib/door.db"
        raise ConfigurationError(message) from error
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        message = f"VESTIBULE_DATABASE_URL: {parsed.drivername} is neither sqlite nor postgresql"
        raise ConfigurationError(message)
    return parsed


def shown(url: str) -> str:
    """Return a URL as it may be shown: with `***` in the place of a password, else as it is."""
    parsed = make_url(url)
    return parsed.render_as_string(hide_password=True) if parsed.password else url


def connect(url: str) -> Engine:
    """Return an engine for `url`. Nothing is opened until it is used."""
    parsed = parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    try:
        engine = create_engine(
            parsed,
            hide_parameters=True,  # what a statement was given stands in no log and no error
            pool_pre_ping=False,
            pool_recycle=1800,
            # The isolation is said aloud, because the server's default may be another: who waited
            # for a lock must see the rows as they are then, not as they were before the wait.
            #
            # Every row a request asks for has a key. A plan is made once a connection, perhaps
            # while the tables are small and uncounted: it must not read them whole ever after.
            connect_args={
                "autocommit": True,  # what is a transaction is begun aloud, as on SQLite
                "options": f"-csearch_path={SCHEMA} -cenable_seqscan=off {_READ_COMMITTED}",
                "connect_timeout": 5,
            },
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        message = "PostgreSQL needs its driver: pip install 'psycopg[binary]'"
        raise ConfigurationError(message) from error
    event.listen(engine, "begin", _begin_plainly)
    return engine


def reading(engine: Engine) -> Engine:
    """Return a view of `engine` for single reads, which need no transaction around them."""
    return engine.execution_options(**{READS_ONLY: True})


def sqlite_file(url: str) -> Path | None:
    """Return the file a SQLite URL names, None for memory or for another database."""
    parsed = parse(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        return None
    return Path(str(parsed.database))


def _sqlite(url: URL) -> Engine:
    # check_same_thread: the pool hands a connection to one thread at a time.
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": 10, "check_same_thread": False, "isolation_level": None},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, record: object) -> None:
    del record
    import sqlite3

    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        message = f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed"
        raise ConfigurationError(message)
    cursor = connection.cursor()
    writers.wait_always(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # an accepted code stays so when the power goes
    cursor.execute("PRAGMA foreign_keys=ON")
    write_ahead(cursor)
    cursor.close()


def write_ahead(cursor: Any) -> None:
    """Bring the file into WAL mode, where several processes may be the first to open it."""
    import sqlite3

    # Each try waits a moment for its own turn, and all of them together no longer than a writer.
    cursor.execute(f"PRAGMA busy_timeout={PATIENCE * 1000 / FIRST_TO_OPEN:.0f}")
    for _ in range(FIRST_TO_OPEN):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            # The change itself does not wait for others, so wait as a writer does and try again.
            with suppress(sqlite3.OperationalError):
                cursor.execute("BEGIN IMMEDIATE")
                cursor.execute("ROLLBACK")
        else:
            break
    else:
        cursor.execute("PRAGMA journal_mode=WAL")
    writers.wait_always(cursor)


def _begin_plainly(connection: Connection) -> None:
    if not connection.get_execution_options().get(READS_ONLY):
        _say_begin(connection.connection.cursor())


def _say_begin(cursor: Any) -> None:
    cursor.execute("BEGIN", prepare=False)  # the driver would prepare it, as whatever is said often


def _begin_immediate(connection: Connection) -> None:
    if not connection.get_execution_options().get(READS_ONLY):
        writers.begin(connection.connection.cursor())


class Database:
    """One engine, and the two ways to use it: a single read, or one whole transaction."""

    def __init__(self, engine: Engine) -> None:
        """Keep `engine`; nothing is opened yet."""
        self.engine = engine
        self._reader = reading(engine)
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._begin = writers.begin if self._is_sqlite else _say_begin
        self._writers = Writers() if self._is_sqlite else None

    @property
    def takes_one_writer(self) -> bool:
        """Whether writers are alone with the whole database, as in SQLite."""
        return self._is_sqlite

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Lend a connection for single reads."""
        with _translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Lend a connection inside one transaction, committed at the end or rolled back whole."""
        driver: Any = self.engine.dialect.loaded_dbapi
        try:
            with _translated(), self._alone(), self.engine.begin() as connection:
                yield connection
        except driver.Error as error:
            # Of what begins a transaction, which SQLAlchemy does not see: the connection is gone,
            # and the others in the pool most likely with it.
            if not self._is_sqlite:
                self.engine.dispose()
            _raise(error)

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Lend the driver's own connection inside one transaction, as `write` does."""
        with self._alone(), self._lent() as lent:
            cursor = lent.cursor()
            self._begin(cursor)
            yield Turn(cursor, self.engine.dialect)
            lent.commit()

    @contextmanager
    def look(self) -> Iterator[Turn]:
        """Lend the driver's own connection for a single read, which needs no transaction."""
        with self._lent() as lent:
            yield Turn(lent.cursor(), self.engine.dialect)

    def _alone(self) -> AbstractContextManager[None]:
        """Wait for the other writers where a database takes one at a time."""
        return nullcontext() if self._writers is None else self._writers.alone()

    @contextmanager
    def _lent(self) -> Iterator[Any]:
        """Lend a pooled connection; what is not committed is rolled back when it is given back."""
        dialect = self.engine.dialect
        driver: Any = dialect.loaded_dbapi
        lent: Any = None
        try:
            lent = self.engine.raw_connection()
            yield lent
        except (driver.Error, SQLAlchemyError) as error:
            if lent is not None and dialect.is_disconnect(
                cast("Any", error), lent.driver_connection, None
            ):
                # The others in the pool were most likely lost with it, as in a restart.
                lent.invalidate()
                self.engine.dispose()
            _raise(error)
        finally:
            if lent is not None:
                lent.close()

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


@contextmanager
def closed_on_error(database: Database) -> Iterator[None]:
    """Leave no connection open where what begins here breaks off."""
    try:
        yield
    except BaseException:
        database.close()
        raise


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a database says when it cannot answer into our own word for it."""
    try:
        yield
    except SQLAlchemyError as error:
        _raise(error)


def _raise(error: Exception) -> NoReturn:
    meant = in_our_words(error)
    if meant is None:
        raise error
    raise meant from error
