"""Twilio Verify, version 2: the carrier makes the code, sends it, and judges the answer."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import quote

from vestibule.core.ports import SendError
from vestibule.delivery import http as wire
from vestibule.delivery.address import carrier_address
from vestibule.delivery.http import Answer, Http
from vestibule.delivery.provider import Checked, Parcel, setting
from vestibule.delivery.refusal import is_refusal, no_such_channel, refused, taken_as

PREFIX: Final = "VESTIBULE_TWILIO_VERIFY_"
LANDLINE: Final = 60205
OVER: Final = frozenset({20404, 60202})
"""Nothing is open there any more, or it has had its answers."""
FOR_GOOD: Final = frozenset({60200, 60203, 60212, 60214, 60217, 60223, 60238, 60410, 60605})
"""What Twilio will not do for this number or this channel, be its status one that others mean: too
many requests, say, of this number alone."""
NOT_FOUND: Final = 404
TOO_LONG: Final = 100_000
_SID: Final = re.compile(r"(?:AC|SK|VA|VE)[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioVerify:
    """Its fields are its settings."""

    name: ClassVar[str] = "twilio_verify"
    channels: ClassVar[frozenset[str]] = frozenset({"sms", "call", "email", "whatsapp"})
    one_of: ClassVar[tuple[tuple[str, ...], ...]] = (("auth_token", "api_key"),)

    account_sid: str = setting(also="TWILIO_ACCOUNT_SID")
    """The account, `AC` and 32 hexadecimal digits."""
    auth_token: str | None = setting(also="TWILIO_AUTH_TOKEN", secret=True, default=None)
    """The account's token."""
    api_key: str | None = setting(default=None)
    """An API key, `SK` and 32 hexadecimal digits, instead of account and token."""
    api_secret: str | None = setting(secret=True, default=None)
    """The secret of that key."""
    service: str = setting(also="TWILIO_VERIFY_SERVICE_ID")
    """The Verify service, `VA` and 32 hexadecimal digits; its codes are as long as ours."""
    url: str = setting(default="https://verify.twilio.com")
    """Where Twilio is; a stand-in's address in tests."""

    def __post_init__(self) -> None:
        """Refuse what Twilio would refuse each time."""
        carrier_address(f"{PREFIX}URL", self.url)
        sids = {
            "account_sid": ("AC", self.account_sid),
            "api_key": ("SK", self.api_key),
            "service": ("VA", self.service),
        }
        for name, (begins, sid) in sids.items():
            if sid and not (_SID.fullmatch(sid) and sid.startswith(begins)):
                raise ValueError(f"{PREFIX}{name.upper()} is {begins} and 32 hexadecimal digits")
        if bool(self.api_key) != bool(self.api_secret):
            raise ValueError(f"{PREFIX}API_KEY and {PREFIX}API_SECRET are set together")
        if not (self.auth_token or self.api_key):
            raise ValueError(f"set {PREFIX}AUTH_TOKEN, or an API key with its secret")

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Have a code made and sent; return the id of the verification."""
        if parcel.channel not in self.channels:
            raise no_such_channel(self.name, parcel.channel)
        locale = parcel.language.replace("_", "-")
        fields = {"To": parcel.to, "Channel": parcel.channel, "Locale": locale}
        answer = self._ask("Verifications", fields, http)
        if not answer.is_success:
            raise _refusal(answer)
        sid = _body(answer).get("sid")
        return taken_as(sid if isinstance(sid, str) and _SID.fullmatch(sid) else None)

    def cancel(self, to: str, http: Http) -> None:
        """Cancel what is open for a number; that nothing is, is as good."""
        path = f"Verifications/{quote(to, safe='+@')}"
        answer = self._ask(path, {"Status": "canceled"}, http)
        if not answer.is_success and answer.status != NOT_FOUND:
            raise _refusal(answer)

    def check(self, carrier_id: str, code: str, http: Http) -> Checked:
        """Have an answer judged."""
        fields = {"VerificationSid": carrier_id, "Code": code}
        answer = self._ask("VerificationCheck", fields, http)
        body = _body(answer)
        if answer.is_success and body.get("sid") == carrier_id:
            return Checked.RIGHT if body.get("status") == "approved" else Checked.WRONG
        if answer.status == NOT_FOUND or _error(answer) in OVER:
            return Checked.OVER
        raise _refusal(answer)

    def _ask(self, path: str, fields: dict[str, str], http: Http) -> Answer:
        user, password = self.account_sid, self.auth_token
        if self.api_key:
            user, password = self.api_key, self.api_secret
        return http.ask(
            wire.form(
                f"{self.url.rstrip('/')}/v2/Services/{self.service}/{path}",
                fields,
                Authorization=wire.basic(user, password or ""),
            )
        )


def _body(answer: Answer) -> dict[str, Any]:
    found = answer.json()
    return found if isinstance(found, dict) else {}


def _error(answer: Answer) -> int | None:
    """Return Twilio's number of an error: it has five digits, and no code of ours has so few."""
    told = _body(answer).get("code")
    return told if isinstance(told, int) and 0 < told < TOO_LONG else None


def _refusal(answer: Answer) -> SendError:
    """Return what an error comes to, by its number where that says more than the status."""
    error = _error(answer)
    said = f"refused with status {answer.status}, error {error}"
    if error == LANDLINE:
        return SendError(said, cannot_receive=True)
    if error in FOR_GOOD and is_refusal(answer.status):
        return SendError(said, permanent=True)
    return refused(answer.status, str(error or ""))
