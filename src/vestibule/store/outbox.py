"""The outbox in SQL: what is due, claimed by one courier at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Update, and_, case, func, or_, select, update

from vestibule.core.budget import must_pay
from vestibule.core.caps import Cap
from vestibule.core.model import (
    ON_ITS_WAY,
    TAKEN,
    Challenge,
    Message,
    MessageStatus,
    PassageStatus,
)
from vestibule.core.reach import CALL
from vestibule.delivery.outbox import (
    MOST_UNSURE,
    UNSURE,
    Called,
    Heard,
    HeardAs,
    NotTried,
    Tried,
    Try,
    TryEnd,
    TryOutcome,
)
from vestibule.delivery.provider import Fate
from vestibule.store import charges, rows, tables
from vestibule.store.database import Database
from vestibule.store.hosted import SqlHosted

_message = tables.message
_try = tables.delivery_try
_RANK = {Fate.QUEUED: 0, Fate.SENT: 1, Fate.UNDELIVERED: 2, Fate.FAILED: 2, Fate.DELIVERED: 3}
"""Receipts come in any order: a later one of less rank tells nothing new."""
_TOLD = {Fate.DELIVERED: "delivered", Fate.UNDELIVERED: "undelivered", Fate.FAILED: "undelivered"}
"""What a message is that was handed over, once its carrier has told its fate; of what is still on
its way there is nothing to write."""
_LOST = frozenset({MessageStatus.FAILED, MessageStatus.EXPIRED})
_NOT_ARRIVED = TAKEN - {MessageStatus.DELIVERED}
_OPEN_TO = {
    Fate.DELIVERED: rows.words(ON_ITS_WAY | _NOT_ARRIVED | {MessageStatus.FAILED}),
    Fate.UNDELIVERED: ["sent"],
    Fate.FAILED: ["sent"],
}
"""As what a message may still be told so. What has arrived has, though its carrier's answer was
lost and it waits to be tried again."""


_READ_BY_NOBODY = or_(
    _message.c.status.in_(rows.words(_NOT_ARRIVED)),
    and_(_message.c.status == "queued", _message.c.tries > 0),
)
"""How a text stands that may be made a call, where its carrier says that nobody can read it: one of
which nobody knows whether it was taken waits to be tried again."""


class SqlOutbox(SqlHosted):
    """Keeps one realm's messages; lends each to one courier at a time."""

    def __init__(self, database: Database, realm: str = "default") -> None:
        """Keep the database; nothing is opened yet.

        Another realm's messages are another application's: it has a carrier and a name of its own.
        """
        super().__init__(database, realm)

    def claim(
        self, now: datetime, lease: timedelta, most: int, *, only: str | None = None
    ) -> Sequence[Message]:
        """Take up to `most` due messages for `lease`; no other courier gets them meanwhile."""
        due = self._is_due(now)
        found = self.due(now, most) if only is None else [only]
        if not found:
            return []
        with self._db.write() as connection:
            # Whoever has locked one has it, or is forgetting its person: nobody waits for that.
            free = (
                select(_message.c.id).where(_message.c.id.in_(found), due).order_by(_message.c.id)
            )
            taken = connection.execute(
                update(_message)
                .where(_message.c.id.in_(free.with_for_update(skip_locked=True)), due)
                .values(status="sending", claimed_until=rows.number(now + lease))
                .returning(_message)
            )
            return [rows.message(row) for row in taken.mappings().all()]

    def due(self, now: datetime, most: int) -> Sequence[str]:
        """Return the ids of up to `most` messages that are due, longest waiting first."""
        query = (
            select(_message.c.id).where(self._is_due(now)).order_by(_message.c.due_at).limit(most)
        )
        with self._db.read() as connection:
            return connection.execute(query).scalars().all()

    def _is_due(self, now: datetime) -> ColumnElement[bool]:
        at = rows.number(now)
        return and_(
            _message.c.realm == self._realm,
            or_(
                and_(_message.c.status == "queued", _message.c.due_at <= at),
                and_(_message.c.status == "sending", _message.c.claimed_until <= at),
            ),
        )

    def write(self, message: Message) -> None:
        """Add a message that belongs to no login."""
        with self._db.write() as connection:
            connection.execute(_message.insert().values(rows.message_row(message)))

    def expand(self, notice: Message, copies: Sequence[Message]) -> None:
        """Put one message for each contact in the place of a notice."""
        with self._db.write() as connection:
            changed = connection.execute(
                update(_message)
                .where(_still_ours(notice))
                .values(status="sent", outcome=f"to {len(copies)} contacts", claimed_until=None)
            )
            if changed.rowcount and copies:
                connection.execute(
                    _message.insert().inline(), [rows.message_row(copy) for copy in copies]
                )

    def settle_message(self, message: Message) -> None:
        """Write what came of a claimed message, unless its lease has gone to another courier."""
        with self._db.write() as connection:
            settled = connection.execute(_settling(message))
            if settled.rowcount and message.status in _LOST:
                charges.give_back(connection, self._realm, message.id)

    def challenge_of(self, message: Message) -> Challenge | None:
        """Return the challenge whose code a message carries, None once its session has ended."""
        table, session = tables.challenge, tables.passage
        query = (
            select(table)
            .join(session, session.c.id == table.c.passage_id)
            .where(
                table.c.id == message.challenge_id,
                session.c.status != PassageStatus.ENDED.value,
            )
        )
        with self._db.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else rows.challenge(row)

    def contacts(self, realm: str, subject: str, since: datetime) -> Sequence[tuple[str, bytes]]:
        """Return the sealed contact snapshots of a subject's passages since then, newest first."""
        table = tables.passage
        query = (
            select(table.c.id, table.c.contact)
            .where(
                table.c.realm == realm,
                table.c.subject == subject,
                table.c.granted_at >= rows.number(since),
                table.c.contact.is_not(None),
            )
            .order_by(table.c.granted_at.desc())
            .limit(50)
        )
        with self._db.read() as connection:
            return [(row[0], bytes(row[1])) for row in connection.execute(query)]

    def message(self, message_id: str) -> Message | None:
        """Return a message of this realm."""
        query = select(_message).where(_message.c.id == message_id, _message.c.realm == self._realm)
        with self._db.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else rows.message(row)

    # Tries, and what carriers tell of them

    def begin_try(self, begun: Try, price: Mapping[str, Cap]) -> int | NotTried:
        """Write down that a message is about to be handed over, and count what that costs more."""
        with self._db.write() as connection:
            held = charges.locked(connection, begun.message_id)
            if held.status == MessageStatus.DELIVERED:
                return NotTried.ARRIVED
            if not _is_lent(held, begun):
                return NotTried.TAKEN_AWAY
            tries = charges.tries(connection, begun.message_id)
            known = [one.id for one in tries if _is_same(one, begun)]
            if known:  # written before, and the answer was lost
                return int(known[0])
            if sum(one.outcome in UNSURE for one in tries) >= MOST_UNSURE:
                return NotTried.TOO_OFTEN
            if must_pay(begun.channel, held.charges, charges.taken(tries)):
                mine = (self._realm, begun.message_id, begun.channel)
                if not charges.pay(connection, *mine, price, begun.at):
                    return NotTried.SPENT
            return self._added(connection, begun)

    def _added(self, connection: Connection, begun: Try) -> int:
        values = {
            "message_id": begun.message_id,
            "realm": begun.realm,
            "provider": begun.provider,
            "channel": begun.channel,
            "at": rows.number(begun.at),
            "outcome": "started",
            "reason": "",
        }
        made = connection.execute(_try.insert().values(values).returning(_try.c.id))
        return int(made.scalar_one())

    def end_try(self, try_id: int, end: TryEnd, sent: Message | None = None) -> TryOutcome:
        """Write down what came of it, and that the message is `sent`; return what stands there."""
        was_refused = _try.c.outcome == TryOutcome.CANNOT_RECEIVE.value
        values: dict[str, object] = {
            "outcome": case((was_refused, _try.c.outcome), else_=end.outcome.value),
            "reason": _kept_or(end.reason),
            "milliseconds": round(end.took.total_seconds() * 1000),
        }
        if end.carrier_id is not None:
            values["carrier_id"] = end.carrier_id
        ended = update(_try).where(_try.c.id == try_id).values(values)
        with self._db.write() as connection:
            if sent is not None:
                charges.locked(connection, sent.id)
            found = connection.execute(ended.returning(_try.c.outcome, _try.c.fate)).first()
            stands = end.outcome if found is None else TryOutcome(found.outcome)
            if sent is not None and stands is not TryOutcome.CANNOT_RECEIVE:
                connection.execute(_sent(sent))
                if found is not None and found.fate is not None:  # told before its answer
                    self._tell(connection, sent.id, try_id, Fate(found.fate))
        return stands

    def tries(self, message_id: str) -> Sequence[Tried]:
        """Return every try at a message of this realm, first to last."""
        query = (
            select(_try)
            .where(_try.c.message_id == message_id, _try.c.realm == self._realm)
            .order_by(_try.c.id)
        )
        with self._db.read() as connection:
            return [_tried(row) for row in connection.execute(query).mappings()]

    def hear(self, heard: Heard) -> HeardAs:
        """Write a receipt to its try, and to its message where it tells more than is known."""
        with self._db.write() as connection:
            # Of several that come at once each knows what those before it have told.
            charges.locked(connection, heard.message_id)
            found = connection.execute(
                select(_try.c.id, _try.c.fate).where(_was_given(heard)).order_by(_try.c.id.desc())
            ).first()
            if found is None:
                return HeardAs.NOBODYS
            if _knows_better(found.fate, heard.fate):
                return HeardAs.KNOWN
            connection.execute(update(_try).where(_try.c.id == found.id).values(_heard(heard)))
            self._tell(connection, heard.message_id, found.id, heard.fate)
            return HeardAs.NEW

    def _tell(self, connection: Connection, message_id: str, try_id: int, fate: Fate) -> None:
        """Write to a message what the carrier of one try has told, where that says anything new.

        What has arrived has, by whomever. That it has not is told by who took it last: one that it
        was given to before may say so late, of a message that another has carried since.
        """
        if fate not in _TOLD:
            return
        which = [
            _message.c.id == message_id,
            _message.c.realm == self._realm,
            _message.c.status.in_(_OPEN_TO[fate]),
        ]
        if fate is not Fate.DELIVERED:
            taken = and_(_try.c.message_id == message_id, _try.c.outcome == "accepted")
            which.append(select(func.max(_try.c.id)).where(taken).scalar_subquery() == try_id)
        told = connection.execute(update(_message).where(*which).values(status=_TOLD[fate]))
        if told.rowcount and fate is Fate.DELIVERED:  # a call that was to be made is made no more
            charges.give_back(connection, self._realm, message_id)

    def was_heard(self, message_id: str) -> None:
        """Note that a message has arrived, whatever its carrier will tell of it."""
        with self._db.write() as connection:
            connection.execute(
                update(_message)
                .where(
                    _message.c.id == message_id,
                    _message.c.realm == self._realm,
                    _message.c.status.in_(_OPEN_TO[Fate.DELIVERED]),
                )
                .values(status=_TOLD[Fate.DELIVERED])
            )

    def call_instead(self, message: Message, now: datetime, price: Mapping[str, Cap]) -> Called:
        """Make a text message with a code a call, and count its price: both or neither."""
        is_claimed = message.status is MessageStatus.SENDING
        become: dict[str, object] = {"channel": CALL}
        if not is_claimed:
            become |= {"status": "queued", "due_at": rows.number(now)}
        query = select(_message.c.channel).where(
            _message.c.id == message.id,
            _message.c.realm == self._realm,
            _message.c.challenge_id.is_not(None),
            _message.c.not_after > rows.number(now),
            _still_ours(message) if is_claimed else _READ_BY_NOBODY,
        )
        with self._db.write() as connection:
            channel = connection.execute(query.with_for_update()).scalar()
            if is_claimed and channel == CALL:  # written before, and the answer was lost
                return Called.YES
            if channel != "sms":
                return Called.TOO_LATE
            if not charges.pay(connection, self._realm, message.id, CALL, price, now):
                return Called.SPENT
            connection.execute(update(_message).where(_message.c.id == message.id).values(become))
            return Called.YES


def _tried(row: Any) -> Tried:
    return Tried(
        provider=row["provider"],
        channel=row["channel"],
        outcome=TryOutcome(row["outcome"]),
        reason=row["reason"],
        milliseconds=row["milliseconds"],
        carrier_id=row["carrier_id"],
        fate=Fate(row["fate"]) if row["fate"] else None,
    )


def _is_lent(held: charges.Held, begun: Try) -> bool:
    """Say whether a message is lent still under the very lease that a try is begun under."""
    until = rows.number_or_none(begun.claimed_until)
    return (held.status, held.claimed_until) == (MessageStatus.SENDING, until)


def _is_same(one: Row[Any], begun: Try) -> bool:
    """Say whether a try is the very one that is begun, and has not ended."""
    mine = (begun.provider, begun.channel, rows.number(begun.at), TryOutcome.STARTED)
    return (one.provider, one.channel, one.at, one.outcome) == mine


def _was_given(heard: Heard) -> ColumnElement[bool]:
    """Say in SQL that a try is the one a receipt is about; it may come before its id is known."""
    return and_(
        _try.c.message_id == heard.message_id,
        _try.c.provider == heard.provider,
        func.coalesce(_try.c.carrier_id, heard.carrier_id) == heard.carrier_id,
    )


def _heard(heard: Heard) -> dict[str, object]:
    """Return what a receipt writes to its try."""
    values: dict[str, object] = {
        "carrier_id": heard.carrier_id,
        "fate": heard.fate.value,
        "fate_at": rows.number(heard.at),
        "receipt": heard.sealed,
        "reason": heard.reason[:200],
    }
    if heard.cannot_receive:
        # Who waits for the carrier's answer still is told so when the try ends.
        is_open = _try.c.outcome == TryOutcome.STARTED.value
        is_told = TryOutcome.CANNOT_RECEIVE.value
        values["outcome"] = case((is_open, is_told), else_=_try.c.outcome)
    return values


def _kept_or(reason: str) -> ColumnElement[str]:
    """Return what is given as the reason of a try's end: what a receipt has said before stays."""
    was_told = and_(_try.c.fate.is_not(None), _try.c.reason != "")
    return case((was_told, _try.c.reason), else_=reason)


def _knows_better(known: str | None, told: Fate) -> bool:
    return known is not None and _RANK[told] <= _RANK[Fate(known)]


def _settling(message: Message) -> Update:
    """Return what writes down how a claimed message stands, if it is still ours."""
    return _standing(message).where(_still_ours(message))


def _sent(message: Message) -> Update:
    """Return what writes down that a carrier has taken a message, whoever has it on loan by now.

    Whoever has begun a try meanwhile is the last: the message waits to be sent no more.
    """
    return _standing(message).where(
        _message.c.id == message.id,
        _message.c.status.in_(rows.words(ON_ITS_WAY | {MessageStatus.FAILED})),
        _message.c.channel == message.channel,  # it may be a call by now, for a landline
    )


def _standing(message: Message) -> Update:
    row = rows.message_row(message)
    kept = ("channel", "status", "outcome", "tries", "due_at")
    return update(_message).values({name: row[name] for name in kept} | {"claimed_until": None})


def _still_ours(message: Message) -> ColumnElement[bool]:
    """Say in SQL that a message is claimed under the very lease that `message` was lent with."""
    return and_(
        _message.c.id == message.id,
        _message.c.status == "sending",
        _message.c.claimed_until == rows.number_or_none(message.claimed_until),
    )
