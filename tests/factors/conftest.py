"""The fixtures that the tests of this folder ask for."""

from tests.core.fixtures import small_site

__all__ = ["small_site"]
