"""Where a notice leads. A link is written when its mail is: no row holds a live one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from vestibule.core import links, suspension, ticket
from vestibule.core.links import Errand, Link
from vestibule.core.model import Message, Notice
from vestibule.secretbox import SecretBox

PATHS: Final[Mapping[Errand, str]] = {
    Errand.NOT_ME: "/not-me/",
    Errand.CANCEL_RESET: "/reset/cancel/",
}
"""The pages that take them, below the address of our pages."""
_ERRANDS: Final[Mapping[str, Errand]] = {
    Notice.ENROLMENT_CONFIRMED: Errand.NOT_ME,
    Notice.RECOVERY_CODES_MADE: Errand.NOT_ME,
    Notice.RESET_REQUESTED: Errand.CANCEL_RESET,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The links in one realm's mails; `base` is the address of our pages, whole."""

    base: str
    realm: str
    box: SecretBox = field(repr=False)

    def of(self, message: Message) -> str:
        """Return where a notice leads; nothing where it leads nowhere, or is another realm's."""
        errand, about = _ERRANDS.get(message.text), message.details.get("about")
        if errand is None or not about or message.realm != self.realm:
            return ""
        link = Link(
            errand=errand, subject=message.subject, about=str(about), until=_until(errand, message)
        )
        return f"{self.base}{PATHS[errand]}{links.written(self.box, self.realm, link)}"


def _until(errand: Errand, message: Message) -> datetime:
    """Return when a link has nothing left to do."""
    if errand is Errand.CANCEL_RESET:
        return datetime.fromisoformat(str(message.details["time"])) + ticket.LIFE
    return message.created_at + suspension.LIFE
