"""Handing a granted passage to the browser: session, cookies, and the gate's knowledge of them."""

from collections.abc import Callable

from flask import current_app, request
from flask.globals import request_ctx
from flask.sessions import SessionMixin
from werkzeug.wrappers import Response

from vestibule.core.engine.granting import Granted
from vestibule.core.tokens import token_hash
from vestibule.flask import parking
from vestibule.flask.answers import peer_of
from vestibule.flask.hosts import peek, raw_session
from vestibule.flask.pages import state
from vestibule.flask.parking import Parked
from vestibule.flask.people import visit


def admit(granted: Granted) -> Parked | None:
    """Put the parked login back into the session and name the grant; return what was parked."""
    parked = Parked.from_bytes(granted.parked) if granted.parked else None
    if parked is not None:
        session = raw_session(request_ctx)
        _leave_nothing_of(session)
        interface = current_app.session_interface
        parking.put_back(session, parked.values, parking.serializer_of(interface))
        parking.renew_id(interface, session)
        here, host = visit(), state().host
        value = peek(session, host.key)
        here.knows(value, host.identity(value), granted.passage.subject, here.grant)
        for line in parked.cookies:
            here.on_response.append(_adding(line))
    name(granted)
    return parked


def _leave_nothing_of(session: SessionMixin) -> None:
    """Sign out whoever else is in this browser: two people never share a session."""
    here = visit()
    if here.identity is None:
        return
    session.clear()
    if here.grant is not None:
        state().engine.cancel(here.grant, "another login", peer_of(request))


def name(granted: Granted) -> None:
    """Send the new values of our cookies; this browser is a known one from now on."""
    here, cookies = visit(), state().cookies
    passage = granted.passage
    before = here.grant.browser_hash if here.grant is not None else None
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
