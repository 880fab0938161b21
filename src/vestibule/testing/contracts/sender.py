"""What every sender promises to the courier, which calls it."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import pytest

from vestibule.core.ports import Sender, SendError
from vestibule.delivery.courier import LEASE

CODE: Final = "271828"
LINK: Final = f"https://shop.example/two-step/not-me/{'a1B2-' * 30}"
TEXTS: Final = (
    f"{CODE} is your code for Shop. It works once. Never tell it to anybody.",
    f"Ein neuer Weg für größere Läden.\n\nÖffnen Sie diese Seite:\n\n{LINK}\n\n„100 % sicher“",
    "رمزك\u00a0١٢٣\n.\n..\nFrom the shop",
)
"""A code, a mail with a link that no line may break, and what carriers' own formats stumble at."""
SUBJECT: Final = "Shop: Ihr Code für die Anmeldung"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One message as its person finds it. `subject` is None where the channel has none."""

    to: str
    text: str
    subject: str | None = None


class SenderContract:
    """Extend it as `class TestMine(SenderContract)`; pytest's `setup_method` sets the stage.

    It sends to what you put in the carrier's place, never to a carrier.
    """

    addresses: ClassVar[dict[str, str]]
    """What the sender carries: an address that it takes, for each channel."""

    def sender(self) -> Sender:
        """Return the sender, with something in its carrier's place that takes every message."""
        raise NotImplementedError(f"{type(self).__name__} defines no sender(self)")

    def unreachable(self) -> Sender:
        """Return the sender, with something in its carrier's place that does not answer."""
        raise NotImplementedError(f"{type(self).__name__} defines no unreachable(self)")

    def arrived(self) -> Sequence[Arrived]:
        """Return what has reached people in this test, oldest first."""
        raise NotImplementedError(f"{type(self).__name__} defines no arrived(self)")

    @pytest.mark.parametrize("text", TEXTS, ids=["code", "mail", "odd"])
    def test_a_message_arrives_as_it_was_written(self, text: str) -> None:
        """On each of its channels a text reaches its address, once and unchanged."""
        sender = self.sender()
        for channel, to in self.addresses.items():
            subject = SUBJECT if channel == "email" else None
            before = len(self.arrived())

            sender.send(channel=channel, to=to, subject=subject, text=text)

            (message,) = self.arrived()[before:]
            assert message.to == to, "it went to another address"
            assert message.text.strip() == text, f"{channel} changed the text"
            assert message.subject == subject, f"{channel} changed the subject"

    def test_messages_arrive_from_any_thread(self) -> None:
        """Several messages arrive that are sent by one sender in a thread of its own."""
        sender, (channel, to) = self.sender(), next(iter(self.addresses.items()))

        def send_all() -> None:
            for text in TEXTS:
                sender.send(channel=channel, to=to, subject=SUBJECT, text=text)

        courier = threading.Thread(target=send_all)
        courier.start()
        courier.join()
        texts = [message.text.strip() for message in self.arrived()]
        assert texts == list(TEXTS), "the courier has a thread of its own, as this test has"

    def test_a_channel_it_does_not_carry_is_refused_for_good(self) -> None:
        """What it carries no messages over is refused as permanent, and nothing arrives."""
        with pytest.raises(SendError) as refused:
            self.sender().send(channel="pigeon", to="loft 7", subject=None, text=TEXTS[0])

        assert refused.value.permanent, "raise SendError(…, permanent=True): waiting does not help"
        assert not self.arrived(), "it arrived over another channel"

    def test_what_was_not_handed_over_is_to_be_tried_again(self) -> None:
        """A carrier that does not answer is a SendError that is worth another try, and soon told.

        The courier has a minute for a message; then it is another courier's.
        """
        channel, to = next(iter(self.addresses.items()))
        refused: list[BaseException] = []

        def send() -> None:
            try:
                self.unreachable().send(channel=channel, to=to, subject=SUBJECT, text=TEXTS[0])
            except BaseException as error:  # noqa: BLE001 - looked at below
                refused.append(error)

        courier = threading.Thread(target=send, daemon=True)
        courier.start()
        courier.join(LEASE.total_seconds())
        assert not courier.is_alive(), "give the carrier a timeout: it has had a minute"
        assert refused, "send returned, and the message counts as handed over"
        (error,) = refused
        assert isinstance(error, SendError), f"{error!r} is no SendError: raise one from it"
        assert not error.permanent, "what does not answer now may answer later: permanent=False"

    def test_an_error_quotes_nothing_of_the_message(self) -> None:
        """What an error says holds no code and no address: it is written down in clear."""
        channel, to = next(iter(self.addresses.items()))
        senders = ((self.sender(), "pigeon"), (self.unreachable(), channel))
        for sender, over in senders:
            with pytest.raises(SendError) as refused:
                sender.send(channel=over, to=to, subject=SUBJECT, text=TEXTS[0])

            said = str(refused.value)
            assert said, "say in a word what went wrong: operators read it"
            assert CODE not in said, "the code is in it"
            assert to not in said, "the address is in it"
