"""The statements of the hot path, built once: a request only fills in values."""

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Join,
    Label,
    ScalarSelect,
    Select,
    Table,
    and_,
    bindparam,
    case,
    exists,
    literal,
    null,
    select,
    tuple_,
)

from vestibule.core.model import Lane
from vestibule.store import ending
from vestibule.store.prepared import Prepared
from vestibule.store.tables import (
    challenge,
    enrolment,
    event,
    ledger,
    message,
    obligation,
    passage,
    source,
)
from vestibule.store.together import adding, changing, row_version

_BLOBS: Final = frozenset({"parked", "contact"})


def _prefixed(
    table: FromClause, prefix: str, *, without: frozenset[str] = frozenset()
) -> list[Label[Any]]:
    return [c.label(prefix + c.name) for c in table.c if c.name not in without]


_IS_ENROLLED: Final = exists(
    select(1).where(
        enrolment.c.realm == bindparam("realm"),
        enrolment.c.subject == bindparam("subject"),
        ending.MAKES_ENROLLED,
    )
)

_ONE_ROW: Final = select(literal(1).label("one")).subquery("one_row")

STANDING: Final = Prepared(
    select(_IS_ENROLLED.label("enrolled"), *_prefixed(passage, "p_", without=_BLOBS)).select_from(
        _ONE_ROW.outerjoin(passage, passage.c.token_hash == bindparam("token_hash"))
    )
)
"""One row always: is the subject enrolled, and the passage of the token, if there is one."""

IS_ENROLLED: Final[Select[Any]] = select(_IS_ENROLLED)

_KNOWN: Final = ledger.alias("known")
_STRANGER: Final = ledger.alias("stranger")
_NAMED: Final = passage.alias("named")


def _of_named(*columns: ColumnElement[Any]) -> ScalarSelect[Any]:
    """Return columns of the passage that a token names, as values.

    A ledger and a source are looked up by values, and by the whole of a key. A planner that has not
    counted a table yet would rather walk through all of one lane than look up what a join brings.
    """
    return select(*columns).where(_NAMED.c.token_hash == bindparam("token_hash")).scalar_subquery()


def _ledger_of_named(lane: FromClause, name: Lane) -> ColumnElement[bool]:
    whose = tuple_(lane.c.realm, lane.c.subject)
    return and_(whose == _of_named(_NAMED.c.realm, _NAMED.c.subject), lane.c.lane == name.value)


def _ledger_of(lane: FromClause, name: Lane) -> ColumnElement[bool]:
    return and_(
        lane.c.realm == bindparam("realm"),
        lane.c.subject == bindparam("subject"),
        lane.c.lane == name.value,
    )


def _hanging(is_ledger: Callable[[FromClause, Lane], ColumnElement[bool]]) -> Join:
    """Return a passage with what hangs on it, beside both ledgers of whose it is."""
    return (
        passage.join(_KNOWN, is_ledger(_KNOWN, Lane.KNOWN))
        .join(_STRANGER, is_ledger(_STRANGER, Lane.STRANGER))
        .join(challenge, challenge.c.passage_id == passage.c.id)
        .join(enrolment, enrolment.c.id == challenge.c.enrolment_id)
    )


_RULED_ON: Final = [_KNOWN, _STRANGER, passage, challenge, enrolment]
"""Whose rows a ruling is made on, in the order in which they are locked: the subject's ledger rows
first, of both lanes and in the order of `LOCK`; who holds them is alone with everything of it."""

LEDGER_PREFIX: Final = {Lane.KNOWN: "k_", Lane.STRANGER: "l_"}
"""Where in a row of a case the ledger of a lane is."""

_CASE: Final = (
    select(
        *_prefixed(passage, "p_"),
        *_prefixed(_KNOWN, LEDGER_PREFIX[Lane.KNOWN]),
        *_prefixed(_STRANGER, LEDGER_PREFIX[Lane.STRANGER]),
        *_prefixed(challenge, "c_"),
        *_prefixed(enrolment, "e_"),
        *_prefixed(source, "s_"),
    )
    .select_from(
        _hanging(_ledger_of_named).outerjoin(
            source,
            and_(
                source.c.realm == _of_named(_NAMED.c.realm),
                source.c.address == bindparam("address"),
            ),
        )
    )
    .where(passage.c.token_hash == bindparam("token_hash"))
    .order_by(enrolment.c.id, challenge.c.id)
)

CASE: Final = Prepared(_CASE.with_for_update(of=_RULED_ON, key_share=True))
"""A passage with all that hangs on it, locked; a row for each challenge, in enrolment order."""

CASE_AS_SEEN: Final = Prepared(_CASE.add_columns(row_version(_RULED_ON)))
"""The same unlocked, with what tells each row from what it was before; for PostgreSQL."""

CASE_HELD: Final = Prepared(
    select(row_version(_RULED_ON))
    .select_from(_hanging(_ledger_of))
    .where(passage.c.token_hash == bindparam("token_hash"))
    .order_by(enrolment.c.id, challenge.c.id)
    .with_for_update(of=_RULED_ON, key_share=True, skip_locked=True)
)
"""Locks what `CASE` locks, for telling whether it is as it was seen. It waits for nobody: what
another holds is left out, and so is not as it was seen."""

LOOK: Final = Prepared(
    select(
        *_prefixed(passage, "p_"),
        *_prefixed(ledger, "l_"),
        *_prefixed(challenge, "c_"),
        *_prefixed(enrolment, "e_"),
    )
    .select_from(
        passage.join(
            ledger,
            and_(
                ledger.c.realm == passage.c.realm,
                ledger.c.subject == passage.c.subject,
                ledger.c.lane == passage.c.lane,
            ),
        )
        .outerjoin(challenge, challenge.c.passage_id == passage.c.id)
        .outerjoin(enrolment, enrolment.c.id == challenge.c.enrolment_id)
    )
    .where(passage.c.token_hash == bindparam("token_hash"))
    .order_by(enrolment.c.id, challenge.c.id)
)
"""The same for looking only: a passage on which nothing is asked is seen too."""


def last_login(in_browser: ColumnElement[bool]) -> Select[Any]:
    """Return in which browser, of those meant, a subject last completed a login, and by what."""
    return (
        select(passage.c.browser_hash, passage.c.proofs)
        .where(
            in_browser,
            passage.c.realm == bindparam("realm"),
            passage.c.subject == bindparam("subject"),
            passage.c.granted_at.is_not(None),
        )
        .order_by(passage.c.granted_at.desc())
        .limit(1)
    )


LAST_LOGIN: Final = Prepared(last_login(passage.c.browser_hash == bindparam("browser_hash")))
"""The same for a single browser."""

LOCK: Final = Prepared(
    select(ledger.c.lane)
    .where(ledger.c.realm == bindparam("realm"), ledger.c.subject == bindparam("subject"))
    .order_by(ledger.c.lane)
    .with_for_update(key_share=True)
)
"""Be alone with everything of a subject until the transaction ends."""


@cache
def ensure_ledgers(dialect: str) -> Prepared:
    """Give a subject its empty ledgers where it has none."""
    blank = {
        "realm": bindparam("realm"),
        "subject": bindparam("subject"),
        "spent": 0,
        "as_of": bindparam("now"),
        "failures": 0,
        "failed_at": null(),
        "told_at": null(),
    }
    both = [blank | {"lane": lane.value} for lane in Lane]
    return Prepared(insert(dialect, ledger).values(both).on_conflict_do_nothing())


def insert(dialect: str, table: Table) -> Any:
    """Return an insert of that dialect's own, which knows ON CONFLICT.

    Loaded is the one that is used: each takes a part of what a site needs to start.
    """
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def _ids(count: int) -> list[BindParameter[str]]:
    return [bindparam(f"id_{number}") for number in range(count)]


def ids(values: Sequence[str]) -> dict[str, str]:
    """Return ids as the values of a statement for as many."""
    return {f"id_{number}": value for number, value in enumerate(values)}


@cache
def strike_challenges(count: int) -> Prepared:
    """Count a wrong answer on so many challenges."""
    first = challenge.c.id == bindparam("id_0")
    return changing(
        challenge.update()
        .where(challenge.c.id.in_(_ids(count)))
        .values(
            attempts=challenge.c.attempts + 1,
            # The whole charge stands on the first: a success gives back the sum.
            spent=challenge.c.spent + case((first, bindparam("charge")), else_=0),
        )
    )


@cache
def strike_enrolments(count: int, lane: Lane) -> Prepared:
    """Count a wrong answer on so many enrolments, in one lane."""
    counts = {Lane.KNOWN: "failures_known", Lane.STRANGER: "failures_stranger"}
    failures = enrolment.c[counts[lane]]
    return changing(
        enrolment.update().where(enrolment.c.id.in_(_ids(count))).values({failures: failures + 1})
    )


@cache
def win_challenges(count: int) -> Prepared:
    """Accept the first of so many open challenges and close the others."""
    first = challenge.c.id == bindparam("id_0")
    return changing(
        challenge.update()
        .where(challenge.c.id.in_(_ids(count)), challenge.c.status == "open")
        .values(status=case((first, "accepted"), else_="closed"))
    )


def _filled(table: Table, *names: str) -> dict[str, BindParameter[Any]]:
    return {name: bindparam(name, type_=table.c[name].type) for name in names}


_AS_IT_WAS: Final = and_(
    enrolment.c.id == bindparam("the_id"),
    enrolment.c.version == bindparam("before"),
    enrolment.c.status == bindparam("status_before"),
)

USE_ENROLMENT: Final = changing(
    enrolment.update()
    .where(_AS_IT_WAS)
    .values(
        _filled(
            enrolment,
            "state",
            "version",
            "last_used_at",
            "failures_known",
            "failures_stranger",
            "answered_known",
            "answered_stranger",
            "succeeds",
        )
    )
)
"""Move an enrolment on by a right answer; its status, which is indexed, stays untouched."""

CONFIRM_ENROLMENT: Final = changing(
    enrolment.update()
    .where(_AS_IT_WAS)
    .values(
        _filled(
            enrolment,
            "state",
            "version",
            "last_used_at",
            "failures_known",
            "failures_stranger",
            "answered_known",
            "answered_stranger",
            "status",
            "confirmed_at",
        )
    )
)
"""The same by the right answer that proves it for the first time."""

SET_LEDGER: Final = changing(
    ledger.update()
    .where(
        ledger.c.realm == bindparam("the_realm"),
        ledger.c.subject == bindparam("the_subject"),
        ledger.c.lane == bindparam("the_lane"),
    )
    .values(_filled(ledger, "spent", "as_of", "failures", "failed_at", "told_at"))
)

GRANT: Final = changing(
    passage.update()
    .where(
        passage.c.id == bindparam("the_id"),
        passage.c.token_hash == bindparam("token_before"),
        passage.c.status == bindparam("status_before"),
    )
    .values(
        _filled(
            passage,
            "status",
            "purpose",
            "token_hash",
            "browser_hash",
            "parked",
            "lane",
            "proofs",
            "granted_at",
            "proven_at",
            "seen_at",
            "expires_at",
        )
    )
)

_OTHER_PASSAGES: Final = and_(
    passage.c.realm == bindparam("realm"),
    passage.c.subject == bindparam("subject"),
    passage.c.id != bindparam("but"),
)

END_OTHERS: Final = Prepared(ending.lost(_OTHER_PASSAGES))

END_SET_UPS: Final = Prepared(ending.set_ups(_OTHER_PASSAGES))
"""End the logins on which a first way is set up: a way that was proven takes its place."""

_OTHERS: Final = and_(
    enrolment.c.realm == bindparam("realm"),
    enrolment.c.subject == bindparam("subject"),
    enrolment.c.id != bindparam("but"),
)
_OF_FACTOR: Final = enrolment.c.factor == bindparam("factor")

END_OBLIGATION: Final = Prepared(
    obligation.delete().where(
        obligation.c.realm == bindparam("realm"), obligation.c.subject == bindparam("subject")
    )
)
"""Forget since when a subject owed a first way: there is one now."""

LIVING_OTHERS: Final = Prepared(
    select(enrolment.c.id, enrolment.c.factor)
    .where(_OTHERS, enrolment.c.status == "active")
    .order_by(enrolment.c.id)
)
"""The others of a subject that are in force."""

REPLACE_ALL: Final = Prepared(ending.revoked(_OTHERS))
"""Revoke all others of a subject. They may be any number: said only by who holds the lock."""

REPLACE_OTHERS: Final = Prepared(ending.revoked(_OTHERS, _OF_FACTOR))
"""The same of one factor."""

CANCEL_ALL: Final = Prepared(ending.cancelled(_OTHERS))
"""Close what is asked of all others of a subject, before they are revoked."""

CANCEL_OTHERS: Final = Prepared(ending.cancelled(_OTHERS, _OF_FACTOR))
"""The same of one factor."""

REPLACE_ONE: Final = Prepared(ending.revoked(_OTHERS, enrolment.c.id == bindparam("one")))
"""Revoke a single other. What is asked of it is not closed here: the answer in its place may be."""

IS_IN_FORCE: Final = Prepared(
    select(enrolment.c.id).where(
        enrolment.c.realm == bindparam("realm"),
        enrolment.c.subject == bindparam("subject"),
        enrolment.c.status == "active",
        enrolment.c.id == bindparam("one"),
    )
)
"""A row where a subject has an active enrolment of that id."""

RENEW_CHALLENGE: Final = changing(
    challenge.update()
    .where(challenge.c.id == bindparam("the_id"), challenge.c.status == "open")
    .values(_filled(challenge, "generation", "sends", "memo"))
)

ADD_PASSAGE: Final = Prepared(passage.insert().values(_filled(passage, *passage.c.keys())).inline())

ADD_CHALLENGE: Final = Prepared(
    challenge.insert().values(_filled(challenge, *challenge.c.keys())).inline()
)

ADD_EVENT: Final = adding(
    event.insert(), _filled(event, *(c.name for c in event.c if c is not event.c.id))
)

ADD_MESSAGE: Final = adding(message.insert(), _filled(message, *message.c.keys()))


@cache
def count_source(dialect: str) -> Prepared:
    """Write a source as a rule saw it; one that was counted since counts one more."""
    is_as_seen = and_(
        source.c.failures == bindparam("seen_failures"), source.c.as_of == bindparam("seen_as_of")
    )

    def count_one_more(insert: Any) -> Any:
        return insert.on_conflict_do_update(
            index_elements=["realm", "address"],
            set_={
                "failures": case(
                    (is_as_seen, insert.excluded.failures), else_=source.c.failures + 1
                ),
                "as_of": case(
                    (source.c.as_of > insert.excluded.as_of, source.c.as_of),
                    else_=insert.excluded.as_of,
                ),
            },
        )

    values = _filled(source, "realm", "address", "failures", "as_of")
    return adding(insert(dialect, source), values, count_one_more)
