"""The preview in a real browser: pictures of every page, and a look for what must not be there."""

import importlib
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    sync_playwright,
)
from werkzeug.serving import make_server

from preview_languages import LANGUAGES
from preview_samples import pages, today

CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
QUIET += ["--disable-component-update", "--disable-sync"]
SIZES = {"360": (360, 740), "1280": (1280, 900)}
HEAVIEST = 50_000
WORDS = re.compile(
    r"\b(factors?|challenges?|enrol\w*|grants?|granted|second door|denied|disabled)\b",
    re.IGNORECASE,
)


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve *app* on a free port of this machine; yield its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def browser() -> Iterator[Browser]:
    """Yield a browser that talks to nobody but the preview."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


def named(only: str) -> list[tuple[str, str]]:
    """Return (language, page) for every page whose "language/name" holds *only*."""
    return [
        (language.lang, name)
        for language in LANGUAGES.values()
        for name in pages(language, today())
        if only in f"{language.lang}/{name}"
    ]


def shoot(root: str, folder: Path, only: str) -> None:
    """Draw the pages: two widths, light and dark; without scripts; and what is printed."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser() as chromium:
        for size in SIZES:
            for scheme in ("light", "dark"):
                draw(opened(chromium, size, scheme=scheme), root, folder, f"{size}-{scheme}", only)
        without = opened(chromium, "360", scripts=False)
        draw(without, root, folder, "360-no-script", only)
        paper = opened(chromium, "1280")
        page = paper.new_page()
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 720, "height": 1000})
        page.goto(f"{root}/en/recovery-first")
        page.screenshot(path=folder / "en-recovery-first-print.png")


def opened(
    chromium: Browser, size: str, *, scheme: str = "light", scripts: bool = True
) -> BrowserContext:
    """Return a browser window of that size; the narrow one is a phone."""
    width, height = SIZES[size]
    narrow = size == "360"
    return chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=scripts,
        has_touch=narrow,
        is_mobile=narrow,
        device_scale_factor=1,
    )


def draw(context: BrowserContext, root: str, folder: Path, name: str, only: str) -> None:
    """Draw every wanted page into *folder*, and close the window."""
    page = context.new_page()
    width, height = SIZES[name.partition("-")[0]]
    for language, state in named(only):
        page.goto(f"{root}/{language}/{state}")
        picture = folder / f"{language}-{state}-{name}.png"
        # Not full_page: that lets go of the emulated touch screen for a moment, and its layout.
        page.set_viewport_size({"width": width, "height": max(height, page_height(page))})
        page.screenshot(path=picture, animations="disabled")
        page.set_viewport_size({"width": width, "height": height})
    context.close()


def page_height(page: Page) -> int:
    """Return how tall the whole page is."""
    return int(page.locator("html").bounding_box()["height"])  # type: ignore[index]


def check(root: str, only: str) -> int:
    """Print every finding; return 1 if there is one."""
    findings: list[str] = []
    with browser() as chromium:
        for scheme in ("light", "dark"):
            for width in (320, 1280):
                context = opened(chromium, "1280", scheme=scheme)
                page = context.new_page()
                page.set_viewport_size({"width": width, "height": 800})
                for language, state in named(only):
                    said = examined(page, root, language, state)
                    findings += [f"{language}/{state} {width} {scheme}: {text}" for text in said]
                context.close()
    print("\n".join(findings) or "nothing found")
    return 1 if findings else 0


def examined(page: Page, root: str, language: str, state: str) -> list[str]:
    """Return what is wrong with one page as the browser shows it."""
    said: list[str] = []
    with listening(page, said):
        page.goto(f"{root}/{language}/{state}", wait_until="networkidle")
    said += [f"axe: {rule['id']} {rule['nodes'][0]['html'][:160]}" for rule in axe(page)]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        said.append("wider than the screen")
    said += [f"target: {text}" for text in page.evaluate(SMALL_TARGETS)]
    said += [f"id twice: {text}" for text in page.evaluate(DOUBLE_IDS)]
    if language == "en":
        said += [f"word: {word}" for word in WORDS.findall(page.inner_text("html"))]
    weight = page.evaluate(WEIGHT)
    if weight > HEAVIEST:
        said.append(f"weighs {weight} bytes")
    return said


@contextmanager
def listening(page: Page, said: list[str]) -> Iterator[None]:
    """Add to *said* what the page's console says: errors, and what the policy refused."""

    def heard(message: ConsoleMessage) -> None:
        said.append(f"console: {message.text}")

    def failed(error: Error) -> None:
        said.append(f"error: {error}")

    page.on("console", heard)
    page.on("pageerror", failed)
    yield
    page.remove_listener("console", heard)
    page.remove_listener("pageerror", failed)


def axe(page: Page) -> list[dict[str, Any]]:
    """Return the rules of axe that *page* breaks."""
    # By name: only who checks the pages needs it installed.
    kit = importlib.import_module("axe_playwright_python.sync_playwright")
    return list(kit.Axe().run(page).response["violations"])


SMALL_TARGETS = """[...document.querySelectorAll("a, button, input:not([type=hidden]), summary")]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5)
  .map((e) => e.outerHTML.slice(0, 90))"""
WEIGHT = """["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .reduce((sum, entry) => sum + entry.decodedBodySize, 0)"""
DOUBLE_IDS = """[...document.querySelectorAll("[id]")].map((e) => e.id)
  .filter((id, i, all) => all.indexOf(id) !== i)"""
