"""Write index.html beside pictures of pages: a story in each section, a page in each row."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

HEAD: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<title>Vestibule’s pages</title>
<style>
  body { font: 15px/1.4 system-ui, sans-serif; margin: 24px; background: #d8d8d8; color: #111 }
  .row { display: flex; gap: 12px; align-items: flex-start; overflow-x: auto; padding: 8px 0 20px }
  figure { margin: 0; flex: none } figcaption { font-size: 12px }
  img { display: block; border: 1px solid #888; height: auto; width: 180px }
  img.wide { width: 420px }
</style>
<h1>Vestibule’s pages</h1>
<p>As the tests met them. A picture leads to itself in full size.</p>
"""
SCREENS: Final = ("360.light", "360.dark", "1280.light", "1280.dark")
LANGUAGES: Final = ("en", "de", "ar")


class Picture(NamedTuple):
    """A page of a story as it was drawn: `required/02-list.de.360.light.png`."""

    story: str
    page: str
    language: str
    width: str
    scheme: str
    file: str

    @classmethod
    def of(cls, file: Path, folder: Path) -> "Picture":
        """Read what a file's name says."""
        page, language, width, scheme, _ = file.name.split(".")
        path = file.relative_to(folder).as_posix()
        return cls(file.parent.name, page, language, width, scheme, path)

    @property
    def place(self) -> tuple[str, str, int, int]:
        """Where it stands on the sheet."""
        screen = SCREENS.index(f"{self.width}.{self.scheme}")
        return self.story, self.page, LANGUAGES.index(self.language), screen


def write_sheet(folder: Path) -> Mapping[str, int]:
    """Write the sheet of all pictures in `folder`; return how many pages each story has."""
    pictures = sorted(
        (Picture.of(file, folder) for file in folder.glob("*/*.png")), key=lambda one: one.place
    )
    pages: dict[str, int] = {}
    parts = [HEAD]
    for story, of_story in groupby(pictures, key=lambda one: one.story):
        rows = [list(row) for _, row in groupby(of_story, key=lambda one: one.page)]
        pages[story] = len(rows)
        parts += [f"<h2>{escape(story)}</h2>\n", *_rows(rows)]
    (folder / "index.html").write_text("".join(parts), encoding="utf-8")
    return pages


def _rows(rows: Iterable[list[Picture]]) -> Iterator[str]:
    for row in rows:
        figures = "\n".join(_figure(picture) for picture in row)
        yield f'<h3>{escape(row[0].page)}</h3>\n<div class="row">\n{figures}\n</div>\n'


def _figure(picture: Picture) -> str:
    told = escape(f"{picture.language}, {picture.width} px, {picture.scheme}")
    alt = escape(f"{picture.page}: {picture.language}, {picture.width} px, {picture.scheme}")
    wide = ' class="wide"' if picture.width == "1280" else ""
    file = escape(picture.file)
    image = f'<img{wide} loading="lazy" src="{file}" alt="{alt}">'
    return f'<figure><a href="{file}">{image}</a><figcaption>{told}</figcaption></figure>'


def main() -> int:
    """Write the sheet of the folder that is named; return the exit status."""
    folder = Path(sys.argv[1])
    pages = write_sheet(folder)
    print(f"{sum(pages.values())} pages of {len(pages)} stories: {folder / 'index.html'}")
    return 0 if pages else 1


if __name__ == "__main__":
    raise SystemExit(main())
