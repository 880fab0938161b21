"""Sets of recovery codes: made whole, shown until they are kept, replaced whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from vestibule.core import events
from vestibule.core.engine.context import Context
from vestibule.core.errors import UsageError
from vestibule.core.factor import Applicant, IssuesCodes
from vestibule.core.model import Enrolment, EnrolmentStatus, Notice, Origin, Passage

LOW: Final = 3


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


def renew(context: Context, applicant: Applicant, by: Passage | None, origin: Origin) -> CodeSet:
    """Make a new set; in the same transaction the old one is dead.

    Where the grant `by` has ended meanwhile nothing is made, and the set that comes back is empty.
    """
    now = context.now()
    factor = context.registry.recovery_codes
    if factor is None:
        raise UsageError("no factor that makes recovery codes is switched on in VESTIBULE_FACTORS")
    enrolment = context.active(factor, applicant, context.env(now), now)
    fact = events.RecoveryCodesMade(enrolment=enrolment.id, count=factor.total(enrolment))
    event = context.event(fact, applicant.subject, now, origin)
    notices = context.notice(
        Notice.RECOVERY_CODES_MADE,
        applicant.subject,
        now,
        origin,
        factor=factor.name,
        about=enrolment.id,
    )
    made = context.store.replace_enrolment(
        context.vault.sealed(enrolment),
        by=by.id if by else "",
        events=[event],
        messages=notices,
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
    """Note that the person has the codes: they are shown no more. Waved off, the set is dropped."""
    now, enrolment = context.now(), codes.enrolment
    fact = events.RecoveryCodesKept(enrolment=enrolment.id, kept=kept)
    event = context.event(fact, enrolment.subject, now, origin)
    status = EnrolmentStatus.ACTIVE if kept else EnrolmentStatus.REVOKED
    changed = replace(enrolment, secret=b"", status=status, version=enrolment.version + 1)
    done = context.store.save_enrolment(changed, [event])
    if done:
        context.tell((event,))
    return done


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
