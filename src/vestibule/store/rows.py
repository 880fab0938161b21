"""Rows become values and values rows, here only."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from vestibule.core.events import Event
from vestibule.core.model import (
    Awaited,
    Challenge,
    ChallengeStatus,
    Charge,
    Enrolment,
    EnrolmentStatus,
    Lane,
    Ledger,
    Message,
    MessageStatus,
    Obligation,
    Passage,
    PassageKind,
    PassageStatus,
    Proof,
    Purpose,
    Source,
    Whose,
)

Row = Mapping[Any, Any]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# A value of an enumeration is found sooner by its name here than by asking the enumeration for it.
_STATUSES: Final = {status.value: status for status in PassageStatus}
_KINDS: Final = {kind.value: kind for kind in PassageKind}
_PURPOSES: Final = {purpose.value: purpose for purpose in Purpose}
_LANES: Final = {lane.value: lane for lane in Lane}
LONGEST_AGENT: Final = 200
LONGEST_ADDRESS: Final = 64


def words(meant: Iterable[StrEnum]) -> list[str]:
    """Return how several of a kind are written, such as states, for a look whether one is it."""
    return sorted(one.value for one in meant)


def number(moment: datetime) -> int:
    """Return a moment as whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def number_or_none(moment: datetime | None) -> int | None:
    """Return `number` of a moment that may be absent."""
    return None if moment is None else number(moment)


def moment(value: int) -> datetime:
    """Return the moment that a number of microseconds stands for."""
    return _EPOCH + timedelta(microseconds=value)


def moment_or_none(value: int | None) -> datetime | None:
    """Return `moment` of a number that may be absent."""
    return None if value is None else moment(value)


def enrolment_row(value: Enrolment) -> dict[str, Any]:
    """Return the columns of an enrolment, but for `is_primary`, which the store knows."""
    return {
        "id": value.id,
        "realm": value.realm,
        "subject": value.subject,
        "factor": value.factor,
        "status": value.status.value,
        "label": value.label,
        "state": dict(value.state),
        "secret": value.secret,
        "version": value.version,
        "preferred": value.preferred,
        "created_at": number(value.created_at),
        "confirmed_at": number_or_none(value.confirmed_at),
        "last_used_at": number_or_none(value.last_used_at),
        "failures_known": value.failures_known,
        "failures_stranger": value.failures_stranger,
        "answered_known": number_or_none(value.answered_known),
        "answered_stranger": number_or_none(value.answered_stranger),
        "suspended_until": number_or_none(value.suspended_until),
        "succeeds": value.succeeds,
    }


def enrolment(row: Row, prefix: str = "") -> Enrolment:
    """Return the enrolment of a row whose columns may bear a prefix."""
    return Enrolment(
        id=row[f"{prefix}id"],
        realm=row[f"{prefix}realm"],
        subject=row[f"{prefix}subject"],
        factor=row[f"{prefix}factor"],
        status=EnrolmentStatus(row[f"{prefix}status"]),
        label=row[f"{prefix}label"],
        state=row[f"{prefix}state"],
        secret=bytes(row[f"{prefix}secret"]),
        version=row[f"{prefix}version"],
        preferred=row[f"{prefix}preferred"],
        created_at=moment(row[f"{prefix}created_at"]),
        confirmed_at=moment_or_none(row[f"{prefix}confirmed_at"]),
        last_used_at=moment_or_none(row[f"{prefix}last_used_at"]),
        failures_known=row[f"{prefix}failures_known"],
        failures_stranger=row[f"{prefix}failures_stranger"],
        answered_known=moment_or_none(row[f"{prefix}answered_known"]),
        answered_stranger=moment_or_none(row[f"{prefix}answered_stranger"]),
        suspended_until=moment_or_none(row[f"{prefix}suspended_until"]),
        succeeds=row[f"{prefix}succeeds"],
    )


def challenge_row(value: Challenge) -> dict[str, Any]:
    """Return the columns of a challenge."""
    return {
        "id": value.id,
        "passage_id": value.passage_id,
        "enrolment_id": value.enrolment_id,
        "realm": value.realm,
        "subject": value.subject,
        "purpose": value.purpose.value,
        "status": value.status.value,
        "attempts": value.attempts,
        "max_attempts": value.max_attempts,
        "spent": value.spent,
        "generation": value.generation,
        "sends": value.sends,
        "salt": value.salt,
        "key_version": value.key_version,
        "memo": dict(value.memo),
        "created_at": number(value.created_at),
        "expires_at": number(value.expires_at),
    }


def challenge(row: Row, prefix: str = "") -> Challenge:
    """Return the challenge of a row whose columns may bear a prefix."""
    return Challenge(
        id=row[f"{prefix}id"],
        passage_id=row[f"{prefix}passage_id"],
        enrolment_id=row[f"{prefix}enrolment_id"],
        realm=row[f"{prefix}realm"],
        subject=row[f"{prefix}subject"],
        purpose=Purpose(row[f"{prefix}purpose"]),
        status=ChallengeStatus(row[f"{prefix}status"]),
        attempts=row[f"{prefix}attempts"],
        max_attempts=row[f"{prefix}max_attempts"],
        spent=row[f"{prefix}spent"],
        generation=row[f"{prefix}generation"],
        sends=row[f"{prefix}sends"],
        salt=bytes(row[f"{prefix}salt"]),
        key_version=row[f"{prefix}key_version"],
        memo=row[f"{prefix}memo"],
        created_at=moment(row[f"{prefix}created_at"]),
        expires_at=moment(row[f"{prefix}expires_at"]),
    )


def passage_row(value: Passage) -> dict[str, Any]:
    """Return the columns of a passage."""
    return {
        "id": value.id,
        "realm": value.realm,
        "subject": value.subject,
        "status": value.status.value,
        "kind": value.kind.value,
        "purpose": value.purpose.value,
        "lane": value.lane.value,
        "token_hash": value.token_hash,
        "identity_hash": value.identity_hash,
        "browser_hash": value.browser_hash,
        "password_stamp": value.password_stamp,
        "parked": value.parked,
        "contact": value.contact,
        "remembered": value.remembered,
        "proofs": [_proof_json(proof) for proof in value.proofs],
        "created_at": number(value.created_at),
        "expires_at": number(value.expires_at),
        "granted_at": number_or_none(value.granted_at),
        "proven_at": number_or_none(value.proven_at),
        "seen_at": number_or_none(value.seen_at),
    }


def passage(row: Row, prefix: str = "") -> Passage:
    """Return the passage of a row whose columns may bear a prefix; blobs may be left out."""
    return Passage(
        id=row[f"{prefix}id"],
        realm=row[f"{prefix}realm"],
        subject=row[f"{prefix}subject"],
        status=_STATUSES[row[f"{prefix}status"]],
        kind=_KINDS[row[f"{prefix}kind"]],
        purpose=_PURPOSES[row[f"{prefix}purpose"]],
        lane=_LANES[row[f"{prefix}lane"]],
        token_hash=bytes(row[f"{prefix}token_hash"]),
        identity_hash=bytes(row[f"{prefix}identity_hash"]),
        browser_hash=_bytes_or_none(row.get(f"{prefix}browser_hash")),
        password_stamp=_bytes_or_none(row.get(f"{prefix}password_stamp")),
        parked=_bytes_or_none(row.get(f"{prefix}parked")),
        contact=_bytes_or_none(row.get(f"{prefix}contact")),
        remembered=row[f"{prefix}remembered"],
        proofs=tuple(_proof(item) for item in row[f"{prefix}proofs"] or ()),
        created_at=moment(row[f"{prefix}created_at"]),
        expires_at=moment(row[f"{prefix}expires_at"]),
        granted_at=moment_or_none(row[f"{prefix}granted_at"]),
        proven_at=moment_or_none(row[f"{prefix}proven_at"]),
        seen_at=moment_or_none(row[f"{prefix}seen_at"]),
    )


def ledger_row(value: Ledger) -> dict[str, Any]:
    """Return the columns of a ledger."""
    return {
        "realm": value.realm,
        "subject": value.subject,
        "lane": value.lane.value,
        "spent": value.spent,
        "as_of": number(value.as_of),
        "failures": value.failures,
        "failed_at": number_or_none(value.failed_at),
        "told_at": number_or_none(value.told_at),
    }


def ledger(row: Row, prefix: str = "") -> Ledger:
    """Return the ledger of a row whose columns may bear a prefix."""
    return Ledger(
        realm=row[f"{prefix}realm"],
        subject=row[f"{prefix}subject"],
        lane=Lane(row[f"{prefix}lane"]),
        spent=row[f"{prefix}spent"],
        as_of=moment(row[f"{prefix}as_of"]),
        failures=row[f"{prefix}failures"],
        failed_at=moment_or_none(row[f"{prefix}failed_at"]),
        told_at=moment_or_none(row[f"{prefix}told_at"]),
    )


def source(row: Row, prefix: str = "") -> Source | None:
    """Return the source of a row whose columns may bear a prefix; None where it was not joined."""
    if row[f"{prefix}address"] is None:
        return None
    return Source(
        realm=row[f"{prefix}realm"],
        address=row[f"{prefix}address"],
        failures=row[f"{prefix}failures"],
        as_of=moment(row[f"{prefix}as_of"]),
    )


def source_row(value: Source) -> dict[str, Any]:
    """Return the columns of a source."""
    return {
        "realm": value.realm,
        "address": value.address,
        "failures": value.failures,
        "as_of": number(value.as_of),
    }


def message_row(value: Message) -> dict[str, Any]:
    """Return the columns of a message."""
    return {
        "id": value.id,
        "realm": value.realm,
        "subject": value.subject,
        "channel": value.channel,
        "text": value.text,
        "destination": value.destination,
        "locale": value.locale,
        "details": dict(value.details),
        "challenge_id": value.challenge_id,
        "status": value.status.value,
        "tries": value.tries,
        "outcome": value.outcome,
        "created_at": number(value.created_at),
        "not_after": number(value.not_after),
        "due_at": number(value.due_at or value.created_at),
        "claimed_until": number_or_none(value.claimed_until),
        "range": value.range,
        "whose": value.whose and value.whose.value,
        "awaited": value.awaited and value.awaited.value,
        "strange": value.strange,
        "charges": charges_json(value.charges),
    }


def message(row: Row) -> Message:
    """Return the message of a row."""
    return Message(
        id=row["id"],
        realm=row["realm"],
        subject=row["subject"],
        channel=row["channel"],
        text=row["text"],
        destination=bytes(row["destination"]),
        locale=row["locale"],
        details=row["details"],
        challenge_id=row["challenge_id"],
        status=MessageStatus(row["status"]),
        tries=row["tries"],
        outcome=row["outcome"],
        created_at=moment(row["created_at"]),
        not_after=moment(row["not_after"]),
        due_at=moment_or_none(row["due_at"]),
        claimed_until=moment_or_none(row["claimed_until"]),
        range=row["range"],
        whose=row["whose"] and Whose(row["whose"]),
        awaited=row["awaited"] and Awaited(row["awaited"]),
        strange=row["strange"],
        charges=charges(row["charges"]),
    )


def charges_json(value: Iterable[Charge]) -> list[Any]:
    """Return what charges are written as."""
    return [[one.channel, one.tally, one.amount] for one in value]


def charges(written: Any) -> tuple[Charge, ...]:
    """Return the charges that were written; of a message from before there were any, none."""
    return tuple(
        Charge(channel=channel, tally=tally, amount=amount)
        for channel, tally, amount in written or ()
    )


def event_row(value: Event) -> dict[str, Any]:
    """Return the columns of an event; what came from a browser is cut and made printable."""
    return {
        "at": number(value.at),
        "realm": value.realm,
        "subject": value.subject,
        "name": value.fact.name,
        "address": _printable(value.origin.address)[:LONGEST_ADDRESS],
        "agent": _printable(value.origin.agent)[:LONGEST_AGENT],
        "data": value.fact.data(),
    }


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(c for c in text if c.isprintable())


def _proof_json(value: Proof) -> list[Any]:
    told = [value.factor, value.enrolment_id, value.purpose.value, number(value.at)]
    return [*told, value.by] if value.by else told


def _proof(item: list[Any]) -> Proof:
    factor, enrolment_id, purpose, at, *by = item
    return Proof(
        factor=factor,
        enrolment_id=enrolment_id,
        purpose=_PURPOSES[purpose],
        at=moment(at),
        by=by[0] if by else "",
    )


def _bytes_or_none(value: Any) -> bytes | None:
    return None if value is None else bytes(value)


def obligation(row: Row) -> Obligation:
    """Return the obligation of a row."""
    return Obligation(
        realm=row["realm"],
        subject=row["subject"],
        since=moment(row["since"]),
        address=_bytes_or_none(row["address"]),
        address_since=moment(row["address_since"]),
        sealed_address=_bytes_or_none(row["sealed_address"]),
    )


def obligation_row(value: Obligation) -> dict[str, Any]:
    """Return the columns of an obligation."""
    return {
        "realm": value.realm,
        "subject": value.subject,
        "since": number(value.since),
        "address": value.address,
        "address_since": number(value.address_since),
        "sealed_address": value.sealed_address,
    }
