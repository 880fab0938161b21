"""`acting_as`: a login that is made within it is let in as somebody who acts, and as no more.

A login that is made anywhere else is an ordinary one, and waits for the second step of its owner;
but in the request of somebody who acts already only their own is one, and any other is dropped.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from flask import abort, current_app, request
from flask.globals import request_ctx
from flask.sessions import SessionMixin

from vestibule.core.engine.acting import Acting
from vestibule.core.errors import UsageError
from vestibule.core.model import Passage
from vestibule.flask import answers, bounds, pages, parking, people, weighing
from vestibule.flask.entrance import to_sign_in
from vestibule.flask.freshness import is_fresh, prove_first
from vestibule.flask.hosts import peek, raw_session
from vestibule.flask.navigation import wants_json
from vestibule.flask.state import State
from vestibule.flask.texts import gettext as _
from vestibule.flask.visit import Visit


@contextmanager
def acting_as(user: Any, *, reason: str, tells: bool) -> Iterator[None]:
    """Let the login that is made meanwhile be one of somebody who acts as `user`.

    Whoever may not is answered in the place of the view; a misuse is a `UsageError`. Where anything
    fails from here on, and where the block is never left, nobody is signed in.
    """
    here, visit = pages.state(), people.weighed()
    session = raw_session(request_ctx)
    grant = _grant_of_staff(here, session, visit, user)
    if not isinstance(reason, str):
        raise UsageError("acting_as(user, reason=…) wants a text: it stands in the audit trail")
    before = parking.snapshot(session, here.serializer)
    aside = _put_aside(here, session)
    visit.must_act, visit.actor = True, None
    try:
        yield
        if peek(session, here.host.key) is None or not weighing.is_new(here, session, visit):
            _put_again(here, session, aside)  # nobody was signed in: the host refused it
            visit.must_act = False
        else:
            user = _signed_in(here, session, user)
            acting = _begun(here, session, grant, user, reason=reason, tells=tells)
            _leave_nothing_of(here, session, before)
            _let_in(here, session, visit, user, acting)
    except BaseException:
        # What was not let in as acting must not be weighed as an ordinary login either.
        if weighing.is_new(here, session, visit) or bounds.is_acting(visit):
            _drop(here, session)
        elif peek(session, here.host.key) is not None:
            _put_again(here, session, aside)
        raise


def _grant_of_staff(here: State, session: SessionMixin, visit: Visit, user: Any) -> Passage:
    """Return the fresh grant of whoever is here and may act as `user`; else answer at once."""
    may_act_as = here.loaders.may_act_as
    if may_act_as is None:
        raise UsageError(
            "acting_as(user) does not know who may. Say so, for every user:\n\n"
            "    @vestibule.may_act_as\n    def may_act_as(staff, user):\n"
            "        return staff.is_support and not user.is_support\n"
        )
    if user is None or getattr(user, "is_anonymous", False):
        raise UsageError("acting_as(user) was given nobody")
    if weighing.is_new(here, session, visit):
        raise UsageError("sign the user in within `with vestibule.acting_as(user):`, not before it")
    person = people.person()
    if person is None:
        abort(to_sign_in(here))
    if bounds.is_acting(visit) or visit.must_act:
        abort(bounds.refused())
    if not may_act_as(person.user, user):
        _forbid(here)
    if person.grant is None:
        abort(answers.set_up_first(request))
    if not is_fresh(person):
        abort(prove_first())
    return person.grant


def _forbid(here: State) -> NoReturn:
    text = _("You may not use the site as this user.")
    home = here.settings.home_url
    if wants_json(request):
        abort(pages.said(403, error="may_not_act", detail=text, location=home))
    label = _("Go to the start page")
    abort(pages.message(text, "", status=403, label=label, url=home, tone="warn"))


def _put_aside(here: State, session: SessionMixin) -> dict[str, Any]:
    """Take what else the login of staff is made of: what stands there later, the new one made."""
    keys = [key for key in here.host.login_keys if key != here.host.key and key in session]
    return {key: session.pop(key) for key in keys}


def _put_again(here: State, session: SessionMixin, aside: dict[str, Any]) -> None:
    """Give staff what else makes their login, and nothing that the block has put there."""
    _put_aside(here, session)
    session.update(aside)


def _begun(
    here: State, session: SessionMixin, grant: Passage, user: Any, *, reason: str, tells: bool
) -> Acting:
    """Have the grant of staff end and one of acting begin; sign in again whose grant is over."""
    identity = here.host.identity(peek(session, here.host.key)) or ""
    login = here.login_of(
        subject=here.host.subject_of_user(user),
        identity=identity,
        user=user,
        remembered=False,
        request=request,
    )
    origin = answers.origin_of(request)
    acting = here.engine.act(grant, login, origin, reason=reason, tells=tells)
    if acting is None:
        _drop(here, session)
        abort(answers.sign_in_again(request, here.settings.home_url))
    return acting


def _signed_in(here: State, session: SessionMixin, user: Any) -> Any:
    """Return whom the login just made loads: the user that was named, or nobody stays."""
    found = weighing.load(here, session)
    if found is not None and here.host.subject_of_user(found) == here.host.subject_of_user(user):
        return found
    _drop(here, session)
    raise UsageError(
        "within acting_as(user) somebody else was signed in than the user it was given, or "
        "nobody whom the application loads: an error of its user_loader stands in the log. "
        "Without Flask-Login hand it what stands in the session"
    )


def _drop(here: State, session: SessionMixin) -> None:
    session.clear()
    here.host.forget_user()


def _leave_nothing_of(here: State, session: SessionMixin, before: parking.Snapshot) -> None:
    """Keep of the session what the login has made: two people never share one."""
    own = {key: session[key] for key in here.host.login_keys if key in session}
    serializer = here.serializer
    made = parking.take_out(session, before, here.host.key, serializer)
    session.clear()
    parking.put_back(session, made, serializer)
    session.update(own)
    parking.renew_id(current_app.session_interface, session)


def _let_in(here: State, session: SessionMixin, visit: Visit, user: Any, acting: Acting) -> None:
    value = peek(session, here.host.key)
    visit.knows(value, here.host.identity(value), acting.passage.subject, acting.passage)
    visit.token, visit.user, visit.is_weighed = acting.token, here.host.set_user() or user, True
    bounds.bind(here, session, visit)
    weighing.look_again(here, session, visit)
    visit.on_response.append(lambda out: here.cookies.set_token(out, acting.token, None))
