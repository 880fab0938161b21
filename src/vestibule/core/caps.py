"""How many codes are sent: to one address, for one person, for one network, in all. Pure.

How many mails tell an address that another took its place is counted by the same measure.

A code that is sent costs money and bothers whoever gets it, so sends are capped besides the few
that one login makes. A cap is a bucket that drains steadily: `most` at once, and as many again in a
`window` (OWASP's and Twilio's advice against SMS pumping; ATK-19 of the checklist).

Strangers and known browsers are counted apart, wherever the count is a person's: whoever has only
the password uses up nothing that the owner's own browser needs. What is counted for everybody keeps
a fifth for known browsers.

A number or mailbox that is only being added was proven by nobody: it is counted apart again, and as
a stranger's. Else whoever has an account and somebody's number used up what that number's owner
logs in by.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.model import Lane, Tally

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
RANGE: Final = 7
"""Digits of a number, its country's among them, that say to which range it belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most so many at once, and as many again in a window."""

    most: int
    window: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The numbers of one profile."""

    address: tuple[Cap, ...] = (Cap(most=6, window=HOUR), Cap(most=20, window=DAY))
    """To one number or mailbox, and as many for one person."""
    network: Cap = Cap(most=60, window=HOUR)
    """Asked for from one address or /64."""
    range: Cap = Cap(most=500, window=DAY)
    """To numbers that begin alike."""
    all: Cap = Cap(most=5_000, window=DAY)
    """To anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One code that is to be sent. `address` and `subject` are keyed fingerprints, as text.

    `proven` says that a code came back from the address before.
    """

    address: str
    subject: str
    network: str | None
    range: str | None
    lane: Lane
    proven: bool = True


def spelled(destination: str) -> str:
    """Return what all spellings that reach one mailbox are counted as; a number has but one.

    It is written to nowhere: two mailboxes that differ in these alone share a count.

    >>> spelled("Ada+shop@site.example")
    'ada@site.example'
    """
    name, at, site = destination.casefold().rpartition("@")
    return f"{name.partition('+')[0] or name}@{site}" if at else destination


def range_of(destination: str) -> str | None:
    """Return what a number begins with; None for what is no number.

    >>> range_of("+491701234567")
    '+4917012'
    """
    return destination[: RANGE + 1] if destination.startswith("+") else None


def counted(send: Send, caps: Caps) -> Mapping[str, Cap]:
    """Return every count that a send is part of, by its name, with the cap that holds for it."""
    lane = send.lane.value
    to = f"address:{lane if send.proven else 'new'}"
    own = {
        f"{counter}:{cap.window // HOUR}:{name}": cap
        for counter, name in ((to, send.address), (f"subject:{lane}", send.subject))
        for cap in caps.address
    }
    strange = send.lane is Lane.STRANGER or not send.proven
    shared = {"all": caps.all}
    if send.range is not None:
        shared[f"range:{send.range}"] = caps.range
    if strange:
        shared = {name: replace(cap, most=cap.most * 4 // 5) for name, cap in shared.items()}
    if send.network is not None and strange:
        shared[f"network:{send.network}"] = caps.network
    return own | shared


def told(former: str, caps: Caps) -> Mapping[str, Cap]:
    """Return every count that a mail is part of which tells a `former` address of an account.

    Of that account alone, and apart from codes: whoever has codes sent there, or has put the same
    address on an account of their own, must not keep the owner from being told.
    """
    return {f"told:{cap.window // HOUR}:{former}": cap for cap in caps.address}


def level(tally: Tally, cap: Cap, now: datetime) -> float:
    """Return how much of a tally still counts at `now`. A clock set back drains nothing."""
    elapsed = max(now - tally.as_of, timedelta())
    return max(0.0, tally.level - cap.most * (elapsed / cap.window))


def room_at(tally: Tally, cap: Cap, now: datetime) -> datetime | None:
    """Return when there is room for one more, None where there is now."""
    over = level(tally, cap, now) + 1 - cap.most
    return None if over <= 0 else now + cap.window * (over / cap.most)


def one_more(tally: Tally, cap: Cap, now: datetime) -> Tally:
    """Return the tally with one more."""
    return replace(tally, level=level(tally, cap, now) + 1, as_of=max(now, tally.as_of))
