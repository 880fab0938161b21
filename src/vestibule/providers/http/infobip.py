"""Infobip's SMS API, version 3."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from vestibule.core.ports import SendError
from vestibule.delivery.address import carrier_address
from vestibule.delivery.credential import check_key
from vestibule.delivery.http import Http, json_body
from vestibule.delivery.provider import Parcel, setting
from vestibule.delivery.refusal import named, no_such_channel, refused
from vestibule.providers.http.answers import found, tellable, written
from vestibule.providers.http.sender import check_sender

PREFIX: Final = "VESTIBULE_INFOBIP_"
PATH: Final = "/sms/3/messages"
REFUSED: Final = frozenset({"UNDELIVERABLE", "EXPIRED", "REJECTED"})
BUSY: Final = frozenset({"REJECTED_NOT_ENOUGH_CREDITS", "REJECTED_SYSTEM_ERROR"})
FLOODED: Final = "REJECTED_FLOODING_FILTER"
"""One number got too many, and others get theirs."""
_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Infobip:
    """Its fields are its settings."""

    name: ClassVar[str] = "infobip"
    channels: ClassVar[frozenset[str]] = frozenset({"sms"})

    url: str = setting(also="INFOBIP_BASE_URL")
    """The account's own host, as `abcde.api.infobip.com`; a stand-in's address in tests."""
    api_key: str = setting(also="INFOBIP_API_KEY", secret=True)
    """A key that may send messages."""
    sender: str = setting(also="INFOBIP_SENDER")
    """What messages are from: a number, or a name where the country allows it."""

    def __post_init__(self) -> None:
        """Refuse what Infobip would refuse each time."""
        if "://" in self.url:
            carrier_address(f"{PREFIX}URL", self.url)
        elif not _HOST.fullmatch(self.url):
            raise ValueError(f"{PREFIX}URL is a host such as abcde.api.infobip.com")
        check_key(f"{PREFIX}API_KEY", self.api_key)
        check_sender(f"{PREFIX}SENDER", self.sender)

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Return Infobip's id of the message once it was taken."""
        if parcel.channel not in self.channels:
            raise no_such_channel(self.name, parcel.channel)
        message = {
            "sender": self.sender.removeprefix("+"),
            "destinations": [{"to": parcel.to.removeprefix("+")}],
            "content": {"text": parcel.text},
        }
        answer = http.ask(
            json_body(self._address(), {"messages": [message]}, Authorization=f"App {self.api_key}")
        )
        if not answer.is_success:
            raise refused(answer.status)
        said = answer.json()
        group = written(found(said, "messages.0.status.groupName"))
        if not group:
            raise SendError("its answer did not say that it was taken", unsure=True)
        if group in REFUSED:
            why = written(found(said, "messages.0.status.name"))
            raise SendError(
                f"answered with {tellable(why) or 'a refusal'}",
                permanent=why not in BUSY and why != FLOODED,
                blameless=why == FLOODED,
            )
        return named(found(said, "messages.0.messageId"))

    def _address(self) -> str:
        address = self.url if "://" in self.url else f"https://{self.url}"
        return address if address.endswith(PATH) else f"{address.rstrip('/')}{PATH}"
