"""How far a code has come that was asked for, and when there may be another; nothing is changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from vestibule.core.engine.context import Context
from vestibule.core.engine.sending import is_sent, send_again_at, why_not_sent
from vestibule.core.model import Challenge, Enrolment, MessageStatus
from vestibule.core.verdict import Rejected


class Progress(StrEnum):
    """How far a code has come that was asked for."""

    SENDING = "sending"
    SENT = "sent"
    """A carrier has taken it."""
    DELIVERED = "delivered"
    """A carrier says that it has arrived."""
    FAILED = "failed"
    """It did not arrive, and will not."""


_PROGRESS: Final = {
    MessageStatus.QUEUED: Progress.SENDING,
    MessageStatus.SENDING: Progress.SENDING,
    MessageStatus.SENT: Progress.SENT,
    MessageStatus.DELIVERED: Progress.DELIVERED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How it stands with the newest code of a challenge, and over which channel it goes.

    `message_id` is that of the message which carries it, written at `since`.
    """

    progress: Progress
    channel: str
    message_id: str
    since: datetime


def delivery_of(context: Context, challenge: Challenge) -> Delivery | None:
    """Return how far the newest code has come, None where none was asked for."""
    message = context.store.last_message(challenge.id) if challenge.sends else None
    if message is None:
        return None
    progress = _PROGRESS.get(message.status, Progress.FAILED)
    return Delivery(
        progress=progress,
        channel=message.channel,
        message_id=message.id,
        since=message.created_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How it stands with an enrolment whose codes are sent.

    `again_at` is when one may be asked for, None where there can be no more in this challenge.
    `refused` is why the first one did not go out by itself, as long as that may still be so.
    """

    is_sent: bool
    again_at: datetime | None
    refused: Rejected | None = None


def sending_of(
    context: Context, enrolment: Enrolment, challenge: Challenge | None
) -> Sending | None:
    """Return how sending stands, None where nothing is sent; a challenge may still be opened."""
    if not is_sent(context, enrolment):
        return None
    if challenge is None:
        return Sending(is_sent=False, again_at=context.now())
    refused = why_not_sent(challenge, context.now())
    later = refused.retry_at if refused else None
    return Sending(
        is_sent=challenge.sends > 0, again_at=later or send_again_at(challenge), refused=refused
    )
