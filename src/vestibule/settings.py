"""Settings become frozen values here: from the application's configuration, else the environment.

An unknown `VESTIBULE_` name in the application's configuration is an error at start. From the
environment only the names known here are read, because others put names there too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
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
    """The address people reach the application at, such as `https://example.org`. Links in mails
    begin with it, carriers tell at it what became of a message and ask what a call is to say, and a
    text message names its host to browsers that fill codes in. Without it there are no such links,
    no receipts, no such line, and no calls but those whose code the carrier makes."""
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
    """The most codes that go out in any 24 hours to everybody's phones, and as many to mailboxes,
    1 or more: half of them at once, the other half spread over the day, so set twice what your
    busiest day needs; the profile's number if unset."""
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Who carries messages, in the order they are tried, by channel or by channel and a prefix of
    the number: `{"sms": ["signalwire", "twilio_messaging"], "sms:+49": ["vonage"]}`, or as text
    `sms=signalwire,twilio_messaging; sms:+49=vonage`."""
    countries: tuple[str, ...] = ()
    """The countries whose numbers get codes, each by its two letters (ISO 3166), such as `DE`; in
    production it must be said where codes go to phones."""
    prices: Mapping[str, float] = field(default_factory=dict)
    """What a message costs, by channel or by channel and a prefix of the number, in whatever
    money: `{"sms": 0.06, "sms:+49": 0.09, "call": 0.2}`, or as text `sms=0.06; call=0.2`."""
    spend_per_day: float | None = None
    """How much of that money may be spent from midnight to midnight (UTC), four fifths of it by
    strangers and new numbers; no limit if unset."""
    send_grace: float = 0.0
    """Seconds that a page waits, 0 to 5, until it is known whether a code was handed over; it never
    waits longer, and tells what is known then."""
    broker_url: str | None = field(default=None, repr=False)
    """Where Celery's workers are told that something is due, such as `redis://localhost/0`; without
    one each web process sends from a thread of its own."""
    factor_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The factors' own settings, by factor."""
    provider_settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    """The providers' own settings, by provider."""


_PARTS: Final = frozenset({"factor_settings", "provider_settings"})
_OWN: Final = {f.name: f for f in fields(Settings) if f.name not in _PARTS}
# It is part of a cookie's name, and of a column's width.
_REALM: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
# It stands in mails as it is: nothing that could end it there, no user and no query.
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?")
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "countries": ("DE", "AT"),
    "factors": ("totp", "recovery_codes"),
    "languages": ("en", "de"),
    "login_keys": ("user_id",),
    "required": ("everyone",),
}
"""Each with an example, for whoever has written it otherwise."""
_KINDS: Final[Mapping[str, type]] = {
    "development": bool,
    "fresh_minutes": int,
    "grace_days": int,
    "reset_delay": int,
    "send_grace": float,
    "sends_per_day": int,
    "spend_per_day": float,
}
_MAPPINGS: Final[Mapping[str, tuple[Any, str]]] = {
    "prices": ({"sms": 0.06, "call": 0.2}, "sms=0.06; call=0.2"),
    "routes": (
        {"sms": ["signalwire", "vonage"], "email": ["smtp"]},
        "sms=signalwire,vonage; email=smtp",
    ),
}
# Redis and RabbitMQ, as kombu calls them: a name alone would be one of the latter's, in silence.
_BROKERS: Final = ("redis", "rediss", "redis+socket", "amqp", "amqps", "pyamqp")
# What stands before a `=` there: a channel, perhaps with a prefix of numbers.
_WHERE: Final = re.compile(r"[a-z]+(:\+[1-9][0-9]{0,14})?")
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"", "0", "false", "no", "off"})


def load(
    config: Mapping[str, Any],
    environment: Mapping[str, str],
    factor_fields: Mapping[str, Mapping[str, Any]],
    provider_fields: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    also: Mapping[str, str] = MappingProxyType({}),
) -> Settings:
    """Return the settings; `factor_fields` says by each factor's name what it can be told.

    That is a mapping of field names to types, as annotated: bool, int, float, str, an enum or
    anything else that is made of one text, a tuple of these (a list, or text with commas), or one
    of them or None. `provider_fields` says the same of providers, and `also` by which other name a
    setting is found where its own is not set. Raises `SettingError` for an unknown name in
    `config`, for a value that does not fit, and where two settings would bear one name.
    """
    part_fields = {**factor_fields, **provider_fields}
    known = _known(part_fields)
    _refuse_unknown(config, known)
    own: dict[str, Any] = {}
    of_parts: dict[str, dict[str, Any]] = {}
    for setting, (owner, name) in known.items():
        value = _found(setting, also.get(setting), config, environment)
        if value is None:
            continue
        if owner is None:
            own[name] = _own_value(setting, name, value)
        else:
            typed = _typed if owner in factor_fields else _typed_in_private
            of_parts.setdefault(owner, {})[name] = typed(setting, part_fields[owner][name], value)
    return Settings(
        **own,
        factor_settings=_only(of_parts, factor_fields),
        provider_settings=_only(of_parts, provider_fields),
    )


def _found(
    setting: str, other: str | None, config: Mapping[str, Any], environment: Mapping[str, str]
) -> Any:
    """Return the value of a setting by its own name, else by another; None where it is not set."""
    for name in (setting, other or setting):
        value = config.get(name, environment.get(name))
        if value is not None:
            return value
    return None


def _only(
    settings: Mapping[str, Mapping[str, Any]], owners: Iterable[str]
) -> Mapping[str, Mapping[str, Any]]:
    return MappingProxyType({name: settings[name] for name in owners if name in settings})


def early(config: Mapping[str, Any], environment: Mapping[str, str], name: str) -> Any:
    """Return one setting of our own before the others can be read: which factors there are."""
    setting = PREFIX + name.upper()
    value = config.get(setting, environment.get(setting))
    return getattr(Settings(), name) if value is None else _own_value(setting, name, value)


def unknown(
    environment: Iterable[str], part_fields: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, str | None]:
    """Return the names that begin as ours and are none, each with the nearest that is one."""
    known = _known(part_fields)
    return {
        name: _nearest(name, known)
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known
    }


def _known(
    part_fields: Mapping[str, Mapping[str, Any]],
) -> dict[str, tuple[str | None, str]]:
    """Return every setting by its name: the part it belongs to, if to one, and the field."""
    known: dict[str, tuple[str | None, str]] = {
        PREFIX + name.upper(): (None, name) for name in _OWN
    }
    for part, settings in part_fields.items():
        for name in settings:
            setting = f"{PREFIX}{part.upper()}_{name.upper()}"
            if setting in known:
                message = (
                    f"two settings are called {setting}, and one of them is {name!r} of {part!r}: "
                    "leave that one out, or give it or its field another name"
                )
                raise SettingError(message)
            known[setting] = (part, name)
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
        return _texts(setting, value, _LISTS[name])
    if name in _MAPPINGS:
        return _mapping(setting, name, value)
    kind = _KINDS.get(name)
    return _text(setting, name, value) if kind is None else _typed(setting, kind, value)


def _texts(setting: str, value: Any, example: tuple[str, ...]) -> tuple[str, ...]:
    """Return a list of names, which may be one text with commas."""
    parts = value.split(",") if isinstance(value, str) else value
    odd = [part for part in parts if not isinstance(part, str)] if _is_list(parts) else [value]
    if odd:
        message = (
            f"{setting} is a list of texts such as {list(example)}, or one text such as "
            f"{','.join(example)!r}, and {_shown(odd[0])} is neither"
        )
        raise SettingError(message)
    return tuple(part.strip() for part in parts if part.strip())


def _text(setting: str, name: str, value: Any) -> str:
    if not isinstance(value, str):
        message = f"{setting} is text, not {_shown(value)}"
        raise SettingError(message)
    if name == "site_url":
        return _address(setting, value)
    if name == "broker_url":
        return _broker(setting, value)
    if name == "realm" and not _REALM.fullmatch(value):
        message = f"{setting} is 1 to 64 letters, digits, dots, hyphens or underscores"
        raise SettingError(message)
    return value


def _mapping(setting: str, name: str, value: Any) -> Mapping[str, Any]:
    """Return what is set for each channel, or channel and prefix of numbers."""
    if not isinstance(value, str | Mapping):
        mapping, text = _MAPPINGS[name]
        message = f"{setting} is written {mapping}, or as text {text!r}: {_shown(value)} is neither"
        raise SettingError(message)
    pairs = _pairs(setting, name, value) if isinstance(value, str) else value.items()
    read: dict[str, Any] = {}
    for where, told in pairs:
        if not _WHERE.fullmatch(str(where)):
            message = (
                f"{setting} is set for a channel such as 'sms', or one with a prefix of "
                f"numbers such as 'sms:+49', not for {where!r}"
            )
            raise SettingError(message)
        if str(where) in read:
            message = f"{setting} names {where!r} twice: write what belongs to it in one place"
            raise SettingError(message)
        read[str(where)] = _told_for(setting, name, str(where), told)
    return MappingProxyType(read)


def _told_for(setting: str, name: str, where: str, told: Any) -> Any:
    """Return what a mapping says of one channel: a price, or who carries it."""
    kind = "a number" if name == "prices" else "a list"
    example = _MAPPINGS[name][0]["sms"]
    try:
        return _made(float, told) if name == "prices" else _texts(setting, told, tuple(example))
    except (TypeError, ValueError, OverflowError) as error:
        message = (
            f"{setting} has {_shown(told)} for {where!r}, where {kind} such as {example} is meant"
        )
        raise SettingError(message) from error


def _pairs(setting: str, name: str, text: str) -> Iterable[tuple[str, str]]:
    """Return what stands on both sides of each `=`, where `;` parts one from the next."""
    for part in filter(None, (part.strip() for part in text.split(";"))):
        where, is_told, told = part.partition("=")
        if not is_told:
            example = _MAPPINGS[name][1].partition(";")[0]
            message = f"{setting} has {part!r}, where something like {example} is meant"
            raise SettingError(message)
        yield where.strip(), told


def _broker(setting: str, value: str) -> str:
    """Return a broker's address; what is refused is not quoted, for its password."""
    scheme, is_there, _ = value.strip().partition("://")
    if not is_there or scheme not in _BROKERS:
        names = ", ".join(f"{name}://" for name in _BROKERS)
        message = (
            f"{setting} is an address such as redis://localhost/0 or "
            f"amqp://user:password@localhost//; it begins with one of {names}"
        )
        raise SettingError(message)
    return value.strip()


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
    try:
        return _made(kind, value)
    except (TypeError, ValueError, OverflowError) as error:
        wanted = _wanted(kind)
        said = f"is {wanted}, not" if wanted else "cannot be"
        message = f"{setting} {said} {_shown(value)}"
        raise SettingError(message) from error


def _typed_in_private(setting: str, kind: Any, value: Any) -> Any:
    """Return the same of what may be a credential: an error names its setting and no value."""
    try:
        return _made(kind, value)
    except (TypeError, ValueError, OverflowError):
        wanted = _wanted(kind)
        said = f": it is {wanted}" if wanted else ""
        message = f"{setting} has a value that it cannot have{said}"
        raise SettingError(message) from None


def _made(kind: Any, value: Any) -> Any:
    """Return what a type makes of a value; raise what types raise where it is none of theirs."""
    kind = _one(kind)
    if get_origin(kind) is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        if not _is_list(parts):
            raise TypeError
        each = get_args(kind)[0]
        return tuple(_made(each, part) for part in parts if str(part).strip())
    if kind is bool:
        return _yes_or_no(value)
    # Anything has a text, such as "['DE']": only what was meant as one is taken for it.
    if kind is str and (isinstance(value, bool) or not isinstance(value, str | int | float)):
        raise TypeError
    return kind(value.strip() if isinstance(value, str) else value)


def _one(kind: Any) -> Any:
    """Return the type that a setting has where it is set."""
    if get_origin(kind) in {Union, UnionType}:
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    return kind


def _wanted(kind: Any) -> str:
    """Return what a type takes, as an error says it; nothing of a type that is not known here."""
    kind = _one(kind)
    if get_origin(kind) is tuple:
        each = {int: "whole numbers", float: "numbers"}.get(get_args(kind)[0], "texts")
        return f"a list of {each} (or one text, with commas between them)"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"one of {', '.join(str(one.value) for one in kind)}"
    words = {
        bool: "yes or no",
        int: "a whole number such as 5",
        float: "a number such as 0.5 (with a point)",
        str: "text",
    }
    return words.get(kind, "")


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset)


def _shown(value: Any) -> str:
    """Return a value as an error quotes it; of what holds others, its type alone."""
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    return f"a value of type {type(value).__name__}"


def _yes_or_no(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ValueError
    return text in _TRUE
