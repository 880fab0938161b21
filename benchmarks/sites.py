"""An installation made for production, in a database of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.databases import Place
from vestibule.bootstrap import Parts, assemble, read_settings
from vestibule.bootstrap.operate import initialise


@dataclass(frozen=True, slots=True)
class Site:
    """Where store and keys are: all that a process must know to open it."""

    url: str
    key_file: str
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further settings."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The settings that name both, and whatever else is set."""
        named = {"VESTIBULE_DATABASE_URL": self.url, "VESTIBULE_KEY_FILE": self.key_file}
        return {**named, **self.more}

    def opened(self) -> Parts:
        """Return an engine of this process's own."""
        folder = Path(self.key_file).parent
        return assemble(read_settings(self.config, {}), application="host", instance=folder)

    def to_text(self) -> str:
        """Return the site as another process reads it."""
        return json.dumps([self.url, self.key_file, dict(self.more)])

    @classmethod
    def from_text(cls, text: str) -> "Site":
        """Return what `to_text` wrote."""
        return cls(*json.loads(text))


def made(place: Place, more: Mapping[str, Any] | None = None) -> Site:
    """Make an installation, as an operator makes it; it may have more settings."""
    key_file = place.folder / "vestibule.keys"
    initialise(place.url, key_file)
    return Site(place.url, str(key_file), more or {})
