"""Fixtures that several folders of tests ask for; each folder's conftest names those it wants."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.core.site import LETTERS, Site


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site with authenticator apps and recovery codes; each test runs on both databases."""
    opened = Site.open(database_url, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def small_site(sqlite_url: str, tmp_path: Path) -> Iterator[Site]:
    """The same on SQLite only, for what no database has a say in."""
    opened = Site.open(sqlite_url, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def letters_site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site that also sends codes, with a carrier that keeps them."""
    opened = Site.open(
        database_url, tmp_path, config={"VESTIBULE_FACTORS": f"totp,recovery_codes,{LETTERS}"}
    )
    yield opened
    opened.close()
