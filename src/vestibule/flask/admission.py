"""Handing a granted passage to the browser: session, cookies, and the gate's knowledge of them."""

from collections.abc import Callable

from flask import current_app, request
from flask.globals import request_ctx
from flask.sessions import SessionMixin
from werkzeug.wrappers import Response

from vestibule.core.engine import Outcome
from vestibule.core.engine.granting import Granted, Opened
from vestibule.core.model import Passage
from vestibule.core.ruling import Case
from vestibule.core.tokens import token_hash
from vestibule.flask import meanwhile, parking, signals
from vestibule.flask.answers import origin_of, peer_of
from vestibule.flask.entrance import parked_on
from vestibule.flask.hosts import peek, raw_session
from vestibule.flask.navigation import own_path
from vestibule.flask.pages import state
from vestibule.flask.parking import Parked
from vestibule.flask.people import visit
from vestibule.flask.welcome import is_still_welcome, owner_of, parked_session, turn_away


def admit(granted: Granted) -> Parked | None:
    """Put the parked login back into the session and name the grant; return what was parked."""
    parked = Parked.from_bytes(granted.parked) if granted.parked else None
    former = visit().grant
    if parked is not None:
        _put_back(granted.passage.subject, parked)
    _name(granted, former)
    return parked


def let_in(outcome: Outcome) -> str | None:
    """Let in whoever completed a login; return where they were going.

    None where the account was closed or its password changed between the steps: what was granted
    is taken back.
    """
    granted = outcome.granted
    if granted is None:  # pragma: no cover - the caller looked
        return None
    parked = admit(granted)
    try:
        welcome = is_still_welcome(state(), visit())
    except Exception:
        # The host cannot say: nothing that was granted may stay, and the error is its own.
        turn_away(state(), visit(), granted.passage)
        raise
    if not welcome:
        turn_away(state(), visit(), granted.passage)
        return None
    factor = outcome.enrolment.factor if outcome.enrolment else ""
    subject = granted.passage.subject
    signals.tell(state().app, signals.login_completed, "a login", subject=subject, factor=factor)
    return own_path(parked.wanted if parked else None, request) or state().settings.home_url


def admit_without(case: Case) -> Parked | None:
    """Let in somebody who may do without a second step for now; None where they may not.

    The host is asked once more whether it would: an account may have been closed meanwhile. A host
    without Flask-Login can say so only by its `subject_exists`.
    """
    here, engine = state(), state().engine
    parked = parked_on(here, case)
    if parked is None:
        return None
    engine.end(case.passage, "put off", origin_of(request))
    visit().on_response.append(here.cookies.drop_token)
    user = owner_of(here, parked_session(here, parked), case.passage)
    if user is None:
        return None
    _put_back(case.passage.subject, parked)
    until = engine.grace_until(case.passage.subject) if case.passage.remembered else None
    meanwhile.bind(here, raw_session(request_ctx), visit(), user, until)
    return parked


def name_opened(opened: Opened) -> None:
    """Send the new value of the cookie of a login on which a way is set up now."""
    visit().on_response.append(lambda out: state().cookies.set_token(out, opened.token, None))


def _put_back(subject: str, parked: Parked) -> None:
    """Bring the session to where a subject's parked login was, with its cookies, under a new id.

    No grant belongs to it until one is named.
    """
    here, session, host = visit(), raw_session(request_ctx), state().host
    _leave_nothing_of(session)
    parking.put_back(session, parked.values, state().serializer)
    parking.renew_id(current_app.session_interface, session)
    value = peek(session, host.key)
    here.knows(value, host.identity(value), subject, None)
    for line in parked.cookies:
        here.on_response.append(_adding(line))


def _leave_nothing_of(session: SessionMixin) -> None:
    """Sign out whoever else is in this browser: two people never share a session."""
    here = visit()
    if here.identity is None:
        return
    session.clear()
    if here.grant is not None:
        state().engine.end(here.grant, "another login", peer_of(request))


def name(granted: Granted) -> None:
    """Send the new values of our cookies; this browser is a known one from now on."""
    _name(granted, visit().grant)


def _name(granted: Granted, former: Passage | None) -> None:
    """Send the new values of our cookies, that of the browser in the place of a former grant's."""
    here, cookies = visit(), state().cookies
    passage = granted.passage
    before = former.browser_hash if former is not None else None
    here.grant = passage
    engine = state().engine
    # A profile that ignores the tick has its cookies end with the browser.
    remembered = passage.remembered and engine.profile.remembered_life is not None
    life = passage.expires_at - engine.now() if remembered else None
    others = [value for value in cookies.browsers(request) if token_hash(value) != before]
    known = [granted.browser, *others]
    here.on_response.append(lambda out: cookies.set_token(out, granted.token, life))
    here.on_response.append(lambda out: cookies.set_browsers(out, known))


def _adding(line: str) -> Callable[[Response], None]:
    def add(response: Response) -> None:
        response.headers.add("Set-Cookie", line)

    return add
