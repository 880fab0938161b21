"""CronDock's one call for text messages."""

from dataclasses import dataclass
from typing import ClassVar, Final

from vestibule.delivery.address import carrier_address
from vestibule.delivery.credential import check_key
from vestibule.delivery.http import Http, json_body
from vestibule.delivery.provider import Parcel, setting
from vestibule.delivery.refusal import no_such_channel, refused

PREFIX: Final = "VESTIBULE_CRONDOCK_"


@dataclass(frozen=True, slots=True, kw_only=True)
class CronDock:
    """Its fields are its settings. Whom messages are from is CronDock's choice."""

    name: ClassVar[str] = "crondock"
    channels: ClassVar[frozenset[str]] = frozenset({"sms"})

    api_key: str = setting(also="CRONDOCK_API_KEY", secret=True)
    """The key of the account."""
    url: str = setting(default="https://api.crondock.com/run/sms/")
    """Where CronDock takes messages; a stand-in's address in tests."""

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        carrier_address(f"{PREFIX}URL", self.url)
        check_key(f"{PREFIX}API_KEY", self.api_key)

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Return None once CronDock took a message: what it answers is written down nowhere."""
        if parcel.channel not in self.channels:
            raise no_such_channel(self.name, parcel.channel)
        told = {"to_phone": parcel.to.removeprefix("+"), "body": parcel.text}
        answer = http.ask(
            json_body(self.url, {"data": told}, Authorization=f"Api-Key {self.api_key}")
        )
        if not answer.is_success:
            raise refused(answer.status)
        return None
