"""Who stands at the door because a first way is owed: what they may do, and until when not to."""

from datetime import datetime

from flask import request

from vestibule.core.model import Purpose
from vestibule.core.profiles import FirstEnrolment
from vestibule.core.ruling import Case
from vestibule.flask import obliged
from vestibule.flask.entrance import parked_on, waiting
from vestibule.flask.pages import state
from vestibule.flask.people import Person
from vestibule.flask.welcome import owner_of, parked_session


def owes(person: Person) -> bool:
    """Say whether somebody signed in may set up a first way only after a proof."""
    here = state()
    if person.grant is not None or here.engine.standing(person.subject, None).enrolled:
        return False
    return obliged.is_obliged(here, person.user)


def is_owing(case: Case) -> bool:
    """Say whether a login waits because a first way is owed, not to be proven by one."""
    return not state().engine.standing(case.passage.subject, None).enrolled


def until_of(case: Case) -> datetime | None:
    """Return until when a login that waits may go on without, None where it may not."""
    engine = state().engine
    until = engine.grace_until(case.passage.subject)
    if until is None or engine.now() >= until or not is_owing(case):
        return None
    return until


def may_set_up(case: Case) -> bool:
    """Say whether a way may be set up on a login that waits.

    What was open when it began, without a proof, is so no more where the setting has changed.
    """
    is_open = state().engine.profile.first_enrolment is FirstEnrolment.OPEN
    return case.passage.purpose is Purpose.ENROL and (bool(case.passage.proofs) or is_open)


def at_door() -> Person | None:
    """Return who may set up a way before they come in, None where nobody may.

    Their login is parked: the application does not see them, and is asked here who they are.
    """
    here = state()
    case = waiting(here, here.cookies.token(request))
    parked = parked_on(here, case)
    if case is None or parked is None or not may_set_up(case):
        return None
    session = parked_session(here, parked)
    identity = here.host.identity(session.get(here.host.key))
    user = owner_of(here, session, case.passage)
    if identity is None or user is None:
        return None
    return Person(
        subject=case.passage.subject,
        identity=identity,
        grant=None,
        user=user,
        waiting=case.passage,
        parked=session,
    )
