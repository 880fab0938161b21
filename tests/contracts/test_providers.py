"""What every provider of the house promises."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest
from tests.providers.mail_server import PASSWORD, USER, MailServer, dripping, serving

from vestibule.delivery.provider import Provider
from vestibule.providers.crondock import CronDock
from vestibule.providers.http import HttpCarrier, Infobip, Telnyx, Vonage
from vestibule.providers.http.provider import Auth
from vestibule.providers.http.template import Template
from vestibule.providers.signalwire import SignalWire
from vestibule.providers.smtp import Smtp
from vestibule.providers.smtp.provider import Security
from vestibule.providers.twilio_messaging import TwilioMessaging
from vestibule.testing.contracts import HttpProviderContract, ProviderContract, Trouble

FROM: Final = "+15550001111"
SECRET: Final = "a credential that nobody sees"


class TestTwilioMessaging(HttpProviderContract):
    """Twilio's messages and calls."""

    secrets = (SECRET,)
    taken = (201, {"sid": f"SM{'3' * 32}", "status": "queued"})

    def provider(self) -> Provider:
        return TwilioMessaging(
            account_sid=f"AC{'1' * 32}", auth_token=SECRET, number=FROM, whatsapp_number=FROM
        )


class TestSignalWire(HttpProviderContract):
    """SignalWire's messages and calls."""

    secrets = (SECRET, "signed by")
    taken = (201, {"sid": "5184b831-184f-4209-872d-ccdccc80f2f1", "status": "queued"})

    def provider(self) -> Provider:
        return SignalWire(
            space="example", project="project", token=SECRET, number=FROM, signing_key="signed by"
        )


class TestCronDock(HttpProviderContract):
    """CronDock's messages."""

    secrets = (SECRET,)

    def provider(self) -> Provider:
        return CronDock(api_key=SECRET)


class TestHttpCarrier(HttpProviderContract):
    """Any carrier of one request."""

    secrets = (SECRET,)

    def provider(self) -> Provider:
        return HttpCarrier(
            url="https://sms.example/messages",
            template=Template({"to": "{to}", "text": "{body}"}),
            auth=Auth.BEARER,
            secret=SECRET,
        )


class TestVonage(HttpProviderContract):
    """Vonage's messages."""

    secrets = (SECRET,)
    taken = (200, {"messages": [{"status": "0", "message-id": "0C000000217B7F02"}]})

    def provider(self) -> Provider:
        return Vonage(api_key="key", api_secret=SECRET, sender="Shop")


class TestTelnyx(HttpProviderContract):
    """Telnyx's messages."""

    secrets = (SECRET,)
    taken = (200, {"data": {"id": "40385f64-5717-4562-b3fc-2c963f66afa6"}})

    def provider(self) -> Provider:
        return Telnyx(api_key=SECRET, sender=FROM, public_key=f"{'A' * 43}=")


class TestInfobip(HttpProviderContract):
    """Infobip's messages."""

    secrets = (SECRET,)
    taken = (200, {"messages": [{"messageId": "2250be2d", "status": {"groupName": "PENDING"}}]})

    def provider(self) -> Provider:
        return Infobip(url="abcde.api.infobip.com", api_key=SECRET, sender="Shop")


class TestSmtp(ProviderContract):
    """Mail, handed to a real server."""

    secrets = (PASSWORD,)

    @pytest.fixture(autouse=True)
    def _stage(self) -> Iterator[None]:
        with ExitStack() as stack:
            self._stack = stack
            yield

    def provider(self) -> Provider:
        return self._of(self._serving(MailServer()))

    def troubled(self, trouble: Trouble) -> Provider:
        server = MailServer()
        match trouble:
            case Trouble.REFUSED:
                server.at_recipient = "550 no such user <ada@post.example>"
            case Trouble.NOT_LET_IN:
                return self._of(self._serving(server), password="another password")
            case Trouble.TOO_MANY:
                server.at_recipient = "450 too many letters to <ada@post.example>"
            case Trouble.BROKEN:
                server.at_data = "451 out of order: 271828"
            case Trouble.SILENT:
                return self._of(self._stack.enter_context(dripping()), seconds=0.3)
        return self._of(self._serving(server))

    def _serving(self, server: MailServer) -> int:
        return self._stack.enter_context(serving(server, users=True)).port

    def _of(self, port: int, **different: Any) -> Smtp:
        told = {
            "host": "127.0.0.1",
            "port": port,
            "security": Security.NONE,
            "sender": "Shop <no-reply@shop.example>",
            "username": USER,
            "password": PASSWORD,
            **different,
        }
        return Smtp(**told)
