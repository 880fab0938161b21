"""Challenges in SQL: what is asked on a passage, put there or in the place of what was."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, delete

from vestibule.core.model import Challenge, Passage, Purpose
from vestibule.store import rows, tables

_TABLE: Final = tables.challenge


def add(connection: Connection, challenges: Sequence[Challenge]) -> None:
    """Insert challenges."""
    if challenges:
        added = [rows.challenge_row(challenge) for challenge in challenges]
        connection.execute(_TABLE.insert().inline(), added)


def replace(
    connection: Connection, passage: Passage, purpose: Purpose, challenges: Sequence[Challenge]
) -> None:
    """Put `challenges` in the place of those the passage had for `purpose`."""
    former = (_TABLE.c.passage_id == passage.id, _TABLE.c.purpose == purpose.value)
    connection.execute(delete(_TABLE).where(*former))
    add(connection, challenges)
