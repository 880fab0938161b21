"""Who asks for codes on a played day: people who type them, and somebody who does not."""

from dataclasses import dataclass, replace

from vestibule.core.engine import Engine, Login
from vestibule.core.factor import Applicant
from vestibule.core.model import Origin, Purpose


@dataclass(slots=True)
class Person:
    """Somebody whose only way is a number, and what the browser holds."""

    subject: str
    number: str
    browser: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A code that was sent, and waits to be typed."""

    person: Person
    token: str
    purpose: Purpose


class Carrier:
    """A carrier that takes everything and brings it nowhere."""

    def send(self, *, channel: str, to: str, subject: str | None, text: str) -> None:
        """Say that the message was handed over."""


def add_number(engine: Engine, person: Person, address: str) -> Waiting | None:
    """Begin to set up a number as a first way; None where no code was sent to it."""
    applicant = Applicant(subject=person.subject, account=person.subject, issuer="Site")
    answered = replace(applicant, answers={"number": person.number})
    factor, login = engine.registry["phone"], Login(subject=person.subject, identity="1")
    draft = engine.begin_enrolment(factor, answered, login, None, Origin(address=address))
    if draft is None or draft.token is None:
        raise RuntimeError(f"{person.subject} may add no number")
    return _sent(engine, Waiting(person, draft.token, Purpose.ENROL))


def log_in(engine: Engine, person: Person, address: str, *, known: bool) -> Waiting | None:
    """Give the password, in a browser that is known or in another; None where no code was sent."""
    browsers = (person.browser,) if known else ()
    login = Login(subject=person.subject, identity="1", browsers=browsers)
    begun = engine.begin_login(login, Origin(address=address))
    return _sent(engine, Waiting(person, begun.token, Purpose.LOGIN))


def type_code(engine: Engine, waiting: Waiting) -> None:
    """Type the code that was sent; who is let in keeps the browser's cookie, if it was new."""
    case = engine.look(waiting.token)
    if case is None:
        return
    code = engine.context.codes.code_for(case.asked[0].challenge, 6)
    granted = engine.verify(waiting.token, waiting.purpose, code).granted
    if granted is not None:
        waiting.person.browser = waiting.person.browser or granted.browser


def _sent(engine: Engine, waiting: Waiting) -> Waiting | None:
    case = engine.look(waiting.token)
    return waiting if case is not None and case.asked[0].challenge.sends else None
