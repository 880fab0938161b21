"""A store that is made once, and lies ready wherever a test is about something else."""

from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from vestibule.bootstrap.assemble import DEVELOPMENT_DATABASE
from vestibule.store import migrate
from vestibule.store.database import Database, connect, sqlite_file


def lay(folder: Path) -> None:
    """Put an empty store where a site in development would make its own."""
    lay_at(f"sqlite:///{folder / DEVELOPMENT_DATABASE}")


def lay_at(url: str) -> None:
    """Put an empty store into a SQLite file that does not exist yet; another database is left."""
    file = sqlite_file(url)
    if file is not None and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_made())


@cache
def _made() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "made.sqlite3"
        with closing(Database(connect(f"sqlite:///{file}"))) as database:
            migrate.upgrade(database)
        return file.read_bytes()
