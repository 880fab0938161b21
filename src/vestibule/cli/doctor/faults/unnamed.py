"""What people are not told: whose site it is, and whom to ask."""

from collections.abc import Iterator

from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site


def no_name(site: Site) -> Iterator[Finding]:
    """Find a site that is called by a name which many others bear."""
    name = site.state.site
    if site.has_own_door and site.state.is_nameless:
        yield Finding(
            severity=Severity.NOTE,
            fault="no-name",
            where="VESTIBULE_ISSUER",
            what=f"People's apps, pages and mails call this site {name}, like many others.",
            mend="Set VESTIBULE_ISSUER to the name people know the site by.",
        )


def no_support(site: Site) -> Iterator[Finding]:
    """Find a site whose page for people without a way can name nobody to ask."""
    if site.has_own_door and not site.settings.support:
        yield Finding(
            severity=Severity.NOTE,
            fault="no-support",
            where="VESTIBULE_SUPPORT",
            what="Whoever can use no way of theirs is shown a page that names nobody to ask.",
            mend="Set VESTIBULE_SUPPORT to a sentence, a mail address or a link.",
        )
