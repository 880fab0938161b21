"""Reach and prices as they are set: whose numbers get codes, and what codes may cost."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from difflib import get_close_matches
from importlib.util import find_spec
from math import isfinite
from typing import Final

from vestibule.bootstrap.configure import profile_of
from vestibule.core import registry
from vestibule.core.budget import UNIT, Budget
from vestibule.core.caps import for_strangers
from vestibule.core.errors import ConfigurationError
from vestibule.core.reach import PHONES, Reach
from vestibule.delivery.own import OwnSender
from vestibule.settings import Settings

CHANNELS: Final = PHONES | {"email"}
"""By which carriers of the house send; a factor of somebody else's may bring its own."""


def reach_of(settings: Settings) -> Reach:
    """Return which numbers get codes.

    Raises `ConfigurationError` where a country is none, or the one that was set to be chosen at
    first is not among them. Where nothing goes to phones it is not asked which countries there are:
    the libraries that know need not be there.
    """
    named = tuple(country.upper() for country in settings.countries)
    if not phone_channels(settings):
        return Reach(countries=frozenset(named))
    if any(find_spec(name) is None for name in ("babel", "phonenumbers")):
        raise ConfigurationError(
            "codes that go to phones need two libraries more: pip install babel phonenumbers"
        )
    regions = [_region(country) for country in named]
    reach = Reach(countries=frozenset(regions), first=regions[0] if regions else "")
    _refuse_chosen_elsewhere(settings, reach)
    return reach


def budget_of(settings: Settings) -> Budget:
    """Return prices and the ceiling of a day, in whole millionths.

    Raises `ConfigurationError` where one cannot be, or where codes go over a channel that has none.
    """
    _refuse_unknown_channels(settings)
    prices = {where: _price(where, price) for where, price in settings.prices.items()}
    if settings.spend_per_day is None:
        return Budget(prices=prices)
    if not (isfinite(settings.spend_per_day) and settings.spend_per_day > 0):
        raise ConfigurationError("VESTIBULE_SPEND_PER_DAY is a sum of money above nothing")
    _refuse_unpriced(settings, prices)
    per_day = int(Decimal(str(settings.spend_per_day)) * UNIT)
    _refuse_too_little(settings, prices, per_day)
    return Budget(prices=prices, per_day=per_day)


def phone_channels(settings: Settings) -> frozenset[str]:
    """Return the channels to phones over which the factors that are on send their codes."""
    routed = {where.partition(":")[0] for where in settings.routes}
    return PHONES & _sent(settings) & (routed | OwnSender.channels)


def check_reach_and_prices(settings: Settings) -> None:
    """Refuse countries, prices and a ceiling that cannot be. Nothing is opened."""
    reach_of(settings)
    budget_of(settings)


def check_countries(settings: Settings) -> None:
    """Refuse to send codes to phones all over the world: who may is said, or nobody knows it."""
    if phone_channels(settings) and not settings.countries:
        raise ConfigurationError(
            "VESTIBULE_COUNTRIES is not set, and codes would go to phones in every country, which "
            "strangers can make costly. Name the countries whose numbers get codes, each by its "
            "two letters: VESTIBULE_COUNTRIES = ['DE', 'AT'], or leave the factor out of "
            "VESTIBULE_FACTORS"
        )


def _region(country: str) -> str:
    from vestibule import phone

    if country in phone.regions():
        return country
    near = phone.nearest_region(country)
    hint = f"; did you mean {near}?" if near else ""
    raise ConfigurationError(
        f"VESTIBULE_COUNTRIES has {country!r}, which is no country's two letters (ISO 3166){hint}"
    )


def _refuse_chosen_elsewhere(settings: Settings, reach: Reach) -> None:
    """Refuse a country that is to be chosen at first, and whose numbers get no codes."""
    is_on = "phone" in registry.types(settings.factors)
    chosen = settings.factor_settings.get("phone", {}).get("country") if is_on else None
    if chosen is not None and not reach.allows(chosen):
        named = ", ".join(settings.countries)
        raise ConfigurationError(
            f"VESTIBULE_PHONE_COUNTRY is {chosen!r}, whose numbers get no codes: set one of "
            f"VESTIBULE_COUNTRIES ({named}), or name it there too"
        )


def _price(where: str, price: float) -> int:
    if not (isfinite(price) and price >= 0):
        raise ConfigurationError(f"VESTIBULE_PRICES has {price!r} for {where!r}: no price is that")
    return int((Decimal(str(price)) * UNIT).to_integral_value(ROUND_CEILING))


def _refuse_unknown_channels(settings: Settings) -> None:
    """Refuse a price for what nobody sends by, and one by numbers for what goes to mailboxes."""
    by_number = sorted(where for where in settings.prices if where.startswith("email:"))
    if by_number:
        raise ConfigurationError(
            f"VESTIBULE_PRICES has {by_number[0]!r}, and what goes over email goes to no number: "
            f"set one price for all of it, VESTIBULE_PRICES = {'email=0.001'!r}"
        )
    for channel in sorted({where.partition(":")[0] for where in settings.prices} - CHANNELS):
        known = sorted(CHANNELS | _sent(settings))
        if channel not in known:
            near = next(iter(get_close_matches(channel, known, 1)), None)
            hint = f"; did you mean {near}?" if near else ""
            raise ConfigurationError(
                f"VESTIBULE_PRICES has a price for {channel!r}, which is none of the channels: "
                f"{', '.join(known)}{hint}"
            )


def _sent(settings: Settings) -> frozenset[str]:
    """Return the channels over which the factors that are on send their codes."""
    factors = registry.load(settings.factors, profile_of(settings), settings.factor_settings)
    return frozenset(channel for factor in factors for channel in factor.traits.channels)


def _refuse_unpriced(settings: Settings, prices: Mapping[str, int]) -> None:
    unpriced = sorted(phone_channels(settings) - prices.keys())
    if unpriced:
        example = "; ".join(f"{channel}=0.06" for channel in unpriced)
        raise ConfigurationError(
            f"VESTIBULE_SPEND_PER_DAY is set, and nothing says what a message costs over "
            f"{', '.join(unpriced)}, so nobody could say when it is spent. Set a price for each "
            f"such channel, besides those for prefixes of numbers: VESTIBULE_PRICES = {example!r}"
        )


def _refuse_too_little(settings: Settings, prices: Mapping[str, int], per_day: int) -> None:
    """Refuse a ceiling under which a stranger never gets a code, on no day."""
    sent = phone_channels(settings) | (_sent(settings) - PHONES)
    asked = {where: price for where, price in prices.items() if where.partition(":")[0] in sent}
    dearest = max(asked, key=asked.__getitem__, default=None)
    if dearest is None or for_strangers(per_day) >= asked[dearest]:
        return
    enough = -(-asked[dearest] * 5 // 4)
    raise ConfigurationError(
        f"VESTIBULE_SPEND_PER_DAY is {_money(per_day)}. Strangers may spend four fifths of it, and "
        f"one message over {dearest} costs {_money(asked[dearest])}: none would ever get one. Set "
        f"VESTIBULE_SPEND_PER_DAY = {_money(enough)} or more"
    )


def _money(millionths: int) -> str:
    return f"{(Decimal(millionths) / UNIT).normalize():f}"
