"""A real browser and a really served site; a test fails by whatever a browser should not see."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from tests.e2e.phone import Phone
from tests.e2e.served import Served, add_user, join, microblog
from tests.e2e.visitor import Visitor
from tests.e2e.watch import Watch

# Nothing of the browser's own goes out, so that every request is one of a page.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LONGEST_WAIT = 30_000
expect.set_options(timeout=LONGEST_WAIT)  # a busy machine is slow, not wrong
NAMES = (f"visitor_{number}" for number in itertools.count(1))

Open = Callable[..., Visitor]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A running Chromium, closed before the tests of another file start theirs."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Porchlight, served for all tests that do not need it for themselves."""
    with microblog(tmp_path_factory.mktemp("porchlight")) as served:
        yield served


@pytest.fixture
def open_browser(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Open a browser of its own, without cookies, at a site; it must have seen nothing wrong."""
    opened = []

    def opening(served: Served, **options: Any) -> Visitor:
        context = browser.new_context(base_url=served.url, **options)
        context.set_default_timeout(LONGEST_WAIT)
        watch = Watch(served.url)
        watch.over(context)
        opened.append((context, watch))
        return Visitor(context.new_page(), watch)

    yield opening
    for context, watch in opened:
        context.close()
        assert watch.faults == []


@pytest.fixture
def visitor(open_browser: Open, site: Served) -> Visitor:
    """Somebody with an account at Porchlight, who is not signed in."""
    somebody = open_browser(site)
    somebody.name = next(NAMES)
    add_user(site, somebody.name)
    return somebody


@pytest.fixture
def member(visitor: Visitor, site: Served) -> Visitor:
    """Somebody signed in at Porchlight who has turned two-step login on, at the page of it."""

    def first_code(uri: str) -> str:
        visitor.phone = Phone(uri)
        return visitor.phone.next()

    joined = join(site, visitor.name, first_code)
    visitor.codes = joined.codes
    visitor.page.context.add_cookies(
        [{"name": name, "value": value, "url": site.url} for name, value in joined.cookies.items()]
    )
    visitor.page.goto("/two-step/")
    return visitor


@pytest.fixture
def zbarimg() -> str:
    """The program that reads QR codes from pictures."""
    return _program("zbarimg")


@pytest.fixture
def oathtool() -> str:
    """The program that makes codes as apps do."""
    return _program("oathtool")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name}: not found")
    return found
