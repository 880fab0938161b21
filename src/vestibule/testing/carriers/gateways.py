"""Carriers of one request: CronDock, Vonage, Telnyx, Infobip, and one of nobody's (sections F, G).

What CronDock answers is written down nowhere; here it is a guess.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vestibule.testing.carriers import accounts, telnyx
from vestibule.testing.carriers.archive import CarrierMessage
from vestibule.testing.carriers.asked import Asked, Reply, told
from vestibule.testing.carriers.desk import Accept, Desk
from vestibule.testing.carriers.faults import Fault

Read = Callable[[Asked], tuple[str, str]]
"""Returns to whom and what, each empty where it is not said."""
Receipts = Callable[[Desk, CarrierMessage, Asked, Fault], None]
OK: Final = 200
UNAUTHORISED: Final = 401
DIGITS: Final = range(7, 16)
"""As many digits as a number has that is called from abroad."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """One of them."""

    name: str
    path: str
    lets_in: Callable[[Asked], bool]
    message: Read
    accepted: Callable[[str, str], Reply]
    """Returns what is told of an id, to a number."""
    refused: Callable[[int | None, int | None], Reply]
    """Returns what is told of a status and a number of an error, each None where not said."""
    desk: Desk
    landline: int | None = None
    """The number of the error that a number takes no texts, where it has one of its own."""
    receipts: Receipts | None = None
    """Has what became of a message told, where the carrier tells it."""

    def knows(self, asked: Asked) -> bool:
        return asked.path == self.path

    def refusal(self, status: int | None, code: int | None) -> Reply:
        return self.refused(status, code)

    def read(self, asked: Asked, fault: Fault) -> Reply | Accept:
        if not self.lets_in(asked):
            return self.refused(UNAUTHORISED, None)
        to, text = self.message(asked)
        digits = to.removeprefix("+")
        is_number = digits.isascii() and digits.isdecimal() and len(digits) in DIGITS
        number = f"+{digits}"
        if not is_number or not text:
            return self.refused(None, None)
        if fault.is_landline(number):
            return self.refused(None, self.landline)

        def accept() -> Reply:
            new_id = self.desk.uuid()
            message = self.desk.keep(
                fault, carrier=self.name, channel="sms", to=number, text=text, id=new_id
            )
            if self.receipts is not None:
                self.receipts(self.desk, message, asked, fault)
            return self.accepted(new_id, digits)

        return accept


def gateways(desk: Desk) -> tuple[Gateway, ...]:
    """Return all of them."""
    return (
        Gateway(
            name="crondock",
            path="/run/sms/",
            lets_in=lambda asked: _is(asked.token("Api-Key"), accounts.KEY),
            message=lambda asked: _texts(_at(asked.json, "data"), "to_phone", "body"),
            accepted=lambda _id, _to: told({"status": "queued"}),
            refused=_crondock_error,
            desk=desk,
        ),
        Gateway(
            name="vonage",
            path="/sms/json",
            lets_in=_vonage_knows,
            message=lambda asked: _texts(_sent(asked), "to", "text"),
            accepted=_vonage_took,
            refused=_vonage_error,
            desk=desk,
        ),
        Gateway(
            name="telnyx",
            path="/v2/messages",
            lets_in=lambda asked: _is(asked.token("Bearer"), accounts.KEY),
            message=lambda asked: _texts(asked.json, "to", "text"),
            accepted=telnyx.took,
            refused=telnyx.error,
            desk=desk,
            landline=telnyx.LANDLINE,
            receipts=telnyx.receipts,
        ),
        Gateway(
            name="infobip",
            path="/sms/3/messages",
            lets_in=lambda asked: _is(asked.token("App"), accounts.KEY),
            message=_infobip_message,
            accepted=_infobip_took,
            refused=_infobip_error,
            desk=desk,
        ),
        Gateway(
            name="http",
            path="/http/messages",
            lets_in=_anyhow,
            message=lambda asked: _texts({**asked.asked_for, **_sent(asked)}, "to", "text"),
            accepted=lambda new_id, _to: told({"id": new_id, "status": "accepted"}, 202),
            refused=lambda status, code: told({"error": code or "refused"}, status or 400),
            desk=desk,
        ),
    )


def _crondock_error(status: int | None, code: int | None) -> Reply:
    return told({"detail": f"error {code}" if code else "refused"}, status or 400)


def _vonage_knows(asked: Asked) -> bool:
    sent = _sent(asked)
    key, secret = _texts(sent, "api_key", "api_secret")
    return _is(key, accounts.KEY) and _is(secret, accounts.SECRET)


def _vonage_took(new_id: str, to: str) -> Reply:
    one = {"to": to, "message-id": new_id, "status": "0", "remaining-balance": "3.14159265"}
    return told({"message-count": "1", "messages": [one]})


def _vonage_error(status: int | None, code: int | None) -> Reply:
    """Answer as it does: with 200, whatever is wrong, unless it is the server itself."""
    of_status = {UNAUTHORISED: 4, 429: 1, None: 3}
    number = code or of_status.get(status, 5)
    texts = {1: "Throttled", 3: "Invalid value for parameter", 4: "Bad Credentials"}
    one = {"status": str(number), "error-text": texts.get(number, "Internal Error")}
    is_of_server = status is not None and status not in of_status
    return told(
        {"message-count": "1", "messages": [one]}, status if status and is_of_server else OK
    )


def _infobip_message(asked: Asked) -> tuple[str, str]:
    message = _first(_at(asked.json, "messages"))
    (to,) = _texts(_first(_at(message, "destinations")), "to")
    (text,) = _texts(_at(message, "content"), "text")
    return to, text


def _infobip_took(new_id: str, to: str) -> Reply:
    status = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED"}
    one = {"messageId": new_id, "status": status, "destination": to}
    return told({"messages": [one]})


def _infobip_error(status: int | None, code: int | None) -> Reply:
    status = status or 400
    name = {UNAUTHORISED: "UNAUTHORIZED", 429: "TOO_MANY_REQUESTS", 400: "BAD_REQUEST"}
    said = str(code) if code else name.get(status, "GENERAL_ERROR")
    wrong = {"messageId": said, "text": "The request was refused"}
    return told({"requestError": {"serviceException": wrong}}, status)


def _anyhow(asked: Asked) -> bool:
    """Let in by each of the ways that a carrier of one request can be told to use."""
    named, password = asked.credentials
    ways = (asked.token("Bearer"), asked.headers.get("x-api-key", ""))
    by_name = _is(named, accounts.KEY) and _is(password, accounts.SECRET)
    return by_name or any(_is(way, accounts.KEY) for way in ways)


def _sent(asked: Asked) -> Mapping[str, Any]:
    """Return what was sent, in JSON or as a form."""
    if asked.headers.get("content-type", "").startswith("application/json"):
        return asked.json if isinstance(asked.json, dict) else {}
    return asked.form


def _at(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, dict) else None


def _first(data: Any) -> Any:
    return data[0] if isinstance(data, list) and data else None


def _texts(data: Any, *names: str) -> Any:
    """Return some of the values that were sent; each is empty where it is missing or is no text."""
    values = (_at(data, name) for name in names)
    return tuple(value if isinstance(value, str) else "" for value in values)


def _is(said: str, secret: str) -> bool:
    return hmac.compare_digest(said.encode(), secret.encode())
