"""A mail server that takes every letter (RFC 5321), in the clear or encrypted.

It is aiosmtpd's, imported when it is started: `pip install aiosmtpd`.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Collection
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from threading import Thread
from typing import Any, Final, Literal

from vestibule.core.errors import ConfigurationError
from vestibule.testing.carriers import accounts
from vestibule.testing.carriers.desk import Desk
from vestibule.testing.carriers.faults import Fault, Faults

Security = Literal["none", "starttls", "tls"]
NAME: Final = "smtp"
TAKEN: Final = "250 OK"
LONGEST: Final = 4 * 1024 * 1024
KNOWN: Final = frozenset({"accepts", "cut", "every", "slow", "status", "times"})
"""What can be wrong with a mail server."""
REFUSALS: Final = range(400, 600)
NOT_LET_IN: Final = frozenset({530, 534, 535, 538})
"""What is said of a password, and never of a letter (RFC 4954)."""


def is_installed() -> bool:
    """Say whether there is a library that takes mail."""
    try:
        import aiosmtpd.smtp  # noqa: F401 -- what is half installed takes no mail
    except ModuleNotFoundError:
        return False
    return True


def refuse_unknown(said: Collection[str], fault: Fault) -> None:
    """Raise `ValueError` where a fault has what is never wrong with a mail server."""
    if unknown := sorted(set(said) - KNOWN):
        raise ValueError(
            f"a mail server knows nothing of {', '.join(unknown)}: its faults have "
            f"{', '.join(sorted(KNOWN))}"
        )
    if fault.status in NOT_LET_IN:
        raise ValueError(
            f"a mail server says {fault.status} of a password: to play that, give the application "
            "VESTIBULE_SMTP_USERNAME and VESTIBULE_SMTP_PASSWORD that are not the stand-in's"
        )
    if fault.status is not None and fault.status not in REFUSALS:
        raise ValueError("a mail server refuses with a status of 400 to 599")


class MailServer:
    """Listens on this machine, from a thread of its own, until it is ended."""

    def __init__(
        self,
        port: int,
        desk: Desk,
        faults: Faults,
        security: Security,
        context: ssl.SSLContext | None,
    ) -> None:
        """Listen at once; `context` has the certificate, where there is one."""
        if not is_installed():
            raise ConfigurationError("to play a mail server takes a library: pip install aiosmtpd")
        from aiosmtpd.smtp import SMTP

        # It writes addresses down.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        handler = _Handler(desk, faults)

        def session() -> Any:
            return SMTP(
                handler,
                hostname="stand-in.example",
                loop=self._loop,
                enable_SMTPUTF8=True,
                data_size_limit=LONGEST,
                tls_context=context if security == "starttls" else None,
                require_starttls=security == "starttls",
                authenticator=_lets_in,
                # Nobody is asked for a password, but who says one has it looked at, in clear too.
                auth_require_tls=False,
                ident="stand-in",
            )

        self._session = session
        self._context = context if security == "tls" else None
        self._thread = Thread(target=self._serve, name="mail", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Take no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(self._session, sock=self._socket, ssl=self._context)
        )
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        # Once for the tasks to see it, once for what they close.
        for _ in range(2):
            self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


class _Handler:
    """What aiosmtpd asks at each step of a letter."""

    def __init__(self, desk: Desk, faults: Faults) -> None:
        self._desk = desk
        self._faults = faults

    async def handle_RCPT(  # noqa: N802 -- as aiosmtpd calls it
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        del session, options
        fault = envelope.fault = self._faults.strike(NAME)
        spoilt = None if fault.accepts else await _spoilt(server, fault)
        if spoilt is not None:
            return spoilt
        envelope.rcpt_tos.append(address)
        return TAKEN

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        del session
        fault: Fault = envelope.fault
        letter = message_from_bytes(envelope.content, EmailMessage, policy=default)
        for to in envelope.rcpt_tos:
            self._desk.keep(
                fault,
                carrier=NAME,
                channel="email",
                to=to,
                text=_part(letter, "plain") or "",
                subject=letter["Subject"],
                html=_part(letter, "html"),
                id=letter["Message-ID"] or self._desk.uuid(),
            )
        return (await _spoilt(server, fault) if fault.accepts else None) or TAKEN


async def _spoilt(server: Any, fault: Fault) -> str | None:
    """Wait as the fault has it; return what it answers, None where that is nothing special."""
    await asyncio.sleep(fault.slow)
    if fault.cut:
        server.transport.abort()
        return "421 gone"
    if fault.status:
        return f"{fault.status} refused by the stand-in"
    return None


def _part(letter: EmailMessage, kind: Literal["plain", "html"]) -> str | None:
    """Return what a letter says in this form, None where it has none."""
    part = letter.get_body((kind,))
    if part is None:
        return None
    return str(part.get_content()).replace("\r\n", "\n").removesuffix("\n")


def _lets_in(server: Any, session: Any, envelope: Any, mechanism: str, said: Any) -> Any:
    """Let in whoever knows the stand-in's password."""
    from aiosmtpd.smtp import AuthResult, LoginPassword

    del server, session, envelope, mechanism
    right = LoginPassword(accounts.MAIL_USER.encode(), accounts.SECRET.encode())
    return AuthResult(success=said == right, handled=False)
