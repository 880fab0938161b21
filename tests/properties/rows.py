"""What rests in the database, read past the engine, and what of it may change between two steps."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from vestibule.bootstrap import Parts
from vestibule.core.limits import YEAR, Limits
from vestibule.core.model import Lane

Row = Mapping[str, Any]
FORWARD: Final = {
    "challenge": {"open": {"open", "accepted", "closed", "cancelled"}},
    "passage": {"pending": {"pending", "granted", "ended"}, "granted": {"granted", "ended"}},
    "enrolment": {"pending": {"pending", "active", "revoked"}, "active": {"active", "revoked"}},
}
"""Which states may follow which; what is not named stays as it is for good."""
MOST_SENDS: Final = 5


@dataclass(slots=True)
class Rows:
    """The rows of one moment, by table and id."""

    enrolment: dict[str, Row] = field(default_factory=dict)
    passage: dict[str, Row] = field(default_factory=dict)
    challenge: dict[str, Row] = field(default_factory=dict)
    ledger: dict[tuple[str, str], Row] = field(default_factory=dict)
    """By subject and lane."""
    answers: list[Row] = field(default_factory=list)
    """The events of questions and answers, in their order."""
    last_event: int = 0


def read(parts: Parts, before: Rows) -> Rows:
    """Return the rows as they are now; of the events only those since `before` are new."""
    new = answers(parts, before.last_event)
    last = new[-1]["id"] if new else before.last_event
    now = Rows(answers=[*before.answers, *new], last_event=last)
    for table in ("enrolment", "passage", "challenge"):
        setattr(now, table, {row["id"]: row for row in _all(parts, table)})
    now.ledger = {(row["subject"], row["lane"]): row for row in _all(parts, "ledger")}
    return now


def _all(parts: Parts, table: str) -> list[Row]:
    with parts.database.read() as connection:
        found = connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608
        return [dict(row) for row in found.mappings()]


def answers(parts: Parts, after: int) -> list[Row]:
    """Return the events of questions and answers later than one, in their order."""
    query = (
        "SELECT * FROM event WHERE id > ? AND name IN "
        "('answer_accepted', 'answer_rejected', 'challenges_opened') ORDER BY id"
    )
    with parts.database.read() as connection:
        found = connection.exec_driver_sql(query, (after,)).mappings().all()
    return [{**row, "data": json.loads(row["data"])} for row in found]


def check_states(before: Rows, now: Rows) -> None:
    """A state that is over is never left, and a version, a count of sends or a step only grows."""
    for table, follows in FORWARD.items():
        old_rows, new_rows = getattr(before, table), getattr(now, table)
        for one, new in new_rows.items():
            if one in old_rows:
                old = old_rows[one]["status"]
                assert new["status"] in follows.get(old, {old}), (table, old, new["status"])
    for one, new in now.challenge.items():
        assert new["attempts"] <= new["max_attempts"]
        assert new["sends"] <= MOST_SENDS
        if one in before.challenge:
            assert new["expires_at"] == before.challenge[one]["expires_at"]
            assert new["attempts"] >= before.challenge[one]["attempts"]
            assert new["generation"] >= before.challenge[one]["generation"]
    for one, new in now.enrolment.items():
        if one in before.enrolment:
            assert new["version"] >= before.enrolment[one]["version"]


def check_counts(before: Rows, now: Rows, consecutive: int) -> None:
    """A count of wrong answers falls only by a right one with that factor, in that lane."""
    right = {
        (event["data"]["enrolment"], event["data"]["lane"], event["data"]["purpose"])
        for event in now.answers[len(before.answers) :]
        if event["name"] == "answer_accepted"
    }
    for one, new in now.enrolment.items():
        for lane in ("known", "stranger"):
            count = new[f"failures_{lane}"]
            assert count <= consecutive
            if one in before.enrolment and count < before.enrolment[one][f"failures_{lane}"]:
                reset = {(e, at) for e, at, purpose in right if at == "known" or purpose == "enrol"}
                assert (one, lane) in reset


def check_grants(now: Rows) -> None:
    """Every door that was ever opened was opened by exactly one accepted proof."""
    opened: dict[str, int] = {}
    for event in now.answers:
        data = event["data"]
        if event["name"] == "answer_accepted" and data["purpose"] == "login":
            opened[data["passage"]] = opened.get(data["passage"], 0) + 1
    for one, passage in now.passage.items():
        if passage["granted_at"] is not None and passage["purpose"] == "login":
            assert opened.get(one) == 1, one
        if passage["status"] == "pending":
            assert one not in opened


def check_tries(now: Rows, most: int) -> None:
    """No login and no question takes more answers than it may, whatever they were."""
    tries: dict[tuple[str, str], int] = {}
    for event in now.answers:
        data = event["data"]
        question = (data["passage"], data["purpose"])
        if event["name"] == "challenges_opened":
            tries.pop(question, None)
        elif data.get("reason") in {"wrong", "replayed", "malformed"}:
            tries[question] = tries.get(question, 0) + 1
            assert tries[question] <= most or data["purpose"] == "enrol"


def ledgers(now: Rows, numbers: Limits) -> dict[tuple[str, str], tuple[float, int]]:
    """Return what stands charged to each lane, reckoned from the events alone, and since when.

    A wrong answer adds what it was worth, time drains, and a right answer takes back what its own
    login or question was charged. Either moves a lane on in time, a right one after wrong ones also
    where it takes nothing back: what was drained by then does not drain once more after the clock
    has been set back.
    """
    spent: dict[tuple[str, str], tuple[float, int]] = {}
    asked: dict[tuple[str, str], float] = {}
    failed: set[tuple[str, str]] = set()
    for event in now.answers:
        data = event["data"]
        question = (data["passage"], data["purpose"])
        for name in Lane:  # both begin with the first that is asked of somebody
            spent.setdefault((event["subject"], name.value), (0, event["at"]))
        if event["name"] == "challenges_opened":
            asked.pop(question, None)
            continue
        lane = (event["subject"], data["lane"])
        charge = data.get("odds", 0)
        assert data.get("evaluated") or not charge
        asked[question] = asked.get(question, 0) + charge
        if event["name"] == "answer_accepted":
            charge = -asked.pop(question)
            moves = bool(charge) or lane in failed
            failed.discard(lane)
        elif moves := bool(charge):
            failed.add(lane)
        if moves:
            before, since = drained(spent[lane], event["at"], numbers)
            spent[lane] = max(0.0, before + charge), since
    return spent


def drained(ledger: tuple[float, int], at: int, numbers: Limits) -> tuple[float, int]:
    """Return what stands charged at a moment; a clock set back drains nothing."""
    spent, since = ledger
    elapsed = timedelta(microseconds=max(0, at - since))
    return max(0.0, spent - numbers.refill_per_year * (elapsed / YEAR)), max(at, since)
