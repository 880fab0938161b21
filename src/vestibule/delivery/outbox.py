"""What the courier asks of the store: what is due, and where every try at it is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from vestibule.core.caps import Cap
from vestibule.core.model import Challenge, Message
from vestibule.delivery.provider import Fate


class TryOutcome(StrEnum):
    """What came of one hand-over."""

    STARTED = "started"
    """Nothing yet; where it stays so, a crash came between, and the carrier may have taken it."""
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The carrier will not have this message."""
    CANNOT_RECEIVE = "cannot_receive"
    """The number takes no text messages."""
    FAILED = "failed"
    """The carrier was not reached, was busy, or did not let us in: it has not taken it."""
    UNSURE = "unsure"
    """It was asked, and did not say what came of it: it may have taken it."""


UNSURE: Final = frozenset({TryOutcome.STARTED, TryOutcome.UNSURE})
"""Nobody knows if the carrier took it: it did not say, or nobody lived to hear it."""
MAY_BE_TAKEN: Final = UNSURE | {TryOutcome.ACCEPTED}
"""What became of a try that a carrier has taken, or may have."""
MOST_UNSURE: Final = 4
"""So many tries at one message may end without anybody knowing whether a carrier took it."""


class NotTried(StrEnum):
    """Why no other try is made at a message, whoever else is on the route."""

    SPENT = "spent"
    """A further try is paid for, and so much money is not left."""
    TOO_OFTEN = "too_often"
    """There were as many as may be."""
    ARRIVED = "arrived"
    """A receipt has told meanwhile that it is there."""
    TAKEN_AWAY = "taken_away"
    """It is not ours any more: our lease was over, and another has it; or it is gone."""


class Called(StrEnum):
    """What came of the wish to make a text message a call."""

    YES = "yes"
    """It is one, and counted."""
    SPENT = "spent"
    """So much money is not left; nothing was changed."""
    TOO_LATE = "too_late"
    """It is no text message, or another's, or its time is over; nothing was changed or counted."""


class HeardAs(StrEnum):
    """What a receipt was, to whoever keeps the tries."""

    NEW = "new"
    KNOWN = "known"
    """That much of the fate, or more, is known already."""
    NOBODYS = "nobodys"
    """No try of that message was given to that carrier under that id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One hand-over of one message to one provider."""

    message_id: str
    realm: str
    provider: str
    channel: str
    at: datetime
    claimed_until: datetime | None
    """The end of the lease under which it is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TryEnd:
    """How a try ended, and how long it took."""

    outcome: TryOutcome
    reason: str = ""
    took: timedelta
    carrier_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A receipt as it is kept: `sealed` holds the carrier's own words."""

    message_id: str
    provider: str
    carrier_id: str
    fate: Fate
    reason: str
    sealed: bytes
    at: datetime
    cannot_receive: bool = False
    """Whether the number takes no text messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A carrier's own verification: of which number, and for which sending of which challenge.

    `address` is the number's keyed fingerprint; `carrier_id` is empty while it is being opened.
    """

    provider: str
    address: str
    challenge_id: str
    generation: int
    opened_at: datetime
    owned: bool = False
    """Whether it is for the number's owner, in a browser that is known."""
    carrier_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A try as it stands by now: what came of it, and what its carrier has told since."""

    provider: str
    channel: str
    outcome: TryOutcome
    reason: str
    milliseconds: int | None
    carrier_id: str | None
    fate: Fate | None

    @property
    def is_unsure(self) -> bool:
        """Whether nobody knows if the carrier took it."""
        return self.outcome in UNSURE


class Outbox(Protocol):
    """The messages that are due, claimed by one courier at a time."""

    def write(self, message: Message) -> None:
        """Add a message that belongs to no login."""
        ...

    def claim(
        self, now: datetime, lease: timedelta, most: int, *, only: str | None = None
    ) -> Sequence[Message]:
        """Take up to `most` due messages for `lease`; no other courier gets them meanwhile.

        `only` is the id of the one that is meant.
        """
        ...

    def due(self, now: datetime, most: int) -> Sequence[str]:
        """Return the ids of up to `most` messages that are due, longest waiting first."""
        ...

    def expand(self, notice: Message, copies: Sequence[Message]) -> None:
        """Put one message for each contact in the place of a notice."""
        ...

    def settle_message(self, message: Message) -> None:
        """Write what came of a claimed message, unless its lease has gone to another courier.

        Where it was lost, what was counted in a day's money for tries that no carrier can have
        taken is taken back from that very day.
        """
        ...

    def challenge_of(self, message: Message) -> Challenge | None:
        """Return the challenge whose code a message carries, None once its session has ended."""
        ...

    def contacts(self, realm: str, subject: str, since: datetime) -> Sequence[tuple[str, bytes]]:
        """Return the sealed contact snapshots of a subject's grants since then, newest first.

        Each is a pair of the passage's id and the sealed bytes.
        """
        ...

    def begin_try(self, begun: Try, price: Mapping[str, Cap]) -> int | NotTried:
        """Write down that a message is about to be handed over; return the try's id.

        Only whoever has it on loan still hands it over: looked at under the lock, as it is written.
        Where a carrier may have taken it before over the same channel, `price` is counted with it:
        both or neither. The same try, asked for again, is written and counted once.
        """
        ...

    def end_try(self, try_id: int, end: TryEnd, sent: Message | None = None) -> TryOutcome:
        """Write down what came of it, and at once with it that the message is `sent`.

        In between, a crash would have a message sent again that is known to have been taken. What
        was taken is sent, though its lease is over. Returns what stands there: where a receipt,
        before the carrier's answer, has told that the number takes no text messages, that came of
        it, and nothing is `sent`.
        """
        ...

    def tries(self, message_id: str) -> Sequence[Tried]:
        """Return every try at a message of this realm, first to last."""
        ...

    def message(self, message_id: str) -> Message | None:
        """Return a message of this realm."""
        ...

    def hear(self, heard: Heard) -> HeardAs:
        """Write a receipt to its try, and to its message where it tells more than is known.

        A failure counts for the message where nobody has taken it since. A try that has not ended
        ends as one to a number that takes no text messages, where that is told. Only what is new
        is written.
        """
        ...

    def hosted_at(self, provider: str, address: str) -> Hosted | None:
        """Return the verification that was last opened for a number."""
        ...

    def hosted_of(self, challenge_id: str) -> Hosted | None:
        """Return the verification that was opened for a challenge, if it is the number's last."""
        ...

    def take_hosted(self, mine: Hosted, former: Hosted | None) -> bool:
        """Put `mine` in the place of `former`; False where another has been quicker."""
        ...

    def name_hosted(self, mine: Hosted) -> bool:
        """Note the carrier's id of a verification that was taken, if it is the number's still.

        False where that id is another's already: the carrier has not opened a new one.
        """
        ...

    def carrier_of(self, challenge_id: str) -> str | None:
        """Return which provider took the newest message of a challenge that any took."""
        ...

    def was_heard(self, message_id: str) -> None:
        """Note that a message has arrived, whatever its carrier will tell of it."""
        ...

    def call_instead(self, message: Message, now: datetime, price: Mapping[str, Cap]) -> Called:
        """Make a text message with a code a call, and count its price: both or neither.

        One that a carrier has taken is due again as a call. One that is claimed stays claimed, and
        is counted once, however often this is asked under one lease.
        """
        ...
