"""Since when somebody is obliged to have a second step, and by which address they are known."""

from datetime import datetime

from sqlalchemy import case

from vestibule.core.model import Obligation
from vestibule.store import rows, tables
from vestibule.store.database import Database

_TABLE = tables.obligation


def oblige(
    database: Database, realm: str, subject: str, address: bytes | None, now: datetime
) -> Obligation:
    """Note who is obliged from now on, if not before, and since when `address` is their address."""
    new = database.insert(_TABLE).values(
        realm=realm,
        subject=subject,
        since=rows.number(now),
        address=address,
        address_since=rows.number(now),
    )
    same = _TABLE.c.address.is_not_distinct_from(new.excluded.address)
    noted = new.on_conflict_do_update(
        index_elements=["realm", "subject"],
        set_={
            "address": new.excluded.address,
            "address_since": case((same, _TABLE.c.address_since), else_=new.excluded.address_since),
        },
    ).returning(_TABLE.c.since, _TABLE.c.address, _TABLE.c.address_since)
    with database.write() as connection:
        since, mark, mark_since = connection.execute(noted).one()
    return Obligation(
        realm=realm,
        subject=subject,
        since=rows.moment(since),
        address=None if mark is None else bytes(mark),
        address_since=rows.moment(mark_since),
    )
