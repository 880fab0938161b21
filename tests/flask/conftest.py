"""The fixtures that the tests of our own pages ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.flask.shop import Browser, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop in development mode."""
    opened = Shop.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def real_shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop as it is in production: over https, with a database and keys made for it."""
    opened = Shop.open(tmp_path, production=True)
    yield opened
    opened.close()


@pytest.fixture
def member(shop: Shop) -> Browser:
    """The browser of somebody who has just turned two-step login on."""
    return shop.browser().join()


@pytest.fixture
def waiting(member: Browser) -> Browser:
    """The browser of somebody whose password was right, before the second step."""
    return member.sign_out().wait()
