"""What judging an answer comes to: values, never exceptions."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vestibule.core.model import Json


class Reason(StrEnum):
    """Why an answer was refused."""

    WRONG = "wrong"
    """It was compared, and it is not right."""
    MALFORMED = "malformed"
    """It has not the shape of any code that was asked for; nothing was compared."""
    EARLY = "early"
    """It is right, and not in effect yet; it stays good."""
    REPLAYED = "replayed"
    """It was right once, and has been used."""
    GONE = "gone"
    """What it would answer is over: expired, cancelled, answered, or never was."""
    EXHAUSTED = "exhausted"
    """This challenge has had its wrong answers; a new login begins a new one."""
    DELAYED = "delayed"
    """Too soon after a wrong answer; nothing was compared."""
    CLOSED = "closed"
    """The guessing odds this account allows are spent; nothing was compared."""
    CAPPED = "capped"
    """Too many codes were sent of late, to there, for this person or in all; nothing was sent."""
    SPENT = "spent"
    """The day's money does not reach for another code to there; nothing was sent."""
    UNCHECKED = "unchecked"
    """The carrier that made the code did not say whether it is right."""
    UNREACHABLE = "unreachable"
    """Codes do not go to such a number, or not to its country; nothing was sent."""
    NO_CHANNEL = "no_channel"
    """Nobody carries codes to there in the way that was asked for; nothing was sent."""
    STOPPED = "stopped"
    """Codes to numbers that begin alike hardly ever came back of late; nothing was sent."""
    DISABLED = "disabled"
    """No factor that could judge it is in use any more."""


class Hint(StrEnum):
    """What may be said besides, without helping a guesser."""

    PAST_CODE = "past_code"
    """It was right a little while ago; the page asks for the next one."""
    CLOCK_OFF = "clock_off"
    """It would be right at another time; only said while confirming an enrolment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The answer is right. `state` is the enrolment's next state, None where it stays."""

    state: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The answer is refused.

    `retry_at` is when an answer will be heard again, None where waiting does not help.
    `tries_left` counts what this challenge still takes; `minutes_off` goes with CLOCK_OFF.
    """

    reason: Reason
    retry_at: datetime | None = None
    tries_left: int | None = None
    hint: Hint | None = None
    minutes_off: int = field(default=0)

    @property
    def is_exhausted(self) -> bool:
        """Say whether the challenge takes no more answers, this having been the last or not."""
        return self.reason is Reason.EXHAUSTED or self.tries_left == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Nothing is decided yet: the other side has still to answer."""


Verdict = Accepted | Rejected | Pending
