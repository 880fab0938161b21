"""The fixtures that the tests of this folder ask for."""

from tests.core.fixtures import letters_site, site, small_site

__all__ = ["letters_site", "site", "small_site"]
