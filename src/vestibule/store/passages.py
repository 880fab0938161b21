"""Passages in SQL: looked at, opened, decided. What every login asks, said to the driver itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from vestibule.core.errors import StoreUnavailableError
from vestibule.core.events import Event
from vestibule.core.model import Challenge, Ledger, Message, Passage, Source
from vestibule.core.ruling import Asked, Case, Ruling, Standing, Struck, Won
from vestibule.store import moving, rows, statements
from vestibule.store.together import MARK
from vestibule.store.turn import Change, Turn

_NEVER_A_HASH: Final = b"\x00"
"""Matches no token, so that a request without one runs the same statement."""


class LostRaceError(StoreUnavailableError):
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
    hanging = turn.rows(statements.CASE, {"token_hash": token_hash, "address": address or ""})
    return moving.as_it_stands(turn, _case(hanging)) if hanging else None


def obey(turn: Turn, case: Case, ruling: Ruling) -> None:
    """Change every row that a ruling names; `LostRaceError` where one was not as it was read."""
    changes, needed = list(_changes(turn, case, ruling)), _needed(case, ruling)
    counts = turn.change_together([*needed, *changes])
    if not all(counts[: len(needed)]):
        raise LostRaceError("a locked row changed under the lock")


def marked(turn: Turn, token_hash: bytes, address: str | None) -> tuple[Case | None, Sequence[str]]:
    """Return what `locked` returns, unlocked, and the marks that its rows bear now."""
    asked = {"token_hash": token_hash, "address": address or ""}
    hanging = turn.rows(statements.CASE_AS_SEEN, asked)
    return _case(hanging) if hanging else None, [row[MARK] for row in hanging]


def told_of(turn: Turn, ruling: Ruling) -> Sequence[Event]:
    """Return the events of what a ruling revokes besides its case; the subject is locked."""
    won = ruling.won
    if won is None or ruling.revoked is None or not (won.replaces or won.replaces_all):
        return ()
    mine = won.enrolment
    which = {"realm": mine.realm, "subject": mine.subject, "but": mine.id}
    others = turn.rows(statements.LIVING_OTHERS, which)
    return [
        ruling.revoked(row["id"], row["factor"])
        for row in others
        if won.replaces_all or row["factor"] in won.replaces
    ]


def obey_if_as_seen(turn: Turn, case: Case, marks: Sequence[str], ruling: Ruling) -> None:
    """Change every row that a ruling names; `LostRaceError` where the case has moved on."""
    if ruling.reaches_further:
        # Which others there are is only certain for who holds the lock when it looks for them.
        raise LostRaceError("a ruling on more than its case is made under the lock")
    changes, needed = list(_changes(turn, case, ruling)), _needed(case, ruling)
    if not needed and not changes:
        return
    passage = case.passage
    held = {
        "token_hash": passage.token_hash,
        "realm": passage.realm,
        "subject": passage.subject,
    }
    if not turn.change_if((statements.CASE_HELD, held, marks), needed, changes):
        raise LostRaceError("a row changed while it was ruled on")


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
    found = turn.rows(statements.LAST_PROOFS, browser)
    factors: list[str] = [row["proofs"][-1][0] for row in found if row["proofs"]]
    return factors[0] if factors else None


def _needed(case: Case, ruling: Ruling) -> list[Change]:
    """Return the changes that must meet their row."""
    needed = []
    if ruling.won is not None:
        needed += [_closing(ruling.won), _moving_on(ruling.won)]
    if ruling.renewed is not None:
        row = rows.challenge_row(ruling.renewed) | {"the_id": ruling.renewed.id}
        needed.append((statements.RENEW_CHALLENGE, row))
    if ruling.passage is not None:
        needed.append(_granting(case.passage, ruling.passage))
    return needed


def _changes(turn: Turn, case: Case, ruling: Ruling) -> Iterator[Change]:
    """Return the other changes, in the order of the locks."""
    if ruling.ledger is not None:
        yield _setting(ruling.ledger)
    if ruling.struck is not None:
        yield from _striking(ruling.struck)
    if ruling.won is not None:
        yield from _replacing(ruling.won)
    if ruling.ends_others:
        yield statements.END_OTHERS, _others_than(case.passage)
    elif ruling.won is not None and ruling.won.replaces:
        yield statements.END_SET_UPS, _others_than(case.passage)
    if ruling.source is not None:
        yield _counting(turn.dialect, case.source, ruling.source)
    for event in ruling.events:
        yield statements.ADD_EVENT, rows.event_row(event)
    for message in ruling.messages:
        yield statements.ADD_MESSAGE, rows.message_row(message)


def _striking(struck: Struck) -> Iterator[Change]:
    challenges, enrolments = struck.challenge_ids, struck.enrolment_ids
    if challenges:
        values = {**statements.ids(challenges), "charge": struck.charge}
        yield statements.strike_challenges(len(challenges)), values
    if enrolments:
        strike = statements.strike_enrolments(len(enrolments), struck.lane)
        yield strike, statements.ids(enrolments)


def _closing(won: Won) -> Change:
    ids = [won.challenge_id, *won.closed_ids]
    return statements.win_challenges(len(ids)), statements.ids(ids)


def _moving_on(won: Won) -> Change:
    value = won.enrolment
    as_it_was = {"the_id": value.id, "before": value.version - 1, "status_before": won.was.value}
    same = value.status is won.was
    move_on = statements.USE_ENROLMENT if same else statements.CONFIRM_ENROLMENT
    return move_on, rows.enrolment_row(value) | as_it_was


def _setting(ledger: Ledger) -> Change:
    row = rows.ledger_row(ledger)
    which = {f"the_{name}": row[name] for name in ("realm", "subject", "lane")}
    return statements.SET_LEDGER, row | which


def _granting(before: Passage, after: Passage) -> Change:
    as_it_was = {
        "the_id": before.id,
        "token_before": before.token_hash,
        "status_before": before.status.value,
    }
    return statements.GRANT, rows.passage_row(after) | as_it_was


def _replacing(won: Won) -> Iterator[Change]:
    enrolment = won.enrolment
    which = {"realm": enrolment.realm, "subject": enrolment.subject, "but": enrolment.id}
    if won.replaces:
        yield statements.END_OBLIGATION, which
    if won.replaces_all:
        yield statements.CANCEL_ALL, which
        yield statements.REPLACE_ALL, which
        return
    for factor in won.replaces:
        yield statements.CANCEL_OTHERS, {**which, "factor": factor}
        yield statements.REPLACE_OTHERS, {**which, "factor": factor}
    if won.succeeds is not None:
        yield statements.REPLACE_ONE, {**which, "one": won.succeeds}


def _others_than(passage: Passage) -> Mapping[str, str]:
    return {"realm": passage.realm, "subject": passage.subject, "but": passage.id}


def _counting(dialect: str, seen: Source | None, after: Source) -> Change:
    """Write a source. It was read unlocked: one that was counted since counts one more."""
    as_seen = {
        "seen_failures": seen.failures if seen else None,
        "seen_as_of": rows.number(seen.as_of) if seen else None,
    }
    return statements.count_source(dialect), rows.source_row(after) | as_seen
