"""What a browser sees while somebody walks through the pages: whatever must not be there."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

HEAVIEST = 50 * 1024
"""What a page with all it loads may weigh, in bytes as they are transferred."""

HEAD = 1024
"""More than the head of an answer of ours takes."""
SIZES = """
() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .map((entry) => entry.encodedBodySize)
"""
VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""
AXE = """
async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.flatMap(
  ({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.html.slice(0, 100)}`))
"""


@dataclass
class Watch:
    """Looks over the shoulder of one browser, and keeps what it did not like."""

    site: str
    faults: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    pages: set[str] = field(default_factory=set)

    def over(self, context: BrowserContext) -> None:
        """Watch every page of a context."""
        context.add_init_script(VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        context.on("request", self._on_request)
        context.on("response", lambda response: self._on_location(response.headers))

    def _on_console(self, message: ConsoleMessage) -> None:
        # A page that answers "not so" is reported like a file that is missing.
        expected = message.location["url"] in self.pages
        if message.type in {"error", "warning"} and not (
            expected and message.text.startswith("Failed to load resource")
        ):
            self.faults.append(f"console: {message.text} ({message.location['url']})")

    def _on_request(self, request: Request) -> None:
        self.addresses += [request.url, request.headers.get("referer", "")]
        if not request.url.startswith((f"{self.site}/", "data:")):
            self.faults.append(f"left the site: {request.url}")
        if request.is_navigation_request():
            self.pages.add(request.url)

    def _on_location(self, headers: dict[str, str]) -> None:
        self.addresses.append(headers.get("location", ""))

    def leaks(self, secrets: Sequence[str]) -> list[str]:
        """Return the requested addresses, referrers and redirects that hold one of `secrets`."""
        return [a for a in self.addresses if any(secret in a for secret in secrets)]


def barriers(page: Page) -> list[str]:
    """Return what axe-core finds on a page that would keep somebody out."""
    page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(AXE)
    return [f"{page.url} {barrier}" for barrier in found]


def weight(page: Page) -> int:
    """Return the bytes of a page and all it loads, for a browser that has nothing of it yet."""
    sizes: list[int] = page.evaluate(SIZES)
    return sum(size + HEAD for size in sizes)
