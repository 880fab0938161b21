"""Proving anew that it is you, before a change or wherever the host asks for a fresh proof."""

from collections.abc import Sequence
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.core.engine import Outcome
from vestibule.core.engine.sending import Resent
from vestibule.core.model import ChallengeStatus, Passage, Purpose
from vestibule.core.ruling import Asked, Case
from vestibule.core.verdict import Pending, Reason, Rejected
from vestibule.flask import admission, pages, people, sending, showing
from vestibule.flask.answers import origin_of, set_up_first
from vestibule.flask.entrance import to_sign_in
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import message, said, state
from vestibule.flask.people import Person
from vestibule.flask.problems import (
    BLOCKING,
    SHOWN_AGAIN,
    STATUS,
    Problem,
    later,
    lost_form,
    problem_of,
    told,
)
from vestibule.flask.sending import Wish
from vestibule.flask.submission import Sent
from vestibule.flask.texts import gettext as _
from vestibule.flask.views.guards import View, posted
from vestibule.flask.views.replies import on_to
from vestibule.flask.wanted import recall

PURPOSE = Purpose.MANAGE
P = ParamSpec("P")


def _has_second_step(view: View[Concatenate[Person, Passage, P]]) -> View[P]:
    """Let the view run for somebody who has something to prove anew, with the grant it is for."""

    @wraps(view)
    def guarded(*args: P.args, **values: P.kwargs) -> Response:
        person = people.person()
        if person is None or person.grant is None:
            return _not_asked(person)
        return view(person, person.grant, *args, **values)

    return guarded


@_has_second_step
def show(person: Person, grant: Passage) -> Response:
    """Show the page that asks for a code once more."""
    problem = pause_of(state().engine.look(state().cookies.token(request)), PURPOSE)
    return _ask(person, grant, problem, blocked=problem is not None)


@posted("code")
@_has_second_step
def answer(person: Person, grant: Passage, sent: Sent) -> Response:
    """Judge what was typed; the right answer makes this session fresh."""
    if sent.is_stale:
        return _ask(person, grant, lost_form(), status=400)
    return _judged(person, grant, sent.fields["code"])


@posted("method", "channel")
@_has_second_step
def send(person: Person, grant: Passage, sent: Sent) -> Response:
    """Have a code sent to somebody who proves anew that it is them."""
    if sent.is_stale:
        return _ask(person, grant, lost_form(), status=400)
    wish = sending.wish(sent.fields)
    return sending.answer(
        _sent(grant, wish),
        url_for("vestibule.confirm", method=wish.method),
        lambda problem, status: _ask(person, grant, problem, status=status),
    )


def _sent(grant: Passage, wish: Wish) -> Resent:
    """Open what is asked, with the message; where it is open already, send another.

    Where it was opened without a message, trying to send one says why not, and until when.
    """
    here, origin = state(), origin_of(request)
    token = here.cookies.token(request)
    case = here.engine.look(token)
    is_new = case is not None and not is_asked(case.asked, PURPOSE)
    if is_new and here.engine.ask_again(
        grant, PURPOSE, origin, send=wish.method, channel=wish.channel
    ):
        return Resent(verdict=Pending())
    return here.engine.resend(token, PURPOSE, wish.method, origin, channel=wish.channel)


def _judged(person: Person, grant: Passage, code: str) -> Response:
    here, origin = state(), origin_of(request)
    token = here.cookies.token(request)
    case = here.engine.look(token)
    if case is not None and not is_asked(case.asked, PURPOSE):
        here.engine.ask_again(grant, PURPOSE, origin)
    outcome = here.engine.verify(token, PURPOSE, code, origin)
    if outcome.granted is None:
        return _refused(person, grant, outcome, code)
    admission.name(outcome.granted)
    return on_to(recall(request))


def is_asked(asked: Sequence[Asked], purpose: Purpose) -> bool:
    """Say whether something was asked and is not over: wrong answers are not begun anew early."""
    now = state().engine.now()
    return any(
        a.challenge.purpose is purpose
        and a.challenge.status is ChallengeStatus.OPEN
        and now < a.challenge.expires_at
        for a in asked
    )


def pause_of(case: Case | None, purpose: Purpose) -> Problem | None:
    """Say at once, before anything is typed in vain, that the tries were used up, and until when.

    What was asked is asked until it is over: only then is something new asked.
    """
    now = state().engine.now()
    asked = [a.challenge for a in (case.asked if case else ()) if a.challenge.purpose is purpose]
    running = [c for c in asked if c.status is ChallengeStatus.OPEN and now < c.expires_at]
    if not any(c.attempts >= c.max_attempts for c in running):
        return None
    return later(max(c.expires_at for c in running), now)


def _refused(person: Person, grant: Passage, outcome: Outcome, typed: str) -> Response:
    rejected = outcome.verdict
    if not isinstance(rejected, Rejected):
        rejected = Rejected(reason=Reason.GONE)
    exhausted = rejected.is_exhausted
    now, manage = state().engine.now(), url_for("vestibule.manage")
    case = state().engine.look(state().cookies.token(request)) if exhausted else None
    pause = pause_of(case, PURPOSE)
    problem = pause or problem_of(rejected, now, start_url=manage)
    status = 429 if exhausted else STATUS[rejected.reason]
    if wants_json(request):
        error = Reason.EXHAUSTED if exhausted else rejected.reason
        answer = said(
            status, error=told(error), detail=problem.text, retry_at=problem.when, location=manage
        )
        return pages.wait_for(answer, problem.seconds)
    blocked = exhausted or rejected.reason in BLOCKING
    again = typed if rejected.reason in SHOWN_AGAIN else ""
    page = _ask(person, grant, problem, status=status, blocked=blocked, typed=again)
    return pages.wait_for(page, problem.seconds)


def _ask(
    person: Person,
    grant: Passage,
    problem: Problem | None,
    *,
    status: int = 200,
    blocked: bool = False,
    typed: str = "",
) -> Response:
    here = state()
    offered = here.engine.askable(grant)
    case = here.engine.look(here.cookies.token(request))
    if not offered:
        return _no_way()
    if wants_json(request):
        methods = [showing.as_json(way, case, PURPOSE) for way in offered]
        error = "stale_form" if status == HTTPStatus.BAD_REQUEST else None
        return said(status, status="waiting", methods=methods, error=error)
    wanted = request.args.get("method")
    chosen = next((way for way in offered if way.id == wanted), offered[0])
    return pages.page(
        "code",
        status,
        purpose="confirm",
        account=here.applicant(person.subject, person.user).account,
        method=showing.way_of(chosen),
        field=showing.field_of(chosen, typed),
        send=showing.send_of(chosen, case, PURPOSE, "vestibule.send_confirm"),
        action=url_for("vestibule.confirm", method=chosen.id),
        problem=problem,
        blocked=blocked,
        others=[showing.way_of(w, "vestibule.confirm") for w in offered if w.id != chosen.id],
        cancel_url=url_for("vestibule.manage"),
    )


def _no_way() -> Response:
    """Answer where nothing can be asked: every way is paused."""
    text = state().settings.support or _("Ask the people who run this site for help.")
    status, manage = STATUS[Reason.DISABLED], url_for("vestibule.manage")
    if wants_json(request):
        return said(status, error=Reason.DISABLED.value, detail=text, location=manage)
    return message(
        _("You can’t confirm it’s you just now"),
        text,
        status=status,
        label=_("Two-step login"),
        url=manage,
        tone="warn",
    )


def _not_asked(person: Person | None) -> Response:
    """Answer where there is nothing to prove: nobody is signed in, or there is no second step."""
    if person is None:
        return to_sign_in(state())
    if wants_json(request):
        return set_up_first(request)
    return redirect(url_for("vestibule.manage"), 303)
