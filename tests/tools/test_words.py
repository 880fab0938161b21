import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

import words
from vestibule.core import registry
from vestibule.core.presentation import Presentation

CATALOGUES = words.catalogues()
NAMES = [path.parts[-3] for path in CATALOGUES]
PLACE = re.compile(r"%\((\w+)\)s")
TO_RUN = "run `make words`, and translate what it names"


def shown() -> Iterator[str]:
    """Every text by which a factor of the house presents itself, as it is when it runs."""
    for kind in registry.types(registry.house_names()).values():
        presentation: Presentation = kind.presentation  # type: ignore[attr-defined]
        told = {k: v for k, v in asdict(presentation).items() if k not in {"icon", "questions"}}
        yield from told.pop("instead").values()
        yield from told.values()
        for question in presentation.questions:
            yield from (question.label, question.hint)


def test_german_is_there() -> None:
    """German comes with Vestibule."""
    assert "de" in NAMES


@pytest.mark.parametrize("path", CATALOGUES, ids=NAMES)
def test_every_text_is_translated(path: Path) -> None:
    """Each text that people read stands in each catalogue with a translation, and no other does."""
    told = {str(m.id): m.string for m in words.read(path) if m.id}

    assert told.keys() ^ words.texts().keys() == set(), TO_RUN
    assert [text for text, translation in told.items() if not translation] == [], TO_RUN


@pytest.mark.parametrize("path", CATALOGUES, ids=NAMES)
def test_a_translation_has_the_texts_places(path: Path) -> None:
    """A translation fills in what its text fills in, no less and nothing else."""
    differing = [
        m.id
        for m in words.read(path)
        if m.id and set(PLACE.findall(str(m.id))) != set(PLACE.findall(str(m.string)))
    ]

    assert differing == []


@pytest.mark.parametrize("path", CATALOGUES, ids=NAMES)
def test_what_is_compiled_is_what_is_written(path: Path) -> None:
    """A compiled catalogue is its .po file's, and neither it nor the template is out of date."""
    catalogue = words.read(path)

    assert path.with_suffix(".mo").read_bytes() == words.compiled(catalogue), TO_RUN
    assert words.TEMPLATE.read_bytes() == words.written(words.template()), TO_RUN
    assert path.read_bytes() == words.written(catalogue), TO_RUN


def test_what_factors_say_is_found() -> None:
    """Each text that a factor of the house shows is among those collected."""
    assert set(filter(None, shown())) - words.texts().keys() == set()


def test_a_text_is_found_wherever_it_stands() -> None:
    """Texts are collected from views, pages, factors, what a factor finds wrong, and messages."""
    places = {place for found in words.texts().values() for place in found}

    assert {
        "core/presentation.py",
        "delivery/render.py",
        "factors/phone/factor.py",
        "factors/phone/presentation.py",
        "factors/totp/templates/setup.html",
        "flask/templates/vestibule/code.html",
        "flask/views/login.py",
        "languages.py",
    } <= places
    assert "Call me instead" in words.texts()
