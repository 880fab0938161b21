"""Which session key holds a login, as far as the code of an application tells."""

import re
from typing import Final

from flask import Flask

from vestibule.cli.doctor.code import Facts, Reader

IDENTITY: Final = re.compile(
    r"(^|_)(user|uid|user_?name|login|logged_?in|account|admin|member|staff|customer|"
    r"auth|authenticated|identity|person)(_|$)",
    re.IGNORECASE,
)
"""What a session key is called that says who is there."""


def identity_keys(facts: Facts, read: set[str]) -> set[str]:
    """Return the keys by which a view says who is there: those that other code looks for."""
    return {key for key in facts.writes if IDENTITY.search(key)} & read


def keys_read(app: Flask, reader: Reader) -> set[str]:
    """Return what the application's views and hooks may look for in the session."""
    hooks = (hook for hooks in app.before_request_funcs.values() for hook in hooks)
    read: set[str] = set()
    for function in (*app.view_functions.values(), *hooks):
        read |= reader.read(function).reads
    return read


def login_keys(app: Flask) -> list[str]:
    """Return the keys that look like a login."""
    reader = Reader(app)
    read = keys_read(app, reader)
    found: set[str] = set()
    for view in app.view_functions.values():
        found |= identity_keys(reader.read(view), read)
    return sorted(found)
