"""Somebody at Porchlight with a browser: what he does, in the words of the pages."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from playwright.sync_api import Locator, Page, expect
from tests.e2e.phone import Phone
from tests.e2e.served import PASSWORD, Served
from tests.e2e.watch import Watch

from vestibule.testing import Inbox
from vestibule.testing.inbox import InboxMessage

SECOND_STEP = "**/two-step/login*"
LIST = re.compile(r"/two-step/(\?done=\w+(&way=\w+)?)?$")
PATIENCE = 20
CODE = re.compile(r"\b\d{6}\b")
Found = TypeVar("Found")


@dataclass
class Visitor:
    """One person in one browser."""

    page: Page
    watch: Watch
    name: str = ""
    phone: Phone | None = None
    codes: list[str] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)

    # Porchlight's own pages

    def give_password(self, path: str = "/login", *, remember: bool = False) -> None:
        """Fill in the login form and send it."""
        self.page.goto(path)
        self.page.get_by_label("Username or e-mail address").fill(self.name)
        self.page.get_by_label("Password").fill(PASSWORD)
        if remember:
            self.page.get_by_label("Keep me signed in on this device").check()
        self.page.get_by_role("main").get_by_role("button", name="Sign in").click()

    def sign_out(self) -> None:
        """Press the button that is on every page of Porchlight."""
        if "/two-step" in self.page.url:
            self.page.goto("/explore")
        self.page.get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("link", name="Sign in").first).to_be_visible()

    def is_signed_in(self) -> bool:
        """Say whether the site knows who is there."""
        self.page.goto("/explore")
        return self.page.get_by_role("button", name="Sign out").is_visible()

    # The second step

    def set_up(self) -> None:
        """Turn two-step login on, from the list page to the list page."""
        self.page.goto("/two-step/")
        self.press("Start with: Authenticator app")
        self.type_code(self.scan().next())
        self.page.wait_for_url("**/two-step/recovery-codes")
        self.codes = self.shown_codes()
        self.press("I have saved them")
        self.page.wait_for_url(LIST)

    def scan(self) -> Phone:
        """Put what the set-up page shows on the phone."""
        self.phone = Phone.of_page(self.page)
        return self.phone

    def add_app(self, name: str) -> None:
        """Set up another app from the list page, and give it a name."""
        self.press("Add")
        self.type_code(self.scan().next())
        self.page.wait_for_url(LIST)
        self.page.get_by_role("link", name="Rename").last.click()
        self.page.get_by_label("Name").fill(name)
        self.press("Save")
        self.page.wait_for_url(LIST)

    def shown_codes(self) -> list[str]:
        """Return the recovery codes that stand on the page."""
        return self.page.locator("#codes li").all_inner_texts()

    def sign_in(self, path: str = "/login", *, remember: bool = False) -> None:
        """Take both steps."""
        self.give_password(path, remember=remember)
        self.page.wait_for_url(SECOND_STEP)
        self.type_next_code()
        self.page.wait_for_url(lambda url: "/two-step/login" not in url)

    def field(self) -> Locator:
        """Return the field where codes are typed."""
        return self.page.locator("#code")

    def type_code(self, code: str) -> None:
        """Type a code; what is complete sends itself."""
        self.typed.append(code)
        self.page.wait_for_load_state()  # what sends a full field itself is there from then on
        self.field().press_sequentially(code)

    def answer(self, code: str, *, scripts: bool, button: str = "Continue") -> None:
        """Type a code; without scripts it does not send itself."""
        self.type_code(code)
        if not scripts:
            self.press(button)

    def type_next_code(self) -> None:
        """Type what the phone shows."""
        assert self.phone is not None
        self.type_code(self.phone.next())

    def type_recovery_code(self, code: str) -> None:
        """Choose the recovery code as the way, type one and send it."""
        self.page.get_by_role("link", name="Recovery code").click()
        self.type_code(code)
        self.press("Continue")

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name).click()

    def follow(self, name: str) -> None:
        """Follow a link."""
        self.page.get_by_role("link", name=name).first.click()

    def heading(self) -> Locator:
        """Return the page's own heading."""
        return self.page.get_by_role("heading", level=1)

    def selected(self) -> str:
        """Return what is marked in the field where codes are typed."""
        script = "field => field.value.slice(field.selectionStart, field.selectionEnd)"
        return str(self.field().evaluate(script))


def arrived(served: Served, find: Callable[[Sequence[InboxMessage]], Found | None]) -> Found:
    """Wait until the inbox holds what is looked for, and return it; newest messages come first."""
    inbox = served.app.extensions["vestibule_inbox"]
    assert isinstance(inbox, Inbox)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := find(inbox.messages):
            return found
        time.sleep(0.05)
    texts = [message.text for message in inbox.messages]
    raise AssertionError(f"it did not arrive, but {len(texts)} others: {texts}")


def sent_code(served: Served, count: int = 1) -> str:
    """Wait until so many codes were sent, and return the newest."""

    def newest(messages: Sequence[InboxMessage]) -> str | None:
        codes = [found[0] for m in messages if (found := CODE.search(m.text))]
        return codes[0] if len(codes) >= count else None

    return arrived(served, newest)
