"""The documents as a site, in a browser: narrow and wide, light and dark."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.watch import Watch, barriers

from build_docs import build

pytestmark = pytest.mark.browser
HEARD = ("index.html", "quickstart.html", "settings.html", "recipes/single-page.html")
"""Pages with one of everything, for a rule of axe's takes its time."""
BROADER = "document.documentElement.scrollWidth > innerWidth"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing about it."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Requests are watched elsewhere."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    assert build(folder) == 0
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Where the site is served."""
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def pages(folder: Path) -> list[str]:
    """Every page of the site but the search, which has nothing on it without a question."""
    found = {str(page.relative_to(folder)) for page in folder.rglob("*.html")}
    return sorted(found - {"search.html"})


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_every_page_can_be_read(
    browser: Browser, folder: Path, address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    """No page is wider than a small phone, breaks a rule of axe's, or calls another site."""
    context = browser.new_context(
        base_url=address, viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    watch = Watch(address)
    watch.over(context)
    page = context.new_page()
    wrong = [text for name in pages(folder) for text in looked_at(page, name)]
    context.close()

    assert wrong == []
    assert watch.faults == []


def looked_at(page: Page, name: str) -> Iterator[str]:
    """What is wrong with one page."""
    page.goto(f"/{name}")
    if page.evaluate(BROADER):
        yield f"{name} is wider than the window"
    if name in HEARD:
        yield from barriers(page)


def test_a_word_can_be_searched(browser: Browser, address: str) -> None:
    """Whoever searches for a word is led to the page that tells of it."""
    page = browser.new_page(base_url=address)
    page.goto("/")
    page.get_by_label("Search", exact=True).fill("ProxyFix")
    page.get_by_label("Search", exact=True).press("Enter")

    expect(page.locator("#search-results a").filter(has_text="Behind a proxy")).to_be_visible()
    page.close()
