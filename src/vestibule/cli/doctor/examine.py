"""The whole examination: the door, the routes, the faults."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from flask import Flask

from vestibule.bootstrap import asks_for_development
from vestibule.bootstrap.environment import environment_of
from vestibule.cli.doctor import faults, guess
from vestibule.cli.doctor.faults import first_ways, logins, reach, start
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.person import person_of
from vestibule.cli.doctor.routes import Route, Seen, ask
from vestibule.cli.doctor.site import Site
from vestibule.cli.door import door_of, has_door, kept_apart, tells_logins
from vestibule.core.errors import ConfigurationError
from vestibule.flask import event_recorded, login_paused

MOUNTS: Final = Path("/proc/mounts")
PLAYED: Final[dict[str, Any]] = {
    "factors": ("totp", "recovery_codes"),
    "factor_settings": {},
    "profile": "default",
    "required": ("nobody",),
}
"""What holds of whom the doctor plays: who is given that second step, whichever the application
offers, and need not have one before, or nothing would be shown by its being asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What came of it."""

    application: str
    is_production: bool
    has_own_door: bool
    by_whom: str
    """Whom the doctor played: `stand-in`, or the id that was given."""
    routes: Sequence[Route]
    carriers: Mapping[str, Sequence[str]]
    """Who carries what, in the order they are asked, as the settings name them."""
    findings: Sequence[Finding]

    def count(self, severity: Severity) -> int:
        """Return how many findings are so grave."""
        return sum(finding.severity is severity for finding in self.findings)

    def signed_in_before(self) -> int:
        """Return on how many routes the password alone was enough."""
        return sum(route.before.seen is Seen.SIGNED_IN for route in self.routes)

    def signed_in_after(self) -> int:
        """Return on how many it still is, with the door."""
        return sum(bool(route.open_by) for route in self.routes)

    def fails(self, *, strict: bool) -> bool:
        """Say whether a command is to end with an error."""
        return bool(self.count(Severity.HOLE) or (strict and self.count(Severity.WARNING)))


def examine(
    app: Flask | None,
    *,
    refusal: str | None = None,
    login_keys: Sequence[str] = (),
    user: str | None = None,
    ignored: Sequence[str] = (),
) -> Examination:
    """Examine an application. `app` is None where it could not be had, for the `refusal`."""
    found: list[Finding] = [] if refusal is None else [start.refused(refusal)]
    routes: Sequence[Route] = ()
    site = None
    if app is not None:
        own = has_door(app)
        production = refusal is not None or _is_production(app)
        site = _site(app, login_keys, own=own, production=production)
        found += faults.found_in(site)
        knows_better = any(word.partition(":")[0] == "foreign-login" for word in ignored)
        if knows_better or not logins.keys_instead(site):
            routes, more = _asked(site, user)
            found += more
    kept = [f for f in found if not any(f.is_named(word) for word in ignored)]
    order = list(Severity)
    return Examination(
        application=app.name if app is not None else "unknown",
        is_production=site.is_production if site else True,
        has_own_door=site.has_own_door if site else True,
        by_whom=user or "stand-in",
        routes=routes,
        carriers=site.settings.routes if site else {},
        findings=sorted(kept, key=lambda f: (order.index(f.severity), f.fault, f.where)),
    )


def _site(app: Flask, login_keys: Sequence[str], *, own: bool, production: bool) -> Site:
    if not (own or tells_logins(app, login_keys)):
        guessed = guess.login_keys(app)
        login_keys = guessed if len(guessed) == 1 else ()
    return Site.of(
        door_of(app, login_keys),
        has_own_door=own,
        is_production=production,
        environment=dict(environment_of(Path(app.root_path))),
        mounts=MOUNTS.read_text("utf-8") if MOUNTS.exists() else "",
    )


def _is_production(app: Flask) -> bool:
    beside = environment_of(Path(app.root_path))
    return not (app.debug or app.testing or asks_for_development(app.config, beside))


def _asked(site: Site, user: str | None) -> tuple[Sequence[Route], Sequence[Finding]]:
    """Ask every route on a store that is thrown away; of what happens there nobody is told."""
    with (
        tempfile.TemporaryDirectory(prefix="vestibule-doctor-") as folder,
        kept_apart(site.state, Path(folder), **PLAYED),
        event_recorded.muted(),
        login_paused.muted(),
    ):
        return _asked_apart(site, user)


def _asked_apart(site: Site, user: str | None) -> tuple[Sequence[Route], Sequence[Finding]]:
    try:
        kind = site.state.host
    except ConfigurationError as error:
        return (), [start.unknown_login(site, str(error))]
    try:
        person = person_of(site.app, kind, user)
    except click.UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - the host's loaders may raise anything
        return (), [reach.nobody_to_play(error, user)]
    told = list(first_ways.in_code(site) if user is None else first_ways.as_told(site, person))
    routes = ask(site, person, real=user is not None)
    return routes, [*told, *reach.found_on(site, routes)]
