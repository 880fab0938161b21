"""Names in the settings become factors here, and nowhere else.

The setting lists `totp` for a factor of the house, and `package.module:Name` for anybody else's.
What that stands for is a frozen dataclass: its `name` is what tables and settings call the factor
by, its fields are the factor's settings.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final, cast

from vestibule.core import stand_in
from vestibule.core.errors import ConfigurationError
from vestibule.core.factor import Factor, IssuesCodes
from vestibule.core.profiles import Profile

HOUSE: Final = "vestibule.factors"
LONGEST_NAME: Final = 64
"""A factor's name is a column's value, of this width."""


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
        self.recovery_codes = next((f for f in ordered if isinstance(f, IssuesCodes)), None)
        """The factor whose enrolment is a set of codes, None where there is none."""
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

    def methods(self) -> list[Factor]:
        """Return the factors that are on offer: all but those that stand in where there is none."""
        return [factor for factor in self if not factor.traits.stands_in]

    def primary_names(self) -> frozenset[str]:
        """Return the names of the factors that make an account enrolled."""
        return frozenset(factor.name for factor in self if factor.traits.primary)


def load(
    specs: Iterable[str], profile: Profile, settings: Mapping[str, Mapping[str, Any]]
) -> Registry:
    """Return the registry of what `specs` stand for; settings beat the profile's numbers.

    `settings` are by the factor's name. Raises `ConfigurationError` naming the setting that is
    wrong.
    """
    factors = [
        _make(name, kind, {**profile.factor_settings.get(name, {}), **settings.get(name, {})})
        for name, kind in types(specs).items()
    ]
    factors += [_make(name, factor_type(name), {}) for name in sorted(stand_in.NAMES)]
    registry = Registry(factors)
    refused = sorted(factor.name for factor in factors if factor.name in profile.refused_factors)
    if refused:
        message = (
            f"the profile {profile.name!r} takes no {', '.join(refused)}: leave it out of "
            "VESTIBULE_FACTORS, or set VESTIBULE_PROFILE = 'default'"
        )
        raise ConfigurationError(message)
    if profile.phishing_resistant and not any(f.traits.phishing_resistant for f in registry):
        message = (
            f"the profile {profile.name!r} needs a phishing-resistant factor, and none of "
            f"{', '.join(sorted(f.name for f in registry.methods()))} is one: "
            "switch one on in VESTIBULE_FACTORS, or set VESTIBULE_PROFILE = 'default'"
        )
        raise ConfigurationError(message)
    return registry


def types(specs: Iterable[str]) -> dict[str, type]:
    """Return the dataclasses that `specs` stand for, by the factors' names.

    Raises `ConfigurationError` where a spec stands for none, or two for factors of one name.
    """
    found: dict[str, type] = {}
    for spec in specs:
        kind = factor_type(spec)
        name = str(getattr(kind, "name", ""))
        if name in stand_in.NAMES:
            message = (
                f"{spec!r} in VESTIBULE_FACTORS is called {name!r}, as what stands in for a way "
                "where there is none: it is always there, so leave it out, or give yours another "
                "name"
            )
            raise ConfigurationError(message)
        if name in found:
            message = (
                f"two factors are called {name!r}, and their settings and rows would be one: "
                f"leave {spec!r} or the other one out of VESTIBULE_FACTORS"
            )
            raise ConfigurationError(message)
        found[name] = kind
    return found


def house_names() -> frozenset[str]:
    """Return the names of the factors that come with Vestibule and can be switched on."""
    ours = {module.name for module in iter_modules(import_module(HOUSE).__path__)}
    return frozenset(ours - stand_in.NAMES)


def factor_type(spec: str) -> type:
    """Return the dataclass that `spec` stands for, without making one."""
    module, _, attribute = spec.partition(":")
    if not attribute:
        module, attribute = f"{HOUSE}.{spec}", "factor"
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        ours = ", ".join(sorted(house_names()))
        message = (
            f"VESTIBULE_FACTORS names {spec!r}, which is no factor of ours ({ours}) nor importable"
        )
        raise ConfigurationError(message) from error
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        message = f"{spec!r} in VESTIBULE_FACTORS is not a dataclass that makes a factor"
        raise ConfigurationError(message)
    name = getattr(found, "name", None)
    if not (isinstance(name, str) and name.isidentifier() and len(name) <= LONGEST_NAME):
        message = (
            f"{spec!r} in VESTIBULE_FACTORS has no name: give the class a "
            "`name: ClassVar[str]` that is an identifier, such as 'phone'"
        )
        raise ConfigurationError(message)
    return found


def _make(name: str, kind: type, settings: Mapping[str, Any]) -> Factor:
    for field in dataclasses.fields(kind):
        has_default = not (field.default is field.default_factory is dataclasses.MISSING)
        if field.init and not has_default and field.name not in settings:
            setting = f"VESTIBULE_{name.upper()}_{field.name.upper()}"
            message = f"{setting} is not set, and the factor {name!r} cannot do without it"
            raise ConfigurationError(message)
    try:
        return cast("Factor", kind(**settings))
    except (TypeError, ValueError) as error:
        message = f"the factor {name!r} does not take its settings: {error}"
        raise ConfigurationError(message) from error
