"""What a login put into the host's session: taken out, kept sealed on our side, and put back."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import NoneType
from typing import Any, Final, Protocol, cast

from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SessionInterface, SessionMixin


class Serializer(Protocol):
    """Turns session values into bytes and back; never by pickle."""

    def dumps(self, values: Mapping[str, Any]) -> bytes:
        """Return `values` as bytes."""
        ...

    def loads(self, data: bytes) -> dict[str, Any]:
        """Return what `dumps` was given."""
        ...


class _Tagged:
    """Flask's own serialisation of a signed cookie, with the tags a host has added to it."""

    def __init__(self, serializer: TaggedJSONSerializer) -> None:
        self._serializer = serializer

    def dumps(self, values: Mapping[str, Any]) -> bytes:
        return self._serializer.dumps(dict(values)).encode()

    def loads(self, data: bytes) -> dict[str, Any]:
        return cast("dict[str, Any]", self._serializer.loads(data.decode()))


class _OfInterface:
    """The serialisation a server-side session brings along (Flask-Session)."""

    def __init__(self, serializer: Any) -> None:
        self._serializer = serializer

    def dumps(self, values: Mapping[str, Any]) -> bytes:
        return bytes(self._serializer.encode(dict(values)))

    def loads(self, data: bytes) -> dict[str, Any]:
        return dict(self._serializer.decode(data))


_TAGGED = _Tagged(TaggedJSONSerializer())


def serializer_of(interface: SessionInterface) -> Serializer:
    """Return the serialisation of the host's sessions, or Flask's where it has none of its own."""
    own = getattr(interface, "serializer", None)
    if hasattr(own, "encode") and hasattr(own, "decode"):
        return _OfInterface(own)
    return _Tagged(own) if isinstance(own, TaggedJSONSerializer) else _TAGGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A login on hold: session values, the response's cookies, and where it was going."""

    values: bytes = field(repr=False)
    cookies: Sequence[str] = field(default=(), repr=False)
    wanted: str | None = None
    entrance: str | None = None
    """The path the password was sent to: who is led back there while waiting is led on instead."""
    code_from: datetime | None = None
    """From when on a code to the person's address does, as the host told at this login."""

    def to_bytes(self) -> bytes:
        """Return the whole as bytes, for sealing."""
        whole = {
            "values": base64.b64encode(self.values).decode(),
            "cookies": list(self.cookies),
            "wanted": self.wanted,
            "entrance": self.entrance,
            "code_from": self.code_from.isoformat() if self.code_from else None,
        }
        return json.dumps(whole).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Parked":
        """Return what `to_bytes` made."""
        whole = json.loads(data)
        code_from = whole.get("code_from")  # a login may have been parked before this was kept
        return cls(
            values=base64.b64decode(whole["values"]),
            cookies=tuple(whole["cookies"]),
            wanted=whole["wanted"],
            entrance=whole["entrance"],
            code_from=datetime.fromisoformat(code_from) if code_from else None,
        )


_PLAIN: Final = frozenset({str, int, bool, NoneType})
"""What cannot be changed from within, and is compared as it is."""
_OBJECT: Final = b"\x00"
"""No serialisation begins like this."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A value as the session would write it, so that later changes inside it are seen too."""

    data: bytes = field(repr=False)


Snapshot = Mapping[str, object]
"""Every session value as it was when the session was opened."""


def snapshot(session: SessionMixin, serializer: Serializer) -> Snapshot:
    """Return the session as it is now."""
    values = dict.items(session) if isinstance(session, dict) else session.items()
    return {key: _seen(value, serializer) for key, value in values}


def _seen(value: object, serializer: Serializer) -> object:
    """Return a value as it can be compared; an object that some store keeps whole, by its id."""
    if type(value) in _PLAIN:
        return value
    try:
        return _Written(serializer.dumps({"v": value}))
    except (TypeError, ValueError):
        return _Written(_OBJECT + str(id(value)).encode())


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def take_out(session: SessionMixin, before: Snapshot, key: str, serializer: Serializer) -> bytes:
    """Move every value added or changed since `before` out of the session, and return them.

    The login value itself goes in any case. What was changed stands again as it was before.
    """
    changed = {
        name: value
        for name, value in dict(session).items()
        if name == key or name not in before or not _is_same(before[name], _seen(value, serializer))
    }
    data = serializer.dumps(changed)
    for name in changed:
        session.pop(name, None)
    for name, old in before.items():
        if name != key and name in changed:
            _restore(session, name, old, serializer)
    return data


def _restore(session: SessionMixin, name: str, old: object, serializer: Serializer) -> None:
    if not isinstance(old, _Written):
        session[name] = old
    elif not old.data.startswith(_OBJECT):
        session[name] = serializer.loads(old.data)["v"]


def put_back(session: SessionMixin, data: bytes, serializer: Serializer) -> None:
    """Put what was taken out into the session again."""
    session.update(serializer.loads(data))


def renew_id(interface: SessionInterface, session: SessionMixin) -> None:
    """Give a server-side session a new id, so that one planted before is worth nothing."""
    regenerate = getattr(interface, "regenerate", None)
    if regenerate is not None:
        regenerate(session)
