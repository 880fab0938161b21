"""How Sphinx makes a site of docs/: `make docs`, the pages are then in build/docs.

The documents are plain Markdown, read as it is in the repository as well. So what a site needs
besides stands here: the tree of pages is made from the lists of links in each `index.md`, the page
of changes is CHANGELOG.md, and a link to a file that is no page leads to a copy of it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Name, Number, Text
from sphinx.application import Sphinx

project = "Vestibule"
author = "The Vestibule authors"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
nitpicky = True
highlight_language = "text"
smartquotes = False  # what is typed is shown as it is typed
myst_heading_anchors = 4
myst_enable_extensions: list[str] = []

html_theme = "furo"
html_title = "Vestibule"
html_static_path = ["static"]
templates_path = ["templates"]
html_css_files = ["site.css"]
html_favicon = "static/mark.svg"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False

# The colours of Vestibule's own pages. No font is fetched: these are on people's machines.
SERIF: Final = (
    '"Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", "Noto Serif", Georgia, serif'
)
CODE: Final = (
    'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'
)
LIGHT: Final = {
    "font-stack--monospace": CODE,
    "font-stack--headings": SERIF,
    "color-brand-primary": "#1b5e4c",
    "color-brand-content": "#1b5e4c",
    "color-brand-visited": "#1b5e4c",
    "color-background-primary": "#fffefb",
    "color-background-secondary": "#f5f3ed",
    "color-background-border": "#e0dcd1",
    "color-foreground-primary": "#1b2421",
    "color-foreground-secondary": "#57615c",
    "color-foreground-muted": "#626b66",
    "color-code-background": "#f5f3ed",
    "color-inline-code-background": "#f1eee6",
    "color-sidebar-item-background--hover": "#e9f1ec",
    "color-highlight-on-target": "#e9f1ec",
}
DARK: Final = {
    "color-brand-primary": "#8fd1ba",
    "color-brand-content": "#8fd1ba",
    "color-brand-visited": "#8fd1ba",
    "color-background-primary": "#19201e",
    "color-background-secondary": "#111615",
    "color-background-border": "#2d3633",
    "color-foreground-primary": "#eceae3",
    "color-foreground-secondary": "#a9b1ac",
    "color-foreground-muted": "#a0a8a3",
    "color-code-background": "#111615",
    "color-inline-code-background": "#232c29",
    "color-sidebar-item-background--hover": "#1d2f2a",
    "color-highlight-on-target": "#1d2f2a",
}
html_theme_options = {
    "light_logo": "mark.svg",
    "dark_logo": "mark-dark.svg",
    "light_css_variables": LIGHT,
    "dark_css_variables": DARK,
}

FRONT: Final = "index"
CHANGES: Final = "changes"
CHANGELOG: Final = Path(__file__).parents[2] / "CHANGELOG.md"
SECTION: Final = re.compile(r"^## (?P<caption>.+)$", re.MULTILINE)
ENTRY: Final = re.compile(r"^- \[[^\]]+\]\((?P<page>[\w/-]+)\.md\)", re.MULTILINE)
TOLD: Final = re.compile(r"^(- \[[^\]]+\]\([^)]+\)): (\w)", re.MULTILINE)
# What the theme leaves to be said to people who hear the page or have no mouse.
MENDED: Final = (
    (' role="heading"', ' role="heading" aria-level="2"'),
    ('<aside class="sidebar-drawer"', '<aside class="sidebar-drawer" aria-label="All pages"'),
    ('<aside class="toc-drawer', '<aside aria-label="This page" class="toc-drawer'),
    ("<pre>", '<pre tabindex="0">'),
    ('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
)
CODE_WORD: Final = re.compile(r'(?<=<span class="pre">)[^<]+')
"""Code between the words, which a narrow column may break after an underscore."""


class ConversationLexer(RegexLexer):
    """A request and the answer to it, one under the other."""

    name = "A request and its answer"
    aliases = ("http",)
    tokens = {  # noqa: RUF012 -- Pygments asks for a mapping, and changes none
        "root": [
            (r"^HTTP/1\.1 .*", Keyword),
            (r"^(?:GET|POST) .*", Name.Namespace),
            (r"^[A-Z][\w-]+(?=: )", Name.Attribute),
            (r'"[^"\n]*"(?=: )', Name.Tag),
            (r'"[^"\n]*"', Name.Variable),
            (r"\b(?:true|false|null|\d+)\b", Number),
            ("…", Comment),
            (r"\s+|.", Text),
        ]
    }


def trees(page: str) -> Iterator[str]:
    """The tree of pages that an index page's lists make: one for each heading above a list."""
    _, *parts = SECTION.split(page) if SECTION.search(page) else ["", "", page]
    for caption, below in zip(parts[::2], parts[1::2], strict=True):
        entries = [match["page"] for match in ENTRY.finditer(below)]
        if entries:
            options = [":hidden:", *([f":caption: {caption}"] if caption else [])]
            yield "\n".join(["```{toctree}", *options, "", *entries, "```", ""])


def as_page(app: Sphinx, name: str, source: list[str]) -> None:
    """Make a page of the site out of what was read."""
    del app
    if name == CHANGES:
        source[0] = CHANGELOG.read_text("utf-8").replace("](docs/", "](")
    if name == FRONT:
        # What an entry is about stands under its title.
        source[0] = TOLD.sub(lambda m: f"{m[1]}\\\n  {m[2].upper()}", source[0])
    if name.rpartition("/")[2] == FRONT:
        source[0] = "\n".join([source[0], *trees(source[0])])
    source[0] = source[0].replace("](../CHANGELOG.md)", f"]({CHANGES}.md)")


def look_of_the_front(app: Sphinx, page: str, *_: Any) -> None:
    """Give the front page its own stylesheet besides."""
    if page == FRONT:
        app.add_css_file("front.css")


def mend(app: Sphinx, error: Exception | None) -> None:
    """Go over the pages once they are written."""
    for page in () if error else Path(app.outdir).rglob("*.html"):
        text = page.read_text("utf-8")
        for old, new in MENDED:
            text = text.replace(old, new)
        text = CODE_WORD.sub(lambda word: word[0].replace("_", "_<wbr>"), text)
        page.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_lexer("http", ConversationLexer)
    app.connect("source-read", as_page)
    app.connect("html-page-context", look_of_the_front)
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
