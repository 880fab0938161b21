"""Telnyx's messages, with the receipts that it signs."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vestibule.core.ports import SendError
from vestibule.delivery.address import carrier_address
from vestibule.delivery.credential import check_key
from vestibule.delivery.http import Http, json_body
from vestibule.delivery.provider import Callback, Fate, Parcel, Receipt, setting
from vestibule.delivery.receipts import receipt_from
from vestibule.delivery.refusal import named, no_such_channel, refused, taken_as
from vestibule.providers.http.answers import found, tellable, written
from vestibule.providers.http.sender import check_sender

PREFIX: Final = "VESTIBULE_TELNYX_"
CANNOT_RECEIVE: Final = frozenset({"40001"})
"""A landline, or a number that no message can be routed to."""
FATES: Final[Mapping[str, Fate]] = {
    "queued": Fate.QUEUED,
    "sending": Fate.QUEUED,
    "sent": Fate.SENT,
    "delivery_unconfirmed": Fate.SENT,
    "delivered": Fate.DELIVERED,
    "delivery_failed": Fate.UNDELIVERED,
    "expired": Fate.UNDELIVERED,
    "sending_failed": Fate.FAILED,
}
KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Telnyx:
    """Its fields are its settings."""

    name: ClassVar[str] = "telnyx"
    channels: ClassVar[frozenset[str]] = frozenset({"sms"})

    api_key: str = setting(also="TELNYX_API_KEY", secret=True)
    """A key of the account."""
    sender: str = setting(also="TELNYX_NUMBER")
    """What messages are from: a number as `+15017122661` is written, or a name where the country
    allows it."""
    messaging_profile: str | None = setting(default=None)
    """The messaging profile's id, which a name as `sender` needs."""
    public_key: str | None = setting(also="TELNYX_PUBLIC_KEY", default=None)
    """The account's public key, by which receipts are known to be Telnyx's; none are asked for if
    unset."""
    url: str = setting(default="https://api.telnyx.com/v2/messages")
    """Where Telnyx takes messages; a stand-in's address in tests."""

    def __post_init__(self) -> None:
        """Refuse what Telnyx would refuse each time."""
        carrier_address(f"{PREFIX}URL", self.url)
        check_key(f"{PREFIX}API_KEY", self.api_key)
        check_sender(f"{PREFIX}SENDER", self.sender)
        if self.public_key and _key(self.public_key) is None:
            raise ValueError(f"{PREFIX}PUBLIC_KEY is 32 bytes in base64, as the portal shows it")

    @property
    def carrier_url(self) -> str:
        """Telnyx's address."""
        return self.url

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Return Telnyx's id of the message once it was taken."""
        if parcel.channel not in self.channels:
            raise no_such_channel(self.name, parcel.channel)
        data = {"from": self.sender, "to": parcel.to, "text": parcel.text}
        if self.messaging_profile:
            data["messaging_profile_id"] = self.messaging_profile
        if self.public_key and parcel.receipts:
            data["webhook_url"] = parcel.receipts
        answer = http.ask(json_body(self.url, data, Authorization=f"Bearer {self.api_key}"))
        if answer.is_success:
            return taken_as(found(answer.json(), "data.id"))
        code = tellable(found(answer.json(), "errors.0.code"))
        if code in CANNOT_RECEIVE:
            raise SendError(f"the number takes no text messages, error {code}", cannot_receive=True)
        raise refused(answer.status, code)

    def receipt(self, callback: Callback) -> Receipt | None:
        """Return what Telnyx told of a message."""
        if not self._signed(callback):
            return None
        try:
            payload = found(json.loads(callback.body), "data.payload")
        except (ValueError, RecursionError):
            return None
        carrier_id = named(found(payload, "id"))
        return None if carrier_id is None else _receipt(carrier_id, payload)

    def _signed(self, callback: Callback) -> bool:
        """Say whether the account's key signed when it was sent and what is in it.

        How long ago that was does not matter: who sends the same again tells what was true.
        """
        key = _key(self.public_key or "")
        when = callback.headers.get("telnyx-timestamp", "")
        try:
            signature = base64.b64decode(
                callback.headers.get("telnyx-signature-ed25519", ""), validate=True
            )
            if key is not None:
                key.verify(signature, f"{when}|".encode() + callback.body)
        except (InvalidSignature, ValueError):
            return False
        return key is not None


def _receipt(carrier_id: str, payload: Any) -> Receipt:
    status = written(found(payload, "to.0.status"))
    code = tellable(found(payload, "errors.0.code"))
    return receipt_from(
        carrier_id, FATES.get(status), status, code, cannot_receive=code in CANNOT_RECEIVE
    )


def _key(written_key: str) -> Ed25519PublicKey | None:
    try:
        key = base64.b64decode(written_key, validate=True)
    except ValueError:
        return None
    return Ed25519PublicKey.from_public_bytes(key) if len(key) == KEY_BYTES else None
