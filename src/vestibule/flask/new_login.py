"""A login just made by the host: let in, put on hold, or led back to the one that waits."""

import logging
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from flask import request
from flask.globals import request_ctx
from flask.sessions import SessionMixin
from werkzeug.wrappers import Response

from vestibule.core.engine import Login
from vestibule.flask import answers, entrance, meanwhile, obliged, parking, way_back, weighing
from vestibule.flask.hosts import peek
from vestibule.flask.marks import is_marked_here
from vestibule.flask.navigation import address_of, is_navigation, own_path
from vestibule.flask.parking import Parked
from vestibule.flask.state import State
from vestibule.flask.visit import Visit

_log = logging.getLogger("vestibule.gate")


def let_in_or_park(
    state: State, session: SessionMixin, visit: Visit, response: Response | None
) -> Response | None:
    """Let a new login in where its subject needs no grant or has one; else park it.

    `response` is what the view answered, None before the view. Returns the answer in its place.
    """
    value = peek(session, state.host.key)
    identity = state.host.identity(value)
    user = state.host.loaded_user() or weighing.load(state, session)
    if identity is None or user is None:
        _log.error("a login was dropped: %s", state.host.oddity)
        session.clear()
        return answers.sign_in_again(request, state.settings.home_url)
    subject = state.host.subject_of_user(user)
    if visit.must_act and subject != visit.actor:
        return drop(state, session, visit)
    standing = state.engine.standing(subject, visit.token)
    grant = weighing.grant_of(state, standing, subject, identity, user)
    if standing.passage is not None and grant is None:
        # Whoever began another login here, or was somebody else, is so no longer.
        state.engine.end(standing.passage, "another login", answers.peer_of(request))
        if not standing.enrolled:
            visit.on_response.append(state.cookies.drop_token)
    owes = not standing.enrolled and obliged.is_obliged(state, user)
    if grant is not None or not (standing.enrolled or owes):
        visit.knows(value, identity, subject, grant)
        visit.user = user
        meanwhile.unbind(session)
        return None
    login = _login(state, session, subject, identity, user)
    if owes:
        login = replace(login, owed=obliged.owed_by(state, subject, user, request))
    return _park(state, session, visit, login, response)


def drop(state: State, session: SessionMixin, visit: Visit) -> Response:
    """Sign nobody in: whoever acts, or was about to, makes no login but by `acting_as`."""
    _log.error(
        "a login was dropped: its request was one of somebody who acts as a user, and it was made "
        "without acting_as, or within a block of it that was not left in order"
    )
    if visit.grant is not None:
        state.engine.end(visit.grant, "another login", answers.peer_of(request))
        visit.on_response.append(state.cookies.drop_token)
    session.clear()
    state.host.forget_user()
    visit.forget()
    return answers.sign_in_again(request, state.settings.home_url)


def forget(state: State, session: SessionMixin, visit: Visit) -> None:
    """Take a login away that could not be weighed, because a function of the host's has failed.

    The page that says so is the host's, and must see nobody.
    """
    if weighing.is_new(state, session, visit):
        _take_out(state, session, visit)
        state.host.forget_user()


def park_owing(
    state: State, session: SessionMixin, visit: Visit, subject: str, user: Any
) -> Response | None:
    """Park the login of somebody signed in who owes a first way, and lead to its set-up.

    All of the session waits with it, and comes back whole.
    """
    identity = state.host.identity(peek(session, state.host.key))
    if identity is None:
        return None
    login = _login(state, session, subject, identity, user)
    login = replace(login, owed=obliged.owed_by(state, subject, user, request))
    visit.before = {}
    return _park(state, session, visit, login, None, state.settings.home_url)


def _login(state: State, session: SessionMixin, subject: str, identity: str, user: Any) -> Login:
    return state.login_of(
        subject=subject,
        identity=identity,
        user=user,
        remembered=state.host.is_remembered(session),
        request=request,
    )


def _park(
    state: State,
    session: SessionMixin,
    visit: Visit,
    login: Login,
    response: Response | None,
    wanted: str | None = None,
) -> Response:
    # While the host can still tell who it is, and so what language is theirs.
    origin = answers.origin_of(request)
    # Before the view there is no answer yet, but what is left to be done to it is there.
    held = response or finished(state, state.app.response_class())
    parked = Parked(
        values=_take_out(state, session, visit),
        cookies=held.headers.getlist("Set-Cookie"),
        wanted=wanted or _wanted(response),
        entrance=own_path(request.script_root + request.path, request),
        code_from=login.owed.known_from if login.owed else None,
    )
    state.warn_of_plain_http(request)
    begun = state.begin_login(login, parked, origin)
    parking.renew_id(state.app.session_interface, session)
    state.host.forget_user()
    visit.forget()
    visit.token = begun.token
    visit.on_response.append(lambda out: state.cookies.set_token(out, begun.token, None))
    came_by = way_back.recall(state, request, login.subject)
    if came_by is not None:
        visit.on_response.append(way_back.forget)
    return answers.second_step_required(request, begun.ways, came_by)


def _take_out(state: State, session: SessionMixin, visit: Visit) -> bytes:
    return parking.take_out(session, visit.before, state.host.key, state.serializer)


def _wanted(response: Response | None) -> str | None:
    """Return where the login was going, as a path of this site."""
    if response is not None:
        return own_path(response.headers.get("Location"), request)
    return own_path(address_of(request), request) if request.method == "GET" else None


def waits_already(state: State, session: SessionMixin, visit: Visit) -> bool:
    """Say whether the login just made is the one that waits: some hosts make it each time."""
    identity = state.host.identity(peek(session, state.host.key))
    if identity is None or visit.token is None:
        return False
    passage = state.engine.standing(None, visit.token).passage
    return state.engine.is_waiting(passage, identity)


def wait_on(state: State, session: SessionMixin, visit: Visit) -> Response | None:
    """Drop a login that waits already, and lead to the second step: our own pages are seen."""
    _take_out(state, session, visit)
    state.host.forget_user()
    if request.blueprint == "vestibule":
        return None
    return entrance.to_second_step(state, entrance.waiting(state, visit.token))


def finished(state: State, response: Response) -> Response:
    """Do to an answer what its view left to be done: that belongs to the login it made."""
    waiting = request_ctx._after_request_functions  # noqa: SLF001 - no other way
    while waiting:
        response = state.app.ensure_sync(waiting.pop(0))(response)
    return response


def led_on(state: State, session: SessionMixin, visit: Visit, response: Response) -> Response:
    """Lead who waits back to the second step where the host would ask the password again.

    What the host has put into the session for its own page, such as a word about signing in, is
    taken back with that answer.
    """
    if visit.identity is not None or not visit.token:
        return response
    location = response.headers.get("Location")
    if location is None or request.method != "GET" or not is_navigation(request):
        return response
    if is_marked_here(state.app, request, "exempt"):
        return response
    target = urlsplit(own_path(location, request) or "").path
    case = entrance.waiting(state, visit.token)
    parked = entrance.parked_on(state, case)
    if parked is None or target not in {parked.entrance, entrance.login_page(state)}:
        return response
    response.close()
    _take_out(state, session, visit)
    return entrance.to_second_step(state, case)
