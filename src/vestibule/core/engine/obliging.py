"""Who is obliged to have a second step and has none: how long they may go on, and what they owe.

A first way is not set up by whoever has the password: that may be a thief, before the owner comes.
Besides it a code must come back from the address the site has known for a week, or a ticket from
the people who run it (`VESTIBULE_FIRST_ENROLMENT`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Any, Final

from vestibule.core import caps, events
from vestibule.core.caps import Cap
from vestibule.core.engine.context import NOTICE_LIFE, Context
from vestibule.core.errors import ConfigurationError
from vestibule.core.factor import Applicant
from vestibule.core.model import (
    Enrolment,
    Message,
    Notice,
    Obligation,
    Origin,
)
from vestibule.core.profiles import FirstEnrolment
from vestibule.core.ruling import Noted
from vestibule.core.stand_in import KNOWN_ADDRESS, TICKET
from vestibule.secretbox import SealError

KNOWN_FOR: Final = timedelta(days=7)
"""How long an address must have been the account's: a thief's change is told of meanwhile."""
_LAST: Final = datetime.max.replace(tzinfo=UTC) - KNOWN_FOR
CHANGED_AT: Final = "email_changed_at"
"""What the host's contact says it by, where it knows: a moment, or None for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What an obliged person owes who has no way yet.

    `until` is when the password alone ceases to be enough. `address` is where a code may go that
    proves who they are, from `known_from` on; None where there is none, or nothing is sent.
    """

    until: datetime
    first: FirstEnrolment
    address: str | None = field(repr=False)
    known_from: datetime | None

    def is_due(self, now: datetime) -> bool:
        """Say whether the password alone is enough no more."""
        return now >= self.until

    def knows_address(self, now: datetime) -> bool:
        """Say whether a code to the address proves anything by now."""
        return self.known_from is not None and now >= self.known_from


def owed(context: Context, subject: str, contact: Mapping[str, Any], origin: Origin) -> Owed:
    """Return what an obliged subject owes, by what the host tells of it; note who is new here."""
    now, profile = context.now(), context.profile
    address = _address(contact)
    obligation = _noted(context, subject, address, origin)
    by_mail = profile.first_enrolment is FirstEnrolment.EMAIL and address is not None
    return Owed(
        until=obligation.since + profile.grace,
        first=profile.first_enrolment,
        address=address if by_mail else None,
        known_from=_known_from(contact, obligation, now) if by_mail else None,
    )


def grace_until(context: Context, subject: str) -> datetime | None:
    """Return until when the password of somebody obliged is enough, None for whoever is not."""
    noted = context.store.obligation(context.realm, subject)
    return None if noted is None else noted.since + context.profile.grace


def stand_ins(context: Context, subject: str, owed: Owed) -> Sequence[Enrolment]:
    """Return what is asked where there is no way yet: a ticket, a code to a known address."""
    found = context.store.enrolments(context.realm, subject)
    tickets = [one for one in found if one.factor == TICKET]
    known = _known(context, subject, owed, found)
    return tickets if known is None else [known, *tickets]


def _known(
    context: Context, subject: str, owed: Owed, found: Sequence[Enrolment]
) -> Enrolment | None:
    """Return what sends a code to the known address, None where none proves anything.

    Of the same address it is the same each time, and so are its counts of wrong answers.
    """
    if owed.address is None or not owed.knows_address(context.now()):
        return None
    for one in found:
        if one.factor == KNOWN_ADDRESS and _goes_to(context, one, owed.address):
            return one
    made = _made(context, subject, owed.address)
    return made if context.store.stand_in(made) else None


def _noted(context: Context, subject: str, address: str | None, origin: Origin) -> Obligation:
    """Return since when a subject is obliged, written down where that or the address is new."""

    def rule(before: Obligation | None) -> Noted:
        if before is None:
            return _begun(context, subject, address, origin)
        if address is None:  # an application that does not say this time has forgotten nothing
            return Noted(obligation=before)
        renewed = _renewed(context, before, address)
        return replace(renewed, caps=_caps(context, before)) if renewed.messages else renewed

    seen = context.store.obligation(context.realm, subject)
    if seen is not None and rule(seen).obligation == seen:
        return seen
    # Others may be as far as this: who is told is decided where they cannot be.
    noted = context.store.oblige(context.realm, subject, context.now(), rule)
    context.tell(noted.events)
    return noted.obligation


def _caps(context: Context, before: Obligation) -> Mapping[str, Cap]:
    """Return what a mail to the address before is counted to.

    Who may change the address of an account at will could else have anybody written to without end.
    """
    to = caps.spelled(_kept_address(context, before) or "")
    former = context.vault.name_of(f"{before.subject}\x1f{to}", use="former address")
    return caps.told(former, context.profile.caps)


def _begun(context: Context, subject: str, address: str | None, origin: Origin) -> Noted:
    """Return what is noted of somebody who is met for the first time."""
    now = context.now()
    fact = events.ObligationBegun(until=(now + context.profile.grace).isoformat())
    obligation = Obligation(
        realm=context.realm,
        subject=subject,
        since=now,
        address=None if address is None else _fingerprint(context, address),
        address_since=now,
        sealed_address=_sealed(context, subject, address),
    )
    return Noted(
        obligation=obligation,
        events=(context.event(fact, subject, now, origin),),
        messages=_reminder(context, subject, address, origin),
    )


def _renewed(context: Context, before: Obligation, address: str) -> Noted:
    """Return what is noted now of somebody whose address the host has told.

    An address that is not kept yet was noted where no code went to it, or before any was kept.
    """
    if not _is_as_before(context, before, address):
        other = replace(
            before,
            address=_fingerprint(context, address),
            address_since=context.now(),
            sealed_address=_sealed(context, before.subject, address),
        )
        return Noted(obligation=other, messages=_farewell(context, before))
    kept = before.sealed_address or _sealed(context, before.subject, address)
    return Noted(obligation=replace(before, sealed_address=kept))


def _fingerprint(context: Context, address: str) -> bytes:
    return context.vault.box.stamp(_spelled(address), use="address")


def _sealed(context: Context, subject: str, address: str | None) -> bytes | None:
    """Return the address as it is kept, None where no code would ever go to it."""
    by_mail = context.profile.first_enrolment is FirstEnrolment.EMAIL
    if address is None or not by_mail:
        return None
    return context.vault.seal_address(context.realm, subject, address)


def _farewell(context: Context, before: Obligation) -> tuple[Message, ...]:
    """Return the message that tells an address that another has taken its place.

    Who has changed it does not choose the language in which its owner is told.
    """
    address = _kept_address(context, before)
    if address is None:
        return ()
    return _mail(context, before.subject, address, Notice.ADDRESS_CHANGED, Origin(), NOTICE_LIFE)


def _kept_address(context: Context, before: Obligation) -> str | None:
    """Return the address as it was kept, None where none was, or what was kept was altered."""
    if before.sealed_address is None:
        return None
    try:
        return context.vault.open_address(before.realm, before.subject, before.sealed_address)
    except SealError:
        return None


def _is_as_before(context: Context, before: Obligation, address: str) -> bool:
    if before.address is None:
        return False
    return context.vault.box.matches(before.address, _spelled(address), use="address")


def _known_from(contact: Mapping[str, Any], obligation: Obligation, now: datetime) -> datetime:
    """Return from when on an address is known: the host's word goes before our memory."""
    if CHANGED_AT not in contact:
        return obligation.address_since + KNOWN_FOR
    changed = contact[CHANGED_AT]
    if changed is None:
        return now
    if not isinstance(changed, datetime):
        raise ConfigurationError(
            f"contact_loader tells {CHANGED_AT} as a datetime, or as None for an address that was "
            f"never changed, not as {type(changed).__name__}"
        )
    aware = changed if changed.tzinfo else changed.replace(tzinfo=UTC)
    return (aware + KNOWN_FOR).astimezone(UTC) if aware < _LAST else _LAST


def _address(contact: Mapping[str, Any]) -> str | None:
    """Return where the host says that a person is reached, None where it says nothing usable."""
    said = str(contact.get("email") or "").strip()
    return said if said and said.isprintable() else None


def _spelled(address: str) -> str:
    """Return an address as it is compared: other letters that look alike are other mailboxes."""
    return "".join(c.lower() if c.isascii() else c for c in address)


def _goes_to(context: Context, enrolment: Enrolment, address: str) -> bool:
    try:
        return compare_digest(context.vault.opened(enrolment).secret, address.encode())
    except SealError:
        return False


def _made(context: Context, subject: str, address: str) -> Enrolment:
    now = context.now()
    applicant = Applicant(
        subject=subject, account="", issuer=context.issuer, answers={"address": address}
    )
    factor = context.registry[KNOWN_ADDRESS]
    return context.vault.sealed(context.active(factor, applicant, context.env(now), now))


def _reminder(
    context: Context, subject: str, address: str | None, origin: Origin
) -> tuple[Message, ...]:
    """Return the message that tells from when on a second step is asked."""
    if address is None:
        return ()
    grace = context.profile.grace
    time = (context.now() + grace).isoformat()
    return _mail(context, subject, address, Notice.OBLIGED, origin, grace, time=time)


def _mail(
    context: Context,
    subject: str,
    address: str,
    notice: Notice,
    origin: Origin,
    life: timedelta,
    **details: str,
) -> tuple[Message, ...]:
    """Return a message to the address itself, none where nothing carries it.

    Whoever has no second step has left us no other.
    """
    if not context.notifies:
        return ()
    now, message_id = context.now(), context.new_id()
    message = Message(
        id=message_id,
        realm=context.realm,
        subject=subject,
        channel="email",
        text=notice.value,
        destination=context.vault.seal_destination(message_id, address),
        created_at=now,
        not_after=now + life,
        locale=origin.locale,
        details=details,
    )
    return (message,)
