"""Keys that somebody else may know."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site

SHORTEST: Final = 16
FEWEST_LETTERS: Final = 6
PLACEHOLDER: Final = re.compile(
    r"change.?(me|this|it)|placeholder|example|default|never.?guess|your.?(secret|key)|"
    r"(super|very|top).?secret|secret.?key|insecure|development|dev.?key|password|test.?key|"
    r"^(dev|test|secret|key|todo|none)\b|\bxxx+",
    re.IGNORECASE,
)
MAKE: Final = "python -c 'import secrets; print(secrets.token_hex())'"
OTHERS: Final = 0o077


def secret_key(site: Site) -> Iterator[Finding]:
    """Find a SECRET_KEY that is missing, short, or one that stands in a tutorial."""
    config = site.app.config
    named = [("SECRET_KEY", config.get("SECRET_KEY"))]
    named += [("SECRET_KEY_FALLBACKS", key) for key in config.get("SECRET_KEY_FALLBACKS") or ()]
    for name, key in named:
        fault = _fault(key)
        if fault is not None:
            yield Finding(
                severity=Severity.HOLE,
                fault="secret-key",
                where=name,
                what=f"{name} {fault}: who knows it signs in as anybody who has no second step.",
                mend=f"Set one that nobody knows: {MAKE}",
            )


def readable_key_file(site: Site) -> Iterator[Finding]:
    """Find a key file that other users of the machine can read."""
    file = site.settings.key_file
    if file is None or site.settings.keys is not None or not Path(file).exists():
        return
    if Path(file).stat().st_mode & OTHERS:
        yield Finding(
            severity=Severity.WARNING,
            fault="readable-keys",
            where="VESTIBULE_KEY_FILE",
            what="Others than its owner can read the key file.",
            mend=f"chmod 600 {file}",
        )


def _fault(key: object) -> str | None:
    if not key:
        return "is not set"
    text = key.decode("latin-1") if isinstance(key, bytes) else str(key)
    if len(text) < SHORTEST:
        return "is short"
    if len(set(text)) < FEWEST_LETTERS:
        return "is hardly random"
    if PLACEHOLDER.search(text):
        return "is a placeholder"
    return None
