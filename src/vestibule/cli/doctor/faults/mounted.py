"""Other applications behind the same address, which bring no door of their own."""

from collections.abc import Iterator

from flask import Flask

from vestibule.cli.doctor.faults.proxy import layers
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site
from vestibule.cli.door import has_door


def without_door(site: Site) -> Iterator[Finding]:
    """Find mounted Flask applications that take this one's sessions and have no Vestibule."""
    for layer in layers(site.app):
        for path, other in sorted(getattr(layer, "mounts", {}).items()):
            if isinstance(other, Flask) and not has_door(other) and _shares(site.app, other):
                yield Finding(
                    severity=Severity.HOLE,
                    fault="mounted-application",
                    where=f"{path} ({other.import_name})",
                    what="It takes this application's sessions, and asks for no second step.",
                    mend="Put a Vestibule on it too, with the same database, keys and realm.",
                )


def _shares(app: Flask, other: Flask) -> bool:
    return (app.secret_key, app.config["SESSION_COOKIE_NAME"]) == (
        other.secret_key,
        other.config["SESSION_COOKIE_NAME"],
    )
