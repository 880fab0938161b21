"""Moving to a new phone: which app goes with it, and the try that removes the old one.

In between stand the usual pages of setting one up, in the words of this journey.
"""

from collections.abc import Sequence

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.core.model import Enrolment, Passage, Purpose
from vestibule.flask import admission, pages, sending, showing
from vestibule.flask.answers import origin_of
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import said, state
from vestibule.flask.people import Person
from vestibule.flask.problems import Problem, Remark, lost_form
from vestibule.flask.submission import Sent
from vestibule.flask.texts import day_and_time
from vestibule.flask.texts import gettext as _
from vestibule.flask.views import enrol
from vestibule.flask.views.guards import freshly_proven, posted, signed_in
from vestibule.flask.views.proving import as_it_stands, is_asked, refused
from vestibule.flask.views.replies import done, lost, unknown

PURPOSE = Purpose.TRY


@freshly_proven
def show(person: Person) -> Response:
    """Show what can be moved, what waits to be tried, and where a new number is typed."""
    return _choice(person, None)


@freshly_proven
@posted("method")
def begin(sent: Sent, person: Person) -> Response:
    """Begin to set up what is to take the place of the way that was chosen."""
    if sent.is_stale:
        return lost(url_for("vestibule.move"))
    chosen, movable = sent.fields["method"], _movable(person)
    old = next((way for way in movable if way.id == chosen), None)
    if old is None:
        return _choice(person, _unchosen()) if movable and not chosen else unknown()
    begun = enrol.begun(person, showing.factor_of(old), {}, old)
    if begun is not None:
        return begun
    # Another window was quicker, or there are too many of its kind with what waits to be tried.
    return enrol.no_more(person) if old in _movable(person) else unknown()


@signed_in
def ask(person: Person, enrolment_id: str) -> Response:
    """Show the page that asks for a code of the new one."""
    new = _new(person, enrolment_id)
    if new is None:
        return _over(person, enrolment_id)
    return _try(new, as_it_stands(PURPOSE))


@signed_in
@posted("code")
def answer(sent: Sent, person: Person, enrolment_id: str) -> Response:
    """Judge a code of the new one; the right one removes the old."""
    new = _new(person, enrolment_id)
    if new is None or person.grant is None:
        return _over(person, enrolment_id)
    if sent.is_stale:
        return _try(new, lost_form())
    return _judged(person.grant, new, sent.fields["code"])


def _judged(grant: Passage, new: Enrolment, code: str) -> Response:
    here, origin = state(), origin_of(request)
    token = here.cookies.token(request)
    case = here.engine.look(token)
    asked = [a for a in case.asked if a.enrolment.id == new.id] if case is not None else []
    if not is_asked(asked, PURPOSE):
        here.engine.ask_new(grant, new, origin)
    outcome = here.engine.verify(token, PURPOSE, code, origin)
    if outcome.granted is None:
        return refused(outcome, PURPOSE, code, lambda remark: _try(new, remark))
    admission.name(outcome.granted)
    return done("moved")


def _movable(person: Person) -> Sequence[Enrolment]:
    engine = state().engine
    return engine.movable(engine.enrolments(person.subject))


def _new(person: Person, enrolment_id: str) -> Enrolment | None:
    """Return a person's own way that takes another's place; anybody else's does not exist."""
    engine = state().engine
    enrolments = engine.enrolments(person.subject)
    moves = engine.moves(enrolments)
    found = (e for e in enrolments if e.id == enrolment_id and e.id in moves)
    return next((e for e in found if e.factor in engine.registry), None)


def _over(person: Person, enrolment_id: str) -> Response:
    """Answer for a new one that needs no try any more, or is not there."""
    if wants_json(request) or state().engine.own(person.subject, enrolment_id) is None:
        return unknown()
    return redirect(url_for("vestibule.manage"), 303)


def _choice(person: Person, problem: Problem | None) -> Response:
    engine = state().engine
    enrolments = engine.enrolments(person.subject)
    movable, waiting = engine.movable(enrolments), engine.moves(enrolments)
    status = 200 if problem is None else 422
    if wants_json(request):
        if problem is not None:
            return said(status, error="unusable", field="method", detail=problem.text)
        methods = [sending.as_json(way, None, PURPOSE) for way in movable]
        return said(200, status="choosing", methods=methods)
    known = [way for way in enrolments if way.factor in engine.registry]
    numbers = [way for way in known if engine.registry[way.factor].traits.replaces]
    if not movable and not waiting and not numbers:
        return redirect(url_for("vestibule.manage"), 303)
    return pages.page(
        "move",
        status,
        methods=[_row(way, added=day_and_time(way.confirmed_at)) for way in movable],
        waiting=[
            _row(way, url=url_for("vestibule.try_new", enrolment_id=way.id))
            for way in known
            if way.id in waiting
        ],
        numbers=[_row(way, url=url_for("vestibule.ask", factor=way.factor)) for way in numbers],
        problem=problem,
        action=url_for("vestibule.move"),
        cancel_url=url_for("vestibule.manage"),
    )


def _unchosen() -> Problem:
    return Problem(
        title=_("Nothing was chosen yet"), text=_("Choose which one moves to the new phone.")
    )


def _row(way: Enrolment, **more: object) -> dict[str, object]:
    factor = showing.factor_of(way)
    return {
        "id": way.id,
        "title": showing.title_of(factor),
        "label": showing.label_of(way),
        "icon": factor.presentation.icon,
        **more,
    }


def _try(new: Enrolment, remark: Remark) -> Response:
    if wants_json(request):
        methods = [sending.as_json(new, None, PURPOSE)]
        return said(remark.status, status="waiting", methods=methods, error=remark.error)
    return pages.page(
        "try",
        remark.status,
        method=showing.way_of(new),
        field=showing.field_of(new, remark.typed),
        action=url_for("vestibule.try_new", enrolment_id=new.id),
        problem=remark.problem,
        blocked=remark.blocked,
        cancel_url=url_for("vestibule.manage"),
    )
