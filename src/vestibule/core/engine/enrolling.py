"""Adding a factor: begun by somebody who may, complete when it was proven by use."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from vestibule.core import events
from vestibule.core.engine import sending
from vestibule.core.engine.context import Context
from vestibule.core.engine.login import Login, furnished, with_language
from vestibule.core.engine.sending import Asking
from vestibule.core.factor import Applicant, Factor, Unusable
from vestibule.core.model import (
    Enrolment,
    EnrolmentStatus,
    Lane,
    Origin,
    Passage,
    PassageKind,
    PassageStatus,
    Purpose,
)
from vestibule.core.reach import PHONES, Barrier
from vestibule.core.ruling import Case
from vestibule.core.tokens import identity_hash, token_hash
from vestibule.secretbox import SealError

ANY: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An enrolment that waits to be proven. `token` is new where a passage was made for it."""

    enrolment: Enrolment
    token: str | None = field(default=None, repr=False)


def begin(
    context: Context,
    factor: Factor,
    applicant: Applicant,
    login: Login,
    passage: Passage | None,
    origin: Origin,
    *,
    succeeds: Enrolment | None = None,
) -> Draft | None:
    """Write a pending enrolment with its challenge; None where the subject may have no more.

    What the applicant answered has passed the factor's `check`. A code that is sent goes out at
    once, its message written with the challenge. A former draft is dropped. `passage` is the live
    grant of an enrolled subject, or a login at the door on which a first way is owed. Without one
    the subject must not be enrolled yet: that is looked at again inside the transaction. `succeeds`
    is the way whose place it is to take, and one of its kind more there may be until then. Who acts
    as somebody begins nothing.
    """
    token = None
    is_new = passage is None
    if passage is None:
        token = context.new_token()
        passage = _first_passage(context, with_language(login, origin), token)
    elif not _may_begin(context, factor, passage):
        return None
    enrolment = _drafted(context, factor, applicant, succeeds)
    if not _written(context, factor, enrolment, passage, origin, with_passage=is_new):
        return None
    return Draft(enrolment=enrolment, token=token)


def unusable(context: Context, factor: Factor, applicant: Applicant) -> Unusable | None:
    """Return what is wrong with what an applicant answered, None where it can be begun with.

    A number may be one that gets no codes here: then the last thing that was asked is wrong.
    """
    refused = factor.check(applicant.answers)
    questions = factor.presentation.questions
    if refused is not None or not (questions and PHONES & set(factor.traits.channels)):
        return refused
    env = context.env(context.now(), Purpose.ENROL)
    opening = factor.open(_drafted(context, factor, applicant, None), env)
    barrier = context.reach.barrier(opening.channel or "", opening.destination or "")
    return None if barrier is None else _no_codes(barrier, questions[-1].name)


def _no_codes(barrier: Barrier, question: str) -> Unusable:
    if barrier is Barrier.KIND:
        return Unusable(
            question=question,
            text="No codes are sent to such a number. Type the number of an ordinary phone.",
        )
    return Unusable(
        question=question,
        text=(
            "No codes are sent to numbers of that country. Type one of a country in the list, or "
            "set up another way."
        ),
    )


def _written(
    context: Context,
    factor: Factor,
    enrolment: Enrolment,
    passage: Passage,
    origin: Origin,
    *,
    with_passage: bool,
) -> bool:
    """Write a draft, with its challenge and what is sent; False where there may be no more."""
    now = context.now()
    sealed = context.vault.sealed(enrolment)
    challenge = context.challenge(passage, sealed, Purpose.ENROL, now)
    challenges, messages = sending.only_way(
        context, [sealed], [challenge], Asking(now=now, origin=origin, lane=passage.lane)
    )
    fact = events.EnrolmentBegun(enrolment=enrolment.id, factor=factor.name)
    told = (
        context.event(fact, enrolment.subject, now, origin),
        *sending.sent_events(context, challenges, messages, now, origin),
    )
    moves = enrolment.succeeds is not None
    begun = context.store.begin_enrolment(
        passage if with_passage else None,
        sealed,
        challenges[0],
        first=with_passage or not (passage.is_granted(now) or passage.proofs),
        primary=context.registry.primary_names(),
        most=_room(context, factor, passage, fresh=with_passage, moves=moves),
        messages=messages,
        events=told,
    )
    if begun:
        context.tell(told)
    return begun


def _may_begin(context: Context, factor: Factor, passage: Passage) -> bool:
    """Say whether a factor may be begun on a passage; at the door, only what completes a login."""
    now = context.now()
    if passage.is_granted(now):
        return not passage.is_acting
    return passage.purpose is Purpose.ENROL and passage.is_at_door(now) and factor.traits.primary


def draft_on(context: Context, case: Case | None) -> Enrolment | None:
    """Return the enrolment being proven on a passage, its secret open for showing."""
    if case is None:
        return None
    now = context.now()
    live = case.passage.is_granted(now) or case.passage.is_pending(now)
    for asked in case.asked:
        if (
            live
            and asked.challenge.purpose is Purpose.ENROL
            and asked.challenge.is_open(now)
            and asked.enrolment.status is EnrolmentStatus.PENDING
        ):
            return _shown(context, asked.enrolment)
    return None


def drop(context: Context, enrolment: Enrolment) -> None:
    """Forget a draft that its owner does not want after all."""
    context.store.drop_draft(enrolment.realm, enrolment.subject, enrolment.id)


def addable(context: Context, enrolments: Sequence[Enrolment]) -> list[Factor]:
    """Return the factors the subject may add one of on the pages."""
    return [
        factor
        for factor in context.registry
        if factor.traits.addable
        and sum(e.factor == factor.name for e in enrolments) < _most(context, factor)
    ]


def _room(context: Context, factor: Factor, passage: Passage, *, fresh: bool, moves: bool) -> int:
    """Return before how many of its kind this one may be begun."""
    if not fresh and not passage.is_granted(context.now()):
        # Whatever is there already goes when a first way is proven, and does not count against it.
        return ANY
    return _most(context, factor) + moves


def _most(context: Context, factor: Factor) -> int:
    """Return before how many of its kind another may be begun."""
    if factor.traits.replaces:
        return 2  # the one there is, which counts until the new one is proven
    return 1 if factor.traits.single else context.profile.enrolments_per_factor


def _shown(context: Context, enrolment: Enrolment) -> Enrolment | None:
    try:
        return context.vault.opened(enrolment)
    except SealError:
        return None  # an altered row is shown to nobody; it has to be begun anew


def _drafted(
    context: Context, factor: Factor, applicant: Applicant, succeeds: Enrolment | None
) -> Enrolment:
    now = context.now()
    data = factor.begin(applicant, context.env(now, Purpose.ENROL))
    return Enrolment(
        id=context.new_id(),
        realm=context.realm,
        subject=applicant.subject,
        factor=factor.name,
        status=EnrolmentStatus.PENDING,
        created_at=now,
        state=data.state,
        secret=data.secret,
        succeeds=succeeds.id if succeeds else None,
        # Who removes the old one by hand keeps being asked for the new one first.
        preferred=succeeds is not None and succeeds.preferred,
    )


def _first_passage(context: Context, login: Login, token: str) -> Passage:
    """Return the passage on which a first factor is proven; proving it makes it a grant."""
    now = context.now()
    passage = Passage(
        id=context.new_id(),
        realm=context.realm,
        subject=login.subject,
        status=PassageStatus.PENDING,
        kind=PassageKind.BROWSER,
        purpose=Purpose.ENROL,
        lane=Lane.STRANGER,
        token_hash=token_hash(token) or b"",
        created_at=now,
        expires_at=now + context.profile.enrolment_life,
        identity_hash=identity_hash(login.identity),
        remembered=login.remembered,
    )
    return furnished(context, passage, replace(login, parked=b""))
