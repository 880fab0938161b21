"""The fixtures that the tests of this folder ask for."""

from tests.core.fixtures import letters_site as letters_site
from tests.core.fixtures import site as site
from tests.core.fixtures import small_site as small_site
