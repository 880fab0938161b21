"""Sets of recovery codes: made whole, shown until they are kept, replaced whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from vestibule.core import events
from vestibule.core.engine.context import Context
from vestibule.core.errors import UsageError
from vestibule.core.factor import Applicant, IssuesCodes
from vestibule.core.model import Enrolment, EnrolmentStatus, Message, Notice, Origin, Passage

LOW: Final = 3
_UNTOLD: Final = "untold"
"""Stands in the state of a set that its owner is told of once it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSet:
    """How a set stands. `codes` are there only while they may still be seen."""

    enrolment: Enrolment
    remaining: int
    total: int
    codes: Sequence[str] = field(default=(), repr=False)

    @property
    def is_low(self) -> bool:
        """Say whether it is time for a new set."""
        return self.remaining <= LOW


def renew(
    context: Context, applicant: Applicant, by: Passage | None, origin: Origin, *, comes_along: bool
) -> CodeSet:
    """Make a new set; in the same transaction the old one is dead.

    Where the grant `by` has ended meanwhile nothing is made, and the set that comes back is empty.
    The owner is told of it now; of one that `comes_along` with a new way, once it is kept: until
    then the notice about the way speaks for both, and suspends both.
    """
    now = context.now()
    factor = context.registry.recovery_codes
    if factor is None:
        raise UsageError("no factor that makes recovery codes is switched on in VESTIBULE_FACTORS")
    enrolment = context.active(factor, applicant, context.env(now), now)
    if comes_along:
        enrolment = replace(enrolment, state={**enrolment.state, _UNTOLD: True})
    fact = events.RecoveryCodesMade(enrolment=enrolment.id, count=factor.total(enrolment))
    event = context.event(fact, applicant.subject, now, origin)
    made = context.store.replace_enrolment(
        context.vault.sealed(enrolment),
        by=by.id if by else "",
        events=[event],
        messages=() if comes_along else _notice(context, enrolment, origin),
    )
    if not made:
        return CodeSet(enrolment=enrolment, remaining=0, total=0)
    context.tell((event,))
    return _described(context, factor, enrolment, opened=True)


def current(context: Context, enrolments: Sequence[Enrolment]) -> CodeSet | None:
    """Return the subject's set as it stands, with its codes while they may be seen."""
    factor = context.registry.recovery_codes
    if factor is None:
        return None
    for enrolment in enrolments:
        if enrolment.factor == factor.name and enrolment.status is EnrolmentStatus.ACTIVE:
            return _described(context, factor, enrolment)
    return None


def keep(context: Context, codes: CodeSet, origin: Origin, *, kept: bool) -> bool:
    """Note that the person has the codes: they are shown no more. Waved off, the set is dropped.

    Its owner is told of a set that is kept, and of one that is dropped where it was told of before.
    """
    now, enrolment = context.now(), codes.enrolment
    fact = events.RecoveryCodesKept(enrolment=enrolment.id, kept=kept)
    event = context.event(fact, enrolment.subject, now, origin)
    status = EnrolmentStatus.ACTIVE if kept else EnrolmentStatus.REVOKED
    changed = replace(enrolment, secret=b"", status=status, version=enrolment.version + 1)
    untold = bool(enrolment.state.get(_UNTOLD))
    messages = _notice(context, enrolment, origin, kept=kept) if kept is untold else ()
    done = context.store.save_enrolment(changed, [event], messages)
    if done:
        context.tell((event,))
    return done


def _notice(
    context: Context, enrolment: Enrolment, origin: Origin, *, kept: bool = True
) -> tuple[Message, ...]:
    """Return what tells the owner of a set that works, or of one that works no more."""
    subject, factor, now = enrolment.subject, enrolment.factor, context.now()
    if not kept:
        return context.notice(Notice.ENROLMENT_REVOKED, subject, now, origin, factor=factor)
    made = Notice.RECOVERY_CODES_MADE
    return context.notice(made, subject, now, origin, factor=factor, about=enrolment.id)


def _described(
    context: Context, factor: IssuesCodes, enrolment: Enrolment, *, opened: bool = False
) -> CodeSet:
    # A set that was altered is asked at no login: none of its codes lets anybody in.
    whole = opened or context.opens(enrolment)
    visible = context.now() < enrolment.created_at + context.profile.enrolment_life
    codes: Sequence[str] = ()
    if enrolment.secret and visible and whole:
        codes = factor.shown(enrolment if opened else context.vault.opened(enrolment))
    return CodeSet(
        enrolment=enrolment,
        remaining=factor.remaining(enrolment) if whole else 0,
        total=factor.total(enrolment),
        codes=codes,
    )
