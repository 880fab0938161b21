"""What came of every message, from three books: the people's, the database's and the carriers'."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from benchmarks.chaos.failover import FailOver, failovers, waits
from benchmarks.chaos.people import BROKEN, Load, number_of
from benchmarks.exposed import codes_in
from vestibule.bootstrap import Parts
from vestibule.core.model import ON_ITS_WAY, TAKEN
from vestibule.delivery.outbox import MOST_UNSURE, UNSURE
from vestibule.store import rows, tables
from vestibule.testing.carriers import Carriers
from vestibule.testing.carriers.archive import CarrierMessage

DIGITS: Final = 6
ENDED: Final = TAKEN | {"failed", "expired"}
TRACEBACK: Final = "Traceback (most recent call last):"
SLOWEST: Final = 10.0
"""Seconds that a fail-over may take."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a run leaves behind."""

    name: str
    seed: int
    parts: Parts
    carriers: Carriers
    load: Load
    done: Sequence[str]
    logs: Sequence[Path]
    waited: float
    swept: int
    has_workers: bool
    ended: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The figures of one run."""

    name: str
    seed: int
    has_workers: bool
    waited: float
    swept: int
    ended: int
    """How often a process ended by itself, and was started again."""
    done: Counter[str]
    told: Counter[str]
    promised: int
    """How often people were told that a code was on its way."""
    ends: Counter[str]
    """How the messages ended, those that were not sent with the reason."""
    taken: int
    """How many messages the carriers took."""
    after_crash: int
    """Sent again, where a carrier had taken it before the process was killed that sent it."""
    unsure: int
    """How many tries ended without anybody knowing whether a carrier had taken the message."""
    most_unsure: int
    """Of one message, at most so many."""
    after_failure: int
    """Sent again, where a carrier had taken it before it answered with an error, or not at all."""
    failover: FailOver
    waits: Sequence[float]
    """Seconds from asking for a code until a carrier was known to have taken it."""
    lost: Sequence[str]
    twice: Sequence[str]
    accepted_twice: Sequence[str]
    exposed: Sequence[str]
    tracebacks: Counter[str] = field(default_factory=Counter)

    @property
    def missed(self) -> Sequence[str]:
        """Every must that does not hold."""
        musts = {
            "messages were lost": self.lost,
            "messages were sent twice without a reason": self.twice,
            "codes were accepted twice": self.accepted_twice,
            "codes stand in tables or logs": self.exposed,
        }
        missed = [f"{len(found)} {what}" for what, found in musts.items() if found]
        if self.failover.slowest >= SLOWEST:
            missed.append(f"a fail-over took {self.failover.slowest:.1f} s")
        if self.most_unsure > MOST_UNSURE:
            missed.append(f"one message had {self.most_unsure} unsure tries")
        missed += [how for how in self.told if how.startswith(BROKEN)]
        return missed + [f"{what}: nothing was measured" for what in self._untried]

    @property
    def _untried(self) -> Sequence[str]:
        """What never happened, though every must is about what comes of it."""
        happened = {
            "nobody was let in": self.told["let in"],
            "no process was killed": self.done["kill"],
            "the database was never taken away": self.done["database"],
            "the broker was never killed": self.done["broker"] or not self.has_workers,
            "no carrier failed": self.done["carrier"],
            "nothing failed over": len(self.failover.seconds),
        }
        return [what for what, is_so in happened.items() if not is_so]


def audited(evidence: Evidence) -> Account:
    """Count everything."""
    books = _Books.opened(evidence)
    again = [_sent_again(books, row) for row in books.messages]
    unsure = [
        sum(one["outcome"] in UNSURE for one in books.tries.get(row["id"], ()))
        for row in books.messages
    ]
    return Account(
        name=evidence.name,
        seed=evidence.seed,
        has_workers=evidence.has_workers,
        waited=evidence.waited,
        swept=evidence.swept,
        ended=evidence.ended,
        done=Counter(evidence.done),
        told=Counter(evidence.load.told),
        promised=evidence.load.promised.total(),
        ends=Counter(_end(row, books.taken[row["id"]]) for row in books.messages),
        taken=len(evidence.carriers.messages),
        after_crash=sum(one.after_crash for one in again),
        unsure=sum(unsure),
        most_unsure=max(unsure, default=0),
        after_failure=sum(one.after_failure for one in again),
        failover=failovers(books.tries.values()),
        waits=waits(books.messages, books.tries),
        lost=[*_unwritten(evidence, books), *_unsent(books)],
        twice=[f"{one.message}: {why}" for one in again for why in one.unexplained],
        accepted_twice=_accepted_twice(evidence.parts),
        exposed=list(_exposed(evidence, set(books.codes.values()))),
        tracebacks=_tracebacks(evidence.logs),
    )


@dataclass(frozen=True, slots=True)
class _Books:
    """Each message that carries a code, its tries, its code, and what the carriers took of it."""

    messages: Sequence[Row]
    tries: Mapping[str, Sequence[Row]]
    codes: Mapping[str, str]
    taken: Mapping[str, Sequence[CarrierMessage]]

    @classmethod
    def opened(cls, evidence: Evidence) -> "_Books":
        parts = evidence.parts
        messages = [m for m in _rows(parts, tables.message) if m["challenge_id"] is not None]
        tries: dict[str, list[Row]] = defaultdict(list)
        for one in sorted(_rows(parts, tables.delivery_try), key=lambda row: int(row["id"])):
            tries[one["message_id"]].append(one)
        challenges = {one["id"]: one for one in _rows(parts, tables.challenge)}
        codes = parts.engine.context.codes
        known = {
            m["id"]: codes.code_for(rows.challenge(challenges[m["challenge_id"]]), DIGITS)
            for m in messages
        }
        taken = {
            m["id"]: [
                one
                for one in evidence.carriers.messages_to(number_of(m["subject"]))
                if known[m["id"]] in one.text
            ]
            for m in messages
        }
        return cls(messages, dict(tries), known, taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Again:
    message: str
    after_crash: int
    after_failure: int
    unexplained: Sequence[str]


def _sent_again(books: _Books, row: Row) -> _Again:
    """Say why a message was taken more than once: each time but one has a try that did not know."""
    tries, taken = books.tries.get(row["id"], ()), books.taken[row["id"]]
    known = {one["carrier_id"] for one in tries if one["outcome"] == "accepted"}
    unknown = Counter(m.carrier for m in taken if m.id not in known)
    unexplained = []
    for carrier, count in unknown.items():
        open_tries = sum(one["provider"] == carrier and one["outcome"] in UNSURE for one in tries)
        if count > open_tries:
            unexplained.append(f"{carrier} took {count}, with {open_tries} tries that did not know")
    accepted = [place for place, one in enumerate(tries) if one["outcome"] == "accepted"]
    if accepted and accepted[0] + 1 < len(tries):
        unexplained.append("it was tried again after a carrier was known to have taken it")
    crashed = sum(one["outcome"] == "started" for one in tries)
    extra = max(0, len(taken) - 1)
    return _Again(
        message=row["id"],
        after_crash=min(extra, crashed),
        after_failure=extra - min(extra, crashed),
        unexplained=unexplained,
    )


def _unwritten(evidence: Evidence, books: _Books) -> Iterator[str]:
    """Name everybody who was told more often of a code than one was written for."""
    written = Counter(row["subject"] for row in books.messages)
    for subject, promised in evidence.load.promised.items():
        if promised > written[subject]:
            yield f"person {subject} was promised {promised} codes, {written[subject]} were written"


def _unsent(books: _Books) -> Iterator[str]:
    """Name every message that was not brought to an end, or is said to be sent and was not."""
    for row in books.messages:
        if row["status"] in ON_ITS_WAY:
            yield f"message {row['id']} is still {row['status']}"
        elif row["status"] in TAKEN and not books.taken[row["id"]]:
            yield f"message {row['id']} is said to be {row['status']}, and no carrier has it"


def _end(row: Row, taken: Sequence[CarrierMessage]) -> str:
    if row["status"] in TAKEN:
        return "sent"
    arrived = ", having arrived" if taken else ""
    return f"{row['status']}{arrived}: {row['outcome']}"


def _accepted_twice(parts: Parts) -> Sequence[str]:
    accepted = Counter(
        one["data"]["passage"]
        for one in _rows(parts, tables.event)
        if one["name"] == "answer_accepted"
    )
    return [f"{count} times on {passage}" for passage, count in accepted.items() if count > 1]


def _exposed(evidence: Evidence, codes: set[str]) -> Iterator[str]:
    """Say where a code of the run stands: in a table, or in what a process has written."""
    for table in tables.metadata.sorted_tables:
        for row in _rows(evidence.parts, table):
            for column, value in row.items():
                if codes_in(value) & codes:
                    yield f"{table.name}.{column}"
    for log in evidence.logs:
        if codes_in(log.read_text("utf-8", "replace")) & codes:
            yield log.name


def _tracebacks(logs: Sequence[Path]) -> Counter[str]:
    """Count what processes stumbled at, by the last line of what they printed."""
    found: Counter[str] = Counter()
    for log in logs:
        for one in log.read_text("utf-8", "replace").split(TRACEBACK)[1:]:
            ends = [line for line in one.splitlines() if line and not line.startswith(" ")]
            found[f"{log.stem.partition('-')[0]}: {ends[0][:90] if ends else '?'}"] += 1
    return found


def _rows(parts: Parts, table: Any) -> list[Row]:
    with parts.database.read() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]
