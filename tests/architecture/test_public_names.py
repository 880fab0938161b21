"""The names a package promises are the names it has."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import pytest

# Packages whose names users import; each enters this test when it comes into being.
PUBLIC = [
    name
    for name in (
        "vestibule",
        "vestibule.flask",
        "vestibule.testing",
        "vestibule.testing.carriers",
        "vestibule.testing.contracts",
        "vestibule.server",
    )
    if (spec := find_spec(name)) and spec.origin
]


def public_names(module: ModuleType) -> set[str]:
    """What an explorer would find: neither modules nor names that begin with an underscore."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }


@pytest.mark.parametrize("name", PUBLIC)
def test_all_is_sorted(name: str) -> None:
    """A public package lists its names in order."""
    names = import_module(name).__all__

    assert sorted(names) == list(names)


@pytest.mark.parametrize("name", PUBLIC)
def test_all_is_complete(name: str) -> None:
    """A public package lists every name it has, and none that it has not."""
    module = import_module(name)

    assert public_names(module) == set(module.__all__) - {"__version__"}
