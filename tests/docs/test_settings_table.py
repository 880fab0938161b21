"""What docs/settings.md says of settings and numbers."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.docs.blocks import PAGES

from settings_table import PAGE, TABLES, described, settings_table, shown, written
from vestibule.bootstrap import read_settings
from vestibule.core.errors import ConfigurationError
from vestibule.core.limits import Limits

# Names of the test run itself, and of other programs' settings.
NOT_SETTINGS = re.compile(r"VESTIBULE_TEST_\w+")
SETTING = re.compile(r"\bVESTIBULE_[A-Z_]+\b")
OF_A_PAGE = "VESTIBULE_HARDWARE_TOKEN_"
"""The settings of the factor that docs/factors.md makes."""


@dataclass(frozen=True, kw_only=True)
class Wordless(Limits):
    """A class with a field that nobody has explained."""

    capacity: int = 1


@pytest.mark.row("ASVS-6.1.1")
@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_what_the_code_says(name: str) -> None:
    """Every setting, limit and number of a profile stands in the documents with the code's own
    default and meaning.
    """
    page = PAGE.read_text("utf-8")

    assert f"<!-- table: {name} -->\n" in page
    assert TABLES[name]() in page
    assert written(page) == page


@pytest.mark.row("ASVS-6.1.1")
def test_a_number_that_is_not_explained_is_an_error() -> None:
    """A table cannot be written while one of its fields has no docstring."""
    with pytest.raises(LookupError, match=r"Wordless\.capacity"):
        list(described(Wordless))


def test_a_default_is_shown_as_one_would_write_it() -> None:
    """A table shows lists as the setting takes them, odds in per cent and times in words."""
    assert "`totp,recovery_codes`" in settings_table()
    assert shown(Limits().capacity, "capacity") == "0.05 %"
    assert shown(Limits().longest_delay) == "1 hour"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_a_page_names_is_one(page: Path) -> None:
    """No page names a setting that Vestibule would refuse."""
    unknown = []
    for name in sorted(set(SETTING.findall(NOT_SETTINGS.sub("", page.read_text("utf-8"))))):
        try:
            read_settings({name: "1"}, {})
        except ConfigurationError as error:
            if "is no setting" in str(error) and not name.startswith(OF_A_PAGE):
                unknown.append(name)

    assert unknown == []
