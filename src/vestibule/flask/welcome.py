"""Whether the host would still let in whom it let in before: asked again when it matters."""

from collections.abc import Mapping
from typing import Any

from flask import request
from flask.globals import request_ctx

from vestibule.core.model import Passage
from vestibule.flask.answers import peer_of
from vestibule.flask.hosts import peek, raw_session, session_as
from vestibule.flask.parking import Parked
from vestibule.flask.state import State
from vestibule.flask.visit import Visit


def passage_fits_password(state: State, user: Any, passage: Passage) -> bool:
    """Say whether the password is the one a passage began with; True where the host tells none."""
    stamp_of = state.loaders.password_stamp
    if stamp_of is None or passage.password_stamp is None:
        return True
    box = state.engine.vault.box
    return box.matches(passage.password_stamp, str(stamp_of(user)), use="password")


def parked_session(state: State, parked: Parked) -> dict[str, Any]:
    """Return the session as it will be once the login that waits is put back."""
    return dict(raw_session(request_ctx)) | state.serializer.loads(parked.values)


def owner_of(state: State, session: Mapping[str, Any], passage: Passage) -> Any:
    """Return the user whose login waits; None where the host would not let them in any more.

    The host may look into its session for more than the id, such as a stamp of the password: it is
    shown the one that is parked.
    """
    with session_as(request_ctx, session):
        user = state.host.user_of_identity(session.get(state.host.key))
        return user if user is not None and is_welcome_as(state, user, passage) else None


def is_still_welcome(state: State, visit: Visit) -> bool:
    """Say whether the host would let in now whom it let in before the second step.

    Between the two an account may be closed or its password changed. A host without Flask-Login
    tells of deleted accounts by its `subject_exists`, and where it has none of no account at all.
    """
    value = peek(raw_session(request_ctx), state.host.key)
    if value is None or visit.grant is None:
        return False
    user = state.host.user_of_identity(value)
    return user is not None and is_welcome_as(state, user, visit.grant)


def is_welcome_as(state: State, user: Any, passage: Passage) -> bool:
    """Say whether a user is still whose login a passage is, and the host lets him in."""
    if not state.host.is_welcome(user, passage.subject):
        return False
    same = state.host.subject_of_user(user) == passage.subject
    return same and passage_fits_password(state, user, passage)


def turn_away(state: State, visit: Visit, passage: Passage) -> None:
    """Take back what was just granted, and leave nothing of it in the browser."""
    raw_session(request_ctx).clear()
    visit.forget()
    visit.on_response.clear()
    visit.on_response.append(state.cookies.drop_token)
    # Last, because the store may fail: the browser has nothing of it either way.
    state.engine.end(passage, "no longer welcome", peer_of(request))
