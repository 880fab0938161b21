"""Catalogues for tests: a language of a host's own, and a stand-in for Arabic."""

import re
from collections.abc import Mapping
from pathlib import Path

from babel.messages.catalog import Catalog

import words

FILLER = (
    *("نص", "تجريبي", "يملأ", "مكان", "الجملة", "الأصلية", "حتى", "يمكن"),
    *("رؤية", "الصفحة", "من", "اليمين", "إلى", "اليسار"),
)
PLACE = re.compile(r"(%\(\w+\)s)")


def arabic(text: str) -> str:
    """Return Arabic words of about the length of a text, with its places among them."""
    return "".join(part if PLACE.fullmatch(part) else _filler(part) for part in PLACE.split(text))


def _filler(text: str) -> str:
    if not any(letter.islower() for letter in text):
        return text
    told = " ".join(FILLER[i % len(FILLER)] for i in range(max(1, len(text) // 5)))
    return f"{' ' * text.startswith(' ')}{told}{' ' * text.endswith(' ')}"


def bring(folder: Path, name: str = "ar", texts: Mapping[str, str] | None = None) -> Path:
    """Put a catalogue for a language into a host's folder: of `texts`, else of all in Arabic."""
    catalogue = Catalog(charset="utf-8")
    told = {text: arabic(text) for text in words.texts()} if texts is None else texts
    for text, translation in told.items():
        catalogue.add(text, translation)
    file = folder / name / "LC_MESSAGES" / "vestibule.mo"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(words.compiled(catalogue))
    return file
