"""Vonage's SMS API, the old one, which answers 200 whatever became of a message."""

from dataclasses import dataclass
from typing import ClassVar, Final

from vestibule.core.ports import SendError
from vestibule.delivery.address import carrier_address
from vestibule.delivery.credential import check_key
from vestibule.delivery.http import Http, form
from vestibule.delivery.provider import Parcel, setting
from vestibule.delivery.refusal import named, no_such_channel, refused
from vestibule.delivery.segment import GSM
from vestibule.providers.http.answers import found, tellable, written
from vestibule.providers.http.sender import check_sender

PREFIX: Final = "VESTIBULE_VONAGE_"
TAKEN: Final = "0"
BUSY: Final = frozenset({"1", "4", "5", "8", "9", "10", "11", "13", "14"})
"""Too fast, not let in, its own error, a closed or empty account: no fault of the message."""
UNSURE: Final = frozenset({"5", ""})
"""Its own error, in the middle of it; or none of its answers."""
NOT_LET_IN: Final = frozenset({"4", "14"})
"""A wrong key or secret, or a wrong signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vonage:
    """Its fields are its settings."""

    name: ClassVar[str] = "vonage"
    channels: ClassVar[frozenset[str]] = frozenset({"sms"})

    api_key: str = setting(also="VONAGE_API_KEY", secret=True)
    """The key of the account."""
    api_secret: str = setting(also="VONAGE_API_SECRET", secret=True)
    """The secret of that key."""
    sender: str = setting(also="VONAGE_NUMBER")
    """What messages are from: a number, or a name where the country allows it."""
    url: str = setting(default="https://rest.nexmo.com/sms/json")
    """Where Vonage takes messages; a stand-in's address in tests."""

    def __post_init__(self) -> None:
        """Refuse what Vonage would refuse each time."""
        carrier_address(f"{PREFIX}URL", self.url)
        for name in ("api_key", "api_secret"):
            check_key(f"{PREFIX}{name.upper()}", getattr(self, name))
        check_sender(f"{PREFIX}SENDER", self.sender)

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Return Vonage's id of the message once it was taken."""
        if parcel.channel not in self.channels:
            raise no_such_channel(self.name, parcel.channel)
        fields = {
            "api_key": self.api_key,
            "api_secret": self.api_secret,
            "from": self.sender.removeprefix("+"),
            "to": parcel.to.removeprefix("+"),
            "text": parcel.text,
        }
        if not GSM.issuperset(parcel.text):
            fields["type"] = "unicode"
        answer = http.ask(form(self.url, fields))
        if not answer.is_success:
            raise refused(answer.status)
        status = written(found(answer.json(), "messages.0.status"))
        if status != TAKEN:
            raise SendError(
                f"answered with status {tellable(status) or 'unknown'}",
                permanent=status not in BUSY,
                unsure=status in UNSURE,
                not_let_in=status in NOT_LET_IN,
            )
        return named(found(answer.json(), "messages.0.message-id"))
