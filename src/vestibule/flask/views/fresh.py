"""Proving anew that it is you, before a change or wherever the host asks for a fresh proof."""

from functools import wraps
from typing import Concatenate, ParamSpec

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.core.engine.sending import Resent
from vestibule.core.model import Passage, Purpose
from vestibule.core.verdict import Pending, Reason
from vestibule.flask import admission, pages, people, sending, showing
from vestibule.flask.answers import origin_of, set_up_first
from vestibule.flask.entrance import to_sign_in
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import message, said, state
from vestibule.flask.people import Person
from vestibule.flask.problems import STATUS, Remark, lost_form
from vestibule.flask.sending import Wish
from vestibule.flask.submission import Sent
from vestibule.flask.texts import gettext as _
from vestibule.flask.views.guards import View, posted
from vestibule.flask.views.proving import as_it_stands, is_asked, refused
from vestibule.flask.views.replies import on_to
from vestibule.flask.wanted import recall

PURPOSE = Purpose.FRESH
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
    sending.wait_a_little(PURPOSE)
    return _ask(person, grant, as_it_stands(PURPOSE))


@posted("code")
@_has_second_step
def answer(person: Person, grant: Passage, sent: Sent) -> Response:
    """Judge what was typed; the right answer makes this session fresh."""
    if sent.is_stale:
        return _ask(person, grant, lost_form())
    return _judged(person, grant, sent.fields["code"])


@posted("method", "channel")
@_has_second_step
def send(person: Person, grant: Passage, sent: Sent) -> Response:
    """Have a code sent to somebody who proves anew that it is them."""
    if sent.is_stale:
        return _ask(person, grant, lost_form())
    wish = sending.wish(sent.fields)
    return sending.answer(
        _sent(grant, wish),
        url_for("vestibule.confirm", method=wish.method),
        lambda remark: _ask(person, grant, remark),
    )


def _sent(grant: Passage, wish: Wish) -> Resent:
    """Open what is asked, with the message; where it is open already, send another.

    Where it was opened without a message, trying to send one says why not, and until when.
    """
    here, origin = state(), origin_of(request)
    token = here.cookies.token(request)
    case = here.engine.look(token)
    is_new = case is not None and not is_asked(case.asked, PURPOSE)
    if is_new and here.engine.ask_fresh(
        grant, PURPOSE, origin, send=wish.method, channel=wish.channel
    ):
        return Resent(verdict=Pending())
    return here.engine.resend(token, PURPOSE, wish.method, origin, channel=wish.channel)


def _judged(person: Person, grant: Passage, code: str) -> Response:
    here, origin = state(), origin_of(request)
    token = here.cookies.token(request)
    case = here.engine.look(token)
    if case is not None and not is_asked(case.asked, PURPOSE):
        here.engine.ask_fresh(grant, PURPOSE, origin)
    outcome = here.engine.verify(token, PURPOSE, code, origin)
    if outcome.granted is None:
        return refused(outcome, PURPOSE, code, lambda remark: _ask(person, grant, remark))
    admission.name(outcome.granted)
    return on_to(recall(request))


def _ask(person: Person, grant: Passage, remark: Remark) -> Response:
    here = state()
    offered = here.engine.fresh_ways(grant)
    case = here.engine.look(here.cookies.token(request))
    if not offered:
        return _no_way()
    if wants_json(request):
        methods = [sending.as_json(way, case, PURPOSE) for way in offered]
        return said(remark.status, status="waiting", methods=methods, error=remark.error)
    wanted = request.args.get("method")
    chosen = next((way for way in offered if way.id == wanted), offered[0])
    return pages.page(
        "code",
        remark.status,
        purpose="confirm",
        account=person.applicant().account,
        method=showing.way_of(chosen),
        field=showing.field_of(chosen, remark.typed),
        send=showing.send_of(chosen, case, PURPOSE, "vestibule.send_confirm"),
        action=url_for("vestibule.confirm", method=chosen.id),
        problem=remark.problem,
        blocked=remark.blocked,
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
