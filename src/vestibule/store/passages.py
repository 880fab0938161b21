"""Passages in SQL: what every login asks, said to the driver itself, and how a passage ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, update

from vestibule.core.events import Event
from vestibule.core.model import Challenge, Message, Passage
from vestibule.core.ruling import Standing
from vestibule.store import ending, rows, statements, tables
from vestibule.store.turn import Turn

_TABLE: Final = tables.passage
_NEVER_A_HASH: Final = b"\x00"
"""Matches no token, so that a request without one runs the same statement."""


def standing(turn: Turn, realm: str, subject: str | None, token_hash: bytes | None) -> Standing:
    """Return whether `subject` is enrolled and the passage of a token."""
    asked = {
        "realm": realm,
        "subject": subject if subject is not None else "",
        "token_hash": token_hash or _NEVER_A_HASH,
    }
    [row] = turn.rows(statements.STANDING, asked)
    return Standing(
        enrolled=subject is not None and row["enrolled"],
        passage=rows.passage(row, "p_") if row["p_id"] is not None else None,
    )


def opened(
    turn: Turn,
    passage: Passage,
    challenges: Sequence[Challenge],
    messages: Sequence[Message],
    events: Sequence[Event],
) -> None:
    """Insert a pending passage with its challenges and messages."""
    whose = {"realm": passage.realm, "subject": passage.subject}
    now = rows.number(passage.created_at)
    turn.change(statements.ensure_ledgers(turn.dialect), {**whose, "now": now})
    turn.rows(statements.LOCK, whose)
    turn.change(statements.ADD_PASSAGE, rows.passage_row(passage))
    added = [rows.challenge_row(challenge) for challenge in challenges]
    turn.change_all(statements.ADD_CHALLENGE, added)
    turn.change_all(statements.ADD_EVENT, [rows.event_row(event) for event in events])
    turn.change_all(statements.ADD_MESSAGE, [rows.message_row(message) for message in messages])


def insert(connection: Connection, passage: Passage) -> None:
    """Insert a passage."""
    connection.execute(_TABLE.insert().inline(), rows.passage_row(passage))


def known_browser(
    connection: Connection, realm: str, subject: str, hashes: Sequence[bytes]
) -> tuple[bytes, str] | None:
    """Return by which hash a browser is known to a subject, and the factor it last used."""
    query = statements.last_login(_TABLE.c.browser_hash.in_(hashes))
    row = connection.execute(query, {"realm": realm, "subject": subject}).one_or_none()
    return None if row is None else (bytes(row[0]), row[1][-1][0] if row[1] else "")


def status_of(connection: Connection, passage_id: str) -> str:
    """Return how a passage stands, "ended" where there is none, and keep it so meanwhile."""
    query = select(_TABLE.c.status).where(_TABLE.c.id == passage_id)
    return str(connection.execute(query.with_for_update(key_share=True)).scalar() or "ended")


def is_granted(connection: Connection, passage_id: str) -> bool:
    """Say whether a grant still stands, under the lock: a logout may have come in between."""
    return status_of(connection, passage_id) == "granted"


def touch(connection: Connection, passage_id: str, now: datetime) -> None:
    """Note that a grant was used."""
    used = update(_TABLE).where(_TABLE.c.id == passage_id).values(seen_at=rows.number(now))
    connection.execute(used)


def end(connection: Connection, passage_id: str) -> bool:
    """End a passage for good; say whether it was not ended before."""
    return connection.execute(ending.over(_TABLE.c.id == passage_id)).rowcount > 0


def redeem(
    connection: Connection, realm: str, subject: str, token_hash: bytes, now: datetime
) -> bool:
    """End a program's live grant; say whether this call was the one that did."""
    ended = ending.over(
        _TABLE.c.token_hash == token_hash,
        tables.of_subject(_TABLE, realm, subject),
        _TABLE.c.kind == "program",
        _TABLE.c.status == "granted",
        _TABLE.c.expires_at > rows.number(now),
    )
    return connection.execute(ended).rowcount > 0


def lose_others(connection: Connection, realm: str, subject: str, but: str) -> bool:
    """End every passage of a subject except that one, and know their browsers no more.

    Say whether there was any that had not ended, or by which a browser was known.
    """
    mine = tables.of_subject(_TABLE, realm, subject)
    return connection.execute(ending.lost(mine, _TABLE.c.id != but)).rowcount > 0


def end_set_ups(connection: Connection, realm: str, subject: str) -> None:
    """End the logins of a subject on which a way is set up."""
    connection.execute(ending.set_ups(tables.of_subject(_TABLE, realm, subject)))
