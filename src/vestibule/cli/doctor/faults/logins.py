"""Views that sign people in: those the gate sees, and those it cannot know."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.guess import identity_keys, keys_read
from vestibule.cli.doctor.site import Site

STOPS: Final = "Signs people in too. Like every login it stops at the second step."
ACTS: Final = (
    "Signs somebody of yours in as a user (acting_as): for an hour, after a fresh proof of their "
    "own and the word of may_act_as. Any other login there stops at the second step."
)
USUAL: Final = re.compile(r"(log|sign)_?in$", re.IGNORECASE)
"""What a login view is called."""


def second_logins(site: Site) -> Iterator[Finding]:
    """Name every view besides the usual one that signs people in: the gate stops them as well."""
    known = {endpoint: facts for endpoint, facts in site.facts() if site.signs_in(facts)}
    usual = _usual(site, list(known))
    for endpoint, facts in known.items():
        if endpoint != usual:
            yield Finding(
                severity=Severity.NOTE,
                fault="second-login",
                where=site.where(endpoint),
                what=ACTS if "acting_as" in facts.names else STOPS,
                mend="Nothing, if you know of it; else take the view out.",
            )


def foreign_logins(site: Site) -> Iterator[Finding]:
    """Find views whose logins are kept where the gate does not look."""
    if not site.login_keys:
        return
    read = keys_read(site.app, site.reader)
    instead = keys_instead(site)
    for endpoint, facts in site.facts():
        keys = identity_keys(facts, read)
        if not keys or site.signs_in(facts):
            continue
        named = ", ".join(f"session[{key!r}]" for key in sorted(keys))
        yield Finding(
            severity=Severity.HOLE,
            fault="foreign-login",
            where=site.where(endpoint),
            what=_unseen(site, instead)
            if instead
            else f"Signs people in by {named}, where the gate does not look.",
            mend=_named(site, instead) if instead else _as_usual(site),
        )


def keys_instead(site: Site) -> Sequence[str]:
    """Return the session keys that logins set, where nothing looks for the one the gate goes by.

    Then the gate sees no login at all, and what it makes of a session that has that key shows
    nothing.
    """
    if site.manager is not None or not site.login_keys:
        return ()
    key, read = site.login_keys[0], keys_read(site.app, site.reader)
    views = [facts for _, facts in site.facts()]
    if key in read or any(key in facts.writes for facts in views):
        return ()
    return sorted({found for facts in views for found in identity_keys(facts, read)})


def _unseen(site: Site, instead: Sequence[str]) -> str:
    setting = "VESTIBULE_LOGIN_KEYS" if site.has_own_door else "--login-key"
    return (
        f"{setting} names {site.login_keys[0]}, which no view sets; your login sets "
        f"{' or '.join(instead)}. The gate sees no login and asks nobody for a code; no route was "
        "asked, since nothing would be shown by it."
    )


def _named(site: Site, instead: Sequence[str]) -> str:
    if not site.has_own_door:
        return f"Name the session key of your login: --login-key {instead[0]}."
    return f'Set VESTIBULE_LOGIN_KEYS = ["{instead[0]}"].'


def _as_usual(site: Site) -> str:
    if site.manager is not None:
        return "Sign people in there with flask_login.login_user()."
    return f"Keep the id there in session[{site.login_keys[0]!r}], as your other login does."


def _usual(site: Site, known: Sequence[str]) -> str | None:
    """Return the login view: as Flask-Login was told, by its name, or because there is one."""
    told = getattr(site.manager, "login_view", None)
    named = (endpoint for endpoint in known if USUAL.search(endpoint))
    return told if told in known else next(named, known[0] if known else None)
