"""Where a login begins, and how somebody who is not signed in gets there."""

from typing import Any

from flask import current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.core.model import Purpose
from vestibule.core.ruling import Case
from vestibule.flask import answers
from vestibule.flask.navigation import is_navigation, own_path
from vestibule.flask.parking import Parked
from vestibule.flask.state import State
from vestibule.secretbox import SealError


def waiting(state: State, token: str | None) -> Case | None:
    """Return the login that waits under a token, None where none does."""
    case = state.engine.look(token)
    return case if case is not None and case.passage.is_at_door(state.engine.now()) else None


def parked_on(state: State, case: Case | None) -> Parked | None:
    """Return what a waiting or expired login has parked, None where nothing is left of it."""
    if case is None or case.passage.parked is None:
        return None
    try:
        opened = state.engine.vault.open_parked(case.passage.id, case.passage.parked)
    except SealError:
        return None  # an altered row: the person begins anew
    return Parked.from_bytes(opened)


def login_page(state: State) -> str | None:
    """Return the address of the host's login page, None where the host has not told it."""
    view = getattr(_manager(state), "login_view", None)
    if isinstance(view, str) and view in state.app.view_functions:
        return url_for(view)
    return None


def start_url(state: State) -> str:
    """Return where a login begins: where this browser's did, else where the host says."""
    parked = parked_on(state, state.engine.look(state.cookies.token(request)))
    entrance = own_path(parked.entrance, request) if parked is not None else None
    return entrance or login_page(state) or state.settings.home_url


def to_sign_in(state: State) -> Response:
    """Send whoever is not signed in where that happens: to the second step, if a login waits."""
    case = waiting(state, state.cookies.token(request))
    if case is not None:
        return to_second_step(state, case)
    start = start_url(state)
    if not is_navigation(request):
        return answers.sign_in_again(request, start)
    manager = _manager(state)
    if manager is not None:
        # The host's own way, which remembers the page that was wanted.
        return answers.private(current_app.make_response(manager.unauthorized()))
    if start == request.script_root + request.path:
        return answers.not_signed_in(state.settings.home_url)
    return answers.private(redirect(start, 303))


def to_second_step(state: State, case: Case | None) -> Response:
    """Lead on to the second step of a login that waits, and say by which ways it can be taken."""
    ways = () if case is None else state.engine.ways(case, Purpose.LOGIN)
    return answers.second_step_required(request, ways)


def _manager(state: State) -> Any:
    return None if state.settings.login_keys else getattr(state.app, "login_manager", None)
