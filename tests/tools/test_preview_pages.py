import re
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.whole import whole
from werkzeug.serving import make_server

from preview_browser import QUIET, WORDS
from preview_languages import LANGUAGES
from preview_pages import HOUSE, create_app
from preview_samples import CODES, KEY, pages, today

NAMES = [(language, name) for language in LANGUAGES for name in pages(LANGUAGES["en"], today())]
HEAVIEST = 50_000
SETTLED = 600  # ms: longer than a full code waits before it sends itself


class Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        super().handle_data(data)
        self.words.append(data)

    def attributes(self, name: str) -> list[str]:
        """Return the values of an attribute all over the page."""
        return [values[name] or "" for _, values in self.tags if name in values]


@pytest.fixture(scope="module")
def app() -> Flask:
    """The preview."""
    return create_app()


@pytest.fixture
def html(app: Flask, language: str, name: str) -> str:
    """One page in one state."""
    return app.test_client().get(f"/{language}/{name}").text


@pytest.mark.parametrize(("language", "name"), NAMES)
class TestEveryPage:
    def test_lives_under_the_policy(self, html: str) -> None:
        """A page holds no script, style or handler, and fetches nothing from elsewhere."""
        page = Reader(html)

        assert [tag for tag, values in page.tags if tag == "style" or "style" in values] == []
        assert {values.get("type") for tag, values in page.tags if tag == "script"} <= {"module"}
        assert re.findall(r"<script[^>]*>[^<]", html) == []
        assert [name for _, values in page.tags for name in values if name.startswith("on")] == []
        assert [url for url in page.attributes("src") if not url.startswith("/vestibule/")] == []

    def test_ids(self, html: str) -> None:
        """No id stands twice, and whatever a description or a label points to is there."""
        page = Reader(html)
        ids = page.attributes("id")
        named = page.attributes("aria-describedby") + page.attributes("aria-labelledby")
        pointed = {part for value in named + page.attributes("for") for part in value.split()}

        assert len(ids) == len(set(ids))
        assert pointed <= set(ids)

    def test_one_heading(self, html: str) -> None:
        """A page has one main heading and says its language and direction."""
        page = Reader(html)

        assert [tag for tag, _ in page.tags if tag == "h1"] == ["h1"]
        assert {"lang", "dir"} <= set(page.tags[0][1])

    def test_forms(self, html: str) -> None:
        """Every form is posted and carries the token against forgery."""
        forms = re.findall(r"<form.*?</form>", html, re.DOTALL)

        assert [form for form in forms if 'method="post"' not in form] == []
        assert [form for form in forms if form.count('name="csrf_token"') != 1] == []

    def test_weight(self, html: str) -> None:
        """A page and all the files it could load weigh no more than 50 KB together."""
        files = sum(file.stat().st_size for file in (HOUSE / "static").iterdir())

        assert len(html.encode()) + files <= HEAVIEST


@pytest.mark.parametrize("name", [name for language, name in NAMES if language == "en"])
@pytest.mark.parametrize("language", ["en"])
def test_plain_words(html: str) -> None:
    """A page speaks plainly: the words of the trade stay behind it."""
    assert WORDS.findall(" ".join(Reader(html).words)) == []


@pytest.mark.row("SMS-03", "A11Y-1")
@pytest.mark.parametrize(("language", "name"), [("en", "login"), ("en", "setup")])
def test_code_field(html: str) -> None:
    """A code is typed into one text field that takes autofill, paste and spaces between digits."""
    fields = [values for tag, values in Reader(html).tags if tag == "input" and "id" in values]

    assert [(values["name"], values["id"], values["type"]) for values in fields] == [
        ("code", "code", "text")
    ]
    assert fields[0]["autocomplete"] == "one-time-code"
    assert fields[0]["inputmode"] == "numeric"
    assert int(fields[0]["maxlength"] or 0) > 6


@pytest.mark.row("A11Y-3")
@pytest.mark.parametrize(("language", "name"), [("en", "login-wrong"), ("en", "setup-wrong-clock")])
def test_problem_is_tied_to_the_field(html: str) -> None:
    """What went wrong is an alert, and the field that caused it points to it."""
    tags = Reader(html).tags
    field = next(values for tag, values in tags if tag == "input" and values.get("id") == "code")
    alert = next(values for _, values in tags if values.get("role") == "alert")

    assert field["aria-invalid"] == "true"
    assert alert["id"] in (field["aria-describedby"] or "").split()


@pytest.mark.parametrize(("language", "name"), [("en", "login-blocked")])
def test_blocked(html: str) -> None:
    """A page that takes no code shows no field, but ways around it."""
    page = Reader(html)

    assert 'name="code"' not in html
    assert "#paper" in page.attributes("href")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A browser that talks to nobody but the preview."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="module")
def root(app: Flask) -> Iterator[str]:
    """The address of the preview."""
    server = make_server("127.0.0.1", 0, whole(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/en"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Browser, root: str) -> Iterator[Page]:
    """A window on the preview."""
    context = browser.new_context(base_url=root, permissions=["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


@pytest.fixture
def posted(app: Flask) -> list[dict[str, str]]:
    """What has been posted to the preview since this test began."""
    found: list[dict[str, str]] = app.extensions["preview_sent"]
    found.clear()
    return found


def opened(page: Page, root: str, name: str) -> Page:
    """Open a page and wait until its field can be typed into."""
    page.goto(f"{root}/{name}")
    if page.locator("#code").count():
        expect(page.locator("#code")).to_be_focused()
    return page


def is_main(page: Page, which: str) -> bool:
    """Whether a button is the one that stands out."""
    return "v-button--main" in (page.locator(which).get_attribute("class") or "").split()


@pytest.mark.browser
class TestTyping:
    @pytest.mark.row("SMS-03")
    @pytest.mark.parametrize("typed", ["123456", "123 456", "12-34-56"])
    def test_full_code_sends_itself(
        self, page: Page, root: str, posted: list[Any], typed: str
    ) -> None:
        """A code that is complete sends itself, once, just as it was typed."""
        opened(page, root, "login").keyboard.type(typed, delay=10)

        page.wait_for_url("**/sent")

        assert [form["code"] for form in posted] == [typed]

    def test_pasted_code(self, page: Page, root: str, posted: list[Any]) -> None:
        """A code that is pasted sends itself, too."""
        opened(page, root, "login").evaluate("navigator.clipboard.writeText(' 654 321 ')")
        page.keyboard.press("Control+V")

        page.wait_for_url("**/sent")

        assert len(posted) == 1

    @pytest.mark.parametrize("key", ["Backspace", "Escape"])
    def test_taken_back(self, page: Page, root: str, posted: list[Any], key: str) -> None:
        """Whoever takes a complete code back decides alone when it is sent."""
        opened(page, root, "login").keyboard.type("123456")
        page.keyboard.press(key)
        page.locator("#code").fill("123457")
        page.wait_for_timeout(SETTLED)
        assert posted == []

        page.keyboard.press("Enter")
        page.wait_for_url("**/sent")

        assert [form["code"] for form in posted] == ["123457"]

    @pytest.mark.parametrize("typed", ["12345", "1234567", "12345a"])
    def test_no_code(self, page: Page, root: str, posted: list[Any], typed: str) -> None:
        """What is not a complete code is not sent by itself."""
        page.goto(f"{root}/login")
        page.locator("#code").fill(typed)
        page.wait_for_timeout(SETTLED)

        assert posted == []

    def test_never_twice(self, page: Page, root: str) -> None:
        """However often a form is sent, it goes once."""
        opened(page, root, "login").evaluate(
            """() => { window.sent = 0; addEventListener("submit", (event) => {
                 if (!event.defaultPrevented) window.sent += 1;
                 event.preventDefault(); }); }"""
        )

        page.keyboard.type("123456")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Checking…").click()
        page.wait_for_timeout(SETTLED)

        assert page.evaluate("window.sent") == 1

    def test_other_digits(self, page: Page, root: str, posted: list[Any]) -> None:
        """Digits of an Arabic keyboard are sent as the server reads them."""
        page.goto(f"{root}/login")
        page.locator("#code").fill("١٢٣۴۵۶")

        page.wait_for_url("**/sent")

        assert [form["code"] for form in posted] == ["123456"]

    def test_problem_takes_the_focus(self, page: Page, root: str) -> None:
        """After a wrong code the field is ready for the next one."""
        page.goto(f"{root}/setup-wrong-clock")

        expect(page.locator("#code")).to_be_focused()

    @pytest.mark.row("A11Y-2")
    def test_pause(self, page: Page, root: str, posted: list[Any]) -> None:
        """During a pause nothing is sent; its end is announced, and then the button works."""
        opened(page, root, "login-pause").keyboard.type("123456")
        button = page.get_by_role("button", name="Continue")
        expect(page.get_by_role("timer")).to_contain_text("You can try again in 0:0")
        expect(button).to_have_attribute("aria-disabled", "true")
        page.keyboard.press("Enter")

        expect(page.get_by_role("status")).to_have_text("You can try again now.", timeout=10_000)
        assert posted == []
        button.click()
        page.wait_for_url("**/sent")

        assert len(posted) == 1


@pytest.mark.browser
class TestKeeping:
    def test_key(self, page: Page, root: str) -> None:
        """The key of an authenticator app is copied without the spaces it is shown with."""
        page.goto(f"{root}/setup")
        page.get_by_text("Type the key instead").click()
        page.get_by_role("button", name="Copy the key").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()

        assert page.evaluate("navigator.clipboard.readText()") == KEY

    def test_copy(self, page: Page, root: str) -> None:
        """Recovery codes are copied one a line, and the way on comes forward."""
        page.goto(f"{root}/recovery-first")
        assert not is_main(page, "[data-done]")

        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("status")).to_contain_text("Copied")

        assert page.evaluate("navigator.clipboard.readText()") == "\n".join(CODES)
        assert is_main(page, "[data-done]")

    def test_download(self, page: Page, root: str) -> None:
        """Recovery codes are downloaded, and the way on comes forward."""
        page.goto(f"{root}/recovery-first")

        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()

        assert download.value.suggested_filename == "recovery-codes.txt"
        assert is_main(page, "[data-done]")

    @pytest.mark.parametrize(
        ("button", "kept"), [("I have saved them", "yes"), ("Skip for now", "no")]
    )
    def test_done(self, page: Page, root: str, posted: list[Any], button: str, kept: str) -> None:
        """Whether the codes were kept is what the person says, at any time."""
        page.goto(f"{root}/recovery-first")
        page.get_by_role("button", name=button).click()

        assert [form["kept"] for form in posted] == [kept]

    def test_paper(self, page: Page, root: str) -> None:
        """What is printed is whose codes they are, and the codes; no button."""
        page.goto(f"{root}/recovery-first")
        page.emulate_media(media="print")

        expect(page.get_by_text(CODES[0])).to_be_visible()
        expect(page.get_by_text("For susan at Microblog.")).to_be_visible()
        assert page.get_by_role("button").count() == 0


@pytest.mark.row("A11Y-3")
@pytest.mark.browser
class TestWithoutScripts:
    @pytest.fixture
    def page(self, browser: Browser) -> Iterator[Page]:
        """A window of 320 pixels in which no script runs."""
        context = browser.new_context(
            java_script_enabled=False, viewport={"width": 320, "height": 640}
        )
        yield context.new_page()
        context.close()

    def test_code(self, page: Page, root: str, posted: list[Any]) -> None:
        """A code can be sent without scripts, on the narrowest screen."""
        opened(page, root, "login").keyboard.type("123456")
        page.get_by_role("button", name="Continue").click()

        assert len(posted) == 1

    def test_recovery_codes(self, page: Page, root: str) -> None:
        """Without scripts recovery codes can be downloaded, and no button does nothing."""
        page.goto(f"{root}/recovery-first")

        with page.expect_download():
            page.get_by_role("button", name="Download").click()

        assert page.get_by_role("button").all_inner_texts() == [
            "Download",
            "I have saved them",
            "Skip for now",
        ]


@pytest.mark.row("A11Y-3")
@pytest.mark.browser
def test_narrow(page: Page, root: str) -> None:
    """No page is wider than a screen of 320 pixels, and nothing to press is lower than 44."""
    page.set_viewport_size({"width": 320, "height": 640})
    pressed = "main :is(a, button, summary, input:not([type=hidden]))"
    found = []
    for language, name in NAMES:
        page.goto(f"{root[:-2]}{language}/{name}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{language}/{name} is too wide")
        heights = page.locator(pressed).evaluate_all(
            "all => all.filter(one => one.checkVisibility()).map(one => one.offsetHeight)"
        )
        found += [f"{language}/{name} {height}" for height in heights if height < 44]

    assert found == []
