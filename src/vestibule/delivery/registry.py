"""Names in the routes become providers here, and nowhere else.

A route lists `signalwire` for a provider of the house, and `package.module:Name` for anybody
else's: a frozen dataclass with a `name`, whose fields are its settings.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from vestibule.core import registry
from vestibule.core.errors import ConfigurationError
from vestibule.core.reach import PHONES
from vestibule.delivery.provider import CarriesSome, Provider

SETTING: Final = "VESTIBULE_ROUTES"
HOUSE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "crondock": "vestibule.providers.crondock:CronDock",
        "http": "vestibule.providers.http:HttpCarrier",
        "infobip": "vestibule.providers.http:Infobip",
        "signalwire": "vestibule.providers.signalwire:SignalWire",
        "smtp": "vestibule.providers.smtp:Smtp",
        "telnyx": "vestibule.providers.http:Telnyx",
        "twilio_messaging": "vestibule.providers.twilio_messaging:TwilioMessaging",
        "twilio_verify": "vestibule.providers.twilio_verify:TwilioVerify",
        "vonage": "vestibule.providers.http:Vonage",
    }
)


def types(specs: Iterable[str]) -> dict[str, type]:
    """Return the dataclasses that `specs` stand for, by the specs.

    Raises `ConfigurationError` where one stands for none, or two of one name are not the same.
    """
    found = {spec: provider_type(spec) for spec in dict.fromkeys(specs)}
    by_name: dict[str, str] = {}
    for spec, kind in found.items():
        name = str(getattr(kind, "name", ""))
        if by_name.setdefault(name, spec) != spec:
            message = (
                f"{by_name[name]!r} and {spec!r} in {SETTING} are both called {name!r}: leave one "
                "out, or give yours another name"
            )
            raise ConfigurationError(message)
    return found


def provider_type(spec: str) -> type:
    """Return the dataclass that `spec` stands for, without making one."""
    found = registry.imported(HOUSE.get(spec, spec), SETTING, spec, sorted(HOUSE))
    channels = getattr(found, "channels", None)
    if not (isinstance(channels, frozenset) and channels):
        message = f"{spec!r} in {SETTING} names no channels: give the class `channels`"
        raise ConfigurationError(message)
    return found


def load(
    routes: Mapping[str, Iterable[str]], settings: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, tuple[Provider, ...]]:
    """Return the providers of each route; `settings` are by the provider's name.

    Each is made once. Raises `ConfigurationError` naming the setting that is wrong.
    """
    kinds = types(spec for route in routes.values() for spec in route)
    for where, route in routes.items():
        _refuse_other_channel(where, {spec: kinds[spec] for spec in route})
    made: dict[str, Provider] = {}
    for spec, kind in kinds.items():
        name = str(kind.name)  # type: ignore[attr-defined]
        told = settings.get(name, {})
        made[spec] = cast("Provider", registry.made(name, kind, told, "provider"))
    for where, route in routes.items():
        _refuse_lack(where, {spec: made[spec] for spec in route})
    return MappingProxyType(
        {where: tuple(made[spec] for spec in route) for where, route in routes.items()}
    )


def _refuse_other_channel(where: str, route: Mapping[str, type]) -> None:
    """Refuse a route of nobody, of one who does not carry its channel, or to no number."""
    if not route:
        message = f"{SETTING} names nobody for {where!r}: name a provider, or leave it out"
        raise ConfigurationError(message)
    channel, _, beginning = where.partition(":")
    if beginning and channel not in PHONES:
        phones = ", ".join(sorted(PHONES))
        message = (
            f"{SETTING} has {where!r}, and what goes over {channel} goes to no number, so nothing "
            f"would: name who carries {channel!r} alone; beginnings are for {phones}"
        )
        raise ConfigurationError(message)
    for spec, kind in route.items():
        carried: frozenset[str] = kind.channels  # type: ignore[attr-defined]
        if channel not in carried:
            known = ", ".join(sorted(carried))
            message = f"{SETTING} names {spec!r} for {where!r}, and it carries {known} alone"
            raise ConfigurationError(message)


def _refuse_lack(where: str, route: Mapping[str, Provider]) -> None:
    """Refuse a route of one who would take nothing of its channel, for want of a setting."""
    for spec, provider in route.items():
        lack = provider.lacks(where.partition(":")[0]) if isinstance(provider, CarriesSome) else ""
        if lack:
            message = f"{SETTING} names {spec!r} for {where!r}: {lack}; or leave it out there"
            raise ConfigurationError(message)
