"""Rulings carried out in SQL: every row that one names is changed, or none."""

from collections.abc import Iterator, Mapping, Sequence

from vestibule.core.errors import StoreUnavailableError
from vestibule.core.events import Event
from vestibule.core.model import Ledger, Passage, Source
from vestibule.core.ruling import Case, Ruling, Struck, Won
from vestibule.store import rows, statements
from vestibule.store.turn import Change, Turn


class LostRaceError(StoreUnavailableError):
    """A locked row was not as it was read: the transaction is rolled back, nothing is decided."""


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


def obey(turn: Turn, case: Case, ruling: Ruling) -> None:
    """Change every row that a ruling names; `LostRaceError` where one was not as it was read."""
    changes, needed = list(_changes(turn, case, ruling)), _needed(case, ruling)
    counts = turn.change_together([*needed, *changes])
    if not all(counts[: len(needed)]):
        raise LostRaceError("a locked row changed under the lock")


def obey_if_as_seen(turn: Turn, case: Case, versions: Sequence[str], ruling: Ruling) -> None:
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
    if not turn.change_if((statements.CASE_HELD, held, versions), needed, changes):
        raise LostRaceError("a row changed while it was ruled on")


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
