"""Tokens: handed out for a password past the second step, or taken by no view."""

import inspect
import re
from collections.abc import Iterator
from types import FunctionType
from typing import Final

from vestibule.cli.doctor.code import Facts
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site
from vestibule.flask import Vestibule
from vestibule.flask.marks import is_marked
from vestibule.flask.state import EXTENSION

PASSWORD: Final = re.compile(
    r"(check|verify|valid|match|compare|right|correct).*(password|pw|hash)|"
    r"(password|pw|hash).*(check|verif|valid|match|compare|right|correct)|"
    r"^authenticate|^checkpw$",
    re.IGNORECASE,
)
"""What a function is called that looks at a password."""
TOKEN: Final = re.compile(
    r"^((access|api|auth|bearer|id|refresh|session)_?)?(token|jwt|api_?key)$", re.IGNORECASE
)
"""What an answer calls the token in it."""


def token_views(site: Site) -> Iterator[Finding]:
    """Find views that look at a password and answer with a token, past the second step."""
    for endpoint, facts in site.facts():
        if not _looks_at_password(facts) or site.signs_in(facts) or _challenges(facts):
            continue
        if site.needs_login(site.app.view_functions[endpoint]):
            continue
        if any(TOKEN.search(text) for text in facts.texts):
            what = "Gives a token for a password: who has it needs no second step."
        elif "set_cookie" in facts.names:
            what = "Sets a cookie of its own for a password, where the gate does not look."
        else:
            continue
        if _may_challenge(facts):
            yield Finding(
                severity=Severity.NOTE,
                fault="token-view",
                where=site.where(endpoint),
                what=f"{what} It asks a `challenge` of something that could not be told from here.",
                mend="See that this is vestibule.challenge(user), and is returned where it is one.",
            )
            continue
        yield Finding(
            severity=Severity.HOLE,
            fault="token-view",
            where=site.where(endpoint),
            what=what,
            mend="After the password: if door := vestibule.challenge(user): return door",
        )


def unheard(site: Site) -> Iterator[Finding]:
    """Find an application that loads users by tokens, and no view that says it takes them."""
    loader = getattr(site.manager, "_request_callback", None)
    if loader is None or any(is_marked(view, "accepts_tokens") for _, view in site.views()):
        return
    yield Finding(
        severity=Severity.NOTE,
        fault="unheard-tokens",
        where=site.reader.place(loader),
        what=(
            "It loads users by what a request brings, and no view is marked as taking that: from "
            "the day they have a second step they are nobody by a token, everywhere."
        ),
        mend=(
            "Mark the views for programs with @vestibule.accepts_tokens, once no token is had for "
            "the password alone."
        ),
    )


def _looks_at_password(facts: Facts) -> bool:
    return any(PASSWORD.search(name) for name in facts.names) or (
        {"authorization", "password"} <= facts.names
    )


def _may_challenge(facts: Facts) -> bool:
    """Say whether a view asks a challenge of something that was made elsewhere: of the door, maybe.

    A challenge that is the host's own is found by its name, and is not the door's.
    """
    if "challenge" not in facts.names:
        return False
    own = any(
        inspect.getattr_static(value, "challenge", None) is not None
        or (type(value) is FunctionType and value.__name__ == "challenge")
        for value in facts.values
    )
    return not own


def _challenges(facts: Facts) -> bool:
    """Say whether a view asks the door; by the name alone a host's own would do."""
    return "challenge" in facts.names and (
        any(value is Vestibule or type(value) is Vestibule for value in facts.values)
        or EXTENSION in facts.texts
    )
