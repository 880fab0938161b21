"""Any carrier that takes one request for each text message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Final

from vestibule import phone
from vestibule.core.ports import SendError
from vestibule.delivery.address import carrier_address
from vestibule.delivery.http import Answer, Http, Request, basic, form, json_body
from vestibule.delivery.provider import Parcel, setting
from vestibule.delivery.refusal import named, no_such_channel, refused, taken_as
from vestibule.providers.http.answers import found, tellable, written
from vestibule.providers.http.template import Template

PREFIX: Final = "VESTIBULE_HTTP_"
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_NOT_OURS: Final = frozenset({"host", "content-length", "content-type", "transfer-encoding"})


class Method(StrEnum):
    """How a message is handed over. Not by GET: a code has no place in an address."""

    POST = "POST"
    PUT = "PUT"


class Auth(StrEnum):
    """How a carrier knows whose messages they are."""

    NONE = "none"
    BASIC = "basic"
    BEARER = "bearer"
    HEADER = "header"


class Body(StrEnum):
    """How a message is written."""

    FORM = "form"
    JSON = "json"


class NumberFormat(StrEnum):
    """How a number is written."""

    PLUS = "plus"
    DIGITS = "digits"
    NATIONAL = "national"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCarrier:
    """Its fields are its settings."""

    name: ClassVar[str] = "http"
    channels: ClassVar[frozenset[str]] = frozenset({"sms"})

    url: str = setting()
    """Where the carrier takes messages."""
    template: Template = setting(secret=True)
    """What it is sent, as an object or as JSON, with the places `{to}`, `{from}`, `{body}`,
    `{user}` and `{secret}`."""
    method: Method = setting(default=Method.POST)
    """`POST` or `PUT`."""
    body: Body = setting(default=Body.JSON)
    """`json`, or `form` for a template that is flat."""
    auth: Auth = setting(default=Auth.NONE)
    """`none`, `basic` (of `user` and `secret`), `bearer` (of `secret`), or `header`: `secret` as it
    is, under the name in `header`."""
    header: str = setting(default="Authorization")
    """The header that `header` is about."""
    user: str | None = setting(default=None)
    """Who sends, for `basic` and for `{user}`."""
    secret: str | None = setting(secret=True, default=None)
    """The carrier's key, token or password."""
    sender: str | None = setting(default=None)
    """What messages are from, for `{from}`."""
    number_format: NumberFormat = setting(default=NumberFormat.PLUS)
    """`plus` (`+491701234567`), `digits` (`491701234567`) or `national` (`01701234567`). The last
    only where the route goes to numbers of one country: another's would reach somebody else."""
    success: tuple[int, ...] = setting(default=())
    """The statuses that say it was taken; any from 200 to 299 if unset."""
    success_path: str | None = setting(default=None)
    """Where in the answer it says so, as `messages.0.status`."""
    success_value: str | None = setting(default=None)
    """What stands there then."""
    busy_values: tuple[str, ...] = setting(default=())
    """What stands there where the carrier itself has a trouble that may be over soon."""
    id_path: str | None = setting(default=None)
    """Where in the answer the carrier's id of the message is."""

    def __post_init__(self) -> None:
        """Refuse what no message could be sent by."""
        carrier_address(f"{PREFIX}URL", self.url)
        if self.template.trouble:
            raise ValueError(f"{PREFIX}TEMPLATE {self.template.trouble}")
        places = set(self.template.places())
        if self.body is Body.FORM and not self.template.is_form:
            raise ValueError(f"{PREFIX}TEMPLATE is flat where {PREFIX}BODY is form")
        wanted = {
            "sender": "from" in places,
            "user": "user" in places or self.auth is Auth.BASIC,
            "secret": "secret" in places or self.auth is not Auth.NONE,
        }
        lacking = [name for name, is_wanted in wanted.items() if is_wanted]
        lacking = [f"{PREFIX}{name.upper()}" for name in lacking if not getattr(self, name)]
        if lacking:
            are, it = ("are", "them") if len(lacking) > 1 else ("is", "it")
            raise ValueError(f"{', '.join(lacking)} {are} not set, and there is a place for {it}")
        if not _HEADER.fullmatch(self.header) or self.header.lower() in _NOT_OURS:
            raise ValueError(f"{PREFIX}HEADER is the name of a header, such as X-Api-Key")
        if self.secret and not (self.secret.isascii() and self.secret.isprintable()):
            raise ValueError(f"{PREFIX}SECRET is of plain characters, on one line")
        if not all(200 <= status < 300 for status in self.success):  # noqa: PLR2004 - the class
            raise ValueError(f"{PREFIX}SUCCESS is of statuses from 200 to 299")
        if bool(self.success_path) != bool(self.success_value):
            raise ValueError(f"{PREFIX}SUCCESS_PATH and {PREFIX}SUCCESS_VALUE are set together")

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Return the carrier's id of the message once it was taken, None where it tells none."""
        if parcel.channel not in self.channels:
            raise no_such_channel(self.name, parcel.channel)
        answer = http.ask(self._request(parcel))
        self._check(answer)
        if not self.id_path:
            return None
        told = found(answer.json(), self.id_path)
        # Where nothing else is to say that it was taken, the id does.
        return named(told) if self.success_path else taken_as(told)

    def _request(self, parcel: Parcel) -> Request:
        data = self.template.filled(
            {
                "to": self._number(parcel.to),
                "from": self.sender or "",
                "body": parcel.text,
                "user": self.user or "",
                "secret": self.secret or "",
            }
        )
        if self.body is Body.FORM:
            asked = form(self.url, {name: written(value) for name, value in data.items()})
        else:
            asked = json_body(self.url, data)
        return replace(asked, method=self.method, headers={**asked.headers, **self._credentials()})

    def _number(self, to: str) -> str:
        if self.number_format is NumberFormat.PLUS:
            return to
        return to.removeprefix("+") if self.number_format is NumberFormat.DIGITS else _national(to)

    def _credentials(self) -> Mapping[str, str]:
        secret = self.secret or ""
        match self.auth:
            case Auth.NONE:
                return {}
            case Auth.BASIC:
                return {"Authorization": basic(self.user or "", secret)}
            case Auth.BEARER:
                return {"Authorization": f"Bearer {secret}"}
            case Auth.HEADER:
                return {self.header: secret}

    def _check(self, answer: Answer) -> None:
        if not (answer.status in self.success if self.success else answer.is_success):
            raise refused(answer.status)
        if self.success_path is None:
            return
        value: Any = found(answer.json(), self.success_path)
        if (said := written(value)) == self.success_value:
            return
        code = tellable(value)
        raise SendError(
            f"its answer was {code}" if code else "its answer did not say that it was taken",
            permanent=said not in self.busy_values,
            unsure=not said,
        )


def _national(to: str) -> str:
    try:
        return phone.national(to)
    except ModuleNotFoundError as error:
        missing = "no national numbers without a library more: pip install phonenumbers"
        raise SendError(missing, permanent=True) from error
