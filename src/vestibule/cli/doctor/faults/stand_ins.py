"""What is there while one develops, left in the settings of a site that people use."""

import dataclasses
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from vestibule.cli.doctor.faults.carriers import routes_of
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site
from vestibule.delivery.address import is_this_machine
from vestibule.delivery.provider import Provider
from vestibule.settings import PREFIX

RELAY: Final = 25
"""The port of a mail server of the machine's own, which hands letters on."""


def carriers_here(site: Site) -> Iterator[Finding]:
    """Find carriers that would be on this machine, where a stand-in was."""
    made = {one.name: one for route in routes_of(site).named.values() for one in route}
    for name, provider in sorted(made.items()):
        for field, value in _leading_here(provider):
            setting = f"{PREFIX}{name.upper()}_{field.upper()}"
            yield Finding(
                severity=Severity.WARNING,
                fault="stand-in",
                where=setting,
                what=f"{value} is this machine: what {name} is handed goes to no carrier.",
                mend=(
                    "Take the stand-in's settings out, in .env too: they go before the names that "
                    "carriers' own documents use. If a gateway or a mail server of yours is "
                    f"there: --ignore stand-in:{setting}."
                ),
            )


def address_here(site: Site) -> Iterator[Finding]:
    """Find a site's address that leads to whichever machine follows it."""
    url = site.settings.site_url
    if url is not None and is_this_machine(urlsplit(url).hostname or ""):
        yield Finding(
            severity=Severity.WARNING,
            fault="stand-in",
            where="VESTIBULE_SITE_URL",
            what=f"{url} is this machine: links in mails lead nowhere, and no receipt comes.",
            mend="Set it to the https address that people reach the site at.",
        )


def _leading_here(provider: Provider) -> Iterator[tuple[str, str]]:
    """Return the settings of a provider that lead to this machine, each with its value."""
    carrier: Any = provider
    for field in dataclasses.fields(carrier):
        value = getattr(carrier, field.name)
        if isinstance(value, str) and "://" in value:
            if is_this_machine(urlsplit(value).hostname or ""):
                yield field.name, value
        elif field.name == "host" and is_this_machine(str(value)) and _port(carrier) != RELAY:
            yield field.name, str(value)


def _port(carrier: Any) -> int:
    return int(getattr(carrier, "port", RELAY))
