"""Settings read and weighed: what production refuses, it refuses before anything is opened."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, get_type_hints
from urllib.parse import urlsplit

from vestibule import settings as setting_names
from vestibule.bootstrap import keys as key_files
from vestibule.bootstrap.environment import environment_of
from vestibule.core import registry
from vestibule.core.caps import DAY, Cap
from vestibule.core.errors import ConfigurationError, DeploymentError
from vestibule.core.profiles import PROFILES, FirstEnrolment, Profile
from vestibule.delivery import http
from vestibule.delivery import registry as providers
from vestibule.languages import LanguageError, Languages
from vestibule.settings import SettingError, Settings
from vestibule.store import database

LONGEST_GRACE: Final = 5
REMEDY: Final = (
    "Run: vestibule init --database-url sqlite:////var/lib/yoursite/vestibule.db "
    "--key-file /etc/yoursite/vestibule.keys, and set what it prints. "
    "(On a developer's machine set VESTIBULE_DEVELOPMENT=1, or debug mode as in flask --debug, "
    "before Vestibule is made, and there is nothing to run.)"
)


def read_settings(
    config: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings in `config`, else in the environment, else in a file `.env`.

    `environment` is that of an application (`environment_of`); without one the file is looked for
    from the working folder upwards. Raises `ConfigurationError` naming the setting that is unknown
    or wrong.
    """
    environment = environment_of() if environment is None else environment
    try:
        specs = setting_names.early(config, environment, "factors")
        kinds = registry.types(specs)
        for name in _named_though_off(config, kinds):
            kinds[name] = registry.factor_type(name)
        fields = {name: _fields_of(kind) for name, kind in kinds.items()}
        routes = setting_names.early(config, environment, "routes")
        carriers = _providers(config, routes)
        return setting_names.load(
            config,
            environment,
            fields,
            {name: _fields_of(kind) for name, kind in carriers.items()},
            {
                setting: other
                for name, kind in carriers.items()
                for setting, other in _also(name, kind)
            },
        )
    except SettingError as error:
        raise ConfigurationError(str(error)) from error


def unknown_settings(
    config: Mapping[str, Any], environment: Mapping[str, str]
) -> Mapping[str, str | None]:
    """Return the names in an environment that look like settings of ours and are none.

    Each with the setting that it may stand for, None where there is none like it. Known are those
    of all factors and carriers of the house, switched on or not, and of whoever else is named.
    """
    factors = registry.types(setting_names.early(config, environment, "factors"))
    routes = setting_names.early(config, environment, "routes")
    parts = _providers(config, routes) | factors
    parts |= {name: registry.factor_type(name) for name in registry.house_names()}
    parts |= {name: providers.provider_type(name) for name in providers.HOUSE}
    fields = {name: _fields_of(kind) for name, kind in parts.items()}
    return setting_names.unknown(environment, fields)


def asks_for_development(
    config: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> bool:
    """Return VESTIBULE_DEVELOPMENT, before other settings can be read.

    Raises `ConfigurationError` where it is neither yes nor no.
    """
    try:
        asked = setting_names.early(
            config, environment_of() if environment is None else environment, "development"
        )
    except SettingError as error:
        raise ConfigurationError(str(error)) from error
    return bool(asked)


def profile_of(settings: Settings) -> Profile:
    """Return the profile the settings name, with their deviations."""
    if settings.profile not in PROFILES:
        names = " or ".join(sorted(PROFILES))
        raise ConfigurationError(f"VESTIBULE_PROFILE is {names}, not {settings.profile!r}")
    profile = PROFILES[settings.profile]
    lengths: dict[str, Any] = {
        "fresh_for": _length("FRESH_MINUTES", settings.fresh_minutes, 1, 60, "minutes"),
        "reset_delay": _length("RESET_DELAY", settings.reset_delay, 0, 168, "hours"),
        "grace": _length("GRACE_DAYS", settings.grace_days, 0, 90, "days"),
    }
    profile = dataclasses.replace(profile, **{n: v for n, v in lengths.items() if v is not None})
    if settings.first_enrolment is not None:
        profile = dataclasses.replace(profile, first_enrolment=_first(settings.first_enrolment))
    if settings.sends_per_day is not None:
        if settings.sends_per_day < 1:
            raise ConfigurationError("VESTIBULE_SENDS_PER_DAY is 1 or more")
        in_all = Cap(most=settings.sends_per_day, window=DAY, is_ceiling=True)
        profile = dataclasses.replace(profile, caps=dataclasses.replace(profile.caps, all=in_all))
    return profile


def _length(name: str, value: int | None, least: int, most: int, unit: str) -> timedelta | None:
    if value is not None and not least <= value <= most:
        raise ConfigurationError(f"VESTIBULE_{name} is {least} to {most} {unit}")
    return None if value is None else timedelta(**{unit: value})


def _first(value: str) -> FirstEnrolment:
    try:
        return FirstEnrolment(value)
    except ValueError as error:
        names = ", ".join(sorted(FirstEnrolment))
        message = f"VESTIBULE_FIRST_ENROLMENT is one of {names}, not {value!r}"
        raise ConfigurationError(message) from error


def languages_of(settings: Settings) -> Languages:
    """Return the languages the settings name, their catalogues read."""
    folder = Path(settings.locale_folder) if settings.locale_folder else None
    try:
        return Languages(settings.languages, folder)
    except LanguageError as error:
        raise ConfigurationError(
            f"VESTIBULE_LANGUAGES or VESTIBULE_LOCALE_FOLDER is wrong: {error}"
        ) from error


def pages_of(settings: Settings) -> str | None:
    """Return the whole address of our pages, None where the settings do not say whose site it is.

    A link in a mail leads to a page that is asked for a password: in production that is https.
    """
    if settings.site_url is None:
        return None
    parts = urlsplit(settings.site_url)
    at_home = settings.development or parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "https" and not at_home:
        raise ConfigurationError(
            f"VESTIBULE_SITE_URL is {settings.site_url!r}, and links in mails would lead there "
            "over plain http: set the https address that people reach the site at"
        )
    return settings.site_url + settings.url_prefix


def check_factors(settings: Settings) -> None:
    """Refuse a profile, a factor or a factor's setting that cannot be. Nothing is opened."""
    pages_of(settings)
    check_routes(settings)
    registry.load(settings.factors, profile_of(settings), settings.factor_settings)


def check_routes(settings: Settings) -> None:
    """Refuse routes or a provider's settings that cannot be. Nothing is opened."""
    if not 0 <= settings.send_grace <= LONGEST_GRACE:
        raise ConfigurationError("VESTIBULE_SEND_GRACE is 0 to 5 seconds")
    if settings.broker_url is not None:
        _check_workers()
    routes = providers.load(settings.routes, settings.provider_settings)
    by_http = {one.name for route in routes.values() for one in route if one.name != "smtp"}
    if by_http and not http.is_installed():
        raise ConfigurationError(
            f"{', '.join(sorted(by_http))} in VESTIBULE_ROUTES needs a library more: "
            "pip install httpx"
        )


def _check_workers() -> None:
    from vestibule.delivery import queue  # not loaded where every process carries by itself

    if not queue.is_installed():
        raise ConfigurationError(
            'VESTIBULE_BROKER_URL needs a library more: pip install "celery[redis]"'
        )


def check_carried(settings: Settings) -> None:
    """Refuse factors whose codes are sent, where no route carries them and no sender was given."""
    carried = {where.partition(":")[0] for where in settings.routes}
    first_by_mail = profile_of(settings).first_enrolment is FirstEnrolment.EMAIL
    if set(settings.required) - {"nobody"} and first_by_mail and "email" not in carried:
        raise ConfigurationError(
            "VESTIBULE_REQUIRED obliges people to have a second step, and nothing carries the code "
            "that lets them set it up: name who carries mail in VESTIBULE_ROUTES, give Vestibule a "
            "sender= that does, or set VESTIBULE_FIRST_ENROLMENT = 'ticket'"
        )
    if sent := uncarried(settings):
        raise ConfigurationError(
            f"nothing carries the codes of {', '.join(sent)}: name who does in VESTIBULE_ROUTES, "
            "give Vestibule a sender= that does, or leave the factor out of VESTIBULE_FACTORS"
        )


def uncarried(settings: Settings) -> list[str]:
    """Return the factors on offer whose codes are sent over channels that no route carries."""
    factors = registry.load(settings.factors, profile_of(settings), settings.factor_settings)
    carried = {where.partition(":")[0] for where in settings.routes}
    return sorted(
        factor.name
        for factor in factors.methods()
        if factor.traits.channels and not carried.intersection(factor.traits.channels)
    )


def check_production(settings: Settings, host_files: Iterable[Path] = ()) -> None:
    """Refuse what must not go into production, each refusal with the one command that mends it.

    `host_files` are SQLite files the host itself uses. Nothing is opened but the key file.
    """
    if settings.development:
        return
    if settings.database_url is None:
        raise DeploymentError(
            f"Vestibule has no database: VESTIBULE_DATABASE_URL is not set. {REMEDY}"
        )
    _refuse_shared_file(settings.database_url, host_files)
    if keys_of(settings).development:
        raise DeploymentError(
            f"These keys were made for development; production needs its own. {REMEDY}"
        )


def keys_of(settings: Settings) -> key_files.Keys:
    """Return the keys the settings point at; raise `DeploymentError` where they point at none."""
    if settings.keys is not None:
        return key_files.from_setting(settings.keys)
    if settings.key_file is None:
        raise DeploymentError(f"Vestibule has no keys: VESTIBULE_KEY_FILE is not set. {REMEDY}")
    path = Path(settings.key_file)
    if not path.exists():
        raise DeploymentError(f"The key file {path} does not exist. {REMEDY}")
    return key_files.read(path)


def _refuse_shared_file(url: str, host_files: Iterable[Path]) -> None:
    own = database.sqlite_file(url)
    if own is None:
        if database.parse(url).get_backend_name() == "sqlite":
            raise DeploymentError(
                f"VESTIBULE_DATABASE_URL names no file: all would be lost. {REMEDY}"
            )
        return
    if any(_same_file(own, host) for host in host_files):
        raise DeploymentError(
            "VESTIBULE_DATABASE_URL is the application's own SQLite file, where Vestibule's writes "
            f"and yours would wait for each other: give it a file of its own. {REMEDY}"
        )


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()


def _named_though_off(config: Mapping[str, Any], on: Iterable[str]) -> list[str]:
    """Return the house's factors that have settings in `config` though they are switched off.

    These settings are no misspelling: who switches a factor off for a while need not touch them.
    """
    prefixes = {name: f"{setting_names.PREFIX}{name.upper()}_" for name in registry.house_names()}
    return [
        name
        for name in sorted(prefixes.keys() - set(on))
        if any(setting.startswith(prefixes[name]) for setting in config)
    ]


def _providers(config: Mapping[str, Any], routes: Mapping[str, Iterable[str]]) -> dict[str, type]:
    """Return the providers in the routes by their names, and those that are set and in none."""
    kinds = providers.types(spec for route in routes.values() for spec in route)
    found = {str(getattr(kind, "name", "")): kind for kind in kinds.values()}
    for name in providers.HOUSE.keys() - found.keys():
        prefix = f"{setting_names.PREFIX}{name.upper()}_"
        if any(setting.startswith(prefix) for setting in config):
            found[name] = providers.provider_type(name)
    return found


def _also(name: str, kind: type) -> Iterable[tuple[str, str]]:
    """Return under which other name a provider's setting is found, where it has one."""
    for field in dataclasses.fields(kind):
        if other := field.metadata.get(registry.ALSO):
            yield f"{setting_names.PREFIX}{name.upper()}_{field.name.upper()}", other


def _fields_of(kind: type) -> dict[str, Any]:
    """Return what a factor can be told, by the names of its fields: the type of each."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind) if field.init}
