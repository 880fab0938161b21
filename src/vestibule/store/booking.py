"""Sends counted in SQL: in every respect at once, or in none."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from vestibule.core import conversion
from vestibule.core.booking import SHARE, STOPPED, Booked, Booking, kind_of
from vestibule.core.conversion import Area, Watch
from vestibule.core.events import Event
from vestibule.store import areas, tallies
from vestibule.store.telling import tell


def book(connection: Connection, realm: str, booking: Booking, now: datetime) -> Booked:
    """Count one send under its caps and in its areas, or nowhere where one of them refuses it.

    Who is refused is mostly seen to be without a lock, and costs the one row that tells of it.
    """
    keys = [(name, booking.whose, "") for name in booking.areas]
    is_stopped = _is_stopped(areas.seen(connection, realm, keys) if keys else (), now)
    full = None if is_stopped else tallies.full(connection, realm, booking.caps, now)
    if not is_stopped and full is None:
        held = tallies.locked(connection, realm, booking.caps, now)
        where = areas.locked(connection, realm, keys, now)
        is_stopped = _is_stopped(where.values(), now)
        full = None if is_stopped else tallies.fullest(held, booking.caps, now)
        if not is_stopped and full is None:
            tallies.raise_all(connection, held, booking.caps, now)
            counts = bool(keys) and _take_share(connection, realm, booking, now)
            return _raised(connection, realm, booking, where.values() if counts else (), now)
    name, until = (STOPPED, None) if full is None else (kind_of(full[0]), full[1])
    written = booking.refused(name)
    tell(connection, [written])
    return Booked(refused=name, until=until, events=(written,))


def _take_share(connection: Connection, realm: str, booking: Booking, now: datetime) -> bool:
    """Count a code to its number; False, and not counted, where it counts in no area any more."""
    share = {booking.share: SHARE}
    held = tallies.locked(connection, realm, share, now)
    if tallies.fullest(held, share, now) is not None:
        return False
    tallies.raise_all(connection, held, share, now)
    return True


def _raised(
    connection: Connection, realm: str, booking: Booking, where: Iterable[Area], now: datetime
) -> Booked:
    """Count a send in its areas, and tell of those that it stops."""
    after = [conversion.sent(area, booking.watch, now) for area in where]
    areas.write(connection, realm, after)
    told: tuple[Event, ...] = tuple(
        booking.stopped(area) for area in after if area.stopped_until is not None
    )
    tell(connection, told)
    if not after:
        return Booked(events=told)
    return Booked(events=told, areas=booking.areas, whose=booking.whose, share=booking.share)


def unbook(
    connection: Connection, realm: str, booked: Booked, watch: Watch, now: datetime
) -> Sequence[Event]:
    """Take back a send that was counted and never written; return what was told of its areas.

    How often codes were asked for stays counted: what it costs, and what it made an area owe, goes.
    """
    for one in sorted(booked.charges, key=lambda charge: charge.tally):
        tallies.lower(connection, realm, one.tally, one.amount)
    if not booked.areas:
        return ()
    keys = [(name, booked.whose, "") for name in booked.areas]
    unsent = [(key, conversion.unsent) for key in keys]
    told = areas.change(connection, realm, unsent, watch, now)
    tallies.lower(connection, realm, booked.share, 1)
    return told


def _is_stopped(found: Iterable[Area], now: datetime) -> bool:
    return any(area.is_stopped(now) for area in found)
