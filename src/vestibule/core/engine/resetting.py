"""A help desk's reset: a ticket for whoever has lost every way, after a time to object."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from vestibule.core import events, ticket
from vestibule.core.engine.context import Context
from vestibule.core.events import Event
from vestibule.core.factor import Applicant
from vestibule.core.model import Enrolment, Message, Notice, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """A ticket as the person is handed it, and from when until when it can be used."""

    ticket: str = field(repr=False)
    valid_from: datetime
    valid_until: datetime


def request(
    context: Context,
    subject: str,
    *,
    by: str,
    reason: str,
    at_once: bool = False,
    obliged: bool = False,
) -> Reset | None:
    """Give a subject a ticket; None where it is not enrolled, so that its password is enough.

    A former ticket is worthless. `at_once` has it take effect now, and revokes every way and ends
    every session; else these live on until a new way was set up by it, and its owner is told and
    can cancel it. Who is `obliged` to have a second step and has none has nothing to lose: the
    ticket takes effect now.
    """
    owing = obliged and not context.store.standing(context.realm, subject, None).enrolled
    now = context.now()
    takes_effect = now if at_once or owing else now + context.profile.reset_delay
    made, symbols = _ticket(context, subject, now, takes_effect)
    fact = events.ResetRequested(
        ticket=made.id, by=by, reason=reason, at_once=at_once, valid_from=takes_effect.isoformat()
    )
    event = context.event(fact, subject, now, Origin())
    notices = _notices(context, made, at_once=at_once)
    if not context.store.reset(
        made, at_once=at_once, owing=owing, events=[event], messages=notices
    ):
        return None
    context.tell((event,))
    return Reset(
        ticket=ticket.grouped(symbols),
        valid_from=takes_effect,
        valid_until=ticket.valid_until(made),
    )


def cancel(
    context: Context, subject: str, *, by: str, origin: Origin, only: str | None = None
) -> bool:
    """Make a ticket that was not used worthless; False where nothing but it would open the account.

    Then it stays: without it the password alone would. `only` is the id of the one that is meant.
    """
    now = context.now()

    def cancelled(ticket_id: str) -> Event:
        fact = events.ResetCancelled(ticket=ticket_id, by=by)
        return context.event(fact, subject, now, origin)

    event = context.store.cancel_reset(
        context.realm,
        subject,
        only=only,
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


def _notices(context: Context, made: Enrolment, *, at_once: bool) -> tuple[Message, ...]:
    """Return what the owner is told of a ticket that was asked for, if anything is told."""
    notice = Notice.RESET_AT_ONCE if at_once else Notice.RESET_REQUESTED
    takes_effect = ticket.valid_from(made).isoformat()
    return _written(context).notice(
        notice, made.subject, made.created_at, Origin(), time=takes_effect, about=made.id
    )


def _written(context: Context) -> Context:
    """Return the context that writes notices also where this process carries none, as a command.

    The site's own courier may. What nobody carries is too late after a week, and harms nobody.
    """
    return replace(context, notifies=True)


def _ticket(
    context: Context, subject: str, now: datetime, takes_effect: datetime
) -> tuple[Enrolment, str]:
    applicant = Applicant(subject=subject, account="", issuer=context.issuer)
    factor = context.registry[ticket.NAME]
    made = context.active(factor, applicant, context.env(takes_effect), now)
    return context.vault.sealed(made), made.secret.decode()
