"""The languages our texts are told in: compiled catalogues (GNU gettext), and which one is meant.

English needs no catalogue, the texts are written in it; what a catalogue does not have is told in
English. A catalogue lies in a folder as `LANGUAGE/LC_MESSAGES/vestibule.mo`, in ours or in one of
the host's, which is asked first.
"""

import gettext
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

DOMAIN: Final = "vestibule"
SHIPPED: Final = Path(__file__).parent / "locales"
LONGEST_NAME: Final = 16
"""A message keeps the name of its language in a column of this width."""
_NAME: Final = re.compile(r"[A-Za-z]{2,3}(_[A-Za-z0-9]{2,8})*")
_RIGHT_TO_LEFT: Final = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_RIGHT_TO_LEFT_SCRIPTS: Final = frozenset({"arab", "hebr", "thaa"})
# First-strong isolate and its end (Unicode UAX 9): what stands between keeps its own direction.
_ISOLATE: Final = "\u2068"
_END: Final = "\u2069"
_PLACE: Final = re.compile(r"%\([^)]*\)[#0\- +.\d]*[A-Za-z]?")
_TOLD_OF_A_TEXT: Final = 60
_log = logging.getLogger("vestibule.languages")


class LanguageError(ValueError):
    """A language or a folder of catalogues is not there, or cannot be read; the message says it."""


def marked(text: str) -> str:
    """Return `text` as it is. It is translated where it is shown; `make words` finds it here."""
    return text


@dataclass(frozen=True, slots=True)
class Language:
    """One language, by the name of its folder: `de`, `pt_BR`."""

    name: str = "en"
    catalogue: gettext.NullTranslations = field(
        default_factory=gettext.NullTranslations, repr=False
    )
    house: gettext.NullTranslations = field(default_factory=gettext.NullTranslations, repr=False)
    """The same without what a host's folder has."""
    is_exact: bool = False
    """Whether a text is told only where it has each place of the house's, and no other."""
    noted: dict[tuple[str, str], object] = field(default_factory=dict, repr=False, compare=False)
    """The texts that a warning told of, so that it tells of each once."""

    @property
    def tag(self) -> str:
        """The name as HTML and HTTP write it (BCP 47)."""
        return self.name.replace("_", "-")

    @property
    def direction(self) -> str:
        """How it is read: `ltr` or `rtl`.

        >>> Language("fa_IR").direction, Language("ar_Latn").direction
        ('rtl', 'ltr')
        """
        first, *others = self.tag.lower().split("-")
        scripts = {part for part in others if len(part) == len("Arab") and part.isalpha()}
        if scripts:
            return "rtl" if scripts & _RIGHT_TO_LEFT_SCRIPTS else "ltr"
        return "rtl" if first in _RIGHT_TO_LEFT else "ltr"

    def gettext(self, text: str, **values: object) -> str:
        """Return `text` in this language, its `%(name)s` places filled.

        Where a catalogue's own places are none of ours the text is told as the house has it, and
        the log says so once: nobody is kept out by a slip of a translator's.
        """
        if not text:
            return ""  # to gettext, the empty text is the catalogue's own head
        said = self.catalogue.gettext(text)
        filling: Mapping[str, object] = values
        if self.direction == "rtl":
            filling = {name: _isolated(str(value)) for name, value in values.items()}
        if self.is_exact and _places(said) != _places(text):
            return self._house_words(text, said, filling)
        try:
            return said % filling if filling else said
        except (KeyError, TypeError, ValueError):
            return self._house_words(text, said, filling)

    def exact(self) -> "Language":
        """Return the same language for messages: none goes out whose text has lost a place.

        A page can do without one; a message whose text has lost the code is of use to nobody.
        """
        return replace(self, is_exact=True)

    def is_own(self, text: str) -> bool:
        """Say whether a host's folder has words of its own for `text`."""
        return self.catalogue.gettext(text) != self.house.gettext(text)

    def warn(self, text: str, why: str) -> None:
        """Say in the log why the words for `text` are not told, once for each text and reason."""
        mine = object()
        # One step, so that of several threads one alone is told that nobody was here.
        if self.noted.setdefault((text, why), mine) is mine:
            begins = text if len(text) <= _TOLD_OF_A_TEXT else f"{text[:_TOLD_OF_A_TEXT]}…"
            _log.warning("The words in %s for %r are not used: %s", self.name, begins, why)

    def _house_words(self, text: str, said: str, filling: Mapping[str, object]) -> str:
        self.warn(text, f"{_slip(text, said)}. What Vestibule says itself is told instead")
        house = self.house.gettext(text)
        told = text if house == said else house
        return told % filling if filling else told

    def moment(self, at: datetime) -> str:
        """Return a moment with its day; it is in UTC, and says so."""
        # How much of a date is told is its readers' custom, in a message too.
        return replace(self, is_exact=False).gettext(
            "%(year)s-%(month)s-%(day)s, %(hour)s:%(minute)s UTC",
            year=f"{at:%Y}",
            month=f"{at:%m}",
            day=f"{at:%d}",
            hour=f"{at:%H}",
            minute=f"{at:%M}",
        )

    def time_of_day(self, at: datetime) -> str:
        """Return a moment of today; it is in UTC, and says so."""
        return self.gettext(
            "%(hour)s:%(minute)s:%(second)s UTC",
            hour=f"{at:%H}",
            minute=f"{at:%M}",
            second=f"{at:%S}",
        )


class Languages:
    """Those there are a text can be told in; the first is for whoever understands none of them."""

    def __init__(self, only: Sequence[str] = (), folder: Path | None = None) -> None:
        """Read the catalogues: of the languages in `only`, or all there are, English first.

        `folder` is the host's. Raises `LanguageError` where it holds no catalogue, or `only` names
        a language that has none.
        """
        own = _names_in(folder) if folder is not None else []
        if folder is not None and not own:
            raise LanguageError(
                f"{folder} holds no catalogue: it needs LANGUAGE/LC_MESSAGES/{DOMAIN}.mo, compiled "
                f"from the {DOMAIN}.po beside it"
            )
        there = ["en", *sorted({*own, *_names_in(SHIPPED)} - {"en"})]
        folders = [place for place in (folder, SHIPPED) if place is not None]
        names = [_spelled(name, there) for name in only] or there
        self._all = [
            Language(name, _catalogue(name, folders), _catalogue(name, [SHIPPED])) for name in names
        ]
        self._by_tag = {language.tag.lower(): language for language in self._all}

    @property
    def names(self) -> list[str]:
        """The names, the first at the front."""
        return [language.name for language in self._all]

    def of(self, name: str) -> Language:
        """Return the language that is nearest to a name, else the first there is."""
        return self.best([name])

    def best(self, wanted: Iterable[str]) -> Language:
        """Return the nearest to the first wanted one that is there at all (RFC 4647, 3.4).

        >>> Languages().best(["xx", "de-AT", "en"]).name
        'de'
        """
        found = (self._nearest(tag) for tag in wanted)
        return next((language for language in found if language is not None), self._all[0])

    def _nearest(self, wanted: str) -> Language | None:
        parts = wanted.replace("_", "-").lower().split("-")
        for count in range(len(parts), 0, -1):
            found = self._by_tag.get("-".join(parts[:count]))
            if found is not None:
                return found
        # Who asks for Portuguese reads that of Brazil rather than English.
        same = (one for one in self._all if one.tag.lower().split("-")[0] == parts[0])
        return next(same, None)


def _names_in(folder: Path) -> list[str]:
    found = folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
    names = (path.parts[-3] for path in found)
    return [name for name in names if _NAME.fullmatch(name) and len(name) <= LONGEST_NAME]


def _spelled(name: str, there: Sequence[str]) -> str:
    """Return the name of a language as its folder is called, however it was written."""
    plain = name.replace("-", "_").lower()
    for one in there:
        if one.lower() == plain:
            return one
    raise LanguageError(f"there is no catalogue for {name!r}: there are {', '.join(there)}")


def _catalogue(name: str, folders: Sequence[Path]) -> gettext.NullTranslations:
    """Return a language's catalogue: each folder's own, then that of the language at large."""
    found = gettext.NullTranslations()
    for folder in folders:
        try:
            found.add_fallback(gettext.translation(DOMAIN, folder, [name], fallback=True))
        except (OSError, ValueError) as error:
            raise LanguageError(f"the catalogue for {name!r} in {folder}: {error}") from error
    return found


def _isolated(value: str) -> str:
    """Return a value that stays in its own order, in a sentence that is read from the right."""
    return value if value.isdecimal() else f"{_ISOLATE}{value}{_END}"


def _places(text: str) -> frozenset[str]:
    return frozenset(_PLACE.findall(text.replace("%%", "")))


def _slip(text: str, said: str) -> str:
    """Return what is wrong with the places in `said`, words for `text`."""
    ours, theirs = _places(text), _places(said)
    missing = f"{', '.join(sorted(ours - theirs))} missing" if ours - theirs else ""
    unknown = f"{', '.join(sorted(theirs - ours))} unknown" if theirs - ours else ""
    return ", ".join(filter(None, (missing, unknown))) or "a % that begins no place is written %%"
