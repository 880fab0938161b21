"""What a carrier tells of a message or a call, put into our own words."""

from collections.abc import Mapping
from typing import Final

from vestibule.delivery.laml.errors import CANNOT_RECEIVE, error_code
from vestibule.delivery.provider import Callback, Fate, Receipt
from vestibule.delivery.receipts import receipt_from
from vestibule.delivery.refusal import named

MESSAGE: Final[Mapping[str, Fate]] = {
    "accepted": Fate.QUEUED,
    "scheduled": Fate.QUEUED,
    "queued": Fate.QUEUED,
    "sending": Fate.QUEUED,
    "sent": Fate.SENT,
    "delivered": Fate.DELIVERED,
    "read": Fate.DELIVERED,
    "undelivered": Fate.UNDELIVERED,
    "failed": Fate.FAILED,
    "canceled": Fate.FAILED,
}
CALL: Final[Mapping[str, Fate]] = {
    "queued": Fate.QUEUED,
    "initiated": Fate.QUEUED,
    "ringing": Fate.SENT,
    "in-progress": Fate.SENT,
    # Somebody or something picked up. Whether the code was told only the key says.
    "completed": Fate.SENT,
    "busy": Fate.UNDELIVERED,
    "no-answer": Fate.UNDELIVERED,
    "failed": Fate.FAILED,
    "canceled": Fate.FAILED,
}
_MACHINES: Final = ("machine", "fax")


def receipt_of(callback: Callback) -> Receipt | None:
    """Return what a signed request tells, None where it is about no message and no call.

    A status that is not known says nothing yet: the message is on its way.
    """
    if carrier_id := _one(callback, "MessageSid") or _one(callback, "SmsSid"):
        status = _one(callback, "MessageStatus") or _one(callback, "SmsStatus")
        code = error_code(_one(callback, "ErrorCode"))
        fate, cannot = MESSAGE.get(status), code in CANNOT_RECEIVE
    elif carrier_id := _one(callback, "CallSid"):
        status, code = _one(callback, "CallStatus"), error_code(_one(callback, "ErrorCode"))
        fate, cannot = CALL.get(status), False
    known = named(carrier_id)
    if known is None:
        return None
    return receipt_from(known, fate, status, code, cannot_receive=cannot)


def key_pressed(callback: Callback) -> bool:
    """Say whether whoever was called pressed a key; an answering machine never did (ATK-60)."""
    if _one(callback, "AnsweredBy").lower().startswith(_MACHINES):
        return False
    return bool(_one(callback, "Digits"))


def _one(callback: Callback, name: str) -> str:
    values = callback.fields.get(name, ())
    return values[0].strip() if len(values) == 1 else ""
