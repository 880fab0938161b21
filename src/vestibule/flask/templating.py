"""Where the templates of our pages are found: in our own folder, and in the factors'."""

from collections.abc import Mapping
from inspect import getfile
from pathlib import Path
from typing import Final

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader

OURS: Final = Path(__file__).parent / "templates"
AS_SHIPPED: Final = "as-shipped"
"""With its hyphen this is no factor's name."""


def loader_of(kinds: Mapping[str, type]) -> BaseLoader:
    """Return our templates, and each factor's own as `vestibule/<factor>/<page>.html`.

    `kinds` are the factors' classes by name; a factor keeps its templates in a folder `templates`
    beside its module. A host's own templates of the same name go before all of these, as they do
    with any blueprint; such a one can extend ours, which are `vestibule/as-shipped/<page>.html`
    besides.
    """
    own: dict[str, BaseLoader] = {
        name: FileSystemLoader(Path(getfile(kind)).parent / "templates")
        for name, kind in kinds.items()
    }
    own[AS_SHIPPED] = FileSystemLoader(OURS / "vestibule")
    return ChoiceLoader([FileSystemLoader(OURS), PrefixLoader({"vestibule": PrefixLoader(own)})])
