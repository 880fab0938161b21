"""One request as a carrier reads it, and what it answers."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qs, unquote

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request. `path` is as it was sent: a plus sign in it is a plus sign."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By names in small letters."""
    body: bytes = b""

    @property
    def words(self) -> tuple[str, ...]:
        """The path's parts, decoded, and an empty one at its end where it ends with a slash."""
        return tuple(unquote(part) for part in self.path.removeprefix("/").split("/"))

    @property
    def lists(self) -> Mapping[str, list[str]]:
        """What was sent as a form, every value of each name."""
        return _pairs(self.body.decode("utf-8", "replace"))

    @property
    def form(self) -> Mapping[str, str]:
        """What was sent as a form, the first value of each name."""
        return {name: values[0] for name, values in self.lists.items()}

    @property
    def asked_for(self) -> Mapping[str, str]:
        """What the query says, the first value of each name."""
        return {name: values[0] for name, values in _pairs(self.query).items()}

    @property
    def json(self) -> Any:
        """What was sent as JSON; None where it was none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def credentials(self) -> tuple[str, str]:
        """Who asks, by name and password (RFC 7617); empty where it is not said."""
        try:
            whole = base64.b64decode(self.token("Basic"), validate=True).decode()
        except ValueError:
            return "", ""
        name, _, password = whole.partition(":")
        return name, password

    def token(self, scheme: str) -> str:
        """Return what the Authorization header says under a scheme; empty where it has another."""
        said, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if said.lower() == scheme.lower() else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered, and how: whole, not at all (`cut`), or byte by byte (`drip`)."""

    status: int = 200
    body: bytes = b""
    type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Literal["whole", "cut", "drip"] = "whole"


def told(data: object, status: int = 200) -> Reply:
    """Return `data` as JSON."""
    return Reply(status=status, body=json.dumps(data, ensure_ascii=False).encode())


def _pairs(text: str) -> Mapping[str, list[str]]:
    return parse_qs(text, keep_blank_values=True)
