"""Mail over SMTP (RFC 5321), encrypted on its way to the server."""

import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Final

from vestibule.core.ports import SendError
from vestibule.delivery.address import is_this_machine
from vestibule.delivery.http import Http
from vestibule.delivery.provider import Parcel, setting
from vestibule.delivery.refusal import no_such_channel
from vestibule.delivery.unreached import has_no_tls, unreached
from vestibule.providers.smtp.letter import letter_of, sender_of
from vestibule.providers.smtp.line import Line, connected, leave

PREFIX: Final = "VESTIBULE_SMTP_"
LONGEST: Final = 10.0
OF_TLS: Final = 465
"""Where a server waits for TLS, and says nothing before (RFC 8314, section 7.3)."""
FOR_GOOD: Final = 500
"""From here on an answer says that it will not change (RFC 5321, section 4.2.1)."""
GOING_DOWN: Final = 421
"""What a server says that closes the line, whatever it was asked (RFC 5321, section 3.8)."""
NOT_LET_IN: Final = frozenset({530, 534, 535, 538})
"""But these are about us, not about the letter (RFC 4954)."""


class Security(StrEnum):
    """How what is said to a server is kept from others."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """Its fields are its settings."""

    name: ClassVar[str] = "smtp"
    channels: ClassVar[frozenset[str]] = frozenset({"email"})

    host: str = setting(also="SMTP_HOST")
    """The mail server, as its certificate names it."""
    port: int = setting(also="SMTP_PORT", default=587)
    """Its port: mostly 587 for `starttls`, 465 for `tls`."""
    security: Security = setting(also="SMTP_SECURITY", default=Security.STARTTLS)
    """`starttls`, `tls` from the first byte, or `none` for a server on this machine."""
    username: str | None = setting(also="SMTP_USERNAME", default=None)
    """Who signs in there; nobody does if unset."""
    password: str | None = setting(also="SMTP_PASSWORD", secret=True, default=None)
    """Their password there."""
    sender: str = setting(also="SMTP_SENDER")
    """Who mails are from, as `Shop <no-reply@shop.example>`."""
    ca_file: str | None = setting(default=None)
    """A file of certificates that are trusted instead of the machine's, for a server of your own.
    """
    seconds: float = setting(default=8.0)
    """How long handing over one mail may take in all, up to 10."""

    def __post_init__(self) -> None:
        """Refuse what would send nothing, or a password in clear."""
        if not self.host or not self.host.isprintable() or any(c in self.host for c in "/@ "):
            raise ValueError(f"{PREFIX}HOST is the name of a mail server, such as mail.example.org")
        if not 0 < self.port < 1 << 16:
            raise ValueError(f"{PREFIX}PORT is 1 to 65535")
        if self.security is Security.NONE and not is_this_machine(self.host):
            raise ValueError(f"{PREFIX}SECURITY is none only for a server on this machine")
        if bool(self.username) != bool(self.password):
            raise ValueError(f"{PREFIX}USERNAME and {PREFIX}PASSWORD are set together")
        if self.ca_file and not Path(self.ca_file).is_file():
            raise ValueError(f"{PREFIX}CA_FILE is a file of certificates, and there is none")
        if not 0 < self.seconds <= LONGEST:
            raise ValueError(f"{PREFIX}SECONDS is up to {LONGEST:g}")
        try:
            sender_of(self.sender)
        except ValueError as error:
            raise ValueError(
                f"{PREFIX}SENDER is written as Shop <no-reply@shop.example>"
            ) from error

    def send(self, parcel: Parcel, http: Http) -> str | None:
        """Return the letter's Message-ID once a server took it."""
        del http
        if parcel.channel not in self.channels:
            raise no_such_channel(self.name, parcel.channel)
        letter, began = letter_of(parcel, sender_of(self.sender)), time.monotonic()
        try:
            self._hand_over(letter, began)
        except smtplib.SMTPRecipientsRefused as error:
            ((status, _),) = error.recipients.values()
            raise _refused("the address", status, blameless=status != GOING_DOWN) from None
        except smtplib.SMTPDataError as error:
            raise _refused("the letter", error.smtp_code) from None
        except smtplib.SMTPResponseException as error:
            # Not let in, or not as who the letter is from: another letter would fare no better.
            said = f"refused with {error.smtp_code}"
            raise SendError(said, not_let_in=error.smtp_code in NOT_LET_IN) from None
        except (smtplib.SMTPException, OSError) as error:
            raise SendError(self._why_not(error, time.monotonic() - began)) from None
        return str(letter["Message-ID"])

    def _hand_over(self, letter: EmailMessage, began: float) -> None:
        # Read each time: a file of certificates is renewed while we run.
        context = ssl.create_default_context(cafile=self.ca_file)
        to, sender = (letter[name].addresses[0] for name in ("To", "From"))
        with connected(
            self.host,
            self.port,
            context=context if self.security is Security.TLS else None,
            name=sender.domain,
            seconds=self.seconds,
        ) as line:
            if self.security is Security.STARTTLS:
                self._encrypt(line, context)
            if self.username and self.password:
                _sign_in(line, self.username, self.password)
            _check_spelling(line, to.addr_spec)
            with self._told_of(line, began):
                line.send_message(letter, sender.addr_spec, [to.addr_spec])
            leave(line)

    @contextmanager
    def _told_of(self, line: Line, began: float) -> Iterator[None]:
        """Tell a silence after a letter was handed over from one before."""
        try:
            yield
        except smtplib.SMTPResponseException:
            raise  # an answer
        except OSError as error:  # those of smtplib are of this kind, too
            if not line.hands_over:
                raise
            said = self._why_not(error, time.monotonic() - began)
            raise SendError(f"not answered: {said}", unsure=True) from None

    def _encrypt(self, line: Line, context: ssl.SSLContext) -> None:
        try:
            line.starttls(context=context)
        except smtplib.SMTPNotSupportedError:
            raise SendError(
                f"{self.host}:{self.port} offers no STARTTLS: try {PREFIX}SECURITY=tls, mostly "
                f"with {PREFIX}PORT=465"
            ) from None

    def _why_not(self, error: Exception, seconds: float) -> str:
        """Return why a server took no letter and refused none, and what to try."""
        said = unreached(
            error, self.host, self.port, seconds=seconds, is_over=seconds >= self.seconds
        )
        if self.security is Security.TLS and has_no_tls(error):
            return f"{said}; try {PREFIX}SECURITY=starttls, mostly with {PREFIX}PORT=587"
        if self.security is Security.STARTTLS and self.port == OF_TLS:
            return f"{said}; port {OF_TLS} is mostly for {PREFIX}SECURITY=tls"
        return said


def _sign_in(line: Line, username: str, password: str) -> None:
    try:
        line.login(username, password)
    except (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected):
        raise  # an answer, or none
    except smtplib.SMTPException:
        # It has no logins, or none of a kind that we know.
        raise SendError(
            f"the server takes no logins here: leave {PREFIX}USERNAME and {PREFIX}PASSWORD out, or "
            f"try {PREFIX}SECURITY=starttls"
        ) from None


def _check_spelling(line: Line, to: str) -> None:
    line.ehlo_or_helo_if_needed()
    if not to.isascii() and not line.has_extn("smtputf8"):
        raise SendError("the server takes no address of other letters", permanent=True)


def _refused(what: str, status: int, *, blameless: bool = False) -> SendError:
    permanent = status >= FOR_GOOD and status not in NOT_LET_IN
    return SendError(
        f"{what} was refused with {status}",
        permanent=permanent,
        not_let_in=status in NOT_LET_IN,
        blameless=blameless and status < FOR_GOOD,
    )
