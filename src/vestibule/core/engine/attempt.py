"""An attempt: one answer meets everything that is asked on a passage, at one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vestibule.core import limits, policy, ticket
from vestibule.core.engine.context import Context, network_of
from vestibule.core.events import Event, Fact
from vestibule.core.factor import CodeFormat, Interaction, Judged
from vestibule.core.limits import Limits
from vestibule.core.model import EnrolmentStatus, Lane, Origin, PassageStatus, Purpose
from vestibule.core.ruling import Asked, Case

Readings = Mapping[str, str]
"""The answer as each factor that can read it spells it, by the factor's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was typed, for what, and where it came from; `network` is what its source counts as."""

    purpose: Purpose
    readings: Readings = field(repr=False)
    origin: Origin
    network: str | None

    def is_judged_apart(self, context: Context) -> bool:
        """Say whether whoever judges the answer, a factor or a carrier, may take long."""
        traits = [context.registry[name].traits for name in self.readings]
        if context.verifier is not None and any(card.channels for card in traits):
            return True
        return any(card.judged is Judged.APART for card in traits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An answer and a locked case. Made under the lock: who waited too long for it is late.

    `open` are the challenges that still take an answer; `usable` those of them whose factor is in
    use; `readable` those of them that can be compared with this answer. `early` could be, but is
    a ticket that has not taken effect: it is compared only where nothing else is, and not counted.
    """

    context: Context
    case: Case
    answer: Answer
    now: datetime
    open: tuple[Asked, ...]
    usable: tuple[Asked, ...]
    readable: tuple[Asked, ...]
    early: tuple[Asked, ...]

    @property
    def lane(self) -> Lane:
        """The lane that the attempt counts in."""
        return self.case.passage.lane

    @property
    def limits(self) -> Limits:
        """The numbers that hold for it."""
        return self.context.profile.limits

    @property
    def is_enrolling(self) -> bool:
        """Whether it proves a factor that is being added."""
        return self.answer.purpose is Purpose.ENROL

    @property
    def is_in_time(self) -> bool:
        """Whether the passage may still be answered for this purpose."""
        passage, purpose = self.case.passage, self.answer.purpose
        if passage.is_acting:
            return False  # no code makes it more than it is
        if purpose is Purpose.LOGIN:
            return passage.purpose is Purpose.LOGIN and passage.is_pending(self.now)
        if purpose is Purpose.ENROL and passage.status is PassageStatus.PENDING:
            return passage.purpose is Purpose.ENROL and passage.is_pending(self.now)
        return passage.is_granted(self.now)

    def price(self, asked: Asked) -> int:
        """Return what a wrong answer is worth to a guesser of this way, in trillionths."""
        code = _code_format(self.context, asked)
        if code.digits is None:
            return 0
        return limits.cost(codes_valid=code.valid_at_once, digits=code.digits)

    def charge(self, compared: Iterable[Asked]) -> int:
        """Return what a wrong answer costs the ledger: its worth against each way compared."""
        if self.is_enrolling:
            return 0  # the new secret is on the same screen, and opens nothing yet
        return sum(self.price(asked) for asked in compared)

    def events(self, *facts: Fact) -> tuple[Event, ...]:
        """Return facts as events of this subject, now, from where the answer came."""
        subject, origin = self.case.passage.subject, self.answer.origin
        return tuple(self.context.event(fact, subject, self.now, origin) for fact in facts)


def read(context: Context, purpose: Purpose, text: str, origin: Origin) -> Answer:
    """Return what was typed as every factor reads it that can."""
    readings = {
        factor.name: spelled
        for factor in context.registry
        if factor.traits.interaction is Interaction.CODE
        and (spelled := factor.reads(text)) is not None
    }
    return Answer(
        purpose=purpose, readings=readings, origin=origin, network=network_of(origin.address)
    )


def attempt(context: Context, case: Case, answer: Answer) -> Attempt:
    """Return the attempt that `answer` makes on `case` at this moment."""
    now = context.now()
    still_open = tuple(
        asked
        for asked in case.asked
        if asked.challenge.purpose is answer.purpose and asked.challenge.is_open(now)
    )
    in_use = tuple(
        asked
        for asked in still_open
        if _is_in_use(context, asked, case.passage.lane, answer.purpose, now)
    )
    usable = tuple(asked for asked in in_use if not ticket.is_early(asked.enrolment, now))
    fitting = tuple(asked for asked in in_use if _fits(context, asked, answer.readings))
    return Attempt(
        context=context,
        case=case,
        answer=answer,
        now=now,
        open=still_open,
        usable=usable,
        readable=tuple(asked for asked in fitting if asked in usable),
        early=tuple(asked for asked in fitting if asked not in usable),
    )


def _is_in_use(context: Context, asked: Asked, lane: Lane, purpose: Purpose, now: datetime) -> bool:
    if asked.enrolment.factor not in context.registry:
        return False
    if context.registry[asked.enrolment.factor].traits.channels and not asked.challenge.sends:
        return False  # nothing was sent: there is no code to know
    if purpose is Purpose.ENROL:
        return asked.enrolment.status is EnrolmentStatus.PENDING
    return policy.is_usable(asked.enrolment, lane, context.profile.limits, now)


def _fits(context: Context, asked: Asked, readings: Readings) -> bool:
    """Say whether the answer, as the factor reads it, is as long as this enrolment's codes."""
    reading = readings.get(asked.enrolment.factor)
    return reading is not None and _code_format(context, asked).digits in {None, len(reading)}


def _code_format(context: Context, asked: Asked) -> CodeFormat:
    return context.registry[asked.enrolment.factor].code_format(asked.enrolment)
