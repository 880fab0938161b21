"""What Telnyx answers, and the receipts that it signs: over when, and what, by Ed25519."""

import base64
import json
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vestibule.testing.carriers.archive import CarrierMessage
from vestibule.testing.carriers.asked import Asked, Reply, told
from vestibule.testing.carriers.desk import Desk
from vestibule.testing.carriers.faults import Fault

LANDLINE: Final = 40001
"""The number of the error that a number takes no texts."""
_KEY: Final = Ed25519PrivateKey.from_private_bytes(b"stand-in" * 4)
PUBLIC_KEY: Final = base64.b64encode(_KEY.public_key().public_bytes_raw()).decode()
"""By which a customer knows receipts."""
_OF_STATUS: Final = {401: 10009, 429: 10011, None: 40310}


def took(new_id: str, to: str) -> Reply:
    """Return what is told of a message that was taken."""
    return told({"data": _message(new_id, f"+{to}", "queued")})


def error(status: int | None, code: int | None) -> Reply:
    """Return an error of this status, or of this number, or of both."""
    number = code or _OF_STATUS.get(status, 10007)
    return told({"errors": [{"code": str(number), "title": "Refused"}]}, status or 400)


def receipts(desk: Desk, message: CarrierMessage, asked: Asked, fault: Fault) -> None:
    """Have receipts posted where the message said, if it said."""
    url = asked.json.get("webhook_url")

    def post(status: str) -> None:
        if not isinstance(url, str) or not url:
            return
        payload = _message(message.id, message.to, status)
        if status == "delivery_failed":
            payload["errors"] = [{"code": str(fault.undelivered), "title": "Not delivered"}]
        event = "message.sent" if status == "sent" else "message.finalized"
        data = {"event_type": event, "id": desk.uuid(), "payload": payload}
        body = json.dumps({"data": data}).encode()
        when = str(int(desk.clock().timestamp()))
        signed = base64.b64encode(_KEY.sign(f"{when}|".encode() + body)).decode()
        headers = {"telnyx-timestamp": when, "telnyx-signature-ed25519": signed}
        desk.callbacks.send(url, {**headers, "Content-Type": "application/json"}, body)

    last = "delivered" if fault.undelivered is None else "delivery_failed"
    desk.tell(message, ("sent", last), fault, post)


def _message(message_id: str, to: str, status: str) -> dict[str, Any]:
    line = {"phone_number": to, "status": status}
    return {"record_type": "message", "direction": "outbound", "id": message_id, "to": [line]}
