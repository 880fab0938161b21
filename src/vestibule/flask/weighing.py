"""Who may stay: a login value, and the user behind it, weighed against the grant of this browser.

Every function is handed the door's state, the host's session and what is known of the request. A
login value that was found fit, and the user it was found to mean, are kept in the visit.
"""

import logging
from typing import Any, cast

from flask import request
from flask.sessions import SessionMixin

from vestibule.core.errors import DeploymentError, StoreUnavailableError
from vestibule.core.model import Passage
from vestibule.core.ruling import Standing
from vestibule.flask import answers, meanwhile, obliged, parking
from vestibule.flask.hosts import SEEN, peek
from vestibule.flask.kept import Kept
from vestibule.flask.marks import is_marked_here
from vestibule.flask.state import State
from vestibule.flask.visit import Visit
from vestibule.flask.welcome import passage_fits_password

_log = logging.getLogger("vestibule.gate")


def is_new(state: State, session: SessionMixin, visit: Visit) -> bool:
    """Say whether a login stands in the session that nobody has weighed yet."""
    value = peek(session, state.host.key)
    if value is None or value is visit.value:
        return False
    identity = state.host.identity(value)
    return identity is None or identity != visit.identity


def weigh_arrival(state: State, session: SessionMixin, visit: Visit) -> None:
    """Empty a session that came with a login which has no live grant, but needs one."""
    value = peek(session, state.host.key)
    if value is not None and not _is_fit(state, value, visit):
        session.clear()


def _is_fit(state: State, value: object, visit: Visit) -> bool:
    """Weigh a login value by its text, and take it for this visit's if it is fit.

    Whose a grant is follows from the value it was made for. Without one the value itself must
    stand for somebody who needs none; whom it loads is weighed later.
    """
    identity = state.host.identity(value)
    if identity is None:
        return False
    engine = state.engine
    standing = engine.standing(identity, visit.token)
    if engine.is_live(standing.passage, None, identity):
        grant = cast("Passage", standing.passage)
        visit.knows(value, identity, grant.subject, grant)
        engine.keep_alive(grant)
        return True
    if standing.enrolled:
        return False
    visit.knows(value, identity, identity, None)
    return True


def weigh_loaded(state: State, session: SessionMixin, visit: Visit) -> None:
    """Weigh whom the application has just loaded: by the session, by a cookie or by a token."""
    host = state.host
    user = host.set_user()
    if user is None:
        _weigh_nobody(state, session, visit)
        return
    value = peek(session, host.key)
    if value is not None and not is_new(state, session, visit):
        weigh_user(state, session, visit, user)
        return
    by_token = host.came_by_token(session)
    marked = by_token and is_marked_here(state.app, request, "accepts_tokens")
    if marked and not _owes(state, user):
        visit.user = user
        return
    end_if_gone(state, session, visit)
    subject = host.subject_of_user(user)
    identity = host.identity(value) or subject
    grant, needed = grant_for(state, subject, identity, user, visit)
    if grant is None and (
        needed or not (by_token or meanwhile.may_come_back(state, session, identity, user))
    ):
        _forget_login(state, session, by_token=by_token)
        return
    visit.subject, visit.user, visit.grant = subject, user, grant
    if not by_token:
        visit.knows(value, identity, subject, grant)
        visit.is_weighed = True
        look_again(state, session, visit)


def _owes(state: State, user: Any) -> bool:
    """Say whether a user must have a second step by now, and has none: no token stands for one."""
    if not obliged.is_obliged(state, user):
        return False
    subject = state.host.subject_of_user(user)
    return not is_enrolled(state, subject) and obliged.is_due(state, subject, user, request)


def _weigh_nobody(state: State, session: SessionMixin, visit: Visit) -> None:
    """Weigh what a remember cookie left in the session although it loads nobody."""
    if not is_new(state, session, visit):
        return
    end_if_gone(state, session, visit)
    if not _is_fit(state, peek(session, state.host.key), visit):
        _forget_login(state, session, by_token=False)
    look_again(state, session, visit)


def grant_for(
    state: State, subject: str, identity: str, user: Any, visit: Visit
) -> tuple[Passage | None, bool]:
    """Return this browser's grant for a login, if it has one, and whether one is needed."""
    standing = state.engine.standing(subject, visit.token)
    grant = grant_of(state, standing, subject, identity, user)
    if grant is None:
        owes = not standing.enrolled and obliged.is_due(state, subject, user, request)
        return None, standing.enrolled or owes
    return grant, True


def grant_of(
    state: State, standing: Standing, subject: str, identity: str, user: Any
) -> Passage | None:
    """Return the passage of a browser where it is a live grant for this login and password."""
    passage = standing.passage
    if passage is None or not state.engine.is_live(passage, subject, identity):
        return None
    return passage if passage_fits_password(state, user, passage) else None


def _forget_login(state: State, session: SessionMixin, *, by_token: bool) -> None:
    state.host.forget_user()
    if by_token:
        return
    state.host.forget_login(session)


def weigh_known(state: State, session: SessionMixin, visit: Visit) -> bool:
    """Weigh whom the login value of a session loads, once; say if it may stay.

    Where a function of the host fails, as for the id of a deleted account, the host is asked
    whether there is one still. Only then: an ordinary request costs it no query for that.
    """
    if visit.identity is None or visit.is_weighed:
        return True
    if visit.grant is not None and state.loaders.password_stamp is None:
        return True
    kept = Kept()
    user = _load_if_possible(state, session)
    try:
        stays = user is None or weigh_user(state, session, visit, user)
    except (StoreUnavailableError, DeploymentError):
        raise
    except Exception:
        if not ended_with_account(state, session, visit, user):
            raise
        stays = False
    if not stays:
        kept.bring_back(but=(SEEN,))
    return stays


def ended_with_account(state: State, session: SessionMixin, visit: Visit, user: Any) -> bool:
    """End the session of an account that is gone; say if it was. Called as a function failed."""
    if not _has_lost_account(state, visit, user):
        return False
    _log.warning(
        "a session was ended: its account is gone, by what the application says of it after one of "
        "its functions raised an error",
        exc_info=True,
    )
    _sign_out(state, session, visit, "no account")
    return True


def _has_lost_account(state: State, visit: Visit, user: Any) -> bool:
    """Say whether the application knows that an account is gone; False where it cannot say.

    A failure alone does not tell a deleted account from a database that is down.
    """
    finds = state.loaders.subject_exists or state.host.finds_subject()
    if finds is None:
        _log.error(
            "a function of the application's raised an error for the id in the session, and "
            "nothing tells whether the account is deleted. If it is: register "
            "@vestibule.subject_exists, and such a session ends"
        )
        return False
    if visit.grant is not None:
        return not finds(visit.grant.subject)
    try:
        subject = state.host.subject_of_user(user)
    except Exception:  # noqa: BLE001 - the host's loader may raise anything
        _log.error(
            "subject_loader raised an error for the id in the session, so nobody can be asked "
            "whether the account is deleted. Have it look nothing up that goes with the account"
        )
        return False
    return not finds(subject)


def weigh_user(state: State, session: SessionMixin, visit: Visit, user: Any) -> bool:
    """Weigh the user behind a login value that was let in by its spelling; say if it may stay.

    Several spellings may load one user, and a password may have changed since the grant.
    """
    subject = state.host.subject_of_user(user)
    same = subject == visit.subject
    if not (visit.is_weighed and same):
        if visit.grant is None:
            stays = same or not is_enrolled(state, subject)
            stays = stays and not obliged.is_due(state, subject, user, request)
            fits = meanwhile.session_fits_password(state, session, visit.identity, user)
            stays = stays and fits
        else:
            stays = same and passage_fits_password(state, user, visit.grant)
        if not stays:
            _sign_out(state, session, visit, "password changed" if same else "another user")
            return False
    visit.is_weighed, visit.user, visit.subject = True, user, subject
    return True


def _sign_out(state: State, session: SessionMixin, visit: Visit, why: str) -> None:
    if visit.grant is not None:
        state.engine.end(visit.grant, why, answers.peer_of(request))
    session.clear()
    state.host.forget_user()
    visit.forget()


def weigh_set_user(state: State, session: SessionMixin, visit: Visit) -> bool:
    """Weigh whom something has put there past every loading; say if he may stay."""
    user = state.host.set_user()
    if user is None or user is visit.user:
        return True
    weigh_loaded(state, session, visit)
    return state.host.set_user() is not None


def load(state: State, session: SessionMixin) -> Any:
    """Have the host load its user, without its own memory of it, for a login that was just made.

    Where its loader fails there is nobody, and the login is dropped: the log says why.
    """
    return _loaded(state, session, logging.WARNING)


def _load_if_possible(state: State, session: SessionMixin) -> Any:
    """Have the host load its user where it can already.

    A loader may need what only the view prepares: then there is nobody yet, at every request, and
    whoever comes later is weighed as he is loaded.
    """
    return _loaded(state, session, logging.DEBUG)


def _loaded(state: State, session: SessionMixin, level: int) -> Any:
    value = peek(session, state.host.key)
    try:
        return None if value is None else state.host.user_of_identity(value)
    except Exception:  # noqa: BLE001 - the host's loader may raise anything
        _log.log(level, "the application's user loader raised an error", exc_info=True)
        return None


def end_if_gone(state: State, session: SessionMixin, visit: Visit) -> None:
    """End the grant of a login that stands in the session no more."""
    if visit.identity is None:
        return
    value = peek(session, state.host.key)
    if value is visit.value or state.host.identity(value) == visit.identity:
        return
    if visit.grant is not None:
        state.engine.end(visit.grant, "logout", answers.peer_of(request))
        visit.on_response.append(state.cookies.drop_token)
    visit.forget()


def stays_unweighed(state: State, session: SessionMixin, value: object) -> bool:
    """Say whether a login nobody weighed is certainly somebody's who has no second step.

    In days of grace it is bound to its password, as one is that was put off at the door.
    """
    identity = state.host.identity(value)
    if identity is None:
        return False
    user = _load_if_possible(state, session)
    try:
        subject = identity if user is None else state.host.subject_of_user(user)
        if is_enrolled(state, identity) or is_enrolled(state, subject):
            return False
        if user is not None and obliged.is_due(state, subject, user, request):
            return False
    except (StoreUnavailableError, DeploymentError):
        return False
    meanwhile.unbind(session)
    if user is not None and obliged.is_obliged(state, user):
        meanwhile.bind_session(state, session, identity, user)
    return True


def is_enrolled(state: State, subject: str) -> bool:
    """Say whether a subject has a second step."""
    return state.engine.standing(subject, None).enrolled


def look_again(state: State, session: SessionMixin, visit: Visit) -> None:
    """Remember the session as it is now: what changes from here on belongs to a new login."""
    visit.before = parking.snapshot(session, state.serializer)
