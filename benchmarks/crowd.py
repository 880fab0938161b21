"""Many people at once: enrolments and waiting logins, written in bulk as the engine makes them."""

import base64
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from sqlalchemy import Table

from vestibule import oath
from vestibule.bootstrap import Parts
from vestibule.core.engine import Engine, Login
from vestibule.core.engine.context import Context
from vestibule.core.model import (
    Challenge,
    Enrolment,
    EnrolmentStatus,
    Lane,
    Ledger,
    Passage,
)
from vestibule.core.tokens import new_token
from vestibule.flask.parking import Parked, serializer_of
from vestibule.store import rows, tables

SECRET: Final = b"12345678901234567890"
"""Everybody's, sealed for each: the right code is one and the same for all."""
CHUNK: Final = 5_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """A login that waits for its second step, as the browser holds it."""

    subject: str
    token: str
    browser: str
    csrf: str


def right_code(parts: Parts) -> str:
    """Return the code that everybody's app shows now."""
    return oath.hotp(SECRET, oath.step_at(parts.engine.now().timestamp()))


def enrol(parts: Parts, subjects: Sequence[str]) -> None:
    """Give every one of `subjects` an authenticator app, and the ledgers that come with it."""
    context = parts.engine.context
    keep(parts, [app_of(context, subject) for subject in subjects])


def keep(parts: Parts, enrolments: Sequence[Enrolment]) -> None:
    """Write enrolments of people who have none, and the ledgers that come with them."""
    context = parts.engine.context
    sealed = [context.vault.sealed(enrolment) for enrolment in enrolments]
    primary = {"is_primary": True}
    _insert(parts, tables.enrolment, [rows.enrolment_row(e) | primary for e in sealed])
    now = context.now()
    ledgers = [
        Ledger(realm=context.realm, subject=subject, lane=lane, spent=0, as_of=now)
        for subject in dict.fromkeys(enrolment.subject for enrolment in enrolments)
        for lane in Lane
    ]
    _insert(parts, tables.ledger, [rows.ledger_row(ledger) for ledger in ledgers])


def waiting(parts: Parts, subjects: Sequence[str]) -> list[Waiting]:
    """Return one waiting login for each of the enrolled `subjects`, as the gate parks it."""
    written = _Written(parts)
    engine = Engine(replace(parts.engine.context, store=cast("Any", written)))
    found = [_begin(engine, subject) for subject in subjects]
    _insert(parts, tables.passage, [rows.passage_row(passage) for passage in written.passages])
    _insert(parts, tables.challenge, [rows.challenge_row(c) for c in written.challenges])
    return found


def newcomers(parts: Parts, names: Iterator[str], count: int) -> list[Waiting]:
    """Enrol `count` people nobody knew and return a waiting login of each."""
    subjects = list(itertools.islice(names, count))
    enrol(parts, subjects)
    return waiting(parts, subjects)


def names() -> Iterator[str]:
    """Return an endless row of user ids."""
    return (str(number) for number in itertools.count(1))


@dataclass(slots=True)
class _Written:
    """Stands in for the store of one engine: keeps what it would write, to be written in bulk."""

    parts: Parts
    passages: list[Passage] = field(default_factory=list)
    challenges: list[Challenge] = field(default_factory=list)

    def enrolments(self, realm: str, subject: str) -> Sequence[Enrolment]:
        return self.parts.engine.context.store.enrolments(realm, subject)

    def known_browser(self, realm: str, subject: str, hashes: Sequence[bytes]) -> None:
        del realm, subject, hashes

    def open_passage(
        self, passage: Passage, challenges: Sequence[Challenge], messages: object, events: object
    ) -> None:
        del messages, events
        self.passages.append(passage)
        self.challenges.extend(challenges)


def _begin(engine: Engine, subject: str) -> Waiting:
    context = engine.context
    values = serializer_of(cast("Any", None)).dumps({"_user_id": subject, "_fresh": True})
    parked = Parked(values=values, wanted="/page", entrance="/login").to_bytes()
    begun = engine.begin_login(Login(subject=subject, identity=subject, parked=parked))
    browser = new_token(context.random.bytes)
    return Waiting(subject, begun.token, browser, _csrf(context, browser))


def _csrf(context: Context, browser: str) -> str:
    return base64.urlsafe_b64encode(context.vault.box.stamp(browser, use="csrf")).decode()


def app_of(context: Context, subject: str) -> Enrolment:
    """Return the authenticator app of somebody, to be kept."""
    return _enrolment(context, subject, "totp", SECRET)


def phone_of(context: Context, subject: str, number: str) -> Enrolment:
    """Return the phone of somebody, to be kept."""
    kept = _enrolment(context, subject, "phone", number.encode())
    return replace(kept, state={"to": f"…{number[-2:]}", "kind": "mobile"})


def _enrolment(context: Context, subject: str, factor: str, secret: bytes) -> Enrolment:
    now = context.now()
    return Enrolment(
        id=context.new_id(),
        realm=context.realm,
        subject=subject,
        factor=factor,
        status=EnrolmentStatus.ACTIVE,
        created_at=now,
        confirmed_at=now,
        secret=secret,
    )


def _insert(parts: Parts, table: Table, values: Sequence[dict[str, Any]]) -> None:
    with parts.database.write() as connection:
        for start in range(0, len(values), CHUNK):
            connection.execute(table.insert().inline(), list(values[start : start + CHUNK]))
