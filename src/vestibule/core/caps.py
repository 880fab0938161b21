"""How many codes are sent: to one address, for one person, for one network, in all. Pure.

How many mails tell an address that another took its place is counted by the same measure.

A code that is sent costs money and bothers whoever gets it, so sends are capped besides the few
that one login makes. A cap is a bucket that drains steadily: `most` at once, and as many again
spread over a `window` (OWASP's and Twilio's advice against SMS pumping; ATK-19 of the checklist).
So any window may see nearly twice as many. Where it must not, the cap is a *ceiling*: half at once,
and half spread over the window.

Strangers and known browsers are counted apart, wherever the count is a person's: whoever has only
the password uses up nothing that the owner's own browser needs. What is counted for everybody keeps
a fifth for known browsers.

A number or mailbox that is only being added was proven by nobody: it is counted apart again, and as
a stranger's. Else whoever has an account and somebody's number used up what that number's owner
logs in by.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.model import Lane, Tally

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
RANGE: Final = 7
"""Digits of a number, its country's among them, that say to which range it belongs."""
HIDDEN: Final = 4
"""Digits at the end of a number that no range has, however short it is."""
_WITHOUT_DOTS: Final = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Whose mailboxes are the same with any dots in their names, and as what both names count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most so many at once, and as many again spread over a window."""

    most: int
    window: timedelta
    weight: int = 1
    """As how many one send counts."""
    ends: datetime | None = None
    """Where set, nothing drains: there is room again when another count takes this one's place."""
    since: datetime | None = None
    """Where set, nothing counts of what was counted until then."""
    is_ceiling: bool = False
    """Whether no window, whenever it begins, sees more than `most`. Where none needs more than half
    of them, none is refused any."""

    @property
    def at_once(self) -> float:
        """For how many there is room at once, and again in a window.

        Of a ceiling it is half: what is there and what drains within one window come to less than
        one more than `most`.
        """
        return (self.most + 1) / 2 if self.is_ceiling else self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The numbers of one profile."""

    address: tuple[Cap, ...] = (Cap(most=6, window=HOUR), Cap(most=20, window=DAY))
    """To one number or mailbox, and as many for one person."""
    network: Cap = Cap(most=60, window=HOUR)
    """Asked for from one address or /64."""
    range: Cap = Cap(most=500, window=DAY)
    """To numbers that begin alike."""
    block: Cap = Cap(most=5, window=HOUR)
    """To numbers that are only being added and differ in their last three digits alone; what is
    sent there again within one challenge does not count."""
    unanswered: Cap = Cap(most=6, window=DAY)
    """To one way of one person since a code from there was last typed in, and to one number or
    mailbox that is only being added: whoever has sent what nobody types gets little of it."""
    all: Cap = Cap(most=5_000, window=DAY, is_ceiling=True)
    """To anybody's phone; and of strangers and new ones as many to mailboxes, counted apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One code that is to be sent. `address` and `subject` are keyed fingerprints, as text.

    `proven` says that a code came back from the address before, or that it was taken for proven: of
    one that `is_stand_in` the application's word is all there is. `block` is a fingerprint of all
    but the last three digits of a number that nothing was sent to yet, by this challenge. `way` is
    the person's way, which was answered last, in this lane, at `answered_at`.
    """

    address: str
    subject: str
    network: str | None
    range: str | None
    lane: Lane
    proven: bool = True
    is_stand_in: bool = False
    block: str | None = None
    way: str = ""
    answered_at: datetime | None = None

    @property
    def is_strange(self) -> bool:
        """Whether it is asked for by somebody unknown, or goes to where nobody is known to be."""
        return self.lane is Lane.STRANGER or not self.proven


def spelled(destination: str) -> str:
    """Return what all spellings that reach one mailbox are counted as; a number has but one.

    It is written to nowhere: two mailboxes that differ in these alone share a count.

    >>> spelled("Ada+shop@site.example"), spelled("ada@bücher.example")
    ('ada@site.example', 'ada@xn--bcher-kva.example')
    >>> spelled("a.da@googlemail.com")
    'ada@gmail.com'
    """
    name, at, site = unicodedata.normalize("NFC", destination.casefold()).rpartition("@")
    if not at:
        return destination
    name, site = name.partition("+")[0] or name, _domain(site)
    if site in _WITHOUT_DOTS:
        name, site = name.replace(".", "") or name, _WITHOUT_DOTS[site]
    return f"{name}@{site}"


def _domain(site: str) -> str:
    try:
        return site if site.isascii() else site.encode("idna").decode("ascii")
    except UnicodeError:  # no domain, and nothing that a letter could be sent to
        return site


def range_of(destination: str) -> str | None:
    """Return the range that a number is in, by what it begins with; None for what is no number.

    It is never a whole number, where one is short.

    >>> range_of("+491701234567"), range_of("+6834002")
    ('+4917012', '+683')
    """
    if not destination.startswith("+"):
        return None
    return destination[: max(2, min(RANGE + 1, len(destination) - HIDDEN))]


def block_of(destination: str) -> str | None:
    """Return all but the last three digits of a number; None for what is no number."""
    return destination[:-3] if destination.startswith("+") else None


def for_strangers(most: int) -> int:
    """Return what strangers may use of something shared: a fifth is kept for known browsers.

    Of one there is nothing to keep, so strangers have it too.
    """
    return max(1, most * 4 // 5)


def counted(send: Send, caps: Caps) -> Mapping[str, Cap]:
    """Return every count that a send is part of, by its name, with the cap that holds for it."""
    lane = send.lane.value
    to = f"address:{_counted_with(send)}"
    own = {
        f"{counter}:{cap.window // HOUR}:{name}": cap
        for counter, name in ((to, send.address), (f"subject:{lane}", send.subject))
        for cap in caps.address
    }
    own[unanswered(send)] = replace(caps.unanswered, since=send.answered_at)
    shared: dict[str, Cap] = {}
    if send.range is not None:
        shared = {"all": caps.all, f"range:{send.range}": caps.range}
    elif send.is_strange:  # mail costs nothing: it is nobody's in a known browser to use up
        shared = {"all:mail": caps.all}
    if send.is_strange:
        shared = {name: replace(cap, most=for_strangers(cap.most)) for name, cap in shared.items()}
    if send.network is not None and send.is_strange:
        shared[f"network:{send.network}"] = caps.network
    if send.block is not None and not send.proven:
        shared[f"block:{send.block}"] = caps.block
    return own | shared


def unanswered(send: Send) -> str:
    """Return the name of the count of codes that nobody has typed in, of those a send is one of."""
    whose = f"{send.lane.value}:{send.way}" if send.proven else f"new:{send.address}"
    return f"unanswered:{whose}"


def _counted_with(send: Send) -> str:
    """Return with which sends to an address a send is counted: what nobody proved uses up nothing
    of what was proven.
    """
    if not send.proven:
        return "new"
    return f"stand_in:{send.lane.value}" if send.is_stand_in else send.lane.value


def told(former: str, caps: Caps) -> Mapping[str, Cap]:
    """Return every count that a mail is part of which tells a `former` address of an account.

    Of that account alone, and apart from codes: whoever has codes sent there, or has put the same
    address on an account of their own, must not keep the owner from being told.
    """
    return {f"told:{cap.window // HOUR}:{former}": cap for cap in caps.address}


def level(tally: Tally, cap: Cap, now: datetime) -> float:
    """Return how much of a tally still counts at `now`. A clock set back drains nothing."""
    if cap.since is not None and tally.as_of <= cap.since:
        return 0.0
    if cap.ends is not None:
        return tally.level
    elapsed = max(now - tally.as_of, timedelta())
    return max(0.0, tally.level - cap.at_once * (elapsed / cap.window))


def room_at(tally: Tally, cap: Cap, now: datetime) -> datetime | None:
    """Return when there is room for one more, None where there is now."""
    over = level(tally, cap, now) + cap.weight - cap.at_once
    if over <= 0:
        return None
    return cap.ends or now + cap.window * (over / cap.at_once)


def one_more(tally: Tally, cap: Cap, now: datetime) -> Tally:
    """Return the tally with one more."""
    return replace(tally, level=level(tally, cap, now) + cap.weight, as_of=max(now, tally.as_of))
