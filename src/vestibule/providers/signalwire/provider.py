"""SignalWire's Compatibility API."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from vestibule.core.ports import SendError
from vestibule.delivery import laml
from vestibule.delivery.address import carrier_address
from vestibule.delivery.http import Http
from vestibule.delivery.provider import Callback, Parcel, Receipt, Speech, setting
from vestibule.delivery.refusal import no_script, no_such_channel

PREFIX: Final = "VESTIBULE_SIGNALWIRE_"
SIGNED: Final = ("x-signalwire-signature", "x-twilio-signature")
_SPACE: Final = re.compile(r"[a-z0-9-]+(\.signalwire\.com)?", re.IGNORECASE)
_PROJECT: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalWire:
    """Its fields are its settings."""

    name: ClassVar[str] = "signalwire"
    channels: ClassVar[frozenset[str]] = frozenset({"sms", "call"})

    space: str = setting(also="SIGNALWIRE_SPACE")
    """The space, as `example.signalwire.com` or `example`; a stand-in's address in tests."""
    project: str = setting(also="SIGNALWIRE_PROJECT")
    """The project's id."""
    token: str = setting(also="SIGNALWIRE_TOKEN", secret=True)
    """An API token that may send messages, and make calls where there are to be any."""
    number: str = setting(also="SIGNALWIRE_NUMBER")
    """What texts and calls are from: a number as `+15017122661` is written; for texts alone a short
    code, too."""
    signing_key: str | None = setting(also="SIGNALWIRE_SIGNING_KEY", secret=True, default=None)
    """The project's signing key, by which receipts and keys pressed are known to be SignalWire's;
    the token if unset."""

    def __post_init__(self) -> None:
        """Refuse what SignalWire would refuse each time."""
        if "://" in self.space:
            carrier_address(f"{PREFIX}SPACE", self.space)
        elif not _SPACE.fullmatch(self.space):
            raise ValueError(f"{PREFIX}SPACE is a space such as example.signalwire.com")
        if not _PROJECT.fullmatch(self.project):
            raise ValueError(f"{PREFIX}PROJECT is the id of a project, letters, digits and hyphens")
        if not self.token:
            raise ValueError(f"{PREFIX}TOKEN is an API token of the project")
        laml.check_number(f"{PREFIX}NUMBER", self.number)

    @property
    def carrier_url(self) -> str:
        """The space's address."""
        if "://" in self.space:
            return self.space.rstrip("/")
        host = self.space.lower()
        return f"https://{host if '.' in host else f'{host}.signalwire.com'}"

    def lacks(self, channel: str) -> str:
        """Return what calls need: a short code cannot call."""
        is_whole = self.number.startswith("+")
        return "" if is_whole or channel != "call" else laml.no_calls(PREFIX, "SIGNALWIRE_NUMBER")

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Return SignalWire's id of the message or call once it was taken."""
        if lack := self.lacks(parcel.channel):
            raise SendError(lack, permanent=True)
        match parcel.channel:
            case "sms":
                what, own = "Messages", {"Body": parcel.text}
            case "call":
                what, own = "Calls", {"Twiml": self._asking(parcel)}
            case channel:
                raise no_such_channel(self.name, channel)
        fields = {"To": parcel.to, "From": self.number, **own}
        if parcel.receipts:
            fields["StatusCallback"] = parcel.receipts
        return self._account().create(what, parcel, fields, http)

    def receipt(self, callback: Callback) -> Receipt | None:
        """Return what SignalWire told of a message or call."""
        return laml.receipt_of(callback) if self._signed(callback) else None

    def answers_key(self, callback: Callback) -> bool | None:
        """Say whether a key was pressed."""
        return laml.key_pressed(callback) if self._signed(callback) else None

    def script(self, speech: Speech, language: str) -> tuple[str, str]:
        """Return what is said after the key."""
        return laml.TYPE, laml.telling(speech, language)

    def _asking(self, parcel: Parcel) -> str:
        if parcel.speech is None or parcel.script is None:
            raise no_script()
        return laml.asking(parcel.speech, parcel.language, parcel.script)

    def _account(self) -> laml.Account:
        return laml.Account(
            address=f"{self.carrier_url}/api/laml/2010-04-01/Accounts/{self.project}",
            user=self.project,
            password=self.token,
        )

    def _signed(self, callback: Callback) -> bool:
        return laml.is_signed(callback, self.signing_key or self.token, headers=SIGNED)
