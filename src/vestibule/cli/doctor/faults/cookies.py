"""Cookies that travel in clear, that scripts can read, or that other sites' forms bring along."""

from collections.abc import Iterator
from typing import Any, Final

from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site

SAME_SITE: Final = {"lax", "strict"}


def session_cookie(site: Site) -> Iterator[Finding]:
    """Look at the session cookie's three attributes."""
    yield from _cookie(site, "SESSION_COOKIE", "The session cookie")


def remember_cookie(site: Site) -> Iterator[Finding]:
    """Look at Flask-Login's remember cookie, where a login can set it."""
    if site.manager is not None and any("remember" in facts.texts for _, facts in site.facts()):
        yield from _cookie(site, "REMEMBER_COOKIE", "The remember cookie")


def _cookie(site: Site, prefix: str, name: str) -> Iterator[Finding]:
    config = site.app.config
    if not config.get(f"{prefix}_SECURE"):
        yield _weak(f"{prefix}_SECURE", f"{name} is sent over plain http too.", value=True)
    if not config.get(f"{prefix}_HTTPONLY", True):
        yield _weak(f"{prefix}_HTTPONLY", f"{name} can be read by scripts.", value=True)
    if str(config.get(f"{prefix}_SAMESITE")).lower() not in SAME_SITE:
        yield _weak(
            f"{prefix}_SAMESITE", f"{name} comes along when another site sends a form.", value="Lax"
        )


def _weak(setting: str, what: str, *, value: Any) -> Finding:
    return Finding(
        severity=Severity.WARNING,
        fault="insecure-cookie",
        where=setting,
        what=what,
        mend=f"Set {setting} = {value!r}.",
    )
