"""What the documents show is so."""

import re
from pathlib import Path

import click
import pytest
from tests.docs.blocks import EVERY_DOCUMENT, PAGES, ROOT, blocks_of, commands_of, prose_of
from tests.docs.reader import DATABASE, Reader

from vestibule.cli import group

OURS = re.compile(r"(?:flask )?vestibule((?: [a-z][a-z-]*)+)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


@pytest.fixture
def database(page: Path, request: pytest.FixtureRequest) -> str:
    """The database server that a page wants; the one it names where it wants none."""
    wanted = any(DATABASE in block.text for block in blocks_of(page) if block.said != "not run")
    return str(request.getfixturevalue("postgresql_url")) if wanted else DATABASE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_reader_can_do_what_a_page_shows(page: Path, tmp_path: Path, database: str) -> None:
    """Whoever does in an empty folder what a page shows gets what the page promises."""
    reader = Reader(tmp_path, database)
    try:
        for block in blocks_of(page):
            reader.follow(block)
    finally:
        reader.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_there(page: Path) -> None:
    """Every make target and every command of ours that a page names exists."""
    targets = set(TARGET.findall((ROOT / "Makefile").read_text("utf-8")))
    unknown = [
        command
        for command in commands_of(page)
        if (command.startswith("make ") and command.split()[1] not in targets)
        or not _is_there(command)
    ]

    assert unknown == []


@pytest.mark.parametrize("page", EVERY_DOCUMENT, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Every link from one document to another leads to a file and a heading that are there."""
    dead = []
    for target in LINK.findall(prose_of(page)):
        path, _, heading = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        if "://" in target:
            continue
        if not other.exists() or (heading and heading not in _headings(other)):
            dead.append(target)

    assert dead == []


def _is_there(command: str) -> bool:
    """Whether a command that begins with our name goes on with one of our commands."""
    here: click.Command | None = group
    ours = OURS.match(command)
    for word in ours[1].split() if ours else []:
        if isinstance(here, click.Group):
            here = here.commands.get(word)
    return here is not None


def _headings(page: Path) -> set[str]:
    """What a link can name in a page, as sites that show Markdown spell it."""
    found = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}
