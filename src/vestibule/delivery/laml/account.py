"""What is asked of an account: a message, or a call; and what its errors mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from vestibule.core.ports import SendError
from vestibule.delivery.http import Answer, Http, basic, form
from vestibule.delivery.laml.errors import CANNOT_RECEIVE, error_code
from vestibule.delivery.provider import Parcel
from vestibule.delivery.refusal import is_not_let_in, refused, taken_as

BUSY: Final = frozenset({"20003", "20429", "21611"})
"""Not let in, too many requests, the sending number's queue is full: whatever the status says."""
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT: Final = re.compile(r"[0-9]{3,8}")
_NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of a carrier that speaks it. `address` ends with the account's own name."""

    address: str
    user: str
    password: str = field(repr=False)

    def create(self, what: str, parcel: Parcel, fields: Mapping[str, str], http: Http) -> str:
        """Return the carrier's id of a new message or call.

        Fields that are empty are left out: the carrier takes an empty one for a wrong one.
        """
        told = {name: value for name, value in fields.items() if value}
        answer = http.ask(
            form(
                f"{self.address}/{what}.json",
                told,
                Authorization=basic(self.user, self.password),
            )
        )
        if not answer.is_success:
            raise _error(answer, parcel.channel)
        said = answer.json()
        return taken_as(said.get("sid") if isinstance(said, dict) else None)


def check_number(setting: str, number: str, *, speaks: bool = False, is_name: bool = False) -> None:
    """Refuse with `ValueError` what no message can be from.

    What `speaks` is a number in full. `is_name` says that the carrier takes a name, too.
    """
    fits = _NUMBER.fullmatch(number) or (not speaks and _SHORT.fullmatch(number))
    if fits or (is_name and _NAME.fullmatch(number)):
        return
    other = "" if speaks else ", or a short code"
    if is_name:
        other = ", a short code, or a name of at most eleven characters"
    raise ValueError(f"{setting} is a number as +15017122661 is written, without spaces{other}")


def no_calls(prefix: str, also: str) -> str:
    """Return what is said where what messages are from is a name or a short code: neither calls."""
    return (
        f"a call is from a whole number, so set {prefix}NUMBER (or {also}) as +15017122661 is "
        "written"
    )


def _error(answer: Answer, channel: str) -> SendError:
    """Return what an error means by its code, else by its status."""
    said = answer.json()
    code = error_code(said.get("code") if isinstance(said, dict) else None)
    if code in CANNOT_RECEIVE and channel == "sms":
        return SendError(f"the number takes no text messages, error {code}", cannot_receive=True)
    if code in BUSY:
        said = f"refused with status {answer.status}, error {code}"
        return SendError(said, not_let_in=is_not_let_in(answer.status))
    return refused(answer.status, code)
