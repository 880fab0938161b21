"""A help desk's reset: a ticket for whoever has lost every way, after a time to object."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from vestibule.core import events, ticket
from vestibule.core.engine.context import Context
from vestibule.core.events import Event
from vestibule.core.factor import Applicant
from vestibule.core.model import Enrolment, EnrolmentStatus, Notice, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """A ticket as the person is handed it, and from when until when it opens one login."""

    ticket: str = field(repr=False)
    valid_from: datetime
    valid_until: datetime


def request(context: Context, subject: str, *, by: str, reason: str, at_once: bool) -> Reset | None:
    """Give a subject a ticket; None where it is not enrolled, so that its password is enough.

    A former ticket is worthless. `at_once` has it take effect now, and revokes every way and ends
    every session; else these live on until it is used, and its owner is told and can cancel it.
    """
    now = context.now()
    takes_effect = now if at_once else now + context.profile.reset_delay
    made, symbols = _ticket(context, subject, now, takes_effect)
    fact = events.ResetRequested(
        ticket=made.id,
        by=by,
        reason=reason,
        at_once=at_once,
        valid_from=takes_effect.isoformat(),
    )
    event = context.event(fact, subject, now, Origin())
    notice = Notice.RESET_AT_ONCE if at_once else Notice.RESET_REQUESTED
    told = _written(context).notice(notice, subject, now, Origin(), time=takes_effect.isoformat())
    if not context.store.reset(made, at_once=at_once, events=[event], messages=told):
        return None
    context.tell((event,))
    return Reset(
        ticket=ticket.grouped(symbols),
        valid_from=takes_effect,
        valid_until=takes_effect + ticket.LIFE,
    )


def cancel(context: Context, subject: str, *, by: str, origin: Origin) -> bool:
    """Make a ticket that was not used worthless; False where nothing but it would open the account.

    Then it stays: without it the password alone would.
    """
    now = context.now()

    def cancelled(ticket_id: str) -> Event:
        fact = events.ResetCancelled(ticket=ticket_id, by=by)
        return context.event(fact, subject, now, origin)

    event = context.store.cancel_reset(
        context.realm,
        subject,
        event=cancelled,
        messages=_written(context).notice(Notice.RESET_CANCELLED, subject, now, origin),
    )
    if event is None:
        return False
    context.tell((event,))
    return True


def pending(context: Context, enrolments: Sequence[Enrolment]) -> datetime | None:
    """Return when a ticket takes effect, or took, that waits to be used; None where none does."""
    found = ticket.pending(enrolments, context.now())
    return None if found is None else ticket.valid_from(found)


def _written(context: Context) -> Context:
    """Return the context that writes notices also where this process carries none, as a command.

    The site's own courier may. What nobody carries is too late after a week, and harms nobody.
    """
    return replace(context, notifies=True)


def _ticket(
    context: Context, subject: str, now: datetime, takes_effect: datetime
) -> tuple[Enrolment, str]:
    applicant = Applicant(subject=subject, account="", issuer=context.issuer)
    data = context.registry[ticket.NAME].begin(applicant, context.env(now))
    made = Enrolment(
        id=context.new_id(),
        realm=context.realm,
        subject=subject,
        factor=ticket.NAME,
        status=EnrolmentStatus.ACTIVE,
        created_at=now,
        confirmed_at=now,
        state=ticket.state(takes_effect),
        secret=data.secret,
    )
    return context.vault.sealed(made), data.secret.decode()
