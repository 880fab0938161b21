"""What the doctor found: how grave, of what kind, where, and the one thing that mends it."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How grave a finding is."""

    HOLE = "hole"
    """Somebody can come in past the second step, or nobody can come in at all."""
    WARNING = "warning"
    """Weaker than it could be."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault."""

    severity: Severity
    fault: str
    """Its kind, as `--ignore` takes it."""
    where: str
    what: str
    mend: str

    def is_named(self, word: str) -> bool:
        """Say whether a word, `fault` or `fault:where`, means this one."""
        fault, _, where = word.partition(":")
        return fault == self.fault and where in {"", self.where}
