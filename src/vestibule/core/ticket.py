"""The one-time ticket of a help desk: what it is called, and when it can be used.

Whoever has lost every way is given one by the people who run the site. It takes effect after a
while, in which its owner is told and can cancel it, opens once the page on which a new way is set
up, and ends when that way was proven. Until then the account counts as enrolled: a ticket never
makes a password enough.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from vestibule.core.model import Enrolment, EnrolmentStatus, Json
from vestibule.core.stand_in import TICKET

NAME: Final = TICKET
SYMBOLS: Final = 16
"""The length of a ticket, in symbols of 5 bits: 80 bits, which nobody guesses."""
_GROUP: Final = 4
SET_UP: Final = timedelta(minutes=10)
"""How long after a ticket was used a way can be set up by it: no profile's set-up takes longer."""
LIFE: Final = timedelta(days=7)
"""How long a ticket can be used once it has taken effect."""


def state(valid_from: datetime) -> Json:
    """Return the state of a new ticket."""
    return {"from": valid_from.isoformat(), "until": (valid_from + LIFE).isoformat()}


def grouped(symbols: str) -> str:
    """Return a ticket as it is written down.

    >>> grouped("0123456789ABCDEF")
    '0123-4567-89AB-CDEF'
    """
    return "-".join(symbols[at : at + _GROUP] for at in range(0, len(symbols), _GROUP))


def used(ticket: Enrolment, now: datetime) -> Json:
    """Return the state of a ticket that was used."""
    return {**ticket.state, "used": now.isoformat()}


def valid_from(ticket: Enrolment) -> datetime:
    """Return when a ticket takes effect."""
    return datetime.fromisoformat(ticket.state["from"])


def valid_until(ticket: Enrolment) -> datetime:
    """Return when a ticket is over that was not used."""
    return datetime.fromisoformat(ticket.state["until"])


def is_open(ticket: Enrolment, now: datetime) -> bool:
    """Say whether a ticket can be used now."""
    return not is_used(ticket) and valid_from(ticket) <= now < valid_until(ticket)


def is_early(enrolment: Enrolment, now: datetime) -> bool:
    """Say whether an enrolment is a ticket that has not taken effect yet."""
    waits = enrolment.factor == NAME and not is_used(enrolment)
    return waits and now < valid_from(enrolment)


def is_used(ticket: Enrolment) -> bool:
    """Say whether a ticket was used."""
    return "used" in ticket.state


def pending(enrolments: Iterable[Enrolment], now: datetime) -> Enrolment | None:
    """Return the ticket that can still be objected to.

    It waits to take effect or to be used, or was used so short a time ago that a way may just be
    set up by it.
    """
    for one in enrolments:
        living = one.factor == NAME and one.status is EnrolmentStatus.ACTIVE
        if living and now < _objectionable_until(one):
            return one
    return None


def _objectionable_until(ticket: Enrolment) -> datetime:
    if not is_used(ticket):
        return valid_until(ticket)
    return datetime.fromisoformat(ticket.state["used"]) + SET_UP
