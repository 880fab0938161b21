import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from vestibule.testing.carriers import Carriers, accounts

TO = "ada@post.example"


def letter() -> EmailMessage:
    """A mail in text and HTML."""
    letter = EmailMessage(policy=SMTP)
    letter["From"] = accounts.MAIL_SENDER
    letter["To"] = TO
    letter["Subject"] = "Shop: Ihr Code für die Anmeldung"
    letter["Message-ID"] = "<1@shop.example>"
    letter.set_content("271828 ist Ihr Code\n.\n..\nGrüße")
    letter.add_alternative("<p>271828 ist Ihr Code</p>", subtype="html")
    return letter


@contextmanager
def line(carriers: Carriers) -> Iterator[smtplib.SMTP]:
    """A line to the mail server."""
    with smtplib.SMTP("127.0.0.1", carriers.smtp_port, timeout=5) as line:
        yield line


def test_a_letter_arrives(carriers: Carriers) -> None:
    """A letter is kept as its reader sees it: subject, text and HTML, decoded."""
    with line(carriers) as server:
        server.send_message(letter())

    (message,) = carriers.messages
    assert (message.carrier, message.channel, message.to) == ("smtp", "email", TO)
    assert message.subject == "Shop: Ihr Code für die Anmeldung"
    assert message.text == "271828 ist Ihr Code\n.\n..\nGrüße"
    assert (message.html or "").strip() == "<p>271828 ist Ihr Code</p>"
    assert message.id == "<1@shop.example>"
    assert carriers.recipient(TO).code() == "271828"


def test_the_settings(carriers: Carriers) -> None:
    """The settings of mail name a server on this machine, in the clear."""
    assert carriers.settings("smtp") == {
        "VESTIBULE_SMTP_HOST": "127.0.0.1",
        "VESTIBULE_SMTP_PORT": carriers.smtp_port,
        "VESTIBULE_SMTP_SECURITY": "none",
        "VESTIBULE_SMTP_SENDER": "Stand-in <no-reply@stand-in.example>",
    }


def test_starttls() -> None:
    """With STARTTLS a letter is taken over TLS only, and by a password if one is said."""
    with Carriers(smtp_security="starttls") as carriers:
        told = carriers.settings("smtp")
        context = ssl.create_default_context(cafile=told["VESTIBULE_SMTP_CA_FILE"])
        with line(carriers) as server, pytest.raises(smtplib.SMTPException):
            server.send_message(letter())
        with line(carriers) as server:
            server.starttls(context=context)
            with pytest.raises(smtplib.SMTPAuthenticationError):
                server.login(accounts.MAIL_USER, "wrong")
            server.login(told["VESTIBULE_SMTP_USERNAME"], told["VESTIBULE_SMTP_PASSWORD"])
            server.send_message(letter())

        assert len(carriers.messages) == 1


def test_tls_from_the_first_byte() -> None:
    """With TLS from the first byte a letter arrives from whoever trusts the certificate."""
    with Carriers(smtp_security="tls") as carriers:
        trusting = ssl.create_default_context(cafile=str(carriers.ca_file))
        with smtplib.SMTP_SSL(
            "localhost", carriers.smtp_port, timeout=5, context=trusting
        ) as server:
            server.send_message(letter())
        assert len(carriers.messages) == 1


@pytest.mark.parametrize("status", [550, 451])
def test_a_refused_recipient(carriers: Carriers, status: int) -> None:
    """A recipient is refused with the status that a fault says."""
    carriers.fault("smtp", status=status)
    with line(carriers) as server, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        server.send_message(letter())

    assert refused.value.recipients[TO][0] == status
    assert carriers.messages == ()


def test_a_wrong_password(carriers: Carriers) -> None:
    """A password that is not the stand-in's is refused with 535, over a line in clear too."""
    with line(carriers) as server:
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            server.login(accounts.MAIL_USER, "wrong")
        server.login(accounts.MAIL_USER, accounts.SECRET)
        server.send_message(letter())

    assert refused.value.smtp_code == 535
    assert len(carriers.messages) == 1


def test_a_wrong_password_where_tls_comes_first() -> None:
    """Over TLS from the first byte a password is looked at, and the stand-in's own is right."""
    with Carriers(smtp_security="tls") as carriers:
        told = carriers.settings("smtp")
        trusting = ssl.create_default_context(cafile=told["VESTIBULE_SMTP_CA_FILE"])
        with smtplib.SMTP_SSL(
            "localhost", carriers.smtp_port, timeout=5, context=trusting
        ) as server:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                server.login(accounts.MAIL_USER, "wrong")
            server.login(told["VESTIBULE_SMTP_USERNAME"], told["VESTIBULE_SMTP_PASSWORD"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"landlines": ["+4930"]}, "knows nothing of landlines: its faults have accepts, cut"),
        ({"receipts": "lost", "slow": 1}, "knows nothing of receipts"),
        ({"status": 535}, "VESTIBULE_SMTP_PASSWORD that are not the stand-in's"),
        ({"status": 200}, "a status of 400 to 599"),
    ],
)
def test_what_is_never_wrong_with_it(carriers: Carriers, wrong: dict[str, Any], said: str) -> None:
    """What cannot be wrong with a mail server is refused, and nothing is wrong with it then."""
    with pytest.raises(ValueError, match=said):
        carriers.fault("smtp", **wrong)

    assert carriers.faults == {}


def test_taken_and_then_refused(carriers: Carriers) -> None:
    """A letter can be taken and its sender told that it was not."""
    carriers.fault("smtp", status=451, accepts=True)
    with line(carriers) as server, pytest.raises(smtplib.SMTPDataError):
        server.send_message(letter())

    assert [message.told for message in carriers.messages] == [False]


@pytest.mark.parametrize("accepts", [True, False])
def test_a_cut_line(carriers: Carriers, *, accepts: bool) -> None:
    """A line can be cut before or after a letter was taken."""
    carriers.fault("smtp", cut=True, accepts=accepts)
    server = smtplib.SMTP("127.0.0.1", carriers.smtp_port, timeout=5)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        server.send_message(letter())
    server.close()

    assert len(carriers.messages) == accepts


def test_a_slow_server(carriers: Carriers) -> None:
    """A slow server takes nothing of whoever hangs up before it answers."""
    carriers.fault("smtp", slow=30)
    server = smtplib.SMTP("127.0.0.1", carriers.smtp_port, timeout=0.3)
    with pytest.raises(OSError, match=r"timed out|closed"):
        server.send_message(letter())
    server.close()
    time.sleep(0.1)

    assert carriers.messages == ()


def test_the_same_letter_twice(carriers: Carriers) -> None:
    """A letter that is handed over twice is there twice, and counted twice."""
    for _ in range(2):
        with line(carriers) as server:
            server.send_message(letter())

    assert len(carriers.messages) == 2
    assert carriers.tally("to") == {(TO,): 2}
