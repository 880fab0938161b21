"""Names in the settings become factors here, and nowhere else.

A name is `totp` for a factor of the house, or `package.module:Name` for anybody else's. What it
names is a frozen dataclass whose fields are the factor's settings.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, cast

from vestibule.core.errors import ConfigurationError
from vestibule.core.factor import Factor
from vestibule.core.profiles import Profile


class Registry:
    """The factors that are switched on, strongest first."""

    def __init__(self, factors: Iterable[Factor]) -> None:
        """Keep `factors`; raise `ConfigurationError` where two bear one name or none is primary."""
        ordered = sorted(factors, key=lambda factor: -factor.traits.strength)
        self._by_name: dict[str, Factor] = {}
        for factor in ordered:
            if factor.name in self._by_name:
                message = f"two factors are called {factor.name!r}: leave one out of the setting"
                raise ConfigurationError(message)
            self._by_name[factor.name] = factor
        if not any(factor.traits.primary for factor in ordered):
            message = "VESTIBULE_FACTORS needs at least one primary factor, such as 'totp'"
            raise ConfigurationError(message)

    def __iter__(self) -> Iterator[Factor]:
        """Iterate over the factors, strongest first."""
        return iter(self._by_name.values())

    def __contains__(self, name: object) -> bool:
        """Say whether a factor of that name is switched on."""
        return name in self._by_name

    def __getitem__(self, name: str) -> Factor:
        """Return the factor of that name; `KeyError` where it is not switched on."""
        return self._by_name[name]

    def primary_names(self) -> frozenset[str]:
        """Return the names of the factors that make an account enrolled."""
        return frozenset(factor.name for factor in self if factor.traits.primary)


def load(
    names: Iterable[str], profile: Profile, settings: Mapping[str, Mapping[str, Any]]
) -> Registry:
    """Return the registry of `names` under `profile`; settings beat the profile's numbers.

    Raises `ConfigurationError` naming the setting that is wrong.
    """
    factors = [
        _make(name, {**profile.factor_settings.get(name, {}), **settings.get(name, {})})
        for name in names
    ]
    registry = Registry(factors)
    if profile.phishing_resistant and not any(f.traits.phishing_resistant for f in registry):
        message = (
            f"the profile {profile.name!r} needs a phishing-resistant factor, and none of "
            f"{', '.join(sorted(f.name for f in registry))} is one: "
            "switch one on in VESTIBULE_FACTORS, or set VESTIBULE_PROFILE = 'default'"
        )
        raise ConfigurationError(message)
    return registry


def factor_type(name: str) -> type:
    """Return the dataclass that `name` stands for, without making one."""
    module, _, attribute = name.partition(":")
    if not attribute:
        module, attribute = f"vestibule.factors.{name}", "factor"
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        message = f"VESTIBULE_FACTORS names {name!r}, which is no factor of ours nor importable"
        raise ConfigurationError(message) from error
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        message = f"{name!r} in VESTIBULE_FACTORS is not a dataclass that makes a factor"
        raise ConfigurationError(message)
    return found


def _make(name: str, settings: Mapping[str, Any]) -> Factor:
    kind = factor_type(name)
    try:
        return cast("Factor", kind(**settings))
    except (TypeError, ValueError) as error:
        message = f"the factor {name!r} does not take its settings: {error}"
        raise ConfigurationError(message) from error
