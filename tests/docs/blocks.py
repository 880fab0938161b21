"""The documents as a test sees them: their code blocks, with what a comment before each says.

The comment is for us, and readers never see it: `<!-- file: app.py -->` in front of a block, say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FOLDERS = ("*.md", "recipes/*.md", "carriers/*.md")
PAGES = [ROOT / "README.md", *(page for place in FOLDERS for page in sorted(DOCS.glob(place)))]
EVERY_DOCUMENT = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]

BLOCK = re.compile(
    r"(?:^<!-- (?P<said>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """One code block. `said` is what the comment before it tells, `about` what it tells it of."""

    page: Path
    line: int
    language: str
    said: str
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    """Every code block of a page, in order."""
    whole = page.read_text("utf-8")
    for match in BLOCK.finditer(whole):
        said, _, about = (match["said"] or "").partition(": ")
        line = whole.count("\n", 0, match.start("language")) + 1
        yield Block(page, line, match["language"], said, about, match["text"])


def prose_of(page: Path) -> str:
    """A page without its code blocks."""
    return BLOCK.sub("", page.read_text("utf-8"))


def commands_of(page: Path) -> Iterator[str]:
    """Every line that a reader could type: of the code blocks, and code between the words."""
    for block in blocks_of(page):
        if block.language in {"", "sh"}:
            yield from block.text.replace("\\\n", " ").splitlines()
    yield from INLINE.findall(prose_of(page))
