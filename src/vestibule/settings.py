"""Settings become frozen values here: from the application's configuration, else the environment.

An unknown `VESTIBULE_` name in the application's configuration is an error at start. From the
environment only the names known here are read, because others put names there too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin
from urllib.parse import urlsplit

PREFIX: Final = "VESTIBULE_"


class SettingError(ValueError):
    """A setting is unknown or has a value it cannot have; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting that is not a factor's own. A field `x` is set by `VESTIBULE_X`."""

    database_url: str | None = field(default=None, repr=False)
    """The database, as SQLAlchemy writes it; in production it must be said."""
    key_file: str | None = None
    """The file with the keys and the installation id, as `vestibule init` writes it."""
    keys: str | None = field(default=None, repr=False)
    """The same in one line, for platforms without files: `id;1=KEY;2=KEY`."""
    development: bool = False
    """Everything sets itself up and works over plain http; for a developer's machine only."""
    realm: str = "default"
    """Parts the subjects of applications that share a database."""
    profile: str = "default"
    """`default` or `strict`."""
    factors: tuple[str, ...] = ("totp", "recovery_codes")
    """The factors on offer, by name or as `package.module:Name`."""
    issuer: str | None = None
    """The name people know the site by; the application's own name if unset, or where that is
    `app` or the like the host in `VESTIBULE_SITE_URL`."""
    login_keys: tuple[str, ...] = ()
    """The session keys that make a login, the identifying one first; for hosts without
    Flask-Login."""
    url_prefix: str = "/two-step"
    """Where the pages are."""
    site_url: str | None = None
    """The address people reach the application at, such as `https://example.org`: links in mails
    begin with it, and without it mails have none."""
    base_template: str | None = None
    """A template of the host's for the pages to extend."""
    home_url: str = "/"
    """Where a person goes when nothing else was wanted."""
    languages: tuple[str, ...] = ()
    """The languages texts are told in, the first to whoever understands none of them; all there
    are if unset, English first."""
    locale_folder: str | None = None
    """A folder of your own catalogues, asked before ours; beside the application where it does not
    begin with a slash."""
    support: str | None = None
    """A sentence, an address or a link for people who can use no way of theirs."""
    fresh_minutes: int | None = None
    """How recent a proof must be to change how one logs in, 1 to 60; the profile's number if
    unset."""
    reset_delay: int | None = None
    """Hours before the ticket of a help desk takes effect, 0 to 168; the profile's number if
    unset."""
    required: tuple[str, ...] = ()
    """Who must have a second step: `everyone`, `nobody`, or the names of roles, which
    `policy_loader` tells of a user; what it says if unset, and nobody without it."""
    grace_days: int | None = None
    """How many days whoever must have a second step may do without, 0 to 90; the profile's number
    if unset."""
    first_enrolment: str | None = None
    """What, besides the password, lets them set up the first one: `email` (a code to the address
    the site has known for seven days), `ticket` (of the people who run the site) or `open`
    (nothing); the profile's choice if unset."""
    sends_per_day: int | None = None
    """How many codes go out in a day to everybody together, 1 or more; the profile's number if
    unset."""
    factor_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The factors' own settings, by factor."""


_OWN: Final = {f.name: f for f in fields(Settings) if f.name != "factor_settings"}
# It is part of a cookie's name, and of a column's width.
_REALM: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
# It stands in mails as it is: nothing that could end it there, no user and no query.
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?")
_LISTS: Final = frozenset({"factors", "languages", "login_keys", "required"})
_NUMBERS: Final = frozenset({"fresh_minutes", "grace_days", "reset_delay", "sends_per_day"})
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"", "0", "false", "no", "off"})


def load(
    config: Mapping[str, Any],
    environment: Mapping[str, str],
    factor_fields: Mapping[str, Mapping[str, Any]],
) -> Settings:
    """Return the settings; `factor_fields` says by each factor's name what it can be told.

    That is a mapping of field names to types, as annotated: bool, int, float, str, an enum or
    anything else that is made of one text, a tuple of these (a list, or text with commas), or one
    of them or None. Raises `SettingError` for an unknown name in `config`, for a value that does
    not fit, and where two settings would bear one name.
    """
    known = _known(factor_fields)
    _refuse_unknown(config, known)
    own: dict[str, Any] = {}
    of_factors: dict[str, dict[str, Any]] = {}
    for setting, (owner, name) in known.items():
        value = config.get(setting, environment.get(setting))
        if value is None:
            continue
        if owner is None:
            own[name] = _own_value(setting, name, value)
        else:
            kind = factor_fields[owner][name]
            of_factors.setdefault(owner, {})[name] = _typed(setting, kind, value)
    return Settings(**own, factor_settings=MappingProxyType(of_factors))


def early(config: Mapping[str, Any], environment: Mapping[str, str], name: str) -> Any:
    """Return one setting of our own before the others can be read: which factors there are."""
    setting = PREFIX + name.upper()
    value = config.get(setting, environment.get(setting))
    return _OWN[name].default if value is None else _own_value(setting, name, value)


def _known(
    factor_fields: Mapping[str, Mapping[str, Any]],
) -> dict[str, tuple[str | None, str]]:
    """Return every setting by its name: the factor it belongs to, if to one, and the field."""
    known: dict[str, tuple[str | None, str]] = {
        PREFIX + name.upper(): (None, name) for name in _OWN
    }
    for factor, settings in factor_fields.items():
        for name in settings:
            setting = f"{PREFIX}{factor.upper()}_{name.upper()}"
            if setting in known:
                message = (
                    f"two settings are called {setting}, and one of them is {name!r} of the factor "
                    f"{factor!r}: leave that factor out, or give it or its field another name"
                )
                raise SettingError(message)
            known[setting] = (factor, name)
    return known


def _refuse_unknown(config: Mapping[str, Any], known: Iterable[str]) -> None:
    names = set(known)
    for name in sorted(config):
        if name.startswith(PREFIX) and name not in names:
            near = _nearest(name, names)
            hint = f"; did you mean {near}?" if near else "."
            message = (
                f"{name} is no setting of Vestibule{hint} The settings of a factor that is not "
                "ours are known only while VESTIBULE_FACTORS names it"
            )
            raise SettingError(message)


def _nearest(name: str, names: Iterable[str]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(names), 1)), None)


def _own_value(setting: str, name: str, value: Any) -> Any:
    if name in _LISTS:
        parts = value.split(",") if isinstance(value, str) else list(value)
        return tuple(part.strip() for part in parts if part.strip())
    if name == "development":
        return _typed(setting, bool, value)
    if name in _NUMBERS:
        return _typed(setting, int, value)
    if not isinstance(value, str):
        message = f"{setting} is text, not {value!r}"
        raise SettingError(message)
    if name == "site_url":
        return _address(setting, value)
    if name == "realm" and not _REALM.fullmatch(value):
        message = f"{setting} is 1 to 64 letters, digits, dots, hyphens or underscores"
        raise SettingError(message)
    return value


def _address(setting: str, value: str) -> str:
    """Return the address of a site without the slash at its end."""
    try:
        parts = urlsplit(value.strip())
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname)
        fits = fits and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    if not fits or not _ADDRESS.fullmatch(value.strip()):
        message = f"{setting} is an address such as https://example.org, not {value!r}"
        raise SettingError(message)
    return value.strip().rstrip("/")


def _typed(setting: str, kind: Any, value: Any) -> Any:
    """Return `value` as the type `kind`, which may be a union with None or a tuple."""
    if get_origin(kind) in {Union, UnionType}:
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    if get_origin(kind) is tuple:
        parts = value.split(",") if isinstance(value, str) else list(value)
        each = get_args(kind)[0]
        return tuple(_typed(setting, each, part) for part in parts if str(part).strip())
    if kind is bool:
        return _yes_or_no(setting, value)
    try:
        return kind(value.strip() if isinstance(value, str) else value)
    except (TypeError, ValueError) as error:
        message = f"{setting} cannot be {value!r}"
        raise SettingError(message) from error


def _yes_or_no(setting: str, value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        message = f"{setting} is yes or no, not {value!r}"
        raise SettingError(message)
    return text in _TRUE
