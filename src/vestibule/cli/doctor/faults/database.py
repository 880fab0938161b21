"""A store that makes itself, is the wrong one, or is not the same on every machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from vestibule.bootstrap import check_production, check_store
from vestibule.cli.doctor.faults.start import parted
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site
from vestibule.core.errors import ConfigurationError

NETWORK: Final = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs"}
PLATFORMS: Final = {
    "DYNO": "Heroku",
    "FLY_MACHINE_ID": "Fly.io",
    "K_SERVICE": "Cloud Run",
    "KUBERNETES_SERVICE_HOST": "Kubernetes",
    "WEBSITE_INSTANCE_ID": "Azure App Service",
    "AWS_LAMBDA_FUNCTION_NAME": "Lambda",
    "ECS_CONTAINER_METADATA_URI_V4": "ECS",
}
"""Environment variables of platforms that run several machines, or forget their disks."""
HERE: Final = {"", "localhost", "127.0.0.1", "::1"}
POSTGRESQL: Final = "Use PostgreSQL: VESTIBULE_DATABASE_URL=postgresql://…"


def implicit(site: Site) -> Iterator[Finding]:
    """Find a store that makes itself, where this does not look like a developer's machine."""
    development = site.settings.development and site.has_own_door
    served = not (site.app.debug or site.app.testing or site.is_production)
    if development and served and site.settings.database_url is None:
        yield Finding(
            severity=Severity.WARNING,
            fault="implicit-database",
            where="VESTIBULE_DATABASE_URL",
            what=(
                "VESTIBULE_DEVELOPMENT is on: the database is made by itself, and where it is lost "
                "everybody comes in by password."
            ),
            mend="On a server unset VESTIBULE_DEVELOPMENT, and set what vestibule init prints.",
        )


def store(site: Site) -> Iterator[Finding]:
    """Find a store that is not there, empty, another's, or older than the code."""
    if site.settings.development or not site.has_own_door:
        return
    try:
        check_production(site.settings)
        check_store(site.settings)
    except ConfigurationError as error:
        what, mend = parted(str(error))
        yield Finding(
            severity=Severity.HOLE,
            fault="wrong-database",
            where="VESTIBULE_DATABASE_URL",
            what=what,
            mend=mend,
        )


def network_disk(site: Site) -> Iterator[Finding]:
    """Find a SQLite file that several machines could open."""
    file = _file(site)
    if file is None:
        return
    mounts = [line.split()[1:3] for line in site.mounts.splitlines() if len(line.split()) > 2]  # noqa: PLR2004
    over = [(point, kind) for point, kind in mounts if file.is_relative_to(point)]
    kind = max(over, key=lambda found: len(found[0]))[1] if over else ""
    if kind in NETWORK or kind.startswith("fuse."):
        yield Finding(
            severity=Severity.HOLE,
            fault="shared-file",
            where="VESTIBULE_DATABASE_URL",
            what=f"The SQLite file is on a network disk ({kind}), where SQLite's locks fail.",
            mend=POSTGRESQL,
        )


def several_machines(site: Site) -> Iterator[Finding]:
    """Find signs that the site has more machines than the one its SQLite file is on."""
    if _file(site) is None:
        return
    for sign, what in _signs(site):
        yield Finding(
            severity=Severity.WARNING,
            fault="shared-file",
            where=sign,
            what=(
                f"{what}, but Vestibule's database is a file of one machine: on another nobody "
                "would have a second step."
            ),
            mend=POSTGRESQL,
        )


def _signs(site: Site) -> Iterator[tuple[str, str]]:
    for name, platform in PLATFORMS.items():
        if name in site.environment:
            yield name, f"The site runs on {platform}"
            return
    for name in ("SQLALCHEMY_DATABASE_URI", "DATABASE_URL", "CACHE_REDIS_URL", "SESSION_REDIS"):
        value = site.app.config.get(name)
        host = urlsplit(value).hostname if isinstance(value, str) else None
        if (host or "") not in HERE:
            yield name, "The application's own data is on a server"
            return


def _file(site: Site) -> Path | None:
    """Return the SQLite file that the settings name."""
    scheme, separator, rest = str(site.settings.database_url or "").partition(":///")
    named = rest.partition("?")[0]
    is_file = separator and scheme.partition("+")[0] == "sqlite" and named
    return Path(named).absolute() if is_file else None
