"""Names in the settings become factors here, and nowhere else.

The setting lists `totp` for a factor of the house, and `package.module:Name` for anybody else's.
What that stands for is a frozen dataclass: its `name` is what tables and settings call the factor
by, its fields are the factor's settings.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
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
ALSO: Final = "also"
"""Under which a field's metadata has the names that other programs give its setting."""
ONE_OF: Final = "one_of"
"""The name of a class's sets of fields of which one must be set, where it has such sets."""


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


@cache
def house_names() -> frozenset[str]:
    """Return the names of the factors that come with Vestibule and can be switched on."""
    ours = {module.name for module in iter_modules(import_module(HOUSE).__path__)}
    return frozenset(ours - stand_in.NAMES)


def factor_type(spec: str) -> type:
    """Return the dataclass that `spec` stands for, without making one."""
    module, _, attribute = spec.partition(":")
    if not attribute:
        module, attribute = f"{HOUSE}.{spec}", "factor"
    return imported(f"{module}:{attribute}", "VESTIBULE_FACTORS", spec, sorted(house_names()))


def imported(path: str, setting: str, spec: str, ours: Sequence[str]) -> type:
    """Return the named dataclass at `path`, which is `package.module:Name`.

    `spec` is how the setting calls it, and `ours` what else it could. Raises `ConfigurationError`.
    """
    found = _imported(path, setting, spec, ours)
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        message = f"{spec!r} in {setting} is not a dataclass that can be made of settings"
        raise ConfigurationError(message)
    name = getattr(found, "name", None)
    if not (isinstance(name, str) and name.isidentifier() and len(name) <= LONGEST_NAME):
        message = (
            f"{spec!r} in {setting} has no name: give the class a "
            "`name: ClassVar[str]` that is an identifier, such as 'phone'"
        )
        raise ConfigurationError(message)
    return found


def _imported(path: str, setting: str, spec: str, ours: Sequence[str]) -> Any:
    """Return what stands at a path; say whether its module is missing, or only the name in it."""
    module, _, attribute = path.partition(":")
    is_short = ":" not in spec and spec not in ours
    try:
        found = import_module(module)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        message = (
            f"{setting} names {spec!r}, and the module {module!r} is not importable "
            f"({type(error).__name__}: {error})"
        )
        raise ConfigurationError(_none(setting, spec, ours) if is_short else message) from error
    if not hasattr(found, attribute):
        near = get_close_matches(attribute, vars(found), 1)
        hint = f"; did you mean {module}:{near[0]}?" if near else ""
        message = f"{setting} names {spec!r}, and the module {module!r} has no {attribute!r}{hint}"
        raise ConfigurationError(_none(setting, spec, ours) if is_short else message)
    return getattr(found, attribute)


def _none(setting: str, spec: str, ours: Sequence[str]) -> str:
    """Say that a short name is none of ours, and which one may be meant."""
    near = get_close_matches(spec, ours, 1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return (
        f"{setting} names {spec!r}, which is none of ours ({', '.join(ours)}){hint} One of your "
        "own is named as package.module:Name"
    )


def made(name: str, kind: type, settings: Mapping[str, Any], part: str) -> object:
    """Return what a dataclass makes of its settings; `part` is what it is to people.

    Raises `ConfigurationError` naming the setting that is missing or wrong.
    """
    missing = list(_missing(name, kind, settings))
    if missing:
        are, them = ("are", "them") if len(missing) > 1 else ("is", "it")
        message = (
            f"{', '.join(missing)} {are} not set, and the {part} {name!r} cannot do without {them}"
        )
        raise ConfigurationError(message)
    try:
        return kind(**settings)
    except (TypeError, ValueError) as error:
        message = f"the {part} {name!r} does not take its settings: {error}"
        raise ConfigurationError(message) from error


def _missing(name: str, kind: type, settings: Mapping[str, Any]) -> Iterator[str]:
    """Return every setting that must be set and is not, with the other name it is found under.

    One that is empty is not set: the lines of a file `.env` that nobody filled in are empty.
    """
    called = {}
    for field in dataclasses.fields(kind):
        other = field.metadata.get(ALSO)
        setting = f"VESTIBULE_{name.upper()}_{field.name.upper()}"
        called[field.name] = f"{setting} (or {other})" if other else setting
        has_default = not (field.default is field.default_factory is dataclasses.MISSING)
        if field.init and not has_default and settings.get(field.name, "") == "":
            yield called[field.name]
    for names in getattr(kind, ONE_OF, ()):
        if not any(settings.get(one) for one in names):
            yield " or else ".join(called[one] for one in names)


def _make(name: str, kind: type, settings: Mapping[str, Any]) -> Factor:
    return cast("Factor", made(name, kind, settings, "factor"))
