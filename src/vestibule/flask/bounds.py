"""What a session is bound to in which somebody acts as a user: its own grant, and little else.

The session says which grant it stands on. Without that one it is worth nothing, whoever it names: a
user without a second step needs no grant, and somebody who acts as one does all the same.
"""

from typing import Final

from flask import request
from flask.sessions import SessionMixin
from werkzeug.wrappers import Response

from vestibule.flask import answers, pages, people
from vestibule.flask.hosts import peek
from vestibule.flask.navigation import wants_json
from vestibule.flask.state import State
from vestibule.flask.texts import gettext as _
from vestibule.flask.visit import Visit

ACTING_KEY: Final = "_vestibule_acting"
"""The session key that names the grant."""
OPEN: Final = frozenset(
    {"static", "login", "answer", "send", "stuck", "cancel", "first", "put_off"}
)
"""Our own views that are nobody's in particular: files, and a login that waits."""


def weigh(state: State, session: SessionMixin, visit: Visit) -> None:
    """Empty a session that came without the grant it stands on.

    One that has it stays in its bounds whatever its views do: a login made there, of the user under
    another name or of anybody but whoever acts, is dropped.
    """
    if visit.grant is not None and is_acting(visit):
        visit.must_act, visit.actor = True, visit.grant.proofs[-1].by
    grant_id = peek(session, ACTING_KEY)
    if grant_id is None or (visit.grant is not None and visit.grant.id == grant_id):
        return
    if peek(session, state.host.key) is None:
        session.pop(ACTING_KEY, None)
        return
    session.clear()
    visit.forget()


def bind(state: State, session: SessionMixin, visit: Visit) -> None:
    """Keep a session in its bounds: it is remembered by nothing, and says what it stands on."""
    if not is_acting(visit) or peek(session, state.host.key) is None:
        if peek(session, ACTING_KEY) is not None:
            session.pop(ACTING_KEY, None)
        return
    state.host.make_passing(session)
    if visit.grant is not None and peek(session, ACTING_KEY) != visit.grant.id:
        session[ACTING_KEY] = visit.grant.id


def is_acting(visit: Visit) -> bool:
    """Say whether this request is of somebody who acts as a user."""
    return visit.grant is not None and visit.grant.is_acting


def refuse_ours() -> Response | None:
    """Return the refusal of a page of ours to somebody who acts as a user, None for all others."""
    name = (request.endpoint or "").rpartition(".")[2]
    if name in OPEN or not is_acting(people.weighed()):
        return None
    return refused()


def refused() -> Response:
    """Say that only the owner does this, and only in a session of their own."""
    home = pages.state().settings.home_url
    text = _("You are here for somebody else. Only they can do this, signed in by themselves.")
    if wants_json(request):
        answer = pages.said(403, error="acting_for_somebody", detail=text, location=home)
        return answers.private(answer)
    return answers.private(
        pages.message(
            _("This is theirs to do"),
            text,
            status=403,
            label=_("Go to the start page"),
            url=home,
            tone="warn",
        )
    )
