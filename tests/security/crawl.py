"""Walking every route of an application in every way a request can be made.

A step is one request; its view is what matters in the answer. Whoever is not signed in must get the
view that a stranger gets, whatever cookies he has collected.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

Cookies = Mapping[str, str]
Headers = Mapping[str, str]

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PAGE: Final[Headers] = {"Accept": "text/html"}
TRICKS: Final[tuple[Headers, ...]] = (
    {"X-HTTP-Method-Override": "GET"},
    {"X-Original-URL": "/account/profile", "X-Rewrite-URL": "/account/profile"},
    {"X-Forwarded-User": "maren", "X-Remote-User": "maren", "Remote-User": "maren"},
    {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"},
    {"Range": "bytes=0-10"},
    {"Accept": "application/json", "Sec-Fetch-Mode": "cors"},
    {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"},
)
FORGERY_VALUE: Final = re.compile(r'(name="csrf_token"[^>]*value=)"[^"]+"')


@dataclass(frozen=True)
class Step:
    """One request."""

    endpoint: str
    method: str
    path: str
    headers: Headers = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {dict(self.headers) or ''}"


@dataclass(frozen=True)
class View:
    """What an answer says, but for values that no two answers have in common."""

    status: int
    location: str
    kind: str
    allow: frozenset[str]
    body: str

    @classmethod
    def of(cls, answered: TestResponse) -> "View":
        """Read an answer to its end."""
        allow = answered.headers.get("Allow", "")
        found = cls(
            answered.status_code,
            answered.location or "",
            answered.content_type,
            frozenset(filter(None, allow.split(", "))),
            FORGERY_VALUE.sub(r'\1"…"', answered.get_data(as_text=True)),
        )
        answered.close()
        return found


def short_walk(app: Flask, values: Mapping[str, str]) -> list[Step]:
    """Every route, looked at and written to, by a person and by a program."""
    return [
        Step(rule.endpoint, method, address(rule, values), headers)
        for rule in app.url_map.iter_rules()
        for method, headers in (("GET", PAGE), ("GET", {}), ("POST", PAGE), ("DELETE", {}))
    ]


def long_walk(app: Flask, values: Mapping[str, str]) -> list[Step]:
    """Every route with every method, every spelling of its path, and every trick."""
    found = []
    for rule in app.url_map.iter_rules():
        end, path = rule.endpoint, address(rule, values)
        found += [Step(end, method, path) for method in METHODS]
        found += [Step(end, method, odd) for odd in spellings(path) for method in ("GET", "POST")]
        found += [Step(end, method, path, trick) for trick in TRICKS for method in ("GET", "POST")]
    return found


def address(rule: Rule, values: Mapping[str, str]) -> str:
    """Return a rule's path with real values in it."""
    return re.sub(r"<(?:[^:<>]*(?:\([^)]*\))?:)?([^<>:]+)>", lambda m: values[m[1]], rule.rule)


def spellings(path: str) -> Iterator[str]:
    """Other ways to write a path."""
    yield path.rstrip("/") + "/"
    yield path.upper()
    yield "/" + path
    yield path.replace("/", "//")
    yield "/." + path
    yield "/x/.." + path
    yield path + "?_method=POST&next=/account/profile"
    yield path + ";x=1"
    yield path + "%00"
    yield path + "%20"
    yield path + "/../account/profile"


@dataclass(frozen=True)
class Crawl:
    """Compares what browsers with these and those cookies are shown."""

    app: Flask
    fields: Mapping[str, str]
    """What every form of the application could want."""
    token: Callable[[FlaskClient], str]
    """The anti-forgery value of the forms that a browser is shown."""
    strangers: dict[str, View] = field(default_factory=dict)
    """What a stranger was shown, by step."""

    def differences(
        self,
        walk: list[Step],
        cookies: Cookies,
        *,
        allowed: Callable[[Step, View, View], bool] = lambda *given: not given,
    ) -> list[str]:
        """Every step that these cookies make different, but for those that may be."""
        found = []
        for step in walk:
            visitor, stranger = self.take(step, cookies), self.shown_to_strangers(step)
            if visitor != stranger and not allowed(step, visitor, stranger):
                found.append(f"{step}\n  visitor:  {visitor}\n  stranger: {stranger}")
        return found

    def browser(self, cookies: Cookies) -> FlaskClient:
        """A new browser with these cookies in it."""
        client = self.app.test_client()
        for name, value in cookies.items():
            client.set_cookie(name, value)
        return client

    def shown_to_strangers(self, step: Step) -> View:
        """Take a step without any cookie, once."""
        if str(step) not in self.strangers:
            self.strangers[str(step)] = self.take(step, {})
        return self.strangers[str(step)]

    def take(self, step: Step, cookies: Cookies) -> View:
        """Make one request in a new browser; what writes has an anti-forgery value of its own."""
        client = self.browser(cookies)
        options: dict[str, Any] = {"method": step.method, "headers": dict(step.headers)}
        if step.method == "POST":
            options["data"] = dict(self.fields) | {"csrf_token": self.token(client)}
        path, _, options["query_string"] = step.path.partition("?")
        # Set apart, because a client would read two slashes as the name of a host.
        options["environ_overrides"] = {"PATH_INFO": unquote(path)}
        return View.of(client.open("/", **options))
