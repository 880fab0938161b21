"""Two server processes for all tests of this folder, and an empty site for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.races.people import Site, made_site
from tests.races.servers import Servers

from vestibule.bootstrap import Parts


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Two server processes that wait for something to do."""
    both = Servers()
    yield both
    both.stop()


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Site:
    """An installation with nobody enrolled, on SQLite and on PostgreSQL."""
    return made_site(database_url, tmp_path)


@pytest.fixture
def parts(site: Site) -> Iterator[Parts]:
    """The engine of the test itself, on the site's database."""
    opened = site.opened()
    yield opened
    opened.database.close()
