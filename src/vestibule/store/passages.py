"""Passages in SQL: looked at, opened, decided. What every login asks, said to the driver itself."""

from collections.abc import Sequence
from typing import Final

from vestibule.core.events import Event
from vestibule.core.model import Challenge, Ledger, Message, Passage, Source
from vestibule.core.ruling import Asked, Case, Ruling, Standing, Struck, Won
from vestibule.store import rows, statements
from vestibule.store.turn import Turn

_NEVER_A_HASH: Final = b"\x00"
"""Matches no token, so that a request without one runs the same statement."""


class LostRaceError(RuntimeError):
    """A locked row was not as it was read: the transaction is rolled back, nothing is decided."""


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
    asked = {"token_hash": token_hash, "address": address or ""}
    hanging = turn.rows(statements.CASE, asked)
    if not hanging:
        return None
    passage = rows.passage(hanging[0], "p_")
    return Case(
        passage=passage,
        ledger=rows.ledger(hanging[0], statements.LEDGER_PREFIX[passage.lane]),
        source=rows.source(hanging[0], "s_"),
        asked=tuple(_asked(row) for row in hanging),
    )


def obey(turn: Turn, case: Case, ruling: Ruling) -> None:
    """Change every row that a ruling names."""
    if ruling.struck is not None:
        _strike(turn, ruling.struck)
    if ruling.won is not None:
        _win(turn, ruling.won)
    if ruling.renewed is not None:
        _renew(turn, ruling.renewed)
    if ruling.ledger is not None:
        _set_ledger(turn, ruling.ledger)
    if ruling.passage is not None:
        _grant(turn, case.passage, ruling.passage)
    if ruling.ends_others:
        _end_others(turn, case.passage)
    if ruling.source is not None:
        _count_source(turn, case.source, ruling.source)
    _tell(turn, ruling.events, ruling.messages)


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
    _tell(turn, events, messages)


def _asked(row: rows.Row) -> Asked:
    return Asked(challenge=rows.challenge(row, "c_"), enrolment=rows.enrolment(row, "e_"))


def _last_factor(turn: Turn, passage: Passage) -> str | None:
    if passage.browser_hash is None or passage.granted_at is not None:
        return None
    found = turn.rows(statements.LAST_PROOFS, {"browser_hash": passage.browser_hash})
    factors: list[str] = [row["proofs"][-1][0] for row in found if row["proofs"]]
    return factors[0] if factors else None


def _strike(turn: Turn, struck: Struck) -> None:
    challenges, enrolments = struck.challenge_ids, struck.enrolment_ids
    if challenges:
        values = {**statements.ids(challenges), "charge": struck.charge}
        turn.change(statements.strike_challenges(len(challenges)), values)
    if enrolments:
        strike = statements.strike_enrolments(len(enrolments), struck.lane)
        turn.change(strike, statements.ids(enrolments))


def _win(turn: Turn, won: Won) -> None:
    ids = [won.challenge_id, *won.closed_ids]
    closed = turn.change(statements.win_challenges(len(ids)), statements.ids(ids))
    value = won.enrolment
    as_it_was = {"the_id": value.id, "before": value.version - 1, "status_before": won.was.value}
    same = value.status is won.was
    move_on = statements.USE_ENROLMENT if same else statements.CONFIRM_ENROLMENT
    moved = turn.change(move_on, rows.enrolment_row(value) | as_it_was)
    _must_have_changed(closed, moved)


def _renew(turn: Turn, challenge: Challenge) -> None:
    row = rows.challenge_row(challenge) | {"the_id": challenge.id}
    _must_have_changed(turn.change(statements.RENEW_CHALLENGE, row))


def _set_ledger(turn: Turn, ledger: Ledger) -> None:
    row = rows.ledger_row(ledger)
    which = {f"the_{name}": row[name] for name in ("realm", "subject", "lane")}
    turn.change(statements.SET_LEDGER, row | which)


def _grant(turn: Turn, before: Passage, after: Passage) -> None:
    as_it_was = {
        "the_id": before.id,
        "token_before": before.token_hash,
        "status_before": before.status.value,
    }
    _must_have_changed(turn.change(statements.GRANT, rows.passage_row(after) | as_it_was))


def _end_others(turn: Turn, passage: Passage) -> None:
    whose = {"realm": passage.realm, "subject": passage.subject, "but": passage.id}
    turn.change(statements.END_OTHERS, whose)


def _count_source(turn: Turn, seen: Source | None, after: Source) -> None:
    """Write a source. It was read unlocked: one that was counted since counts one more."""
    as_seen = {
        "seen_failures": seen.failures if seen else None,
        "seen_as_of": rows.number(seen.as_of) if seen else None,
    }
    turn.change(statements.count_source(turn.dialect), rows.source_row(after) | as_seen)


def _tell(turn: Turn, events: Sequence[Event], messages: Sequence[Message]) -> None:
    turn.change_all(statements.ADD_EVENT, [rows.event_row(event) for event in events])
    turn.change_all(statements.ADD_MESSAGE, [rows.message_row(message) for message in messages])


def _must_have_changed(*counts: int) -> None:
    if not all(counts):
        message = "a locked row changed under the lock"
        raise LostRaceError(message)
