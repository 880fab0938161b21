"""Mail, handed to a real server on this machine."""

import re
import socket
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.mail_server import (
    PASSWORD,
    USER,
    MailServer,
    certificate,
    dripping,
    saying,
    serving,
)
from tests.providers.parcels import TEXT, parcel

from vestibule.core.ports import SendError
from vestibule.providers.smtp import Smtp
from vestibule.providers.smtp.letter import letter_of, sender_of
from vestibule.providers.smtp.provider import Security
from vestibule.testing.http import FakeHttp

SENDER = "Shop <no-reply@shop.example>"
ADA = "ada@post.example"


def smtp(port: int, **different: Any) -> Smtp:
    """The provider, of a server on this machine."""
    told = {
        "host": "127.0.0.1",
        "port": port,
        "security": Security.NONE,
        "sender": SENDER,
        "seconds": 5.0,
        **different,
    }
    return Smtp(**told)


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A server without encryption and users."""
    with serving(MailServer()) as made:
        yield made


def test_a_letter_arrives_in_text_and_in_html(server: MailServer) -> None:
    """Whoever reads a letter finds its text and its HTML, and the address it was meant for."""
    html = "<p>Ihr Code für den <b>Laden</b>: 271828</p>"
    text = "Ihr Code für den Laden: 271828\n.\n..\nKein anderer erfährt ihn."

    said = smtp(server.port).send(parcel("email", text=text, html=html), FakeHttp())

    letter = server.letter()
    assert (server.envelopes[0].mail_from, server.envelopes[0].rcpt_tos) == (
        "no-reply@shop.example",
        [ADA],
    )
    assert letter["From"] == SENDER
    assert letter["To"] == ADA
    assert letter["Subject"] == "Your code for Shop"
    assert letter["Message-ID"] == said == f"<{parcel('email').id}@shop.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(letter["Date"]).tzinfo is not None
    assert letter.get_content_type() == "multipart/alternative"
    plain, rich = letter.iter_parts()
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().split() == text.split()
    assert rich.get_content().strip() == html


def test_a_letter_without_html_is_text_alone(server: MailServer) -> None:
    """What has no HTML is one part of plain text, and a long link in it stays whole."""
    text = f"Öffnen Sie\n\nhttps://shop.example/{'a1B2-' * 60}\n"

    smtp(server.port).send(parcel("email", text=text), FakeHttp())

    assert server.letter().get_content_type() == "text/plain"
    assert server.letter().get_content().split() == text.split()
    assert server.letter().as_bytes().isascii()


@pytest.mark.parametrize(("starttls", "tls"), [(True, False), (False, True)])
def test_what_is_said_to_a_server_is_encrypted(
    tmp_path: Path, *, starttls: bool, tls: bool
) -> None:
    """A letter and a password go over TLS, to a server whose certificate is trusted."""
    context, file = certificate(tmp_path, "127.0.0.1")
    with serving(
        MailServer(),
        starttls=context if starttls else None,
        tls=context if tls else None,
        users=True,
    ) as server:
        provider = smtp(
            server.port,
            security=Security.STARTTLS if starttls else Security.TLS,
            ca_file=str(file),
            username=USER,
            password=PASSWORD,
        )

        provider.send(parcel("email"), FakeHttp())

        assert server.signed_in == [USER]
        assert server.letter().get_content().strip() == TEXT


@pytest.mark.parametrize(("starttls", "tls"), [(True, False), (False, True)])
@pytest.mark.parametrize("named", ["127.0.0.1", "mail.other.example"])
def test_a_certificate_that_is_not_trusted_ends_it(
    tmp_path: Path, named: str, *, starttls: bool, tls: bool
) -> None:
    """To a server with a certificate of nobody, or of another server, nothing is said."""
    context, file = certificate(tmp_path, named)
    with serving(
        MailServer(),
        starttls=context if starttls else None,
        tls=context if tls else None,
        users=True,
    ) as server:
        provider = smtp(
            server.port,
            security=Security.STARTTLS if starttls else Security.TLS,
            ca_file=str(file) if named != "127.0.0.1" else None,
            username=USER,
            password=PASSWORD,
        )

        with pytest.raises(SendError, match="is not trusted: ") as refused:
            provider.send(parcel("email"), FakeHttp())

        assert not refused.value.permanent
        assert (server.signed_in, server.envelopes) == ([], [])


def test_a_server_without_encryption_is_told_nothing(server: MailServer) -> None:
    """Where encryption was asked for and a server offers none, no letter is handed over."""
    with pytest.raises(
        SendError, match="offers no STARTTLS: try VESTIBULE_SMTP_SECURITY=tls"
    ) as no:
        smtp(server.port, security=Security.STARTTLS).send(parcel("email"), FakeHttp())

    assert not no.value.permanent
    assert server.envelopes == []


def test_a_server_without_tls_is_told_apart(server: MailServer) -> None:
    """Where TLS was expected from the first byte and there is none, it is said what to try."""
    with pytest.raises(SendError) as refused:
        smtp(server.port, security=Security.TLS).send(parcel("email"), FakeHttp())

    assert str(refused.value) == (
        f"no TLS at 127.0.0.1:{server.port}; "
        "try VESTIBULE_SMTP_SECURITY=starttls, mostly with VESTIBULE_SMTP_PORT=587"
    )


def test_starttls_at_the_port_of_tls_is_told_apart() -> None:
    """Where a server waits for TLS and we for its greeting, the setting is named."""
    with pytest.raises(SendError, match="port 465 is mostly for VESTIBULE_SMTP_SECURITY=tls"):
        smtp(465, security=Security.STARTTLS).send(parcel("email"), FakeHttp())


def test_a_server_without_logins_is_told_apart() -> None:
    """Where a server has no logins it is said that it has none, and what to try."""
    with (
        saying(b"220 mail.example", b"250 mail.example") as port,
        pytest.raises(SendError, match="takes no logins here: leave VESTIBULE_SMTP_USERNAME") as no,
    ):
        smtp(port, username=USER, password=PASSWORD).send(parcel("email"), FakeHttp())

    assert PASSWORD not in str(no.value)


def test_a_server_that_hangs_up_is_told_apart() -> None:
    """Where a server ends the conversation, it is said that it did."""
    with saying(b"220 mail.example") as port, pytest.raises(SendError, match="broke off"):
        smtp(port).send(parcel("email"), FakeHttp())


def test_a_wrong_password_is_the_operators() -> None:
    """Not to be let in is no fault of the letter, and what is said of it holds no password."""
    with serving(MailServer(), users=True) as server:
        provider = smtp(server.port, username=USER, password="wrong")

        with pytest.raises(SendError, match="refused with 535") as refused:
            provider.send(parcel("email"), FakeHttp())

    assert not refused.value.permanent
    assert refused.value.not_let_in
    assert "wrong" not in str(refused.value)


@pytest.mark.row("W19")
@pytest.mark.parametrize(
    ("answer", "permanent"),
    [
        (f"550 no such user <{ADA}>", True),
        ("451 come back later", False),
        ("530 sign in first", False),
    ],
)
@pytest.mark.parametrize("place", ["at_recipient", "at_data"])
def test_a_refusal_is_for_good_by_its_code(
    server: MailServer, place: str, answer: str, *, permanent: bool
) -> None:
    """A refusal is for good where its code says so and it is about the letter; it is not quoted."""
    setattr(server, place, answer)

    with pytest.raises(SendError, match=answer[:3]) as refused:
        smtp(server.port).send(parcel("email"), FakeHttp())

    assert refused.value.permanent is permanent
    assert not refused.value.cannot_receive
    assert not refused.value.unsure
    assert ADA not in str(refused.value)


@pytest.mark.parametrize(
    ("place", "answer", "blameless"),
    [
        ("at_recipient", "450 domain not found", True),
        ("at_recipient", "421 closing down", False),
        ("at_data", "451 come back later", False),
    ],
)
def test_an_address_is_no_fault_of_the_server(
    server: MailServer, place: str, answer: str, *, blameless: bool
) -> None:
    """What is wrong with one address for now keeps the server in, for all others."""
    setattr(server, place, answer)

    with pytest.raises(SendError) as refused:
        smtp(server.port).send(parcel("email"), FakeHttp())

    assert (refused.value.permanent, refused.value.blameless) == (False, blameless)


@pytest.mark.row("W16")
def test_a_server_that_drips_is_left() -> None:
    """Whoever sends a byte now and then holds nobody longer than was set."""
    with dripping() as port:
        began = time.monotonic()

        with pytest.raises(SendError) as refused:
            smtp(port, seconds=0.4).send(parcel("email"), FakeHttp())

    assert time.monotonic() - began < 3
    assert not refused.value.permanent
    assert not refused.value.unsure


@pytest.mark.row("ATK-56")
def test_a_server_that_falls_silent_may_have_the_letter(server: MailServer) -> None:
    """Where a letter was handed over and nobody answers it, it may have been taken."""
    server.waits = 2

    with pytest.raises(SendError, match="not answered") as refused:
        smtp(server.port, seconds=0.5).send(parcel("email"), FakeHttp())

    assert (refused.value.unsure, refused.value.permanent) == (True, False)


@pytest.mark.row("W16")
def test_a_greeting_without_an_end_is_left() -> None:
    """Whoever greets with line after line is left for how much it is, before the time is up."""
    with dripping(b"220-welcome\r\n" * 1000, wait=0) as port:
        began = time.monotonic()

        with pytest.raises(SendError, match="broke off"):
            smtp(port, seconds=8).send(parcel("email"), FakeHttp())

    assert time.monotonic() - began < 4


@pytest.mark.row("W16")
def test_a_handshake_that_drips_is_left() -> None:
    """The same holds while encryption is being agreed on."""
    with dripping(b"\x16") as port:
        began = time.monotonic()

        with pytest.raises(SendError):
            smtp(port, seconds=0.4, security=Security.TLS).send(parcel("email"), FakeHttp())

    assert time.monotonic() - began < 3


def test_a_server_that_is_not_there_is_tried_again() -> None:
    """A server that takes no connection may take one later."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    with pytest.raises(SendError, match=f"^nobody listens at 127.0.0.1:{port}$") as refused:
        smtp(port).send(parcel("email"), FakeHttp())

    assert not refused.value.permanent
    assert not refused.value.unsure


def test_other_channels_are_refused(server: MailServer) -> None:
    """It carries mail alone."""
    with pytest.raises(SendError, match="carries no sms") as refused:
        smtp(server.port).send(parcel("sms"), FakeHttp())

    assert refused.value.permanent


def test_a_domain_of_other_letters_is_written_as_servers_know_it(server: MailServer) -> None:
    """A domain of any letters reaches servers in their spelling, the sender's too."""
    provider = smtp(server.port, sender="Lädchen <hallo@lädchen.example>")

    provider.send(parcel("email", to="ada@MÜLLER.example"), FakeHttp())

    assert server.envelopes[0].rcpt_tos == ["ada@xn--mller-kva.example"]
    assert server.envelopes[0].mail_from == "hallo@xn--ldchen-bua.example"
    assert server.letter()["From"].addresses[0].display_name == "Lädchen"


@pytest.mark.parametrize("utf8", [True, False])
def test_an_address_of_other_letters_needs_a_server_that_takes_it(*, utf8: bool) -> None:
    """What stands before the @ may be of any letters where the server takes them."""
    with serving(MailServer(), utf8=utf8) as server:
        if utf8:
            smtp(server.port).send(parcel("email", to="jürgen@post.example"), FakeHttp())
            assert server.envelopes[0].rcpt_tos == ["jürgen@post.example"]
        else:
            with pytest.raises(SendError) as refused:
                smtp(server.port).send(parcel("email", to="jürgen@post.example"), FakeHttp())
            assert refused.value.permanent


@pytest.mark.parametrize(
    "to",
    [
        "",
        "ada",
        "@post.example",
        "ada@",
        "ada@post.example\r\nBcc: eve@evil.example",
        "ada\n@post.example",
        "ada@post.example, eve@evil.example",
        "<ada@post.example>",
        "ada@post..example",
        "ada@-",
        "ada@straße.example",
        f"{'a' * 65}@post.example",
    ],
)
def test_what_is_no_address_gets_no_letter(to: str) -> None:
    """No letter goes to what is none, to two, or to a domain that would become another."""
    with pytest.raises(SendError) as refused:
        letter_of(parcel("email", to=to), sender_of(SENDER))

    assert refused.value.permanent
    assert not to or to not in str(refused.value)


@pytest.mark.row("ATK-59", "SMS-06")
@given(subject=st.text(), text=st.text(), name=st.text(max_size=20))
def test_no_text_becomes_a_header(subject: str, text: str, name: str) -> None:
    """Whatever a subject, a text and an id hold, a letter has the same few headers."""
    letter = letter_of(
        parcel("email", subject=subject, text=text, id=f"{name}>\r\nBcc: eve@evil.example"),
        sender_of(SENDER),
    )

    head = letter.as_bytes().partition(b"\r\n\r\n")[0].decode("ascii")
    assert re.findall(r"^([A-Za-z-]+):", head, re.MULTILINE) == [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    ]


@pytest.mark.parametrize(
    ("different", "named"),
    [
        ({"host": ""}, "HOST"),
        ({"host": "smtp://mail.shop.example"}, "HOST"),
        ({"port": 0}, "PORT"),
        ({"host": "mail.shop.example"}, "SECURITY"),
        ({"username": USER}, "USERNAME"),
        ({"sender": "Shop"}, "SENDER"),
        ({"sender": "Shop <a@b.example>\r\nBcc: c@d.example"}, "SENDER"),
        ({"sender": "Jürgen <jürgen@b.example>"}, "SENDER"),
        ({"ca_file": "nowhere.pem"}, "CA_FILE"),
        ({"seconds": 11}, "SECONDS"),
        ({"seconds": 0}, "SECONDS"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(different: dict[str, Any], named: str) -> None:
    """A setting that would send nothing, or a password in clear, is an error that names it."""
    with pytest.raises(ValueError, match=f"VESTIBULE_SMTP_{named}"):
        smtp(**{"port": 25, **different})


def test_its_representation_holds_no_secret() -> None:
    """What is shown of the provider holds no password."""
    assert PASSWORD not in repr(smtp(25, username=USER, password=PASSWORD))
