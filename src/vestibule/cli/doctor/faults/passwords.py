"""Logins that outlive a new password."""

from collections.abc import Iterator

from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site


def no_stamp(site: Site) -> Iterator[Finding]:
    """Find a door that does not hear of a changed password."""
    if site.has_own_door and site.loaders.password_stamp is None:
        yield Finding(
            severity=Severity.WARNING,
            fault="no-password-stamp",
            where=site.app.import_name,
            what="A new password ends no session: whoever is signed in stays so.",
            mend="Write a function marked @vestibule.password_stamp that returns the hash.",
        )
