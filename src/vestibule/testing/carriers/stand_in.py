"""The face of the stand-in: what a test starts, asks and troubles."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock
from typing import Any, Final, Self

from flask import Flask

from vestibule.core.ports import Random
from vestibule.testing.carriers import accounts, mail
from vestibule.testing.carriers.archive import FIELDS, Archive, CarrierMessage
from vestibule.testing.carriers.asked import Asked, Reply
from vestibule.testing.carriers.callbacks import (
    Callback,
    Callbacks,
    Caller,
    to_app,
    to_this_machine,
)
from vestibule.testing.carriers.certificate import CERTIFICATE, certificate_in
from vestibule.testing.carriers.control import Control
from vestibule.testing.carriers.desk import Carrier, Desk
from vestibule.testing.carriers.faults import Fault, Faults
from vestibule.testing.carriers.front import Front, Gone
from vestibule.testing.carriers.gateways import gateways
from vestibule.testing.carriers.laml import Laml
from vestibule.testing.carriers.mail import NAME as MAIL
from vestibule.testing.carriers.mail import MailServer, Security
from vestibule.testing.carriers.server import LOOPBACK, Server
from vestibule.testing.carriers.verify import Verify
from vestibule.testing.recipient import Recipient

KEPT: Final = 1000
REMEDY: Final = (
    "have it sent, and in testing mode call deliver(app); VESTIBULE_ROUTES must name the carrier, "
    "and the application must have been given carriers.settings(…) of it"
)
"""What to do where no code came."""


class Carriers:
    """Plays every carrier there is a provider for, over real HTTP and SMTP on this machine.

    `with Carriers() as carriers:` serves it at `carriers.url` until the block ends. Its methods may
    be called from any thread, and its addresses from any process.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        smtp_port: int = 0,
        smtp_security: Security = "none",
        kept: int = KEPT,
        pause: float = 0.1,
        site: str | Caller = "",
        clock: Callable[[], datetime] | None = None,
        random: Random | None = None,
    ) -> None:
        """Serve nothing yet; each carrier will keep its last `kept` messages.

        A port is any that is free where it is 0. Mail is encrypted where `smtp_security` is
        `starttls` or `tls`: then `ca_file` is what its senders must trust. A receipt comes `pause`
        seconds after the answer, and as long after the one before. `site` is where your application
        is on this machine, if its receipts are told to go to another address, or a `Caller` that
        hands it what carriers ask.
        """
        self._port = port
        self._smtp_port = smtp_port
        self._smtp_security = smtp_security
        self._folder: TemporaryDirectory[str] | None = None
        self._mail: MailServer | None = None
        self._mail_lock = Lock()
        self._ended = Event()
        self._faults = Faults()
        self._archive = Archive(kept)
        self._callbacks = Callbacks(to_this_machine(site) if isinstance(site, str) else site)
        self._desk = Desk(
            archive=self._archive,
            callbacks=self._callbacks,
            clock=clock or _machine_clock,
            random=random or _MachineRandom(),
            pause=pause,
        )
        self._verify = Verify(self._desk)
        gates = gateways(self._desk)
        self._carriers = (*_lamls(self._desk), self._verify, *gates)
        self._front = Front(self._carriers, self._faults, self._ended)
        silent = {MAIL, *(one.name for one in gates if one.receipts is None)}
        self._control = Control(self, silent=frozenset(silent))
        self._server: Server | None = None

    def __enter__(self) -> Self:
        """Serve."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Serve, from threads of its own, until `stop`. Mail is served once it is asked for."""
        self._server = Server(self._port, self._answer, self._ended)
        self._server.start()
        if self._smtp_port:
            self._mail_server()

    def stop(self) -> None:
        """Serve no more, and drop whatever was to come later."""
        self._callbacks.end()
        if self._server is not None:
            self._server.end()
        if self._mail is not None:
            self._mail.end()
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def url(self) -> str:
        """Where every carrier is found, without a slash at the end."""
        if self._server is None:
            raise RuntimeError("the carriers are not there yet: with Carriers() as carriers: …")
        return f"http://{LOOPBACK}:{self._server.server_port}"

    @property
    def names(self) -> tuple[str, ...]:
        """Every carrier that it plays, as settings call them."""
        return *(carrier.name for carrier in self._carriers), MAIL

    @property
    def smtp_port(self) -> int:
        """Where mail is taken, at 127.0.0.1."""
        return self._mail_server().port

    @property
    def ca_file(self) -> Path | None:
        """The certificate that whoever sends mail must trust; None where nothing is encrypted."""
        self._mail_server()
        return Path(self._folder.name, CERTIFICATE) if self._folder else None

    def settings(self, carrier: str) -> dict[str, Any]:
        """Return the settings that point a provider at its stand-in."""
        is_mail = self._known(carrier) == MAIL
        told = self._mail_settings() if is_mail else accounts.settings_of(carrier, self.url)
        return {f"VESTIBULE_{carrier}_{field}".upper(): value for field, value in told.items()}

    @property
    def messages(self) -> tuple[CarrierMessage, ...]:
        """All that is kept, newest first."""
        return self._archive.all()

    def messages_to(self, to: str) -> tuple[CarrierMessage, ...]:
        """All that is kept of one person's, newest first."""
        return self._archive.all(to)

    def latest(
        self, to: str | None = None, channel: str | None = None, *, within: float = 0.0
    ) -> CarrierMessage | None:
        """Return the newest message, of that person and channel if given; None if there is none.

        Where there is none, it waits `within` so many seconds for one.
        """
        return self._archive.latest(to, channel, within)

    def recipient(self, to: str) -> Recipient:
        """Return whoever reads what comes to one address: all of it, and the newest code in it."""
        return Recipient(
            to, lambda: [message.in_inbox() for message in self.messages_to(to)], remedy=REMEDY
        )

    def tally(self, *by: str) -> Mapping[tuple[str, ...], int]:
        """Return how many messages were taken, by carrier, channel, to and text, or some of these.

        That counts every message since the start, those too that are no longer kept.
        """
        if not set(by) <= set(FIELDS):
            raise ValueError(f"messages are told apart by {', '.join(FIELDS)}")
        return self._archive.tally(by or FIELDS)

    def reach(self, app: Flask) -> None:
        """Have receipts, and what a call asks, handed to an application that nobody serves."""
        self._callbacks.caller = to_app(app)

    @property
    def callbacks(self) -> Sequence[Callback]:
        """The last requests that carriers made to the application, oldest first."""
        return self._callbacks.made

    def settle(self, seconds: float = 10.0) -> None:
        """Wait until every call is over and every receipt sent; `TimeoutError` after `seconds`.

        What a `Caller` of your own raised meanwhile is raised here.
        """
        if not self._callbacks.settle(seconds):
            raise TimeoutError("there are receipts still to come")

    def fault(self, carrier: str, **wrong: Any) -> None:
        """Have this wrong with a carrier from now on, and nothing else: see `Fault`.

        Raises `ValueError` where that is nothing that can be wrong with it.
        """
        fault = Fault.of(wrong)
        if self._known(carrier) == MAIL:
            mail.refuse_unknown(wrong, fault)
        self._faults.set(carrier, fault)

    @property
    def faults(self) -> Mapping[str, Fault]:
        """What is wrong now, by carrier."""
        return self._faults.all()

    def heal(self, carrier: str | None = None) -> None:
        """Have nothing wrong with a carrier, or with all."""
        self._faults.heal(carrier and self._known(carrier))

    def clear(self) -> None:
        """Forget all messages, and count from nothing."""
        self._archive.clear()
        self._verify.clear()
        self._callbacks.clear()

    def _answer(self, asked: Asked, gone: Gone) -> Reply:
        return self._front.answer(asked, gone) or self._control.answer(asked)

    def _mail_server(self) -> MailServer:
        """Return the mail server, started with the first that asks for it."""
        with self._mail_lock:
            if self._mail is None:
                context = None
                if self._smtp_security != "none":
                    self._folder = TemporaryDirectory(prefix="stand-in-")
                    context = certificate_in(Path(self._folder.name))
                self._mail = MailServer(
                    self._smtp_port, self._desk, self._faults, self._smtp_security, context
                )
            return self._mail

    def _mail_settings(self) -> Mapping[str, Any]:
        told: dict[str, Any] = {
            "host": LOOPBACK,
            "port": self.smtp_port,
            "security": self._smtp_security,
            "sender": accounts.MAIL_SENDER,
        }
        if self.ca_file is not None:
            told["ca_file"] = str(self.ca_file)
            told |= {"username": accounts.MAIL_USER, "password": accounts.SECRET}
        return told

    def _known(self, carrier: str) -> str:
        if carrier not in self.names:
            raise ValueError(f"there is no carrier {carrier!r}, but {', '.join(self.names)}")
        return carrier


def _lamls(desk: Desk) -> Sequence[Carrier]:
    return (
        Laml(
            name="twilio_messaging",
            account=accounts.TWILIO,
            secrets={
                accounts.TWILIO: accounts.TWILIO_TOKEN,
                accounts.TWILIO_KEY: accounts.TWILIO_SECRET,
            },
            signing=accounts.TWILIO_TOKEN,
            prefix=(),
            new_id=desk.sid,
            desk=desk,
        ),
        Laml(
            name="signalwire",
            account=accounts.SIGNALWIRE,
            secrets={accounts.SIGNALWIRE: accounts.SIGNALWIRE_TOKEN},
            signing=accounts.SIGNALWIRE_TOKEN,
            prefix=("api", "laml"),
            new_id=lambda _: desk.uuid(),
            desk=desk,
        ),
    )


class _MachineRandom:
    def bytes(self, count: int) -> bytes:
        return os.urandom(count)  # noqa: TID251 -- nobody is kept out by what a stand-in draws


def _machine_clock() -> datetime:
    return datetime.now(tz=UTC)  # noqa: TID251 -- shown to a developer, as the inbox's is
