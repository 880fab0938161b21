"""Who carries codes and notices, and where one that a site means to send never leaves it."""

from collections.abc import Iterator

from vestibule.bootstrap import phone_channels, profile_of, reach_of
from vestibule.cli.doctor.findings import Finding, Severity
from vestibule.cli.doctor.site import Site
from vestibule.core import registry
from vestibule.delivery import registry as providers
from vestibule.delivery.provider import AsksForScript
from vestibule.delivery.routes import Routes
from vestibule.phone import countries

WHERE = "VESTIBULE_ROUTES"


def routes_of(site: Site) -> Routes:
    """Return the routes as the settings have them; a sender of the host's is none of them."""
    return Routes(named=providers.load(site.settings.routes, site.settings.provider_settings))


def calls_refused(site: Site) -> Iterator[Finding]:
    """Find calls that are never made, because they could not ask for a key."""
    ask = sorted(
        {
            one.name
            for where, route in routes_of(site).named.items()
            for one in route
            if where.partition(":")[0] == "call" and isinstance(one, AsksForScript)
        }
    )
    if ask and site.settings.site_url is None:
        yield Finding(
            severity=Severity.WARNING,
            fault="calls-refused",
            where=WHERE,
            what=(
                f"{', '.join(ask)} is to call people, and no call is made: what comes after the "
                "key that a call asks for is had from this site, whose address nobody said."
            ),
            mend="Set VESTIBULE_SITE_URL to the https address that people reach the site at.",
        )


def unreached(site: Site) -> Iterator[Finding]:
    """Find countries whose numbers are to get codes, and to which nobody carries one."""
    if not site.has_own_door or site.state.has_sender or not site.settings.countries:
        return
    routes = routes_of(site)
    channels = [one for one in sorted(phone_channels(site.settings)) if routes.carries(one)]
    named = reach_of(site.settings).countries if channels else frozenset()
    lost = [
        f"{channel} to {country.region} (+{country.dial})"
        for country in (countries() if named else ())
        for channel in channels
        if country.region in named and not routes.reaches(channel, f"+{country.dial}")
    ]
    if lost:
        yield Finding(
            severity=Severity.WARNING,
            fault="unreached-country",
            where=WHERE,
            what=(
                f"VESTIBULE_COUNTRIES lets numbers have codes that no route carries: "
                f"{', '.join(lost)}. None of these codes ever comes."
            ),
            mend=(
                "Name who carries the channel for every other number, as in VESTIBULE_ROUTES = "
                "{…, 'sms': ['twilio_messaging']}, or take the country out of VESTIBULE_COUNTRIES."
            ),
        )


def no_calls(site: Site) -> Iterator[Finding]:
    """Find phones that get text messages and could not be called."""
    routes = routes_of(site)
    if not site.has_own_door or site.state.has_sender or not _sends(site, "call"):
        return
    if not routes.carries("call"):
        yield Finding(
            severity=Severity.NOTE,
            fault="no-calls",
            where=WHERE,
            what="Nobody carries calls: a landline gets no code, and nobody can have one read out.",
            mend="Name who calls: VESTIBULE_ROUTES = {…, 'call': ['twilio_messaging']}.",
        )


def no_notices(site: Site) -> Iterator[Finding]:
    """Find people whose addresses are told, and who are told nothing."""
    routes = routes_of(site)
    if site.loaders.contact is None or site.state.has_sender or routes.tells:
        return
    made_there = ", ".join(one.name for one in routes.of("email", ""))
    why = f"{made_there} carries codes alone" if made_there else "nobody carries mail"
    yield Finding(
        severity=Severity.NOTE,
        fault="no-notices",
        where=WHERE,
        what=(
            f"contact_loader tells mail addresses, and {why}: nobody hears of a way that was "
            "added, or of somebody who has their password."
        ),
        mend="Name who carries mail: VESTIBULE_ROUTES = {…, 'email': ['smtp']}.",
    )


def no_address(site: Site) -> Iterator[Finding]:
    """Find messages whose carriers cannot tell what became of them, and mails without links."""
    if site.settings.routes and site.settings.site_url is None:
        yield Finding(
            severity=Severity.NOTE,
            fault="no-site-url",
            where="VESTIBULE_SITE_URL",
            what=(
                "Carriers are told no address for receipts, texts have no line that browsers fill "
                "in by, and mails no link by which somebody says that it was not them."
            ),
            mend="Set it to the https address that people reach the site at.",
        )


def _sends(site: Site, channel: str) -> bool:
    """Say whether a factor that is on offer sends codes over a channel."""
    settings = site.settings
    on = registry.load(settings.factors, profile_of(settings), settings.factor_settings)
    return any(channel in factor.traits.channels for factor in on.methods())
