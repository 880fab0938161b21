"""Twilio Verify: makes a code, sends it, and judges what is typed (wire formats, section A)."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock
from typing import Any, Final

from vestibule.testing.carriers import accounts
from vestibule.testing.carriers.asked import Asked, Reply, told
from vestibule.testing.carriers.desk import Accept, Desk
from vestibule.testing.carriers.errors import twilio_error
from vestibule.testing.carriers.faults import Fault
from vestibule.testing.carriers.laml import E164

SITE: Final = "Stand-in"
"""The name of the service, as its texts say it."""
LIFE: Final = timedelta(minutes=10)
MOST_SENDS: Final = 5
MOST_CHECKS: Final = 5
MAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
CHANNELS: Final[Mapping[str, str]] = {
    "sms": "sms",
    "auto": "sms",
    "call": "call",
    "email": "email",
    "whatsapp": "whatsapp",
}
"""What a verification may be asked over, and what it then goes over."""


class Status(StrEnum):
    """Where a verification stands."""

    PENDING = "pending"
    APPROVED = "approved"
    CANCELED = "canceled"
    SPENT = "max_attempts_reached"
    EXPIRED = "expired"


LOST: Final = frozenset({Status.APPROVED, Status.EXPIRED})
"""In these nobody finds it any more."""


@dataclass(slots=True, kw_only=True)
class Verification:
    """One code for one address, however often it was sent."""

    sid: str
    to: str
    code: str = field(repr=False)
    made: datetime
    channel: str
    status: Status = Status.PENDING
    sends: list[tuple[datetime, str, str]] = field(default_factory=list)
    checks: int = 0


class Verify:
    """The one service that there is; safe for several threads."""

    name = "twilio_verify"

    def __init__(self, desk: Desk) -> None:
        """Begin with nobody to verify."""
        self._desk = desk
        self._lock = Lock()
        self._by_sid: dict[str, Verification] = {}
        self._newest: dict[str, Verification] = {}

    def clear(self) -> None:
        """Forget whom there was to verify."""
        with self._lock:
            self._by_sid.clear()
            self._newest.clear()

    def knows(self, asked: Asked) -> bool:
        # The oldest clients say v1.
        words = asked.words
        return words[:1] in {("v1",), ("v2",)} and words[1:2] == ("Services",)

    def refusal(self, status: int | None, code: int | None) -> Reply:
        return twilio_error(code, status=status)

    def read(self, asked: Asked, fault: Fault) -> Reply | Accept:
        known = {
            accounts.TWILIO: accounts.TWILIO_TOKEN,
            accounts.TWILIO_KEY: accounts.TWILIO_SECRET,
        }
        user, password = asked.credentials
        if not password or known.get(user) != password:
            return twilio_error(20003)
        if asked.words[2:3] != (accounts.VERIFY,):
            return _not_found(asked)
        return self._routed(asked, fault)

    def _routed(self, asked: Asked, fault: Fault) -> Reply | Accept:
        form = asked.form
        match asked.method, asked.words[3:]:
            case "POST", ("Verifications",):
                return self._create(form, fault)
            case "POST", ("VerificationCheck",):
                return self._check(asked, form)
            case "GET", ("Verifications", name):
                return lambda: self._fetched(asked, name)
            case "POST", ("Verifications", name):
                return self._update(asked, name, form.get("Status", ""))
            case _:
                return _not_found(asked)

    def _create(self, form: Mapping[str, str], fault: Fault) -> Reply | Accept:
        to, channel = form.get("To", ""), CHANNELS.get(form.get("Channel", ""))
        if form.get("Channel") == "sna":
            return twilio_error(60223, "Delivery channel disabled: SNA")
        if channel is None:
            return twilio_error(60200, "Invalid parameter: Channel")
        if not (MAIL if channel == "email" else E164).fullmatch(to):
            return twilio_error(60200, f"Invalid parameter `To`: {to}")
        if form.get("CustomCode"):
            return twilio_error(60204)
        if channel == "sms" and fault.is_landline(to):
            return twilio_error(60205)
        return lambda: self._sent(to, channel, fault)

    def _sent(self, to: str, channel: str, fault: Fault) -> Reply:
        now = self._desk.clock()
        with self._lock:
            verification = self._found(to)
            if verification is None or verification.status is not Status.PENDING:
                verification = self._made(to, channel, now)
            if len(verification.sends) >= MOST_SENDS:
                return twilio_error(60203)
            attempt = self._desk.sid("VL")
            verification.channel = channel
            spelled = channel if channel == "whatsapp" else channel.upper()
            verification.sends.append((now, spelled, attempt))
            answer = self._as_data(verification)
        self._send(verification, channel, attempt, fault)
        return told(answer, 201)

    def _send(self, verification: Verification, channel: str, attempt: str, fault: Fault) -> None:
        """Have the code arrive; a call tells it to nobody but a person with a key."""
        is_mail, is_call = channel == "email", channel == "call"
        is_heard = not is_call or (fault.answers == "person" and fault.key)
        message = self._desk.keep(
            fault,
            carrier=self.name,
            channel=channel,
            to=verification.to,
            text=_text(verification.code, channel) if is_heard else "",
            subject=f"Your {SITE} verification code" if is_mail else None,
            id=attempt,
        )
        last = "delivered" if fault.undelivered is None else "undelivered"
        self._desk.tell(message, ("sent", last), fault, lambda _status: None)

    def _check(self, asked: Asked, form: Mapping[str, str]) -> Reply | Accept:
        name = form.get("VerificationSid") or form.get("To", "")
        if not name:
            return twilio_error(60221)
        if not form.get("Code"):
            return twilio_error(60200, "Invalid parameter: Code")
        return lambda: self._judged(asked, name, form["Code"])

    def _judged(self, asked: Asked, name: str, code: str) -> Reply:
        with self._lock:
            verification = self._found(name)
            if verification is None or verification.status is Status.CANCELED:
                return _not_found(asked)
            verification.checks += 1
            if verification.checks > MOST_CHECKS:
                verification.status = Status.SPENT
                return twilio_error(60202)
            is_right = hmac.compare_digest(code.encode(), verification.code.encode())
            if is_right:
                verification.status = Status.APPROVED
            answer = self._as_data(verification)
        for name_there in ("lookup", "send_code_attempts", "sna", "url"):
            del answer[name_there]
        return told({**answer, "sna_attempts_error_codes": []})

    def _fetched(self, asked: Asked, name: str) -> Reply:
        with self._lock:
            verification = self._found(name)
            return _not_found(asked) if verification is None else told(self._as_data(verification))

    def _update(self, asked: Asked, name: str, status: str) -> Reply | Accept:
        if status not in {Status.CANCELED, Status.APPROVED}:
            return twilio_error(60200, "Invalid parameter: Status")

        def accept() -> Reply:
            with self._lock:
                verification = self._found(name)
                if verification is None or verification.status is not Status.PENDING:
                    return _not_found(asked)
                verification.status = Status(status)
                return told(self._as_data(verification))

        return accept

    def _made(self, to: str, channel: str, now: datetime) -> Verification:
        made = Verification(
            sid=self._desk.sid("VE"),
            to=to,
            code=self._desk.digits(6),
            made=now,
            channel=channel,
        )
        before = self._newest.get(to)
        if before is not None:
            del self._by_sid[before.sid]
        self._by_sid[made.sid] = self._newest[to] = made
        return made

    def _found(self, name: str) -> Verification | None:
        """Return a verification by its id or its address, if it can still be found."""
        verification = self._by_sid.get(name) or self._newest.get(name)
        if verification is None:
            return None
        is_pending = verification.status is Status.PENDING
        if is_pending and self._desk.clock() >= verification.made + LIFE:
            verification.status = Status.EXPIRED
        return None if verification.status in LOST else verification

    def _as_data(self, verification: Verification) -> dict[str, Any]:
        made = _moment(verification.made)
        return {
            "sid": verification.sid,
            "service_sid": accounts.VERIFY,
            "account_sid": accounts.TWILIO,
            "to": verification.to,
            "channel": verification.channel,
            "status": verification.status,
            "valid": verification.status is Status.APPROVED,
            "lookup": {},
            "amount": None,
            "payee": None,
            "send_code_attempts": [
                {"time": _moment(at), "channel": channel, "attempt_sid": attempt}
                for at, channel, attempt in verification.sends
            ],
            "sna": None,
            "date_created": made,
            "date_updated": made,
            "url": (
                f"https://verify.twilio.com/v2/Services/{accounts.VERIFY}"
                f"/Verifications/{verification.sid}"
            ),
        }


def _text(code: str, channel: str) -> str:
    if channel == "call":
        digits = ", ".join(code)
        return f"Your {SITE} verification code is: {digits}. Once more: {digits}."
    return f"Your {SITE} verification code is: {code}"


def _moment(at: datetime) -> str:
    """Return a moment as older clients read it: any other form stays a text to them."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _not_found(asked: Asked) -> Reply:
    words = "/".join(asked.words[1:])
    return twilio_error(20404, f"The requested resource /{words} was not found")
