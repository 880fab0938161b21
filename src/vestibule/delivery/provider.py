"""The contract of a provider: what it is handed, and what it must say of what came of it.

A provider is a frozen dataclass whose fields are its settings, as a factor is. It keeps nothing
open: what it needs to reach its carrier over HTTP is handed to it with every message.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from vestibule.core.registry import ALSO
from vestibule.delivery.http import Http


def setting(*, also: str = "", secret: bool = False, **told: Any) -> Any:
    """Return a provider's field; `told` is what `dataclasses.field` takes, such as a default.

    It is set by `VESTIBULE_<PROVIDER>_<FIELD>`, or by `also`, the name that the carrier's own
    documents use. One that is `secret` is in no representation.
    """
    return dataclasses.field(repr=not secret, metadata={ALSO: also}, **told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What a call says. Each part is read out by a voice of the language."""

    ask: str
    """Before anything is told: who calls, and to press a key."""
    say: str = field(repr=False)
    """After the key: the digits, each alone, and all of them twice."""
    farewell: str
    """Where no key is pressed, as by an answering machine: no code is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One message as a provider is handed it, rendered.

    `to` is a number as E.164 writes it, or a mail address. `html` is there for mail, `speech` for a
    call. `receipts` is the address that a carrier may tell what became of it, `script` the one that
    answers a call with what is said next; both are None where the site has no address of its own,
    or one on this machine that the carrier cannot call.
    """

    id: str
    channel: str
    to: str = field(repr=False)
    subject: str | None = None
    text: str = field(repr=False)
    code: str | None = field(default=None, repr=False)
    """The code alone, for a carrier that puts it into a text of its own; None in a notice."""
    html: str | None = field(default=None, repr=False)
    speech: Speech | None = field(default=None, repr=False)
    language: str = "en"
    receipts: str | None = None
    script: str | None = None


class Fate(StrEnum):
    """What became of a message, in the one vocabulary that every carrier's words are put into."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A carrier's request to us: `url` as it called it, `fields` as it sent them in a form."""

    url: str
    headers: Mapping[str, str]
    """By names in small letters."""
    fields: Mapping[str, tuple[str, ...]] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a carrier told of a message it took.

    `cannot_receive` says that the number takes no text messages, as a landline does not.
    """

    carrier_id: str
    fate: Fate
    reason: str = ""
    cannot_receive: bool = False


class Provider(Protocol):
    """One carrier: a frozen dataclass whose fields are its settings.

    `name` and `channels` are the class's own (`ClassVar`), known before one is made. So is
    `one_of`, which it may have: sets of fields of which one must be set.
    """

    @property
    def name(self) -> str:
        """What routes and settings call it by: an identifier."""
        ...

    @property
    def channels(self) -> frozenset[str]:
        """What it carries: of sms, call, whatsapp and email."""
        ...

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Return the carrier's id of the message once it was handed over, None where it has none.

        Raises `SendError` where it was not, `unsure` where it may have been all the same, as any
        other exception is taken to be. That says neither code nor address nor credential.
        """
        ...


@runtime_checkable
class TellsReceipts(Provider, Protocol):
    """A provider whose carrier tells, at the address in the parcel, what became of a message."""

    def receipt(self, callback: Callback) -> Receipt | None:
        """Return what the carrier told; None where it was not the carrier, by its signature."""
        ...


@runtime_checkable
class CarriesSome(Provider, Protocol):
    """A provider that carries some of its channels only with settings that others do not need."""

    def lacks(self, channel: str) -> str:
        """Return what a channel needs and is not set, in a sentence; empty where it is all there.

        A route that has it all the same is refused at start.
        """
        ...


@runtime_checkable
class Located(Provider, Protocol):
    """A provider that says where its carrier is, by which it is known whether it can call us."""

    @property
    def carrier_url(self) -> str:
        """Return the address that is asked, whole."""
        ...


class Checked(StrEnum):
    """What a carrier says of an answer to a code that it made."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"
    """It has nothing open that it could compare the answer with."""


@runtime_checkable
class Hosts(Provider, Protocol):
    """A provider whose carrier makes the code itself, and judges the answer.

    Its `send` opens a verification and returns its id; the text in the parcel is not used.
    """

    def cancel(self, to: str, http: Http) -> None:
        """End what is open for a number there; raise `SendError` where it may still be."""
        ...

    def check(self, carrier_id: str, code: str, http: Http) -> Checked:
        """Have an answer judged; raise `SendError` where it was not."""
        ...


@runtime_checkable
class AsksForScript(Provider, Protocol):
    """A provider whose carrier asks, at the address in the parcel, what a call is to say next."""

    def answers_key(self, callback: Callback) -> bool | None:
        """Say whether a key was pressed; None where it was not the carrier, by its signature."""
        ...

    def script(self, speech: Speech, language: str) -> tuple[str, str]:
        """Return what is said after the key, as the carrier wants it: its type and its text."""
        ...
