"""Messages and calls as Twilio takes them, and SignalWire after it (wire formats, section E)."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any, Final

from vestibule.testing.carriers.archive import CarrierMessage
from vestibule.testing.carriers.asked import Asked, Reply, told
from vestibule.testing.carriers.calls import Line, play
from vestibule.testing.carriers.desk import Accept, Desk
from vestibule.testing.carriers.errors import twilio_error
from vestibule.testing.carriers.faults import Fault

VERSION: Final = "2010-04-01"
LONGEST: Final = 1600
E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
# A letter or digit each, as a name that a message comes from; or a number, or a short one.
ORIGIN: Final = re.compile(r"(whatsapp:)?\+[1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11}")
# What fits into a septet (3GPP TS 23.038, the basic table and its extension).
GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€\f"
)
UNTOLD: Final = (
    "answered_by",
    "caller_name",
    "duration",
    "end_time",
    "forwarded_from",
    "group_sid",
    "parent_call_sid",
    "phone_number_sid",
    "start_time",
    "trunk_sid",
)
"""What an answer has of a call that is not known yet, each as null."""


@dataclass(frozen=True, slots=True)
class Laml:
    """One of the two carriers of this form."""

    name: str
    account: str
    secrets: Mapping[str, str]
    """By name, what may be said as credentials."""
    signing: str
    """The token that requests to the customer are signed with."""
    prefix: tuple[str, ...]
    """What may stand before the version in a path."""
    new_id: Callable[[str], str]
    """Returns an id, by what Twilio would begin it with."""
    desk: Desk

    def knows(self, asked: Asked) -> bool:
        words = asked.words
        if self.prefix and words[: len(self.prefix)] == self.prefix:
            return True
        return words[:2] == (VERSION, "Accounts") and _is_like(words[2:3], self.account)

    def refusal(self, status: int | None, code: int | None) -> Reply:
        return twilio_error(code, status=status)

    def read(self, asked: Asked, fault: Fault) -> Reply | Accept:
        words = asked.words
        if words[: len(self.prefix)] == self.prefix:
            words = words[len(self.prefix) :]
        user, password = asked.credentials
        known = bool(password) and self.secrets.get(user) == password
        if not known or words[2:3] != (self.account,):
            return twilio_error(20003)
        match asked.method, words[3:]:
            case "POST", ("Messages.json",):
                return self._message(asked.form, fault)
            case "POST", ("Calls.json",):
                return self._call(asked.lists, fault)
            case "GET", (("Messages" | "Calls") as kind, name):
                return self._fetched(kind, name.removesuffix(".json"))
            case _:
                return twilio_error(20404)

    def _message(self, form: Mapping[str, str], fault: Fault) -> Reply | Accept:
        channel = "whatsapp" if form.get("To", "").startswith("whatsapp:") else "sms"
        to, text = form.get("To", "").removeprefix("whatsapp:"), _text(form)
        if code := self._wrong(form, channel, to, text):
            return twilio_error(code)
        if channel == "sms" and fault.is_landline(to):
            return twilio_error(21614)

        def accept() -> Reply:
            message = self.desk.keep(
                fault,
                carrier=self.name,
                channel=channel,
                to=to,
                text=text,
                id=self.new_id("MM" if form.get("MediaUrl") else "SM"),
            )
            self._send_receipts(message, form, fault)
            status = "accepted" if form.get("MessagingServiceSid") else "queued"
            return told(self._as_message(message, form, status), 201)

        return accept

    def _wrong(self, form: Mapping[str, str], channel: str, to: str, text: str) -> int | None:
        """Return the number of what is wrong with a message, None where nothing is."""
        origin, service = form.get("From", ""), form.get("MessagingServiceSid", "")
        wrong = {
            21604: not to,
            21211: not E164.fullmatch(to),
            21603: not (origin or service),
            21212: bool(origin) and not ORIGIN.fullmatch(origin),
            63007: bool(origin) and (channel == "whatsapp") != origin.startswith("whatsapp:"),
            21602: not (text or form.get("MediaUrl")),
            21617: len(text) > LONGEST,
        }
        return next((code for code, is_so in wrong.items() if is_so), None)

    def _send_receipts(
        self, message: CarrierMessage, form: Mapping[str, str], fault: Fault
    ) -> None:
        url = form.get("StatusCallback", "")

        def post(status: str) -> None:
            if not url:
                return
            fields = {
                "MessageSid": message.id,
                "SmsSid": message.id,
                "MessageStatus": status,
                "SmsStatus": status,
                "To": form["To"],
                "From": form.get("From", ""),
                "AccountSid": self.account,
                "ApiVersion": VERSION,
            }
            if status == "undelivered":
                fields["ErrorCode"] = str(fault.undelivered)
            self.desk.callbacks.call(url, fields, self.signing)

        last = "delivered" if fault.undelivered is None else "undelivered"
        self.desk.tell(message, ("sent", last), fault, post)

    def _call(self, lists: Mapping[str, list[str]], fault: Fault) -> Reply | Accept:
        form = {name: values[0] for name, values in lists.items()}
        to, origin = form.get("To", ""), form.get("From", "")
        if not E164.fullmatch(to):
            return twilio_error(21211)
        if not E164.fullmatch(origin):
            return twilio_error(21212)
        if not (form.get("Twiml") or form.get("Url")):
            return twilio_error(21205)

        def accept() -> Reply:
            message = self.desk.keep(
                fault, carrier=self.name, channel="call", to=to, text="", id=self.new_id("CA")
            )
            line = Line(
                account=self.account,
                token=self.signing,
                sid=message.id,
                form=form,
                events=tuple(lists.get("StatusCallbackEvent", ["completed"])),
            )
            wait = self.desk.pause + fault.receipts_late
            self.desk.callbacks.after(wait, lambda: play(self.desk, message, line, fault))
            return told(self._as_call(message, form, "queued"), 201)

        return accept

    def _fetched(self, kind: str, name: str) -> Reply:
        message = self.desk.archive.find(self.name, name)
        if message is None or (message.channel == "call") != (kind == "Calls"):
            return twilio_error(20404)
        status = message.statuses[-1] if message.statuses else "queued"
        mark = "whatsapp:" if message.channel == "whatsapp" else ""
        form = {"To": f"{mark}{message.to}"}
        written = self._as_call if kind == "Calls" else self._as_message
        return told(written(message, form, status))

    def _as_message(
        self, message: CarrierMessage, form: Mapping[str, str], status: str
    ) -> dict[str, Any]:
        uri = self._uri("Messages", message.id)
        sent = status not in {"queued", "accepted"}
        return {
            **self._as_anything(message, form, status),
            "body": message.text,
            "num_segments": str(segments(message.text)),
            "num_media": "0",
            "direction": "outbound-api",
            "date_sent": format_datetime(message.at) if sent else None,
            "error_code": None,
            "error_message": None,
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
        }

    def _as_call(
        self, message: CarrierMessage, form: Mapping[str, str], status: str
    ) -> dict[str, Any]:
        uri = self._uri("Calls", message.id)
        return {
            **self._as_anything(message, form, status),
            **dict.fromkeys(UNTOLD),
            "to_formatted": message.to,
            "from_formatted": form.get("From"),
            "direction": "outbound-api",
            "queue_time": "0",
            "uri": f"{uri}.json",
            "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
        }

    def _as_anything(
        self, message: CarrierMessage, form: Mapping[str, str], status: str
    ) -> dict[str, Any]:
        return {
            "sid": message.id,
            "status": status,
            "account_sid": self.account,
            "api_version": VERSION,
            "date_created": format_datetime(message.at),
            "date_updated": format_datetime(message.at),
            "to": form.get("To"),
            "from": form.get("From"),
            "price": None,
            "price_unit": "USD",
        }

    def _uri(self, kind: str, name: str) -> str:
        before = "".join(f"/{word}" for word in self.prefix)
        return f"{before}/{VERSION}/Accounts/{self.account}/{kind}/{name}"


def segments(text: str) -> int:
    """Return into how many parts a text is cut on its way (GSM 03.38, or UCS-2 where it must)."""
    if set(text) <= GSM:
        length, whole, part = len(text) + sum(text.count(sign) for sign in "^{}\\[~]|€\f"), 160, 153
    else:
        length, whole, part = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= whole else -(-length // part)


def _text(form: Mapping[str, str]) -> str:
    """Return what a message says: its body, or what stands for a template that is filled in."""
    if form.get("Body") or not form.get("ContentSid"):
        return form.get("Body", "")
    try:
        filled = json.loads(form.get("ContentVariables", "{}"))
        return f"{filled['1']} is your verification code."
    except (ValueError, LookupError, TypeError):
        return ""


def _is_like(words: tuple[str, ...], account: str) -> bool:
    """Say whether a path names an account of this carrier's kind, if not the one there is."""
    return bool(words) and len(words[0]) == len(account)
