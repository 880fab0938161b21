"""What is handed to a mail server: one letter, in text and perhaps in HTML."""

import email.policy
import re
import unicodedata
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final

from vestibule.core.ports import SendError
from vestibule.delivery.provider import Parcel

# Seven bits go through every server, and a long line is folded so that its link stays whole.
POLICY: Final = email.policy.SMTP.clone(cte_type="7bit")
_MAILBOX: Final = re.compile(r"[^@\s\x00-\x1f\x7f,;:<>\"()\[\]\\]{1,64}@[^@\s\x00-\x1f\x7f]{1,253}")
_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def sender_of(written: str) -> Address:
    """Return who a letter is from, of `Shop <no-reply@shop.example>`; `ValueError` where nobody."""
    name, mailbox = parseaddr(written) if written.isprintable() else ("", "")
    user, domain = _parts(mailbox)
    if not user.isascii():
        raise ValueError("a sender's name before the @ is of plain letters")
    return Address(name, user, domain)


def letter_of(parcel: Parcel, sender: Address) -> EmailMessage:
    """Return a parcel as a letter.

    Its Message-ID is the parcel's own: a letter that was handed over twice, because its first
    answer was lost, is one letter to whoever compares. Raises `SendError` where the address is none
    that a letter can go to.
    """
    try:
        to = Address("", *_parts(parcel.to))
    except ValueError:
        raise SendError("no address that mail can go to", permanent=True) from None
    letter = EmailMessage(policy=POLICY)
    letter["From"] = sender
    letter["To"] = to
    letter["Subject"] = _one_line(parcel.subject or "")
    # A letter says when it was written; nothing is decided by it.
    letter["Date"] = format_datetime(datetime.now(tz=UTC))  # noqa: TID251 -- as it says
    letter["Message-ID"] = f"<{re.sub(r'[^A-Za-z0-9._-]', '', parcel.id)}@{sender.domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(parcel.text)
    if parcel.html is not None:
        letter.add_alternative(parcel.html, subtype="html")
    return letter


def _parts(mailbox: str) -> tuple[str, str]:
    """Return what stands before the `@` and the domain, as mail servers write domains.

    Raises `ValueError` for what is no mailbox, and where the domain would become another one: that
    of `straße` was once written `strasse`, which is somebody else's.
    """
    if not _MAILBOX.fullmatch(mailbox):
        raise ValueError("no mailbox")
    user, _, typed = mailbox.rpartition("@")
    spelled = unicodedata.normalize("NFC", typed.lower())
    domain = spelled.encode("idna").decode("ascii")
    is_another = not spelled.isascii() and domain.encode("ascii").decode("idna") != spelled
    if is_another or not _DOMAIN.fullmatch(domain):
        raise ValueError("no domain")
    return user, domain


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
