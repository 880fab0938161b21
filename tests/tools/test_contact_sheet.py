import re
from pathlib import Path

from contact_sheet import write_sheet


def draw(folder: Path, *names: str) -> None:
    """Put empty pictures into a folder."""
    for name in names:
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"")


def test_every_picture_stands_once_on_the_sheet(tmp_path: Path) -> None:
    """The sheet shows each picture, and leads to it."""
    names = ["odd/01-a.en.360.dark.png", "odd/02-b.ar.1280.light.png", "new/01-c.de.360.light.png"]
    draw(tmp_path, *names)

    pages = write_sheet(tmp_path)

    sheet = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert pages == {"new": 1, "odd": 2}
    assert sorted(re.findall(r'src="([^"]+)"', sheet)) == sorted(names)
    assert sorted(re.findall(r'href="([^"]+)"', sheet)) == sorted(names)


def test_a_page_is_a_row_in_the_order_in_which_it_is_looked_at(tmp_path: Path) -> None:
    """Pictures of one page stand side by side: by language, then narrow before wide."""
    files = ["ar.360.light", "en.1280.dark", "en.360.light", "en.360.dark"]
    draw(tmp_path, *[f"odd/01-a.{file}.png" for file in files])

    write_sheet(tmp_path)

    sheet = (tmp_path / "index.html").read_text(encoding="utf-8")
    told = re.findall(r"<figcaption>([^<]+)", sheet)
    assert sheet.count('class="row"') == 1
    assert told == [
        "en, 360 px, light",
        "en, 360 px, dark",
        "en, 1280 px, dark",
        "ar, 360 px, light",
    ]


def test_no_pictures_make_an_empty_sheet(tmp_path: Path) -> None:
    """Where nothing was drawn there is nothing to show."""
    assert write_sheet(tmp_path) == {}
