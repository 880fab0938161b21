"""A mail server on this machine, which keeps what it takes; and one that never comes to an end."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER = "shop"
PASSWORD = "a password of the shop's"


class MailServer:
    """Keeps every letter, with who it was from and to; answers as it is told to."""

    def __init__(self) -> None:
        """Take everything."""
        self.envelopes: list[Envelope] = []
        self.signed_in: list[str] = []
        self.at_recipient = ""
        """What is said to the address, where it is not taken."""
        self.at_data = ""
        """What is said to the letter, where it is not taken."""
        self.waits = 0.0
        """Seconds before a letter is answered."""
        self.port = 0

    def letter(self) -> EmailMessage:
        """The newest letter, as whoever gets it reads it."""
        content = self.envelopes[-1].content
        assert isinstance(content, bytes)
        found = message_from_bytes(content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """Take an address, or not."""
        if self.at_recipient:
            return self.at_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        """Take a letter, or not."""
        await asyncio.sleep(self.waits)
        if self.at_data:
            return self.at_data
        self.envelopes.append(envelope)
        return "250 taken"

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, told: Any
    ) -> AuthResult:
        """Let the shop in."""
        known = isinstance(told, LoginPassword) and told.password == PASSWORD.encode()
        if known:
            self.signed_in.append(told.login.decode())
        return AuthResult(success=known, handled=False)


@contextlib.contextmanager
def serving(
    server: MailServer,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    users: bool = False,
    utf8: bool = True,
) -> Iterator[MailServer]:
    """Serve on a port that is free, with encryption where a context is given."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(
        server,
        hostname="127.0.0.1",
        port=port,
        ssl_context=tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=server.authenticate if users else None,
        auth_require_tls=False,  # it does not notice TLS from the first byte
        enable_SMTPUTF8=utf8,
    )
    controller.start()
    server.port = port
    try:
        yield server
    finally:
        controller.stop()


@contextlib.contextmanager
def dripping(line: bytes = b"2", wait: float = 0.05) -> Iterator[int]:
    """Serve who sends a byte now and then and never a whole line; the port is given."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    while not done.wait(wait):
                        connection.sendall(line)

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            done.set()
            thread.join(5)


@contextlib.contextmanager
def saying(*lines: bytes) -> Iterator[int]:
    """Serve who says one line after each that it is told, and hangs up; the port is given."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def say() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    for line in lines:
                        connection.sendall(line + b"\r\n")
                        connection.recv(4096)

        thread = threading.Thread(target=say)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            thread.join(5)


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a new certificate of its own for `names`, and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    owner = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    now = datetime.now(tz=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(owner)
        .issuer_name(owner)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / "certificate.pem", folder / "key.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key_file)
    return context, file


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
