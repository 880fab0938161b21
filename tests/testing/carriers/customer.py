"""A customer of the carriers, for tests: what it sends, and who takes its receipts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from vestibule.delivery.http import Request, basic, form
from vestibule.testing.carriers import Carriers, accounts

PAUSE = 0.02
TO = "+491701234567"
MESSAGES = f"/2010-04-01/Accounts/{accounts.TWILIO}/Messages.json"


@dataclass
class Customer:
    """Takes what carriers post, and answers with the script for a call."""

    script: bytes = b"<Response><Say>2, 7, 1, 8, 2, 8 is your code.</Say><Hangup/></Response>"
    status: int = 200
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)

    def __call__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes]:
        self.seen.append((method, url, dict(parse_qsl(body.decode(), keep_blank_values=True))))
        self.signatures.append(headers["X-Twilio-Signature"])
        return self.status, self.script


def a_text(carriers: Carriers, **more: str) -> Request:
    """A text over Twilio, as a provider asks for it."""
    fields = {"To": TO, "From": accounts.NUMBER, "Body": "271828 is your code", **more}
    by = basic(accounts.TWILIO, accounts.TWILIO_TOKEN)
    return form(f"{carriers.url}{MESSAGES}", fields, Authorization=by)
