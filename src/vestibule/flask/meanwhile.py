"""Who goes on without a second step in the days of grace: by which password they were let in.

There is no grant that a new password could end. So a session that was let in meanwhile says by
which password, under a keyed fingerprint, and so does a cookie beside one that remembers the login.
It costs no statement: whoever has no grant is loaded at every request anyway.
"""

import base64
import binascii
import json
from datetime import datetime
from typing import Any, Final

from flask import request
from flask.sessions import SessionMixin

from vestibule.flask import obliged
from vestibule.flask.hosts import peek
from vestibule.flask.state import State
from vestibule.flask.visit import Visit

MEANWHILE_KEY: Final = "_vestibule_meanwhile"
"""The session key that says by which password, of the very login that stands there."""
_USE: Final = "meanwhile"


def bind(
    state: State, session: SessionMixin, visit: Visit, user: Any, remembered_until: datetime | None
) -> None:
    """Bind a session that was just let in to the password, and a login that is remembered too."""
    fingerprint = bind_session(state, session, visit.identity, user)
    if fingerprint is not None and remembered_until is not None:
        life = remembered_until - state.engine.now()
        visit.on_response.append(lambda out: state.cookies.set_later(out, fingerprint, life))


def bind_session(
    state: State, session: SessionMixin, identity: str | None, user: Any
) -> str | None:
    """Bind a session alone, and return what it says now; None where the host tells no password."""
    said = _said(state, identity, user)
    if said is None:
        return None
    fingerprint = base64.urlsafe_b64encode(state.engine.vault.box.stamp(said, use=_USE)).decode()
    session[MEANWHILE_KEY] = fingerprint
    return fingerprint


def unbind(session: SessionMixin) -> None:
    """Take from a session what it said of an earlier login."""
    if peek(session, MEANWHILE_KEY) is not None:
        session.pop(MEANWHILE_KEY, None)


def session_fits_password(
    state: State, session: SessionMixin, identity: str | None, user: Any
) -> bool:
    """Say whether a session without a grant is not one that an older password has let in."""
    fingerprint = peek(session, MEANWHILE_KEY)
    return fingerprint is None or _fits(state, str(fingerprint), identity, user)


def may_come_back(state: State, session: SessionMixin, identity: str, user: Any) -> bool:
    """Say whether somebody whom the host has remembered was let in by the password of today.

    Whoever need not have a second step is asked for nothing.
    """
    if state.loaders.password_stamp is None or not obliged.is_obliged(state, user):
        return True
    fingerprint = request.cookies.get(state.cookies.later, "")
    if not _fits(state, fingerprint, identity, user):
        return False
    session[MEANWHILE_KEY] = fingerprint
    return True


def _said(state: State, identity: str | None, user: Any) -> str | None:
    stamp_of = state.loaders.password_stamp
    return None if stamp_of is None else json.dumps([identity, str(stamp_of(user))])


def _fits(state: State, fingerprint: str, identity: str | None, user: Any) -> bool:
    said = _said(state, identity, user)
    if said is None:
        return True  # it was told when this session was let in, and is not any more
    try:
        stamp = base64.urlsafe_b64decode(fingerprint)
    except (binascii.Error, ValueError):
        return False
    return state.engine.vault.box.matches(stamp, said, use=_USE)
