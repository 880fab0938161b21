"""The addresses that carriers call us at. Each is sealed: it names a message and tells nothing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from vestibule.core import links
from vestibule.core.links import Errand, Link
from vestibule.core.model import Message
from vestibule.delivery.address import is_this_machine
from vestibule.delivery.provider import Located, Provider
from vestibule.secretbox import SecretBox

RECEIPTS_FOR: Final = timedelta(days=3)
"""How long a carrier may tell what became of a message."""
SCRIPTS_FOR: Final = timedelta(minutes=10)
"""How long a call may ask what it is to say; a code it is told as long as that is good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """The addresses of one realm; `base` is that of our pages, whole."""

    base: str
    realm: str
    box: SecretBox = field(repr=False)

    def are_reached_by(self, provider: Provider) -> bool:
        """Say whether a carrier can call us: a site on this machine, only from this machine.

        A carrier that is told such an address refuses the message it came with.
        """
        if not _is_here(self.base) or not isinstance(provider, Located):
            return True
        return _is_here(provider.carrier_url)

    def receipts(self, provider: str, message: Message) -> str:
        """Return where a carrier tells what became of a message."""
        token = self._token(Errand.RECEIPT, message, message.created_at + RECEIPTS_FOR)
        return f"{self.base}/carriers/{provider}/receipt/{token}"

    def script(self, provider: str, message: Message) -> str:
        """Return where a carrier asks what a call says next."""
        until = max(message.not_after, message.created_at + SCRIPTS_FOR)
        token = self._token(Errand.SCRIPT, message, until)
        return f"{self.base}/carriers/{provider}/script/{token}"

    def message_of(self, errand: Errand, token: str, now: datetime) -> str | None:
        """Return the id of the message that such an address names, None where it names none."""
        link = links.read(self.box, self.realm, errand, token, now)
        return link.about if link else None

    def _token(self, errand: Errand, message: Message, until: datetime) -> str:
        link = Link(errand=errand, subject="", about=message.id, until=until)
        return links.written(self.box, self.realm, link)


def _is_here(url: str) -> bool:
    return is_this_machine(urlsplit(url).hostname or "")
