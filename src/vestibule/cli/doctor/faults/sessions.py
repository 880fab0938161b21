"""Sessions that are all made to last, where a lasting session is what a remembered login is."""

from collections.abc import Iterator

from vestibule.bootstrap import profile_of
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site


def always_remembered(site: Site) -> Iterator[Finding]:
    """Find what makes every session permanent, where no Flask-Login tells who is remembered."""
    if site.manager is not None or not site.has_own_door:
        return
    profile = profile_of(site.settings)
    if profile.remembered_life is None:
        return
    days, hours = profile.remembered_life.days, profile.grant_life.total_seconds() / 3600
    for where, mend in _signs(site):
        yield Finding(
            severity=Severity.WARNING,
            fault="always-remembered",
            where=where,
            what=(
                "Every session is permanent, so every browser is remembered: the second step is "
                f"asked again after {days} days, not after {hours:g} hours."
            ),
            mend=f"{mend}, and session.permanent = True in the login of those who asked for it.",
        )


def _signs(site: Site) -> Iterator[tuple[str, str]]:
    # Flask-Session's interfaces say so by this name of every session they make.
    if getattr(site.app.session_interface, "permanent", False):
        yield "SESSION_PERMANENT", "Set SESSION_PERMANENT = False"
    for hook in (hook for hooks in site.app.before_request_funcs.values() for hook in hooks):
        facts = site.reader.read(hook)
        if {"session", "permanent"} <= facts.names:
            yield site.reader.place(hook), "Make no session permanent there"
