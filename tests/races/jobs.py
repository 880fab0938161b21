"""What one thread of a server process does: plain functions of an engine, and what came of them.

They live in a module of their own because a spawned process imports them by name.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from tests.races.people import Person, grant_of, letter

from vestibule.bootstrap import Parts
from vestibule.core.caps import DAY, Cap, Caps
from vestibule.core.engine import Engine
from vestibule.core.factor import Env
from vestibule.core.limits import Limits
from vestibule.core.links import Errand, Link
from vestibule.core.model import Challenge, Enrolment, Origin, Purpose
from vestibule.core.registry import Registry
from vestibule.core.verdict import Rejected, Verdict
from vestibule.factors.recovery_codes import RecoveryCodes

MOST_LETTERS: Final = 2


@dataclass(frozen=True, slots=True)
class Job:
    """A function of this module by its name, and what it is called with."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def run(self, parts: Parts) -> str:
        """Do it and return one word for what came of it."""
        work: Callable[..., str] = globals()[self.name]
        return work(parts, **self.arguments)


def with_limits(engine: Engine, limits: Limits) -> Engine:
    """Return the same engine counting with other numbers."""
    context = engine.context
    return Engine(replace(context, profile=replace(context.profile, limits=limits)))


def with_many_sends(engine: Engine) -> Engine:
    """Return the same engine sending as many codes as anybody asks for."""
    context = engine.context
    many = Cap(most=10_000, window=DAY)
    caps = Caps(address=(many,), unanswered=many)
    return Engine(replace(context, profile=replace(context.profile, caps=caps)))


def word(verdict: Verdict) -> str:
    """Return a verdict in one word."""
    return verdict.reason.value if isinstance(verdict, Rejected) else type(verdict).__name__.lower()


def verify(
    parts: Parts, token: str, answer: str, purpose: Purpose = Purpose.LOGIN, address: str = ""
) -> str:
    """Answer what a token asks."""
    outcome = parts.engine.verify(token, purpose, answer, Origin(address=address))
    return word(outcome.verdict)


def redeem(parts: Parts, proof: str, subject: str) -> str:
    """Use up a program's proof."""
    return "accepted" if parts.engine.redeem(proof, subject) else "refused"


def begin_enrolment(parts: Parts, person: Person, factor: str, *, first: bool = False) -> str:
    """Begin to add a factor, on the person's grant or as a first one."""
    engine = parts.engine
    passage = None if first else grant_of(engine, person)
    kind = engine.registry[factor]
    draft = engine.begin_enrolment(kind, person.applicant, person.login(), passage)
    return "refused" if draft is None else "begun"


def add_number(parts: Parts, subject: str, number: str) -> str:
    """Begin to add a phone number as a first way, which has a code sent there if it may be."""
    engine, person = parts.engine, Person(subject)
    applicant = replace(person.applicant, answers={"number": number})
    kind = engine.registry["phone"]
    draft = engine.begin_enrolment(kind, applicant, person.login(), None)
    case = engine.look(draft.token) if draft is not None else None
    return "sent" if case is not None and case.asked[0].challenge.sends else "not sent"


def begin_move(parts: Parts, person: Person, old: str) -> str:
    """Begin to add what takes the place of one of the person's ways, by its id."""
    engine = parts.engine
    way = engine.own(person.subject, old)
    passage, kind = grant_of(engine, person), engine.registry["totp"]
    draft = engine.begin_enrolment(kind, person.applicant, person.login(), passage, succeeds=way)
    return "refused" if draft is None else "begun"


def add_until_full(parts: Parts, person: Person, factor: str) -> str:
    """Add sent-code factors on the person's grant until there may be no more."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if add_one(parts, person, factor) == "refused":
            return "full"
    return "late"


def add_one(parts: Parts, person: Person, factor: str) -> str:
    """Begin to add a sent-code factor and prove it in one go; the person keeps the new grant."""
    engine = with_many_sends(parts.engine)
    passage = engine.standing(person.subject, person.token).passage
    if passage is None:
        return "gone"
    kind = engine.registry[factor]
    draft = engine.begin_enrolment(kind, person.applicant, person.login(), passage)
    if draft is None:
        return "refused"
    case = engine.look(person.token)
    mine = [a for a in case.asked if a.enrolment.id == draft.enrolment.id] if case else []
    if not mine:
        return "gone"
    code = engine.context.codes.code_for(mine[0].challenge, 6)
    outcome = engine.verify(person.token, Purpose.ENROL, code)
    if outcome.granted is not None:
        person.token = outcome.granted.token
    return word(outcome.verdict)


def remove(parts: Parts, subject: str, enrolment: str, by: str = "") -> str:
    """Remove one of a subject's own enrolments on the grant that a token names."""
    own = parts.engine.own(subject, enrolment)
    grant = parts.engine.standing(subject, by).passage
    return "removed" if own is not None and parts.engine.revoke(own, grant) else "refused"


def report_link(parts: Parts, subject: str, way: str) -> Link:
    """Return what the link in the mail about a way says."""
    until = parts.engine.now() + timedelta(days=7)
    return Link(errand=Errand.NOT_ME, subject=subject, about=way, until=until)


def report(parts: Parts, subject: str, way: str, token: str) -> str:
    """Report a way in the login that waits under a token."""
    case = parts.engine.look(token)
    if case is None:
        return "gone"
    done = parts.engine.report(report_link(parts, subject, way), case.passage)
    return "reported" if done else "refused"


def oblige(parts: Parts, subject: str, address: str) -> str:
    """Ask what somebody owes who must have a way; return until when they may do without."""
    return parts.engine.owed(subject, {"email": address}).until.isoformat()


def cancel(parts: Parts, subject: str, token: str) -> str:
    """End what a token names."""
    passage = parts.engine.standing(subject, token).passage
    if passage is None:
        return "gone"
    parts.engine.end(passage, "cancelled")
    return "ended"


def renew_codes(parts: Parts, person: Person) -> str:
    """Make a new set of recovery codes."""
    return parts.engine.new_recovery_codes(person.applicant).enrolment.id


def die_judging(parts: Parts, token: str, answer: str) -> str:
    """Give an answer, and be killed after it was counted, when it is to be judged."""
    context = parts.engine.context
    factors = [
        Deadly(**asdict(factor)) if isinstance(factor, RecoveryCodes) else factor
        for factor in context.registry
    ]
    deadly = Engine(replace(context, registry=Registry(factors)))
    return word(deadly.verify(token, Purpose.LOGIN, answer).verdict)


class Deadly(RecoveryCodes):
    """Recovery codes that end the process as a power cut would, the moment they are to judge."""

    def judge(self, challenge: Challenge, enrolment: Enrolment, answer: str, env: Env) -> Verdict:
        """End everything."""
        os.kill(os.getpid(), signal.SIGKILL)
        return super().judge(challenge, enrolment, answer, env)


def is_live(parts: Parts, subject: str, token: str) -> str:
    """Say whether a token names a live grant."""
    engine = parts.engine
    passage = engine.standing(subject, token).passage
    return "live" if engine.is_live(passage, subject, "1") else "over"


def ready(parts: Parts) -> str:
    """Say which installation this process has opened."""
    return parts.settings.realm


def keep_busy(parts: Parts, what: str, seconds: float, **arguments: Any) -> str:
    """Do one thing over and over until the time is up; return how often."""
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        Job(what, arguments).run(parts)
        count += 1
    return str(count)


def log_in_by_letter(parts: Parts, person: Person, *, known: bool) -> str:
    """Log in with a sent code after a wrong answer; the person keeps the new grant."""
    engine = parts.engine
    begun = engine.begin_login(person.login(known=known))
    letters = [way for way in begun.ways if way.factor == "letters"]
    if not letters:
        return "no letters"
    engine.resend(begun.token, Purpose.LOGIN, letters[0].id)
    engine.verify(begun.token, Purpose.LOGIN, "000000")
    try:
        code = letter(engine, begun.token, Purpose.LOGIN)
    except (AssertionError, StopIteration):
        return "ended meanwhile"
    outcome = engine.verify(begun.token, Purpose.LOGIN, code)
    if outcome.granted is not None:
        person.token = outcome.granted.token
    return word(outcome.verdict)


def log_in_by_code(parts: Parts, person: Person) -> str:
    """Renew the recovery codes and log in with one of the new set, unless it is replaced first."""
    engine = parts.engine
    codes = engine.new_recovery_codes(person.applicant).codes
    begun = engine.begin_login(person.login())
    return word(engine.verify(begun.token, Purpose.LOGIN, codes[0]).verdict)


def ask_and_answer(parts: Parts, subject: str, token: str) -> str:
    """Ask again and answer wrongly on one grant that others use too."""
    engine = parts.engine
    passage = engine.standing(subject, token).passage
    if passage is None:
        return "gone"
    engine.ask_fresh(passage, Purpose.FRESH)
    return word(engine.verify(token, Purpose.FRESH, "111111").verdict)


def rename(parts: Parts, subject: str) -> str:
    """Rename and prefer every enrolment of a subject."""
    engine = parts.engine
    for enrolment in engine.enrolments(subject):
        engine.rename(enrolment, "phone")
        engine.prefer(enrolment)
    return "renamed"


def add_and_remove(parts: Parts, person: Person, by: str) -> str:
    """Log in, add a sent-code factor, and remove one where there are several."""
    log_in_by_letter(parts, person, known=False)
    add_one(parts, person, "letters")
    letters = [e for e in parts.engine.enrolments(person.subject) if e.factor == "letters"]
    if len(letters) > MOST_LETTERS:
        return remove(parts, person.subject, letters[0].id, by)
    return "few"
