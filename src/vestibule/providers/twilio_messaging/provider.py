"""Twilio's Programmable Messaging and Voice."""

import json
import re
from dataclasses import dataclass
from typing import ClassVar, Final

from vestibule.core.ports import SendError
from vestibule.delivery import laml
from vestibule.delivery.address import carrier_address
from vestibule.delivery.http import Http
from vestibule.delivery.provider import Callback, Parcel, Receipt, Speech, setting
from vestibule.delivery.refusal import no_script, no_such_channel

PREFIX: Final = "VESTIBULE_TWILIO_MESSAGING_"
SIGNED: Final = ("x-twilio-signature",)
_SID: Final = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioMessaging:
    """Its fields are its settings."""

    name: ClassVar[str] = "twilio_messaging"
    channels: ClassVar[frozenset[str]] = frozenset({"sms", "whatsapp", "call"})
    one_of: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("auth_token", "api_key"),
        ("number", "messaging_service", "whatsapp_number"),
    )

    account_sid: str = setting(also="TWILIO_ACCOUNT_SID")
    """The account, `AC` and 32 characters."""
    auth_token: str | None = setting(also="TWILIO_AUTH_TOKEN", secret=True, default=None)
    """The account's token. Receipts and calls need it even where an API key sends: Twilio signs by
    it."""
    api_key: str | None = setting(default=None)
    """An API key to send by, `SK` and 32 characters, instead of the token."""
    api_secret: str | None = setting(secret=True, default=None)
    """The secret of that key."""
    number: str | None = setting(also="TWILIO_NUMBER", default=None)
    """What texts and calls are from: a number as `+15017122661` is written; for texts alone a short
    code or a name, too."""
    messaging_service: str | None = setting(default=None)
    """A messaging service, `MG` and 32 characters, which chooses the number that texts are from."""
    whatsapp_number: str | None = setting(default=None)
    """The number that WhatsApp messages are from, written as `number` is."""
    content_sid: str | None = setting(default=None)
    """The template that WhatsApp messages are made by, `HX` and 32 characters; its `{{1}}` is the
    code."""
    url: str = setting(default="https://api.twilio.com")
    """Where Twilio is: another region of it, as `https://api.dublin.ie1.twilio.com` with that
    region's credentials, or a stand-in's address in tests."""

    def __post_init__(self) -> None:
        """Refuse what Twilio would refuse each time."""
        carrier_address(f"{PREFIX}URL", self.url)
        sids = {
            "account_sid": ("AC", self.account_sid),
            "api_key": ("SK", self.api_key),
            "messaging_service": ("MG", self.messaging_service),
            "content_sid": ("HX", self.content_sid),
        }
        for name, (begins, sid) in sids.items():
            if sid and not (_SID.fullmatch(sid) and sid.startswith(begins)):
                raise ValueError(f"{PREFIX}{name.upper()} is {begins} and 32 hexadecimal digits")
        if not self.account_sid:
            raise ValueError(f"{PREFIX}ACCOUNT_SID is AC and 32 hexadecimal digits")
        if bool(self.api_key) != bool(self.api_secret):
            raise ValueError(f"{PREFIX}API_KEY and {PREFIX}API_SECRET are set together")
        if not (self.auth_token or self.api_key):
            raise ValueError(f"set {PREFIX}AUTH_TOKEN, or an API key with its secret")
        if not (self.number or self.messaging_service or self.whatsapp_number):
            raise ValueError(
                f"set {PREFIX}NUMBER, {PREFIX}MESSAGING_SERVICE or {PREFIX}WHATSAPP_NUMBER: "
                "a message is from somebody"
            )
        if self.number:
            laml.check_number(f"{PREFIX}NUMBER", self.number, is_name=True)
        if self.whatsapp_number:
            laml.check_number(f"{PREFIX}WHATSAPP_NUMBER", self.whatsapp_number, speaks=True)

    @property
    def carrier_url(self) -> str:
        """Twilio's address."""
        return self.url

    def lacks(self, channel: str) -> str:
        """Return what a channel needs: a name cannot call, and no text is from nobody."""
        match channel:
            case "call" if not (self.number or "").startswith("+"):
                return laml.no_calls(PREFIX, "TWILIO_NUMBER")
            case "call" if not self.auth_token:
                return f"keys pressed are signed by the account's token: set {PREFIX}AUTH_TOKEN"
            case "sms" if not (self.number or self.messaging_service):
                return f"a text is from somebody: set {PREFIX}NUMBER or {PREFIX}MESSAGING_SERVICE"
            case "whatsapp" if not (self.whatsapp_number or self.messaging_service):
                return f"it is from somebody: set {PREFIX}WHATSAPP_NUMBER"
        return ""

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Return Twilio's id of the message or call once it was taken."""
        if lack := self.lacks(parcel.channel):
            raise SendError(lack, permanent=True)
        match parcel.channel:
            case "sms":
                what, fields = "Messages", self._text(parcel)
            case "whatsapp":
                what, fields = "Messages", self._whatsapp(parcel)
            case "call":
                what, fields = "Calls", self._call(parcel)
            case channel:
                raise no_such_channel(self.name, channel)
        if self.auth_token and parcel.receipts:
            fields["StatusCallback"] = parcel.receipts
        return self._account().create(what, parcel, fields, http)

    def receipt(self, callback: Callback) -> Receipt | None:
        """Return what Twilio told of a message or call."""
        return laml.receipt_of(callback) if self._signed(callback) else None

    def answers_key(self, callback: Callback) -> bool | None:
        """Say whether a key was pressed."""
        return laml.key_pressed(callback) if self._signed(callback) else None

    def script(self, speech: Speech, language: str) -> tuple[str, str]:
        """Return what is said after the key."""
        return laml.TYPE, laml.telling(speech, language)

    def _text(self, parcel: Parcel) -> dict[str, str]:
        return {"To": parcel.to, **self._sender(), "Body": parcel.text}

    def _whatsapp(self, parcel: Parcel) -> dict[str, str]:
        sender = self._sender()
        if self.whatsapp_number:
            sender = {"From": f"whatsapp:{self.whatsapp_number}"}
        fields = {"To": f"whatsapp:{parcel.to}", **sender}
        if self.content_sid and parcel.code:
            told = json.dumps({"1": parcel.code}, separators=(",", ":"))
            return {**fields, "ContentSid": self.content_sid, "ContentVariables": told}
        return {**fields, "Body": parcel.text}

    def _call(self, parcel: Parcel) -> dict[str, str]:
        if parcel.speech is None or parcel.script is None:
            raise no_script()
        told = laml.asking(parcel.speech, parcel.language, parcel.script)
        return {"To": parcel.to, "From": self.number or "", "Twiml": told}

    def _sender(self) -> dict[str, str]:
        if self.messaging_service:
            return {"MessagingServiceSid": self.messaging_service}
        return {"From": self.number or ""}

    def _account(self) -> laml.Account:
        return laml.Account(
            address=f"{self.url.rstrip('/')}/2010-04-01/Accounts/{self.account_sid}",
            user=self.api_key or self.account_sid,
            password=self.api_secret or self.auth_token or "",
        )

    def _signed(self, callback: Callback) -> bool:
        return laml.is_signed(callback, self.auth_token or "", headers=SIGNED)
