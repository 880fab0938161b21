"""Since when somebody is obliged to have a second step, and by which address they are known."""

from datetime import datetime

from sqlalchemy import Connection, case, select

from vestibule.core.model import Obligation
from vestibule.store import rows, statements, tables

_TABLE = tables.obligation


def found(connection: Connection, realm: str, subject: str) -> Obligation | None:
    """Return what was noted of a subject, None where nothing was."""
    query = select(_TABLE).where(tables.of_subject(_TABLE, realm, subject))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else rows.obligation(row)


def note(
    connection: Connection,
    realm: str,
    subject: str,
    address: bytes | None,
    now: datetime,
    *,
    sealed: bytes | None,
) -> Obligation:
    """Note who is obliged, if it was not noted, and by which address; return what is noted now."""
    new = statements.insert(connection.dialect.name, _TABLE).values(
        realm=realm,
        subject=subject,
        since=rows.number(now),
        address=address,
        address_since=rows.number(now),
        sealed_address=sealed,
    )
    same = _TABLE.c.address.is_not_distinct_from(new.excluded.address)
    noted = new.on_conflict_do_update(
        index_elements=["realm", "subject"],
        set_={
            "address": new.excluded.address,
            "address_since": case((same, _TABLE.c.address_since), else_=new.excluded.address_since),
            "sealed_address": new.excluded.sealed_address,
        },
    ).returning(*_TABLE.c)
    return rows.obligation(connection.execute(noted).mappings().one())
