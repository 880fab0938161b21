"""Sets of recovery codes: made whole, shown until they are kept, replaced whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from vestibule.core import events
from vestibule.core.engine.house import House
from vestibule.core.errors import UsageError
from vestibule.core.factor import Applicant, IssuesCodes
from vestibule.core.model import Enrolment, EnrolmentStatus, Origin, Passage

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


def renew(house: House, applicant: Applicant, by: Passage | None, origin: Origin) -> CodeSet:
    """Make a new set; in the same transaction the old one is dead.

    Where the grant `by` has ended meanwhile nothing is made, and the set that comes back is empty.
    """
    now = house.now()
    factor = house.registry.recovery_codes
    if factor is None:
        raise UsageError("no factor that makes recovery codes is switched on in VESTIBULE_FACTORS")
    data = factor.begin(applicant, house.env(now))
    enrolment = Enrolment(
        id=house.new_id(),
        realm=house.realm,
        subject=applicant.subject,
        factor=factor.name,
        status=EnrolmentStatus.ACTIVE,
        created_at=now,
        confirmed_at=now,
        state=data.state,
        secret=data.secret,
    )
    fact = events.RecoveryCodesMade(enrolment=enrolment.id, count=factor.total(enrolment))
    event = house.event(fact, applicant.subject, now, origin)
    notices = house.notice("recovery_codes_made", applicant.subject, now)
    made = house.store.replace_enrolment(
        house.vault.sealed(enrolment),
        by=by.id if by else "",
        events=[event],
        messages=notices,
    )
    if not made:
        return CodeSet(enrolment=enrolment, remaining=0, total=0)
    house.tell((event,))
    return _described(house, factor, enrolment, opened=True)


def current(house: House, enrolments: Sequence[Enrolment]) -> CodeSet | None:
    """Return the subject's set as it stands, with its codes while they may be seen."""
    factor = house.registry.recovery_codes
    if factor is None:
        return None
    for enrolment in enrolments:
        if enrolment.factor == factor.name and enrolment.status is EnrolmentStatus.ACTIVE:
            return _described(house, factor, enrolment)
    return None


def is_used_up(house: House, enrolment: Enrolment) -> bool:
    """Say whether an enrolment is a set of recovery codes of which none is left."""
    factor = house.registry.recovery_codes
    if factor is None or enrolment.factor != factor.name:
        return False
    return factor.remaining(enrolment) == 0


def keep(house: House, codes: CodeSet, origin: Origin, *, kept: bool) -> bool:
    """Note that the person has the codes: they are shown no more. Waved off, the set is dropped."""
    now, enrolment = house.now(), codes.enrolment
    fact = events.RecoveryCodesKept(enrolment=enrolment.id, kept=kept)
    event = house.event(fact, enrolment.subject, now, origin)
    status = EnrolmentStatus.ACTIVE if kept else EnrolmentStatus.REVOKED
    changed = replace(enrolment, secret=b"", status=status, version=enrolment.version + 1)
    done = house.store.save_enrolment(changed, [event])
    if done:
        house.tell((event,))
    return done


def _described(
    house: House, factor: IssuesCodes, enrolment: Enrolment, *, opened: bool = False
) -> CodeSet:
    visible = house.now() < enrolment.created_at + house.profile.enrolment_life
    codes: Sequence[str] = ()
    if enrolment.secret and visible:
        codes = factor.shown(enrolment if opened else house.vault.opened(enrolment))
    return CodeSet(
        enrolment=enrolment,
        remaining=factor.remaining(enrolment),
        total=factor.total(enrolment),
        codes=codes,
    )
