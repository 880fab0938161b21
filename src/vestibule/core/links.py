"""The links in mails: each is for one errand, names what it is about, and is good until a moment.

A link is sealed, so that nobody makes or alters one and its address tells nothing. What seals it is
bound to realm and errand: the link for one opens nothing as another's.
"""

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from vestibule.secretbox import SealError, SecretBox

LONGEST: Final = 2000
"""What an address bears; a subject may be of any length."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+")


class Errand(StrEnum):
    """What a link is for."""

    NOT_ME = "not_me"
    """Says that a way which was added is not the owner's."""
    CANCEL_RESET = "cancel_reset"
    """Makes a help desk's ticket worthless."""
    RECEIPT = "receipt"
    """Tells what became of a message; a carrier follows it."""
    SCRIPT = "script"
    """Asks what a call says next; a carrier follows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link says: `about` is the id of what it names: an enrolment, a message."""

    errand: Errand
    subject: str
    about: str
    until: datetime


def written(box: SecretBox, realm: str, link: Link) -> str:
    """Return a link as an address holds it; times are kept to the second."""
    whole = [link.about, int(link.until.timestamp()), link.subject]
    plain = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
    sealed = box.seal(plain, place=link_place(realm, link.errand))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read(box: SecretBox, realm: str, errand: Errand, text: str, now: datetime) -> Link | None:
    """Return what a link says; None where it is none of this realm and errand, or is over."""
    if len(text) > LONGEST or not _PLAIN.fullmatch(text):
        return None
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        plain = box.open(sealed, place=link_place(realm, errand))
    except (SealError, ValueError):
        return None
    about, until, subject = json.loads(plain)
    ends = datetime.fromtimestamp(until, UTC)
    if now >= ends:
        return None
    return Link(errand=errand, subject=subject, about=about, until=ends)


def link_place(realm: str, errand: Errand) -> str:
    """Return what a link is bound to."""
    return f"link\x1f{realm}\x1f{errand.value}"
