"""The second step of a login: asked, answered, or given up."""

from collections.abc import Sequence

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.core import limits
from vestibule.core.engine import Outcome
from vestibule.core.model import Enrolment, PassageKind, Purpose
from vestibule.core.ruling import Case
from vestibule.core.verdict import Reason, Rejected
from vestibule.flask import pages, people, sending, showing
from vestibule.flask.addresses import address
from vestibule.flask.admission import let_in, name_opened
from vestibule.flask.answers import origin_of
from vestibule.flask.entrance import start_url, waiting
from vestibule.flask.navigation import wants_json
from vestibule.flask.owing import is_owing, until_of
from vestibule.flask.pages import message, said, state
from vestibule.flask.problems import (
    BLOCKING,
    SHOWN_AGAIN,
    STATUS,
    Problem,
    Remark,
    lost_form,
    problem_of,
    told,
)
from vestibule.flask.submission import Sent
from vestibule.flask.texts import day_and_time
from vestibule.flask.texts import gettext as _
from vestibule.flask.views.guards import login_waits, posted
from vestibule.flask.views.replies import nothing_waits, on_to


@login_waits
def show(case: Case) -> Response:
    """Show the page that asks for a code; nothing is sent and nothing is changed."""
    if case.passage.purpose is Purpose.ENROL:
        return to_set_up(case)
    sending.wait_a_little(Purpose.LOGIN)
    return _ask(case, Remark(problem=_paused(case)))


@posted("code", by_program="handle")
def answer(sent: Sent) -> Response:
    """Judge what was typed; the right answer opens the second door."""
    token = sent.fields["handle"] or state().cookies.token(request)
    if sent.is_stale:
        return _stale(token)
    outcome = state().engine.verify(token, Purpose.LOGIN, sent.fields["code"], origin_of(request))
    if outcome.opened is not None:
        name_opened(outcome.opened)
        return to_set_up(None)
    if outcome.granted is None:
        return _refused(outcome, token, sent.fields["code"])
    if outcome.granted.passage.kind is PassageKind.PROGRAM:
        return _proven(outcome)
    return _admitted(outcome)


@posted("method", "channel", by_program="handle")
def send(sent: Sent) -> Response:
    """Have a code sent for one way of the login that waits."""
    token = sent.fields["handle"] or state().cookies.token(request)
    if sent.is_stale:
        return _stale(token)
    wish = sending.wish(sent.fields)
    resent = state().engine.resend(
        token, Purpose.LOGIN, wish.method, origin_of(request), channel=wish.channel
    )
    case = waiting(state(), token)
    if case is None:
        return nothing_waits()
    return sending.answer(
        resent,
        url_for("vestibule.login", method=wish.method),
        lambda remark: _ask(case, remark),
    )


@posted()
def cancel(sent: Sent) -> Response:
    """Give up the login that waits in this browser."""
    here = state()
    case, start = waiting(here, here.cookies.token(request)), start_url(here)
    if case is not None and sent.is_stale:
        return _stale(here.cookies.token(request))
    if case is not None:
        here.engine.end(case.passage, "given up", origin_of(request))
        people.visit().on_response.append(here.cookies.drop_token)
    return on_to(start, "cancelled")


def _stale(token: str | None) -> Response:
    """Return a lost form to its page: the login still waits, only the page was too old."""
    case = waiting(state(), token)
    if case is None:
        return nothing_waits()
    return _ask(case, lost_form(_("Please type the code once more")))


def _refused(outcome: Outcome, token: str | None, typed: str) -> Response:
    rejected = outcome.rejected
    if outcome.case is None or rejected.reason is Reason.GONE:
        case = waiting(state(), token)
        return nothing_waits() if case is None or _ways(case) else _no_way(case)
    if rejected.is_exhausted:
        return _exhausted(waiting(state(), token) or outcome.case)
    now = state().engine.now()
    own = showing.wrong_text(typed, outcome.case, Purpose.LOGIN)
    problem = problem_of(rejected, now, start_url="", of_its_kind=own)
    status, again = STATUS[rejected.reason], rejected.retry_at
    if wants_json(request):
        response = said(
            status,
            error=told(rejected.reason),
            detail=problem.text,
            retry_at=again.isoformat() if again else None,
            location=address("vestibule.login"),
        )
    else:
        remark = Remark(
            problem=problem,
            status=status,
            blocked=rejected.reason in BLOCKING,
            typed=typed if rejected.reason in SHOWN_AGAIN else "",
        )
        response = _ask(outcome.case, remark)
    return pages.wait_for(response, problem.seconds)


def _exhausted(case: Case) -> Response:
    """Answer a login that has had its wrong codes: only the password leads on, perhaps later."""
    engine = state().engine
    now = engine.now()
    rejected = Rejected(
        reason=Reason.EXHAUSTED,
        retry_at=limits.wait_until(case.ledger, now, engine.profile.limits),
    )
    problem = problem_of(rejected, now, start_url=start_url(state()))
    if wants_json(request):
        return said(
            429,
            error=rejected.reason.value,
            detail=problem.text,
            retry_at=problem.when,
            location=problem.next_url,
        )
    return message(
        problem.title,
        problem.text,
        status=429,
        label=problem.next_label,
        url=problem.next_url,
        tone="warn",
    )


def _ask(case: Case, remark: Remark) -> Response:
    ways = _ways(case)
    if not ways:
        return _no_way(case)
    if wants_json(request):
        methods = [sending.as_json(way, case, Purpose.LOGIN) for way in ways]
        return said(remark.status, status="waiting", methods=methods, error=remark.error)
    chosen = _chosen(ways)
    others = [showing.way_of(way, "vestibule.login") for way in ways if way.id != chosen.id]
    return pages.page(
        "code",
        remark.status,
        purpose="login",
        account=None,
        lead=_lead(chosen),
        method=showing.way_of(chosen),
        field=showing.field_of(chosen, remark.typed),
        send=showing.send_of(chosen, case, Purpose.LOGIN, "vestibule.send"),
        action=address("vestibule.login", method=chosen.id),
        problem=remark.problem or sending.not_sent(chosen, case, Purpose.LOGIN),
        blocked=remark.blocked,
        others=others,
        stuck_url=address("vestibule.stuck"),
        cancel_url=address("vestibule.cancel"),
        until=_put_off_until(case, ways),
        later_url=address("vestibule.put_off"),
    )


def _lead(way: Enrolment) -> str | None:
    """Return what comes after an answer that lets nobody in by itself."""
    if not showing.factor_of(way).traits.stands_in:
        return None
    return _("First we make sure that it is you. Then you set up two-step login, and you are in.")


def to_set_up(case: Case | None) -> Response:
    """Lead on to the page on which a first way, or one in the place of all others, is set up."""
    location = url_for("vestibule.first")
    if not wants_json(request):
        return redirect(location, 303)
    until = until_of(case) if case is not None else None
    return said(200, status="set_up", location=location, until=until.isoformat() if until else None)


def _put_off_until(case: Case, ways: Sequence[Enrolment]) -> str | None:
    """Return until when the step can be put off, in words; None where there is a way to take it."""
    registry = state().engine.registry
    if not all(registry[way.factor].traits.stands_in for way in ways):
        return None
    return day_and_time(until_of(case))


def _ways(case: Case) -> Sequence[Enrolment]:
    return state().engine.ways(case, Purpose.LOGIN)


def _no_way(case: Case) -> Response:
    """Answer where nothing can be asked: every try was used, or every way is paused."""
    asked = [a.challenge for a in case.asked if a.challenge.purpose is Purpose.LOGIN]
    if any(challenge.attempts >= challenge.max_attempts for challenge in asked):
        return _exhausted(case)
    if is_owing(case):
        return to_set_up(case)
    text = state().settings.support or _("Ask the people who run this site for help.")
    status = STATUS[Reason.DISABLED]
    if wants_json(request):
        return said(status, error=Reason.DISABLED.value, detail=text, location=start_url(state()))
    return message(
        _("You can’t sign in this way just now"),
        text,
        status=status,
        label=_("What you can do now"),
        url=address("vestibule.stuck"),
        tone="warn",
    )


def _chosen(ways: Sequence[Enrolment]) -> Enrolment:
    wanted = request.args.get("method")
    return next((way for way in ways if way.id == wanted), ways[0])


def _paused(case: Case) -> Problem | None:
    """Say at once, before anything is typed in vain, that a pause is on.

    A recovery code is worth no guess, so it is taken all the same.
    """
    engine = state().engine
    now, ways = engine.now(), state().engine.ways(case, Purpose.LOGIN)
    if not ways or showing.field_of(_chosen(ways)).digits is None:
        return None
    until = limits.wait_until(case.ledger, now, engine.profile.limits)
    if until is None:
        return None
    return problem_of(
        Rejected(reason=Reason.DELAYED, retry_at=until), now, start_url=start_url(state())
    )


def _admitted(outcome: Outcome) -> Response:
    wanted = let_in(outcome)
    return nothing_waits() if wanted is None else on_to(wanted)


def _proven(outcome: Outcome) -> Response:
    """Hand a program the single-use proof its token view asks for."""
    if outcome.granted is None:  # pragma: no cover - the caller looked
        return nothing_waits()
    life = state().engine.profile.proof_life
    return said(
        200, status="accepted", proof=outcome.granted.token, expires_in=int(life.total_seconds())
    )
