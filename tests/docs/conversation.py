"""Plays a page's `http` blocks: each request is sent, and each answer is what the page says it is.

On the page `123456` stands for the code that a person's app shows, `000000` for a wrong one, and
`7K3QM-4T2VX-9RWPD-H6C8N` for any recovery code. Where an answer shows `…`, anything may stand. A
name in single guillemets is a value too, and a request that shows the same name sends that value.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from vestibule.testing import FakeClock, SoftwareAuthenticator

RIGHT, WRONG = "123456", "000000"
RECOVERY = "7K3QM-4T2VX-9RWPD-H6C8N"
NAMED = re.compile("\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}[a-z]+.")


class Conversation:
    """One page's conversation with the page's application."""

    def __init__(self, app: Flask, clock: FakeClock) -> None:
        """Begin with a browser that nobody used before, and a program."""
        self._clock = clock
        self._clients = {"browser": app.test_client(), "program": app.test_client()}
        self._phone: SoftwareAuthenticator | None = None
        self._meant: dict[str, str] = {}

    def play(self, text: str, said: str = "", about: str = "") -> None:
        """Send the request that a block begins with and look at the answer it goes on with."""
        if said == "later":
            self._clock.move(timedelta(minutes=float(about.removesuffix(" minutes"))))
        client = self._clients["program" if said == "program" else "browser"]
        asked, _, told = text.partition("\nHTTP/1.1 ")
        answer = self._send(client, asked)
        self._look(answer, told)
        self._learn(answer)

    def _send(self, client: FlaskClient, text: str) -> TestResponse:
        first, headers, body = _parts(text)
        method, _, path = first.partition(" ")
        filled = {name: self._filled(value) for name, value in headers.items()}
        data = self._filled(body)
        return client.open(self._filled(path), method=method, headers=filled, data=data)

    def _filled(self, text: str) -> str:
        """What a request on the page means at this moment."""
        if RIGHT in text or WRONG in text:
            text = text.replace(RIGHT, self._code(right=True)).replace(
                WRONG, self._code(right=False)
            )
        for shown, meant in self._meant.items():
            text = text.replace(shown, meant)
        return text

    def _code(self, *, right: bool) -> str:
        assert self._phone is not None, "the page types a code before it shows a secret"
        now = self._clock.now()
        if right:
            # A person waits for a code that was not used; so does this one.
            self._clock.move(seconds=30)
            return self._phone.next_code(self._clock.now())
        near = {self._phone.code(now, steps=steps) for steps in range(-60, 61)}
        return next(code for n in range(1000) if (code := f"{n:06}") not in near)

    def _look(self, answer: TestResponse, told: str) -> None:
        status, headers, body = _parts(told)
        assert answer.status.upper() == status.upper(), f"{answer.status}: {answer.text}"
        for name, value in headers.items():
            assert _alike(value, answer.headers.get(name, "")), f"{name} in {answer.headers}"
        if body.strip():
            shown = json.loads(body)
            assert _same(shown, answer.json), f"{answer.json} is not {shown}"
            self._meant.update(_named(shown, answer.json))

    def _learn(self, answer: TestResponse) -> None:
        """Hold what a person would: the secret in the app."""
        body = answer.json if answer.is_json else None
        if isinstance(body, dict) and "otpauth" in body:
            self._phone = SoftwareAuthenticator.scan(body["otpauth"])


def _parts(text: str) -> tuple[str, Mapping[str, str], str]:
    """The first line, the headers and the body of a request or an answer."""
    head, _, body = text.strip().partition("\n\n")
    first, *lines = head.splitlines()
    return first, dict(line.split(": ", 1) for line in lines), body


def _alike(shown: str, real: str) -> bool:
    if NAMED.fullmatch(shown):
        return bool(real)
    if shown == RECOVERY:
        return re.fullmatch(r"[0-9A-Z]{5}(-[0-9A-Z]{5}){3}", real) is not None
    pattern = ".*".join(map(re.escape, shown.split("…")))
    return re.fullmatch(pattern, real, re.DOTALL) is not None


def _same(shown: Any, real: Any) -> bool:
    if isinstance(shown, str):
        return isinstance(real, str) and _alike(shown, real)
    if isinstance(shown, dict):
        return (
            isinstance(real, dict)
            and shown.keys() == real.keys()
            and all(_same(shown[key], real[key]) for key in shown)
        )
    if isinstance(shown, list) and shown and shown[-1] == "…":
        return len(real) >= len(shown) and all(map(_same, shown[:-1], real))
    if isinstance(shown, list):
        return len(shown) == len(real) and all(map(_same, shown, real))
    return bool(shown == real) and type(shown) is type(real)


def _named(shown: Any, real: Any) -> Iterator[tuple[str, str]]:
    """What each name in an answer stands for."""
    if isinstance(shown, str) and NAMED.fullmatch(shown):
        yield shown, real
    elif isinstance(shown, dict):
        for key, value in shown.items():
            yield from _named(value, real[key])
    elif isinstance(shown, list):
        for one, its in zip(shown, real, strict=False):
            yield from _named(one, its)
