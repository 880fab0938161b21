"""Our own cookies: opaque values, never readable by script, never sent across sites."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final

from werkzeug.http import dump_cookie
from werkzeug.wrappers import Request, Response

MOST_BROWSERS: Final = 4
BROWSER_LIFE: Final = timedelta(days=400)
NEXT_LIFE: Final = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Cookies:
    """The names and attributes of one realm's cookies.

    With `secure` the names bear the `__Host-` prefix: no subdomain can plant them.
    """

    realm: str
    secure: bool

    @cached_property
    def passage(self) -> str:
        """The cookie that names a waiting login or a grant."""
        return self._name("")

    @cached_property
    def browser(self) -> str:
        """The cookie by which a browser is known, and to which forms are bound."""
        return self._name("-browser")

    @cached_property
    def next(self) -> str:
        """The cookie that holds, sealed, where a signed-in person was going."""
        return self._name("-next")

    @cached_property
    def link(self) -> str:
        """The cookie that holds a link from a mail while the password is given."""
        return self._name("-link")

    @cached_property
    def later(self) -> str:
        """The cookie beside a remembered login that was let in without a second step for now."""
        return self._name("-later")

    def token(self, request: Request) -> str | None:
        """Return the value that names this browser's passage."""
        return request.cookies.get(self.passage)

    def browsers(self, request: Request) -> Sequence[str]:
        """Return the values by which this browser may be known, newest first."""
        return [v for v in request.cookies.get(self.browser, "").split(".") if v][:MOST_BROWSERS]

    def set_token(self, response: Response, token: str, life: timedelta | None) -> None:
        """Name a passage; without a life the cookie goes when the browser closes."""
        self._set(response, self.passage, token, life)

    def set_browsers(self, response: Response, values: Sequence[str]) -> None:
        """Remember by which values this browser is known."""
        self._set(response, self.browser, ".".join(values[:MOST_BROWSERS]), BROWSER_LIFE)

    def set_next(self, response: Response, sealed: str) -> None:
        """Remember where a person was going."""
        self._set(response, self.next, sealed, NEXT_LIFE)

    def set_link(self, response: Response, link: str) -> None:
        """Remember by which link a person came."""
        self._set(response, self.link, link, NEXT_LIFE)

    def set_later(self, response: Response, fingerprint: str, life: timedelta) -> None:
        """Remember by which password somebody goes on without a second step."""
        self._set(response, self.later, fingerprint, life)

    def drop_token(self, response: Response) -> None:
        """Delete the cookie that names a grant or a waiting login."""
        self.drop(response, self.passage)

    def drop(self, response: Response, name: str) -> None:
        """Delete one of our cookies."""
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="Lax")

    def _name(self, suffix: str) -> str:
        prefix = "__Host-" if self.secure else ""
        return f"{prefix}vestibule-{self.realm}{suffix}"

    def _set(self, response: Response, name: str, value: str, life: timedelta | None) -> None:
        # Max-Age says it all: Expires would only repeat it, for browsers of another age.
        cookie = dump_cookie(
            name,
            value,
            max_age=life,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="Lax",
            sync_expires=False,
        )
        response.headers.add("Set-Cookie", cookie)
