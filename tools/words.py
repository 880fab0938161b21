"""Collect the texts that people read, and bring the catalogues of their translations up to date.

Writes `vestibule.pot` and each language's `vestibule.po`, and compiles these. A text that is new
stands in the .po without a translation; one that is no longer used is dropped.
"""

import ast
import dataclasses
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from vestibule.core.presentation import Presentation
from vestibule.languages import DOMAIN, SHIPPED

HOUSE = Path(__file__).parents[1] / "src" / "vestibule"
UNREAD = "testing"
"""The folder whose texts no user of a host's reads."""
TEMPLATE = SHIPPED / f"{DOMAIN}.pot"
SAYING = {"_", "gettext", "marked"}
"""The functions whose first argument is a text."""
TEXTS_OF = {
    "Presentation": {
        field.name
        for field in dataclasses.fields(Presentation)
        if field.name not in {"icon", "questions"}
    },
    "Question": {"label", "hint"},
    "Unusable": {"text"},
}
"""The classes whose arguments are texts, by name."""
HEADER = """\
# Texts of Vestibule.
# `make words` keeps this file up to date; the translations are yours to change.
#"""
BLANK = (
    b'"Project-Id-Version',
    b'"Report-Msgid-Bugs-To',
    b'"POT-Creation-Date',
    b'"PO-Revision-Date',
    b'"Last-Translator',
    b'"Language-Team',
    b'"Generated-By',
)
"""Lines of a head that nobody fills in."""
# A catalogue says the same whenever it is written.
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)


def texts() -> dict[str, list[str]]:
    """Return every text that people read, with the files it stands in."""
    found: dict[str, list[str]] = {}
    for path in sorted(HOUSE.rglob("*.py")):
        if UNREAD not in path.relative_to(HOUSE).parts:
            _keep(found, path, _in_module(path))
    environment = Environment(autoescape=True)
    for path in sorted(HOUSE.rglob("*.html")):
        if UNREAD not in path.relative_to(HOUSE).parts:
            tree = environment.parse(path.read_text("utf-8"))
            said = extract_from_ast(tree, gettext_functions=("_",))
            _keep(found, path, (_first(told) for _, _, told in said))
    return found


def _first(told: str | tuple[str | None, ...] | None) -> str:
    """Return the text of a call that may have places to fill besides."""
    return str(told[0] if isinstance(told, tuple) else told)


def _keep(found: dict[str, list[str]], path: Path, said: Iterator[str]) -> None:
    place = path.relative_to(HOUSE).as_posix()
    for text in said:
        places = found.setdefault(text, [])
        if place not in places:
            places.append(place)


def _in_module(path: Path) -> Iterator[str]:
    if path.parent.name == "core" and path.stem == "presentation":
        yield from _defaults()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in SAYING and node.args and isinstance(node.args[0], ast.Constant):
            yield str(ast.literal_eval(node.args[0]))
        for argument in node.keywords:
            if argument.arg in TEXTS_OF.get(name, ()):
                yield from _literal(argument.value)


def _defaults() -> Iterator[str]:
    """Return what is said of a factor that says nothing of its own."""
    for field in dataclasses.fields(Presentation):
        if field.name in TEXTS_OF["Presentation"] and isinstance(field.default, str):
            yield from filter(None, [field.default])


def _literal(value: ast.expr) -> Iterator[str]:
    """Return the texts of an argument: of one text, or of a mapping to texts."""
    told = ast.literal_eval(value)
    yield from filter(None, told.values() if isinstance(told, dict) else [told])


def catalogues() -> list[Path]:
    """Return the .po file of every language there is."""
    return sorted(SHIPPED.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def template() -> Catalog:
    """Return every text, without a translation."""
    found = Catalog(header_comment=HEADER, charset="utf-8", creation_date=WRITTEN, fuzzy=False)
    for text, places in texts().items():
        found.add(text, locations=[(place, 0) for place in places])
    return found


def read(path: Path) -> Catalog:
    """Return a language's catalogue as it is written."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parts[-3])
    catalogue.creation_date = catalogue.revision_date = WRITTEN
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue as its .po file holds it; who wrote what and when is in the history."""
    out = io.BytesIO()
    write_po(out, catalogue, width=100, include_lineno=False, sort_output=True)
    lines = out.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(BLANK))


def compiled(catalogue: Catalog) -> bytes:
    """Return a catalogue as its .mo file holds it."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def main() -> int:
    """Write all files; return 1 where a text still wants a translation."""
    fresh, missing = template(), 0
    TEMPLATE.write_bytes(written(fresh))
    for path in catalogues():
        catalogue = read(path)
        catalogue.update(fresh, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        path.write_bytes(written(catalogue))
        path.with_suffix(".mo").write_bytes(compiled(read(path)))
        untold = [str(message.id) for message in catalogue if message.id and not message.string]
        missing += len(untold)
        print(f"{path.parts[-3]}: {len(catalogue)} texts, {len(untold)} not translated")
        print("".join(f"  {text}\n" for text in untold), end="")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
