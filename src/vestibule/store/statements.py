"""The statements of the hot path, built once: a request only fills in values."""

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Insert,
    Label,
    Select,
    Update,
    and_,
    bindparam,
    case,
    exists,
    literal,
    select,
    true,
)

from vestibule.core.model import Lane
from vestibule.store.tables import challenge, enrolment, event, ledger, passage, source

_BLOBS: Final = frozenset({"parked", "contact"})


def _prefixed(
    table: FromClause, prefix: str, *, without: frozenset[str] = frozenset()
) -> list[Label[Any]]:
    return [c.label(prefix + c.name) for c in table.c if c.name not in without]


_IS_ENROLLED: Final = exists(
    select(1).where(
        enrolment.c.realm == bindparam("realm"),
        enrolment.c.subject == bindparam("subject"),
        enrolment.c.status == "active",
        enrolment.c.is_primary == true(),
    )
)

_ONE_ROW: Final = select(literal(1).label("one")).subquery("one_row")

STANDING: Final[Select[Any]] = select(
    _IS_ENROLLED.label("enrolled"), *_prefixed(passage, "p_", without=_BLOBS)
).select_from(_ONE_ROW.outerjoin(passage, passage.c.token_hash == bindparam("token_hash")))
"""One row always: is the subject enrolled, and the passage of the token, if there is one."""

IS_ENROLLED: Final[Select[Any]] = select(_IS_ENROLLED)

_KNOWN: Final = ledger.alias("known")
_STRANGER: Final = ledger.alias("stranger")


def _is_ledger_of_passage(lane: FromClause, name: Lane) -> ColumnElement[bool]:
    return and_(
        lane.c.realm == passage.c.realm,
        lane.c.subject == passage.c.subject,
        lane.c.lane == name.value,
    )


_HANGING: Final = (
    passage.join(_KNOWN, _is_ledger_of_passage(_KNOWN, Lane.KNOWN))
    .join(_STRANGER, _is_ledger_of_passage(_STRANGER, Lane.STRANGER))
    .join(challenge, challenge.c.passage_id == passage.c.id)
    .join(enrolment, enrolment.c.id == challenge.c.enrolment_id)
    .outerjoin(
        source,
        and_(source.c.realm == passage.c.realm, source.c.address == bindparam("address")),
    )
)

LEDGER_PREFIX: Final = {Lane.KNOWN: "k_", Lane.STRANGER: "l_"}
"""Where in a row of `CASE` the ledger of a lane is."""

CASE: Final[Select[Any]] = (
    select(
        *_prefixed(passage, "p_"),
        *_prefixed(_KNOWN, LEDGER_PREFIX[Lane.KNOWN]),
        *_prefixed(_STRANGER, LEDGER_PREFIX[Lane.STRANGER]),
        *_prefixed(challenge, "c_"),
        *_prefixed(enrolment, "e_"),
        *_prefixed(source, "s_"),
    )
    .select_from(_HANGING)
    .where(passage.c.token_hash == bindparam("token_hash"))
    .order_by(enrolment.c.id, challenge.c.id)
    # The subject's ledger rows first, of both lanes and in the order of `SqlStore._lock`: who
    # holds them is alone with everything of that subject.
    .with_for_update(of=[_KNOWN, _STRANGER, passage, challenge, enrolment], key_share=True)
)
"""A passage with all that hangs on it, locked; a row for each challenge, in enrolment order."""

LOOK: Final[Select[Any]] = (
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

STRIKE_CHALLENGES: Final[Update] = (
    challenge.update()
    .where(challenge.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        attempts=challenge.c.attempts + 1,
        # The whole charge stands on the first: a success gives back the sum.
        spent=challenge.c.spent
        + case((challenge.c.id == bindparam("first"), bindparam("charge")), else_=0),
    )
)

STRIKE_KNOWN: Final[Update] = (
    enrolment.update()
    .where(enrolment.c.id.in_(bindparam("ids", expanding=True)))
    .values(failures_known=enrolment.c.failures_known + 1)
)

STRIKE_STRANGER: Final[Update] = (
    enrolment.update()
    .where(enrolment.c.id.in_(bindparam("ids", expanding=True)))
    .values(failures_stranger=enrolment.c.failures_stranger + 1)
)

WIN_CHALLENGE: Final[Update] = (
    challenge.update()
    .where(
        challenge.c.id.in_(bindparam("ids", expanding=True)),
        challenge.c.status == "open",
    )
    .values(status=case((challenge.c.id == bindparam("winner"), "accepted"), else_="closed"))
)

MOVE_ENROLMENT_ON: Final[Update] = (
    enrolment.update()
    .where(
        enrolment.c.id == bindparam("the_id"),
        enrolment.c.version == bindparam("before"),
        enrolment.c.status == bindparam("status_before"),
    )
    .values(
        state=bindparam("state"),
        version=bindparam("version"),
        status=bindparam("status"),
        confirmed_at=bindparam("confirmed_at"),
        last_used_at=bindparam("last_used_at"),
        failures_known=bindparam("failures_known"),
        failures_stranger=bindparam("failures_stranger"),
    )
)

SET_LEDGER: Final[Update] = (
    ledger.update()
    .where(
        ledger.c.realm == bindparam("the_realm"),
        ledger.c.subject == bindparam("the_subject"),
        ledger.c.lane == bindparam("the_lane"),
    )
    .values(
        spent=bindparam("spent"),
        as_of=bindparam("as_of"),
        failures=bindparam("failures"),
        failed_at=bindparam("failed_at"),
    )
)

GRANT: Final[Update] = (
    passage.update()
    .where(
        passage.c.id == bindparam("the_id"),
        passage.c.token_hash == bindparam("token_before"),
        passage.c.status == bindparam("status_before"),
    )
    .values(
        status=bindparam("status"),
        token_hash=bindparam("token_hash"),
        browser_hash=bindparam("browser_hash"),
        parked=bindparam("parked"),
        lane=bindparam("lane"),
        proofs=bindparam("proofs"),
        granted_at=bindparam("granted_at"),
        proven_at=bindparam("proven_at"),
        seen_at=bindparam("seen_at"),
        expires_at=bindparam("expires_at"),
    )
)

RENEW_CHALLENGE: Final[Update] = (
    challenge.update()
    .where(challenge.c.id == bindparam("the_id"), challenge.c.status == "open")
    .values(generation=bindparam("generation"), sends=bindparam("sends"), memo=bindparam("memo"))
)

ADD_EVENT: Final[Insert] = event.insert().inline()
