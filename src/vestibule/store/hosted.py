"""Verifications that are a carrier's, in SQL: one row for each number and provider."""

from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select, update

from vestibule.delivery.outbox import MAY_BE_TAKEN, Hosted
from vestibule.store import rows, statements, tables
from vestibule.store.database import Database

_TABLE: Final = tables.hosted
_MESSAGE: Final = tables.message
_TRY: Final = tables.delivery_try


class SqlHosted:
    """The part of an outbox that says whose the open verification of a number is."""

    def __init__(self, database: Database, realm: str) -> None:
        """Keep the database; nothing is opened yet."""
        self._db = database
        self._realm = realm

    def hosted_at(self, provider: str, address: str) -> Hosted | None:
        """Return the verification that was last opened for a number."""
        return self._hosted(_TABLE.c.provider == provider, _TABLE.c.address == address)

    def hosted_of(self, challenge_id: str) -> Hosted | None:
        """Return the verification that was opened for a challenge, if it is the number's last."""
        return self._hosted(_TABLE.c.challenge_id == challenge_id)

    def take_hosted(self, mine: Hosted, former: Hosted | None) -> bool:
        """Put `mine` in the place of `former`; False where another has been quicker."""
        values = {
            "challenge_id": mine.challenge_id,
            "generation": mine.generation,
            "carrier_id": mine.carrier_id,
            "owned": mine.owned,
            "opened_at": rows.number(mine.opened_at),
        }
        key = {"realm": self._realm, "provider": mine.provider, "address": mine.address}
        with self._db.write() as connection:
            if former is None:
                insert = statements.insert(connection.dialect.name, _TABLE).values(**key, **values)
                made = connection.execute(insert.on_conflict_do_nothing())
                return bool(made.rowcount)
            changed = connection.execute(
                update(_TABLE)
                .where(
                    *(_TABLE.c[name] == value for name, value in key.items()),
                    _TABLE.c.challenge_id == former.challenge_id,
                    _TABLE.c.generation == former.generation,
                    _TABLE.c.opened_at == rows.number(former.opened_at),
                )
                .values(values)
            )
            return bool(changed.rowcount)

    def name_hosted(self, mine: Hosted) -> bool:
        """Note the carrier's id of a verification that was taken, if it is the number's still."""
        ours = and_(_TABLE.c.realm == self._realm, _TABLE.c.provider == mine.provider)
        others = select(_TABLE.c.challenge_id).where(
            _TABLE.c.provider == mine.provider,
            _TABLE.c.carrier_id == mine.carrier_id,
            _TABLE.c.challenge_id != mine.challenge_id,
        )
        with self._db.write() as connection:
            if connection.execute(others).first() is not None:
                return False
            named = connection.execute(
                update(_TABLE)
                .where(
                    ours,
                    _TABLE.c.address == mine.address,
                    _TABLE.c.challenge_id == mine.challenge_id,
                    _TABLE.c.generation == mine.generation,
                    _TABLE.c.opened_at == rows.number(mine.opened_at),
                )
                .values(carrier_id=mine.carrier_id)
            )
            return bool(named.rowcount)

    def carrier_of(self, challenge_id: str) -> str | None:
        """Return which provider took a code of a challenge last, or may have."""
        query = (
            select(_TRY.c.provider)
            .join(_MESSAGE, _MESSAGE.c.id == _TRY.c.message_id)
            .where(
                _MESSAGE.c.challenge_id == challenge_id,
                or_(_TRY.c.outcome.in_(rows.words(MAY_BE_TAKEN)), _TRY.c.fate.is_not(None)),
            )
            .order_by(_TRY.c.id.desc())
            .limit(1)
        )
        with self._db.read() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def _hosted(self, *which: ColumnElement[bool]) -> Hosted | None:
        # A number whose name is of a former key may have two: the last one counts.
        newest = _TABLE.c.opened_at.desc()
        query = select(_TABLE).where(_TABLE.c.realm == self._realm, *which).order_by(newest)
        with self._db.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        return Hosted(
            provider=row["provider"],
            address=row["address"],
            challenge_id=row["challenge_id"],
            generation=row["generation"],
            opened_at=rows.moment(row["opened_at"]),
            owned=row["owned"],
            carrier_id=row["carrier_id"],
        )
