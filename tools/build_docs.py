"""Build docs/ into a static site: python tools/build_docs.py [FOLDER], else build/docs.

Any warning is an error, and so is a page that would load something from elsewhere: a site about
logging in tells nobody who reads it.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
DOCUMENTS: Final = ROOT / "docs"
SITE: Final = ROOT / "build" / "docs"
STRICT: Final = ("--fail-on-warning", "--keep-going", "--nitpicky", "--quiet")
ELSEWHERE: Final = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
LOADS: Final = {"src", "srcset", "poster", "data"}
LOADING_LINKS: Final = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "manifest"}
IN_STYLES: Final = re.compile(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""")


class Loads(HTMLParser):
    """Collects what a page has a browser load; what a reader may follow is not among it."""

    def __init__(self, html: str) -> None:
        """Read a page."""
        super().__init__()
        self.addresses = IN_STYLES.findall(html)
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at an element's attributes."""
        found = {name: value or "" for name, value in attrs}
        self.addresses += [found[name] for name in LOADS & found.keys()]
        if tag == "link" and LOADING_LINKS & set(found.get("rel", "").split()):
            self.addresses.append(found.get("href", ""))


def loaded_from_elsewhere(site: Path) -> Iterator[str]:
    """Whatever the pages and styles of a site would load that is not the site's own."""
    for file in sorted(site.rglob("*")):
        if file.suffix not in {".html", ".css"}:
            continue
        text = file.read_text("utf-8")
        found = Loads(text).addresses if file.suffix == ".html" else IN_STYLES.findall(text)
        for address in found:
            if ELSEWHERE.match(address):
                yield f"{file.relative_to(site)} loads {address}"


def build(folder: Path, documents: Path = DOCUMENTS) -> int:
    """Build the site into a folder, anew; return 0 where nothing is wrong with it."""
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as trees:
        command = [sys.executable, "-m", "sphinx", *STRICT, "--doctree-dir", trees]
        command += ["--conf-dir", str(ROOT / "tools" / "docs_site"), str(documents)]
        failed = subprocess.run([*command, str(folder)], check=False).returncode
    for name in (".buildinfo", "objects.inv"):
        (folder / name).unlink(missing_ok=True)  # nothing but Sphinx reads these
    strange = [] if failed else list(loaded_from_elsewhere(folder))
    print(*strange, sep="\n", end="\n" if strange else "")
    return 1 if failed or strange else 0


def main(arguments: list[str]) -> int:
    """Build, and say where the front page is."""
    folder = Path(arguments[0]) if arguments else SITE
    failed = build(folder)
    if not failed:
        print(folder / "index.html")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
