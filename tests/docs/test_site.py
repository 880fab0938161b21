"""The documents as a site."""

from pathlib import Path

import pytest
from tests.docs.blocks import DOCS

from build_docs import build, loaded_from_elsewhere


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    assert build(folder) == 0
    return folder


def test_every_document_is_a_page(site: Path) -> None:
    """Without a warning every document becomes a page, and there is no other but the search."""
    documents = {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md")}
    pages = {str(page.relative_to(site).with_suffix("")) for page in site.rglob("*.html")}

    assert pages == documents | {"search"}


def test_the_index_leads_to_every_page(site: Path) -> None:
    """Every page is in the index that stands beside each page."""
    front = (site / "index.html").read_text("utf-8")
    pages = {str(page.relative_to(site)) for page in site.rglob("*.html")} - {"index.html"}

    assert [page for page in sorted(pages) if f'href="{page}"' not in front] == []


def test_the_page_of_changes_is_the_changelog(site: Path) -> None:
    """What CHANGELOG.md says is read on the site."""
    assert "First version." in (site / "changes.html").read_text("utf-8")


def test_what_comes_from_elsewhere_is_found(tmp_path: Path) -> None:
    """A font, a script or a picture of another site is found; a link to one is none."""
    page = """<link rel="stylesheet" href="_static/site.css"><a href="https://docs.example">x</a>
    <script src="//scripts.example/a.js"></script><img src="https://pictures.example/b.png">
    <link rel="preconnect" href="https://fonts.example">"""
    (tmp_path / "index.html").write_text(page, "utf-8")
    style = "@import 'https://styles.example/c.css'; p { background: url(//d.example/d.svg) }"
    (tmp_path / "site.css").write_text(style, "utf-8")

    assert list(loaded_from_elsewhere(tmp_path)) == [
        "index.html loads //scripts.example/a.js",
        "index.html loads https://pictures.example/b.png",
        "index.html loads https://fonts.example",
        "site.css loads https://styles.example/c.css",
        "site.css loads //d.example/d.svg",
    ]


def test_a_dead_link_fails_the_build(tmp_path: Path) -> None:
    """A link to a heading that is not there is named, and there is no site."""
    copied = tmp_path / "docs"
    copied.mkdir()
    (copied / "index.md").write_text("# Front\n\n[gone](#nowhere)\n", "utf-8")

    assert build(tmp_path / "site", copied) == 1
