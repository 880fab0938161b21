"""The faults that are looked for, a file for each kind. Every check is handed the site.

A check returns its findings: what, where, and the one thing that mends it.
"""

from collections.abc import Callable, Iterable
from typing import Final

from vestibule.cli.doctor.faults import (
    carriers,
    cookies,
    database,
    first_ways,
    identities,
    keys,
    logins,
    mounted,
    passwords,
    proxy,
    sessions,
    stand_ins,
    start,
    tokens,
    unnamed,
    unread,
)
from vestibule.cli.doctor.findings import Finding
from vestibule.cli.doctor.site import Site

Check = Callable[[Site], Iterable[Finding]]

ALWAYS: Final[tuple[Check, ...]] = (
    start.no_door,
    logins.second_logins,
    logins.foreign_logins,
    tokens.token_views,
    tokens.unheard,
    identities.own_get_id,
    passwords.no_stamp,
    sessions.always_remembered,
    first_ways.unknown_roles,
    first_ways.no_address,
    mounted.without_door,
    database.implicit,
    unread.unknown_names,
)
WITH_ROUTES: Final[tuple[Check, ...]] = (
    carriers.calls_refused,
    carriers.unreached,
    carriers.no_calls,
    carriers.no_notices,
    carriers.no_address,
)
"""On a developer's machine they are asked where routes are set; without them nobody is to send."""
IN_PRODUCTION: Final[tuple[Check, ...]] = (
    keys.secret_key,
    keys.readable_key_file,
    cookies.session_cookie,
    cookies.remember_cookie,
    first_ways.no_carrier,
    proxy.unset,
    database.store,
    database.network_disk,
    database.several_machines,
    stand_ins.carriers_here,
    stand_ins.address_here,
    unnamed.no_name,
    unnamed.no_support,
)


def found_in(site: Site) -> list[Finding]:
    """Return what every check finds; some faults are none on a developer's machine."""
    checks = ALWAYS
    if site.is_production or site.settings.routes:
        checks += WITH_ROUTES
    if site.is_production:
        checks += IN_PRODUCTION
    return [finding for check in checks for finding in check(site)]
