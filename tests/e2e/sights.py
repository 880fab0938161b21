"""A page as people see it: on a phone and on a wide screen, light and dark, and drawn so."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Page, expect
from tests.e2e.watch import barriers

Scheme = Literal["light", "dark"]

PICTURES: Final = os.environ.get("VESTIBULE_TEST_PICTURES")
"""A folder into which each page is drawn as it is looked at."""
NARROWEST: Final = 320
WIDTHS: Final = (360, 1280)
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
EXAMINED: Final = {
    "en": {(360, "light"), (1280, "dark")},
    "de": {(360, "light")},
    "ar": {(1280, "dark")},
}
"""Where barriers are looked for: each width, each scheme and each language, once at least."""
DIRECTION: Final = {"en": "ltr", "de": "ltr", "ar": "rtl"}
OVERFLOWING: Final = """() => [...document.querySelectorAll("main *")]
  .filter((e) => e.checkVisibility() && !e.closest("svg, select"))
  .filter((e) => {
    const { left, right } = e.getBoundingClientRect();
    const holds = !e.childElementCount && getComputedStyle(e).display !== "inline";
    return left < 0 || right > innerWidth || (holds && e.scrollWidth > e.clientWidth + 1);
  }).map((e) => e.outerHTML.slice(0, 80))"""
"""What sticks out of the screen, or words that stick out of what they stand in."""
SMALL: Final = """() => [...document.querySelectorAll(
    "main :is(a, button, summary, #code, .v-field, .v-choice)")]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5)
  .map((e) => e.outerHTML.slice(0, 80))"""


@dataclass
class Sights:
    """The pages of one story in one language, in the order in which they are met."""

    page: Page
    story: str
    language: str
    scripts: bool = True
    seen: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def look(self, name: str) -> None:
        """Find no barrier, nothing that sticks out, and nothing too small to press."""
        self.seen.append(name)
        html = self.page.locator("html")
        expect(html).to_have_attribute("lang", self.language)
        expect(html).to_have_attribute("dir", DIRECTION[self.language])
        self._set(NARROWEST, "light")
        self._note(name, NARROWEST, self._cramped())
        for width in WIDTHS:
            for scheme in SCHEMES:
                self._set(width, scheme)
                if (width, scheme) in EXAMINED[self.language]:
                    # axe is a script itself, and waits for ever where none run.
                    found = barriers(self.page) if self.scripts else []
                    self._note(name, width, self._cramped() + found)
                self._draw(name, width, scheme)

    def _set(self, width: int, scheme: Scheme) -> None:
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    def _cramped(self) -> list[str]:
        found = [*self.page.evaluate(OVERFLOWING), *self.page.evaluate(SMALL)]
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append("wider than the screen")
        return found

    def _note(self, name: str, width: int, found: list[str]) -> None:
        self.faults += [f"{name} {width}: {fault}" for fault in found]

    def _draw(self, name: str, width: int, scheme: Scheme) -> None:
        if not PICTURES:
            return
        folder = Path(PICTURES, self.story)
        folder.mkdir(parents=True, exist_ok=True)
        file = f"{len(self.seen):02}-{name}.{self.language}.{width}.{scheme}.png"
        self.page.screenshot(path=folder / file, full_page=True)
