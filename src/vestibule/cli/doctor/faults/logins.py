"""Views that sign people in: those the gate sees, and those it cannot know."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.guess import identity_keys, keys_read
from vestibule.cli.doctor.site import Site

USUAL: Final = re.compile(r"(log|sign)_?in$", re.IGNORECASE)
"""What a login view is called."""


def second_logins(site: Site) -> Iterator[Finding]:
    """Name every view besides the usual one that signs people in: the gate stops them as well."""
    known = [endpoint for endpoint, facts in site.facts() if site.signs_in(facts)]
    usual = _usual(site, known)
    for endpoint in known:
        if endpoint != usual:
            yield Finding(
                severity=Severity.NOTE,
                fault="second-login",
                where=site.where(endpoint),
                what="Signs people in too. Like every login it stops at the second step.",
                mend="Nothing, if you know of it; else take the view out.",
            )


def foreign_logins(site: Site) -> Iterator[Finding]:
    """Find views whose logins are kept where the gate does not look."""
    if not site.login_keys:
        return
    read = keys_read(site.app, site.reader)
    for endpoint, facts in site.facts():
        keys = identity_keys(facts, read)
        if not keys or site.signs_in(facts):
            continue
        named = ", ".join(f"session[{key!r}]" for key in sorted(keys))
        yield Finding(
            severity=Severity.HOLE,
            fault="foreign-login",
            where=site.where(endpoint),
            what=f"Signs people in by {named}, where the gate does not look.",
            mend=_as_usual(site),
        )


def _as_usual(site: Site) -> str:
    if site.manager is not None:
        return "Sign people in there with flask_login.login_user()."
    return f"Keep the id there in session[{site.login_keys[0]!r}], as your other login does."


def _usual(site: Site, known: Sequence[str]) -> str | None:
    """Return the login view: as Flask-Login was told, by its name, or because there is one."""
    told = getattr(site.manager, "login_view", None)
    named = (endpoint for endpoint in known if USUAL.search(endpoint))
    return told if told in known else next(named, known[0] if known else None)
