"""Where the templates of our pages are found: in our own folder, and in the factors'."""

from collections.abc import Mapping
from inspect import getfile
from pathlib import Path
from typing import Final

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader

OURS: Final = Path(__file__).parent / "templates"


def loader_of(kinds: Mapping[str, type]) -> BaseLoader:
    """Return our templates, and each factor's own as `vestibule/<factor>/<page>.html`.

    `kinds` are the factors' classes by name; a factor keeps its templates in a folder `templates`
    beside its module. A host's own templates of the same name go before all of these, as they do
    with any blueprint.
    """
    own: dict[str, BaseLoader] = {
        name: FileSystemLoader(Path(getfile(kind)).parent / "templates")
        for name, kind in kinds.items()
    }
    return ChoiceLoader([FileSystemLoader(OURS), PrefixLoader({"vestibule": PrefixLoader(own)})])
