"""The inbox of development: it plays the phone and the mailbox. Never part of production."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast, get_args

from flask import Flask

from vestibule.core.ports import SendError
from vestibule.testing.inbox_page import inbox_blueprint
from vestibule.testing.inbox_storage import Channel, InboxMessage, InFile, InMemory, Storage
from vestibule.testing.recipient import Recipient

__all__ = ["Inbox", "InboxMessage"]


class Inbox:
    """Receives what would have gone to phones and mailboxes, and shows it on a page.

    With a path the messages outlive the process and are shared by all that name the same file;
    without one they live in memory. Only the last 200 are kept.
    """

    def __init__(
        self, path: Path | str | None = None, *, clock: Callable[[], datetime] | None = None
    ) -> None:
        """Keep messages at `path`, or in memory; ask `clock` when each arrived."""
        self._storage: Storage = InMemory() if path is None else InFile(Path(path))
        self._clock = clock or _machine_clock

    def deliver(
        self,
        *,
        channel: str,
        to: str,
        text: str,
        subject: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """Put one message into the inbox, as arrived now or `at` an aware moment."""
        if channel not in get_args(Channel):
            raise ValueError(f"no such channel: {channel!r}; there are {get_args(Channel)}")
        arrived = (at or self._clock()).astimezone(UTC).isoformat(timespec="seconds")
        self._storage.add(
            lambda next_id: InboxMessage(
                id=next_id,
                at=arrived,
                channel=cast("Channel", channel),
                to=to,
                subject=subject,
                text=text,
            )
        )

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        """Take what the courier carries: the inbox is the sender of development.

        Raises `SendError` where there is no such channel, or the file cannot be written.
        """
        try:
            self.deliver(channel=channel, to=to, subject=subject, text=text)
        except ValueError as error:
            raise SendError("no such channel", permanent=True) from error
        except OSError as error:
            raise SendError(f"its file cannot be written: {error.strerror}") from error

    @property
    def messages(self) -> tuple[InboxMessage, ...]:
        """All that is kept, newest first."""
        return tuple(reversed(self._storage.read()))

    def latest(self, to: str | None = None, channel: str | None = None) -> InboxMessage | None:
        """Return the newest message, of that person and channel if given; None if there is none."""
        found = (
            message
            for message in self.messages
            if to in {None, message.to} and channel in {None, message.channel}
        )
        return next(found, None)

    def recipient(self, to: str) -> Recipient:
        """Return whoever reads what comes to one address: all of it, and the newest code in it."""
        return Recipient(to, lambda: self.messages)

    def clear(self) -> None:
        """Forget all messages."""
        self._storage.clear()

    def init_app(self, app: Flask) -> None:
        """Serve the inbox at `/inbox`, to a browser on this machine and in development only."""
        app.register_blueprint(inbox_blueprint(lambda: self.messages))
        app.extensions["vestibule_inbox"] = self


def _machine_clock() -> datetime:
    return datetime.now(tz=UTC)  # noqa: TID251 -- shown to a developer; nothing is decided by it
