"""The phone of somebody who has no half minute to wait for the next code."""

import time
from datetime import UTC, datetime

from playwright.sync_api import Page

from vestibule.testing import SoftwareAuthenticator

TOO_LATE = 10
"""Seconds before a code's end in which it might be over when it arrives."""


class Phone:
    """Holds one account in an authenticator app."""

    def __init__(self, uri: str) -> None:
        """Scan a set-up code."""
        self.app = SoftwareAuthenticator.scan(uri)

    @classmethod
    def of_page(cls, page: Page) -> "Phone":
        """Open the link of a set-up page."""
        link = page.locator("a[href^='otpauth:']").get_attribute("href")
        assert link
        return cls(link)

    def next(self) -> str:
        """Return a code that was not asked for before and does not end too soon."""
        left = self.app.period - time.time() % self.app.period
        if left < TOO_LATE:
            time.sleep(left)
        return self.app.next_code(datetime.now(UTC))

    def any(self) -> str:
        """Return the code of this moment, spent or not."""
        return self.app.code(datetime.now(UTC))


def wrong(code: str) -> str:
    """Return a code that is surely another."""
    return f"{(int(code) + 500_000) % 1_000_000:06}"
