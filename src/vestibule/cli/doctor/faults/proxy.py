"""A proxy that the configuration tells of, and that Flask was not told of."""

from collections.abc import Iterator
from typing import Any

from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site


def unset(site: Site) -> Iterator[Finding]:
    """Find settings for a public https address without anything that believes a proxy."""
    signs = list(_signs(site))
    if signs and not any("proxy" in type(layer).__name__.lower() for layer in layers(site.app)):
        yield Finding(
            severity=Severity.WARNING,
            fault="unset-proxy",
            where=", ".join(signs),
            what=(
                "The site has a public address, and nothing tells Flask of a proxy before it: "
                "everybody would have the proxy's address, and one guesser would slow all."
            ),
            mend=(
                "If there is a proxy: app.wsgi_app = "
                "ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)"
            ),
        )


def layers(app: Any) -> Iterator[Any]:
    """Return the middlewares around an application, the outermost first."""
    layer, seen = app.wsgi_app, set[int]()
    while layer is not None and id(layer) not in seen and getattr(layer, "__self__", None) is None:
        seen.add(id(layer))
        yield layer
        inner = (getattr(layer, name, None) for name in ("app", "wsgi_app", "application", "_app"))
        layer = next((found for found in inner if found is not None), None)


def _signs(site: Site) -> Iterator[str]:
    config = site.app.config
    if config.get("PREFERRED_URL_SCHEME") == "https":
        yield "PREFERRED_URL_SCHEME"
    if config.get("APPLICATION_ROOT") not in {None, "", "/"}:
        yield "APPLICATION_ROOT"
    for name in ("SERVER_NAME", "TRUSTED_HOSTS"):
        value = config.get(name)
        if value and "localhost" not in str(value) and "127.0.0.1" not in str(value):
            yield name
