"""What a proof is ruled on, in SQL: a passage with all that hangs on it, looked at or locked."""

from collections.abc import Sequence

from vestibule.core.model import Passage
from vestibule.core.ruling import Asked, Case
from vestibule.store import moving, rows, statements
from vestibule.store.together import ROW_VERSION
from vestibule.store.turn import Turn


def seen(turn: Turn, token_hash: bytes) -> Case | None:
    """Return the passage of a token with what is asked on it; nothing is locked."""
    hanging = turn.rows(statements.LOOK, {"token_hash": token_hash})
    if not hanging:
        return None
    passage = rows.passage(hanging[0], "p_")
    return Case(
        passage=passage,
        ledger=rows.ledger(hanging[0], "l_"),
        source=None,
        asked=tuple(_asked(row) for row in hanging if row["c_id"] is not None),
        last_factor=_last_factor(turn, passage),
    )


def locked(turn: Turn, token_hash: bytes, address: str | None) -> Case | None:
    """Return the passage of a token with all that hangs on it, locked until the turn ends."""
    hanging = turn.rows(statements.CASE, {"token_hash": token_hash, "address": address or ""})
    return moving.as_it_stands(turn, _case(hanging)) if hanging else None


def versioned(
    turn: Turn, token_hash: bytes, address: str | None
) -> tuple[Case | None, Sequence[str]]:
    """Return what `locked` returns, unlocked, and the versions that its rows have now."""
    asked = {"token_hash": token_hash, "address": address or ""}
    hanging = turn.rows(statements.CASE_AS_SEEN, asked)
    return _case(hanging) if hanging else None, [row[ROW_VERSION] for row in hanging]


def _case(hanging: Sequence[rows.Row]) -> Case:
    passage = rows.passage(hanging[0], "p_")
    return Case(
        passage=passage,
        ledger=rows.ledger(hanging[0], statements.LEDGER_PREFIX[passage.lane]),
        source=rows.source(hanging[0], "s_"),
        asked=tuple(_asked(row) for row in hanging),
    )


def _asked(row: rows.Row) -> Asked:
    return Asked(challenge=rows.challenge(row, "c_"), enrolment=rows.enrolment(row, "e_"))


def _last_factor(turn: Turn, passage: Passage) -> str | None:
    if passage.browser_hash is None or passage.granted_at is not None:
        return None
    browser = {
        "browser_hash": passage.browser_hash,
        "realm": passage.realm,
        "subject": passage.subject,
    }
    found = turn.rows(statements.LAST_LOGIN, browser)
    factors: list[str] = [row["proofs"][-1][0] for row in found if row["proofs"]]
    return factors[0] if factors else None
