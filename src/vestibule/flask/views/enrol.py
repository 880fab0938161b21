"""Adding a way: what it needs is asked, it is begun, shown, and proven by its first code."""

from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import redirect, request, url_for
from flask.globals import request_ctx
from werkzeug.wrappers import Response

from vestibule.core.engine import Outcome
from vestibule.core.factor import Factor, Unusable
from vestibule.core.model import Enrolment, Purpose
from vestibule.core.presentation import Question
from vestibule.core.ruling import Case
from vestibule.core.verdict import Reason, Rejected
from vestibule.flask import admission, pages, people, sending, showing, submission
from vestibule.flask.answers import origin_of
from vestibule.flask.hosts import raw_session
from vestibule.flask.navigation import wants_json
from vestibule.flask.owing import at_door, owes
from vestibule.flask.pages import message, said, state
from vestibule.flask.people import Person
from vestibule.flask.problems import (
    SHOWN_AGAIN,
    STATUS,
    Problem,
    Remark,
    lost_form,
    problem_of,
    told,
)
from vestibule.flask.qr import qr_of
from vestibule.flask.submission import Sent
from vestibule.flask.texts import gettext, locale, region
from vestibule.flask.texts import gettext as _
from vestibule.flask.views.guards import View, freshly_proven, posted, pressed, signed_in
from vestibule.flask.views.replies import done, lost, nothing_waits, on_to, unknown
from vestibule.flask.wanted import remember

PURPOSE = Purpose.ENROL
P = ParamSpec("P")


def _may_begin(view: View[Concatenate[Person, P]]) -> View[P]:
    """Let the view run for whoever may add a way: proven a short time ago, or set up at the door.

    Who owes a first way proves at the door that it is them, and not the password's thief.
    """
    return _at_door_or(freshly_proven(_unless_owed(view)), view)


def _unless_owed(view: View[Concatenate[Person, P]]) -> View[Concatenate[Person, P]]:
    @wraps(view)
    def guarded(person: Person, /, *args: P.args, **values: P.kwargs) -> Response:
        if owes(person):
            if wants_json(request):
                return said(403, error="proof_needed", location=url_for("vestibule.manage"))
            return redirect(url_for("vestibule.manage"), 303)
        return view(person, *args, **values)

    return guarded


def _is_adding(view: View[Concatenate[Person, P]]) -> View[P]:
    """Let the view run for whoever is signed in, or sets up a way at the door."""
    return _at_door_or(signed_in(_unless_owed(view)), view)


def _at_door_or(otherwise: View[P], view: View[Concatenate[Person, P]]) -> View[P]:
    @wraps(view)
    def guarded(*args: P.args, **values: P.kwargs) -> Response:
        person = at_door()
        return otherwise(*args, **values) if person is None else view(person, *args, **values)

    return guarded


@_may_begin
def ask(person: Person, factor: str) -> Response:
    """Ask what a way needs to know before it can be begun."""
    found = _addable(factor)
    if found is None:
        return unknown()
    if not found.presentation.questions and not wants_json(request):
        return redirect(_home(person), 303)
    return _questions(person, found, {})


@_may_begin
def begin(person: Person, factor: str) -> Response:
    """Begin to add a way; a former attempt is void."""
    found = _addable(factor)
    if found is None:
        return unknown()
    sent = submission.read(*(question.name for question in found.presentation.questions))
    if sent.refusal is not None:
        return sent.refusal
    if sent.is_stale:
        return lost(_home(person))
    applicant = replace(person.applicant(), answers=sent.fields)
    refused = state().engine.unusable(found, applicant)
    if refused is not None:
        return _questions(person, found, sent.fields, refused)
    return begun(person, found, sent.fields) or no_more(person)


def begun(
    person: Person, factor: Factor, answers: dict[str, str], succeeds: Enrolment | None = None
) -> Response | None:
    """Begin to add a way, and lead to where it is set up; None where there may be no more.

    `succeeds` is the way whose place it is to take.
    """
    here = state()
    remembered = here.host.is_remembered(raw_session(request_ctx))
    with person.in_session():
        login = here.login_of(
            subject=person.subject,
            identity=person.identity,
            user=person.user,
            remembered=remembered,
            request=request,
        )
    applicant = replace(person.applicant(), answers=answers)
    passage = person.grant or person.waiting
    draft = here.engine.begin_enrolment(
        factor, applicant, login, passage, origin_of(request), succeeds=succeeds
    )
    if draft is None:
        return None
    token = draft.token
    if token is not None:
        people.visit().on_response.append(lambda out: here.cookies.set_token(out, token, None))
    return on_to(url_for("vestibule.setup"), "begun")


def _addable(name: str) -> Factor | None:
    registry = state().engine.registry
    return registry[name] if name in registry and registry[name].traits.addable else None


def _questions(
    person: Person, factor: Factor, answers: dict[str, str], refused: Unusable | None = None
) -> Response:
    """Show the questions, with what was typed before and what is wrong with it."""
    status = 200 if refused is None else 422
    questions = factor.presentation.questions
    if wants_json(request):
        if refused is not None:
            detail = gettext(refused.text)
            return said(status, error="unusable", field=refused.question, detail=detail)
        return said(status, status="asking", fields=[question.name for question in questions])
    return pages.page(
        showing.template_of(factor, "begin"),
        status,
        factor=factor,
        texts=showing.texts_of(factor.presentation),
        account=person.applicant().account,
        fields=[_asked(question, answers, refused) for question in questions],
        problem=refused and Problem(title=_("That can’t be used"), text=gettext(refused.text)),
        locale=locale(),
        region=region(),
        reach=state().engine.reach,
        action=url_for("vestibule.begin", factor=factor.name),
        cancel_url=_home(person),
    )


def _home(person: Person) -> str:
    """Return the page from which ways are added."""
    return url_for("vestibule.manage" if person.waiting is None else "vestibule.first")


def _asked(
    question: Question, answers: dict[str, str], refused: Unusable | None
) -> dict[str, object]:
    return {
        "name": question.name,
        "label": gettext(question.label),
        "hint": gettext(question.hint),
        "inputmode": question.inputmode,
        "autocomplete": question.autocomplete,
        "maxlength": question.longest,
        "value": answers.get(question.name, "")[: question.longest],
        "wrong": refused is not None and refused.question == question.name,
    }


@_is_adding
def show(person: Person) -> Response:
    """Show what the way being added needs to be seen, until it is proven."""
    case = _case()
    draft = _draft(person, case)
    if draft is None:
        return _nothing_begun(person)
    sending.wait_a_little(PURPOSE)
    return _page(person, case, draft, Remark())


@_is_adding
@posted("code")
def prove(sent: Sent, person: Person) -> Response:
    """Judge the first code; the right one adds the way for good."""
    case = _case()
    draft = _draft(person, case)
    if draft is None:
        return _nothing_begun(person)
    if sent.is_stale:
        return _page(person, case, draft, lost_form())
    here = state()
    token = here.cookies.token(request)
    outcome = here.engine.verify(token, PURPOSE, sent.fields["code"], origin_of(request))
    if outcome.granted is None:
        return _refused(person, case, draft, outcome.rejected, sent.fields["code"])
    if person.waiting is not None:
        return _completed(person, draft, outcome)
    admission.name(outcome.granted)
    return _added(person, draft)


def _completed(person: Person, draft: Enrolment, outcome: Outcome) -> Response:
    """Let in whoever has set up a way at the door."""
    wanted = admission.let_in(outcome)
    return nothing_waits() if wanted is None else _added(person, draft, wanted)


@_is_adding
@posted("channel")
def send(sent: Sent, person: Person) -> Response:
    """Have another code sent to the way being added."""
    case = _case()
    draft = _draft(person, case)
    if draft is None:
        return _nothing_begun(person)
    if sent.is_stale:
        return _page(person, case, draft, lost_form())
    here = state()
    token, channel = here.cookies.token(request), sending.wish(sent.fields).channel
    return sending.answer(
        here.engine.resend(token, PURPOSE, draft.id, origin_of(request), channel=channel),
        url_for("vestibule.setup"),
        lambda remark: _page(person, case, draft, remark),
    )


@_is_adding
@pressed("vestibule.setup")
def cancel(person: Person) -> Response:
    """Forget a way that was begun."""
    draft = _draft(person, _case())
    if draft is not None:
        state().engine.drop_draft(draft)
    return on_to(_home(person), "cancelled")


def _case() -> Case | None:
    here = state()
    return here.engine.look(here.cookies.token(request))


def _draft(person: Person, case: Case | None) -> Enrolment | None:
    """Return what this person is adding in this browser; anybody else's does not exist."""
    here = state()
    draft = here.engine.draft_on(case)
    if draft is None or draft.factor not in here.engine.registry:
        return None
    return draft if draft.subject == person.subject else None


def _added(person: Person, draft: Enrolment, wanted: str | None = None) -> Response:
    """Go on to recovery codes where there are none yet: the first set-up ends with them.

    Who set up a way at the door goes on afterwards to where the login was going.
    """
    here = state()
    enrolments = here.engine.enrolments(person.subject)
    if draft.id in here.engine.moves(enrolments):
        # What takes another's place is tried first: until it has been used, both work.
        return on_to(url_for("vestibule.try_new", enrolment_id=draft.id))
    wants_codes = here.engine.registry.recovery_codes is not None
    if wants_codes and here.engine.recovery_codes(enrolments) is None:
        applicant = person.applicant()
        here.engine.new_recovery_codes(
            applicant, people.visit().grant, origin_of(request), comes_along=True
        )
        if wanted is not None:
            remember(wanted)
        return on_to(url_for("vestibule.recovery_codes"))
    return done("added", way=draft.factor) if wanted is None else on_to(wanted)


def _refused(
    person: Person, case: Case | None, draft: Enrolment, rejected: Rejected, typed: str
) -> Response:
    if rejected.reason is Reason.GONE or rejected.is_exhausted:
        return _begin_again(person, draft, rejected.reason)
    now = state().engine.now()
    problem = problem_of(rejected, now, start_url=_home(person))
    status, error = STATUS[rejected.reason], told(rejected.reason)
    if wants_json(request):
        answer = said(status, error=error, detail=problem.text, retry_at=problem.when)
    else:
        again = typed if rejected.reason in SHOWN_AGAIN else ""
        remark = Remark(problem=problem, status=status, typed=again)
        answer = _page(person, case, draft, remark)
    return pages.wait_for(answer, problem.seconds)


def _page(person: Person, case: Case | None, draft: Enrolment, remark: Remark) -> Response:
    applicant = person.applicant()
    factor = showing.factor_of(draft)
    shown = factor.setup_data(draft, applicant)
    if wants_json(request):
        described = sending.as_json(draft, case, PURPOSE)
        return said(remark.status, status="waiting", error=remark.error, **{**described, **shown})
    return pages.page(
        showing.template_of(factor, "setup"),
        remark.status,
        factor=factor,
        shown=shown,
        qr_of=qr_of,
        texts=showing.texts_of_draft(draft),
        method=showing.way_of(draft),
        account=applicant.account,
        field=showing.field_of(draft, remark.typed),
        send=showing.send_of(draft, case, PURPOSE, "vestibule.send_setup"),
        action=url_for("vestibule.setup"),
        problem=remark.problem or sending.not_sent(draft, case, PURPOSE),
        cancel_url=url_for("vestibule.cancel_setup"),
    )


def _nothing_begun(person: Person) -> Response:
    if wants_json(request):
        return said(404, error="not_found", location=_home(person))
    return message(
        _("Nothing is being set up"),
        _("It was finished, given up, or took longer than ten minutes."),
        status=404,
        label=_("Two-step login"),
        url=_home(person),
    )


def _begin_again(person: Person, draft: Enrolment, reason: Reason) -> Response:
    over = Reason.GONE if reason is Reason.GONE else Reason.EXHAUSTED
    if wants_json(request):
        return said(STATUS[over], error=over.value, location=_home(person))
    return message(
        _("Please start the set-up again"),
        gettext(showing.factor_of(draft).presentation.start_over),
        status=STATUS[over],
        label=_("Start again"),
        url=_home(person),
    )


def no_more(person: Person) -> Response:
    """Answer where there may be no more ways of a kind."""
    if wants_json(request):
        return said(409, error="too_many", location=_home(person))
    return message(
        _("You have as many as there can be"),
        _("Remove one you no longer use, then add the new one."),
        status=409,
        label=_("Two-step login"),
        url=_home(person),
    )
