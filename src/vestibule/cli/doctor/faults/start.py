"""No door, a door that does not open its eyes, and an application that refuses to start."""

from collections.abc import Iterator

from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.guess import login_keys
from vestibule.cli.doctor.site import Site

KINDS = (
    ("VESTIBULE_COUNTRIES is not set", "every-country"),
    ("has no database", "implicit-database"),
    ("names no file", "implicit-database"),
    ("own SQLite file", "shared-file"),
    ("made for development", "development-keys"),
    ("no keys", "vestibule-keys"),
    ("nothing carries", "no-carrier"),
    ("VESTIBULE_ROUTES", "broken-route"),
    ("the provider", "broken-route"),
    ("key", "vestibule-keys"),
)
"""What a refusal is called, by its words."""


def no_door(site: Site) -> Iterator[Finding]:
    """Find an application that asks nobody for a second step."""
    if not site.has_own_door:
        yield Finding(
            severity=Severity.HOLE,
            fault="no-door",
            where=site.app.import_name,
            what="This application has no Vestibule: the password alone opens everything.",
            mend=f"Write Vestibule(app) where the application is made{_keys(site)}.",
        )


def _keys(site: Site) -> str:
    """Return the setting that goes with it where there is no Flask-Login."""
    keys = site.settings.login_keys
    return f", and set VESTIBULE_LOGIN_KEYS = {list(keys)}" if keys else ""


def refused(message: str) -> Finding:
    """Return the refusal of an application that does not start in production."""
    named = (fault for words, fault in KINDS if words in message)
    what, mend = parted(message)
    return Finding(
        severity=Severity.HOLE,
        fault=next(named, "refused"),
        where="start",
        what=f"The application does not start: {what}",
        mend=mend,
    )


def unknown_login(site: Site, message: str) -> Finding:
    """Return the refusal of a gate that cannot tell what a login is."""
    keys = login_keys(site.app)
    what, mend = parted(message)
    if keys:
        mend = f'Set VESTIBULE_LOGIN_KEYS = ["{keys[0]}"]: your code puts that into the session.'
    elif not site.has_own_door:
        mend = "Name the session key of your login: --login-key user_id."
    return Finding(
        severity=Severity.HOLE,
        fault="unknown-login",
        where=site.app.import_name,
        what=f"No route could be asked: {what}",
        mend=mend,
    )


def parted(message: str) -> tuple[str, str]:
    """Return what a refusal says is so, and what to do about it."""
    what, separator, mend = message.partition(" (On a developer")[0].partition(". ")
    return (f"{what}.", mend) if separator else (message, "Do what this says.")
