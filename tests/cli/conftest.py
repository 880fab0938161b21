"""The fixtures that the tests of the commands ask for."""

from pathlib import Path

import pytest
from tests.cli.sites import Ground
from tests.core.fixtures import letters_site, site, small_site

__all__ = ["ground", "letters_site", "site", "small_site"]


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """Where applications are built, with an installation of production."""
    return Ground.lay(tmp_path)
