"""What was counted for a message, in the day's money above all: on its row, which is the lock."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select, update

from vestibule.core import budget
from vestibule.core.caps import Cap
from vestibule.core.model import Charge
from vestibule.delivery.outbox import MAY_BE_TAKEN
from vestibule.store import rows, tables, tallies

_MESSAGE: Final = tables.message
_TRY: Final = tables.delivery_try


class Held(NamedTuple):
    """How a message stands, until when it is lent, and what was counted for it."""

    status: str
    claimed_until: int | None
    charges: Sequence[Charge]


def locked(connection: Connection, message_id: str) -> Held:
    """Return how a message stands and what was counted for it; be alone with it from now on.

    Of one that is not there any more, nothing.
    """
    columns = (_MESSAGE.c.status, _MESSAGE.c.claimed_until, _MESSAGE.c.charges)
    query = select(*columns).where(_MESSAGE.c.id == message_id)
    found = connection.execute(query.with_for_update()).first()
    if found is None:
        return Held("", None, ())
    return Held(found.status, found.claimed_until, rows.charges(found.charges))


def tries(connection: Connection, message_id: str) -> Sequence[Row[Any]]:
    """Return the rows of all tries at a message."""
    query = select(_TRY).where(_TRY.c.message_id == message_id).order_by(_TRY.c.id)
    return connection.execute(query).all()


def taken(tries: Iterable[Row[Any]]) -> Sequence[str]:
    """Return the channel of each try that a carrier has taken, or may have."""
    return [one.channel for one in tries if one.outcome in MAY_BE_TAKEN or one.fate is not None]


def pay(
    connection: Connection,
    realm: str,
    message_id: str,
    channel: str,
    price: Mapping[str, Cap],
    now: datetime,
) -> bool:
    """Count the price of one more try at a message; False, and not counted, where it is not left.

    Its row is locked already.
    """
    if not price:
        return True
    if tallies.count(connection, realm, price, now) is not None:
        return False
    held = locked(connection, message_id).charges
    _write(connection, message_id, [*held, *budget.charged(channel, price)])
    return True


def give_back(connection: Connection, realm: str, message_id: str) -> None:
    """Take back what was counted for tries that no carrier can have taken, from the day it was on.

    Of a message that has come to its end, and once: what was given back stands there no more.
    """
    held = locked(connection, message_id).charges
    if not held:
        return
    used, unused = budget.parted(held, taken(tries(connection, message_id)))
    back: Counter[str] = Counter()
    for one in unused:
        back[one.tally] += one.amount
    for name in sorted(back):
        tallies.lower(connection, realm, name, back[name])
    if unused:
        _write(connection, message_id, used)


def _write(connection: Connection, message_id: str, charges: Sequence[Charge]) -> None:
    written = rows.charges_json(charges)
    connection.execute(update(_MESSAGE).where(_MESSAGE.c.id == message_id).values(charges=written))
