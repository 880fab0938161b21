"""Draw the moving picture of a login: python tools/moving_picture.py [FILE], else docs/login.webp.

A browser really signs in to the example Porchlight, and the digits are those of a real app in
software. Each step is drawn on a stage: the browser's page, the phone beside it, a sentence above.
"""

import base64
import io
import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Final

from examples.microblog import demo, serve
from examples.microblog.settings import kept_secret
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize
from werkzeug.serving import make_server

from preview_browser import browser
from vestibule.flask.state import state_of
from vestibule.testing import SoftwareAuthenticator

PICTURE: Final = Path(__file__).parents[1] / "docs" / "login.webp"
STAGE: Final = Path(__file__).with_name("moving_stage.html")
SIZE: Final = (960, 600)
WINDOW: Final = (780, 550)  # drawn smaller, so that the page has room
HEAVIEST: Final = 400_000
LOOK, GLANCE, KEY = 2400, 900, 260
"""Milliseconds to read a page, to see a change, and between two strokes."""
WANTED: Final = "/"
SET_STAGE: Final = """shown => {
  for (const name of ["number", "says", "address", "code"])
    document.getElementById(name).textContent = shown[name];
  document.getElementById("screen").className = shown.lit ? "lit" : "";
  document.getElementById("page").src = shown.page;
  return document.getElementById("page").decode();
}"""


@dataclass(frozen=True)
class Frame:
    """One picture, and for how many milliseconds it stands."""

    png: bytes
    stands: int


@dataclass
class Film:
    """Watches a page, and keeps a frame of the stage whenever it is told to."""

    stage: Page
    page: Page
    frames: list[Frame] = field(default_factory=list)
    number: int = 0
    says: str = ""
    code: str = ""

    def scene(self, says: str) -> None:
        """Begin the next scene: a sentence above what follows."""
        self.number += 1
        self.says = says

    def take(self, stands: int) -> None:
        """Draw the stage as it is now."""
        png = self.page.screenshot(animations="disabled", caret="initial")
        shown = {
            "number": self.number,
            "says": self.says,
            "address": "porchlight.example" + self.page.evaluate("location.pathname"),
            "code": f"{self.code[:3]} {self.code[3:]}" if self.code else "••• •••",
            "lit": bool(self.code),
            "page": "data:image/png;base64," + base64.b64encode(png).decode(),
        }
        self.stage.evaluate(SET_STAGE, shown)
        self.frames.append(Frame(self.stage.screenshot(), stands))

    def type(self, label: str, text: str, *, strokes: int) -> None:
        """Type into a field, some signs at a time, with a frame after each."""
        pieces = [text[at : at + strokes] for at in range(0, len(text), strokes)]
        for piece in pieces:
            self.page.get_by_role("main").get_by_label(label).press_sequentially(piece)
            self.take(KEY)


def filmed(page: Page, stage: Page, app: SoftwareAuthenticator, password: str) -> list[Frame]:
    """The login, from the password to the page that was wanted."""
    film = Film(stage, page)
    page.goto("/login")
    film.scene("Sign in with the password, as ever")
    film.take(LOOK)
    film.type("Username or e-mail address", demo.DEMO, strokes=2)
    film.type("Password", password, strokes=4)
    film.take(GLANCE)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/two-step/login**")
    page.wait_for_load_state()
    film.scene("The password alone opens nothing: one more step")
    film.take(LOOK)
    film.code = app.next_code(datetime.now(UTC))
    film.scene("The app on the phone shows six digits")
    film.take(LOOK)
    # A full code sends itself after a moment, which waits until it has been seen. The page's clock
    # is ahead of ours by a round trip, and does not go back.
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=1))
    film.type("Code", film.code, strokes=1)
    film.take(GLANCE)
    page.clock.resume()
    page.wait_for_url(lambda address: address.endswith(WANTED) and "/two-step" not in address)
    film.code = ""
    film.scene("And there is the page that was wanted")
    film.take(2 * LOOK)
    return film.frames


def with_an_app(page: Page, password: str) -> SoftwareAuthenticator:
    """Turn two-step login on for the demo account, which nobody films."""
    page.goto("/login?next=/two-step/")
    page.get_by_label("Username or e-mail address").fill(demo.DEMO)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Start with: Authenticator app").click()
    link = page.locator("a[href^='otpauth:']").get_attribute("href")
    app = SoftwareAuthenticator.scan(str(link))
    page.get_by_role("textbox", name="Code").press_sequentially(app.next_code(datetime.now(UTC)))
    page.wait_for_url("**/two-step/recovery-codes")
    return app


@contextmanager
def porchlight(folder: Path) -> Iterator[tuple[str, str]]:
    """Serve the example with all it keeps in a folder; yield its address and demo password."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with serve.listen(0) as listener:
        port = listener.getsockname()[1]
        app = serve.prepare(folder, port)
        server = make_server(serve.HOST, port, app, threaded=True, fd=listener.fileno())
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            password = kept_secret(serve.demo_password_file(folder))
            yield f"http://localhost:{port}", password
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            state_of(app).close()


def drawn(chromium: Browser, folder: Path) -> list[Frame]:
    """Every frame of the picture, all of one size."""
    stage = chromium.new_page(viewport=_sized(SIZE))
    stage.goto(STAGE.as_uri())
    with porchlight(folder) as (address, password):
        app = with_an_app(chromium.new_page(base_url=address), password)
        page = chromium.new_page(base_url=address, viewport=_sized(WINDOW), device_scale_factor=2)
        page.clock.install()
        return filmed(page, stage, app, password)


def _sized(size: tuple[int, int]) -> ViewportSize:
    return {"width": size[0], "height": size[1]}


def joined(frames: list[Frame]) -> bytes:
    """The frames as one animated WebP that begins anew for ever."""
    first, *others = [Image.open(io.BytesIO(frame.png)).convert("RGB") for frame in frames]
    made = io.BytesIO()
    first.save(
        made,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=[frame.stands for frame in frames],
        loop=0,
        lossless=True,
        quality=100,
        method=6,
        minimize_size=True,
    )
    return made.getvalue()


def main(arguments: list[str]) -> int:
    """Draw it, and refuse one that is too heavy to show."""
    file = Path(arguments[0]) if arguments else PICTURE
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        frames = drawn(chromium, Path(folder))
    picture = joined(frames)
    seconds = sum(frame.stands for frame in frames) / 1000
    print(f"{len(frames)} frames, {seconds:.1f} s, {len(picture)} bytes")
    if len(picture) > HEAVIEST:
        print(f"more than {HEAVIEST} bytes: not written", file=sys.stderr)
        return 1
    file.write_bytes(picture)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
