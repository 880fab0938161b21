"""The first way of somebody who must have one: told of, proven for, chosen, or put off."""

from datetime import datetime

from flask import request, url_for
from flask.globals import request_ctx
from werkzeug.wrappers import Response

from vestibule.core.model import Purpose
from vestibule.core.ruling import Case
from vestibule.flask import admission, new_login, pages, people, showing
from vestibule.flask.addresses import address
from vestibule.flask.entrance import parked_on, to_second_step, to_sign_in
from vestibule.flask.hosts import raw_session
from vestibule.flask.navigation import own_path, wants_json
from vestibule.flask.owing import is_owing, may_set_up, owes, until_of
from vestibule.flask.pages import message, said, state
from vestibule.flask.people import Person
from vestibule.flask.submission import Sent
from vestibule.flask.support import case_number, support
from vestibule.flask.texts import day_and_time
from vestibule.flask.texts import gettext as _
from vestibule.flask.views.guards import login_waits, posted, pressed, signed_in
from vestibule.flask.views.replies import lost, nothing_waits, on_to, unknown


@login_waits
def show(case: Case) -> Response:
    """Show what can be set up, or what comes before that; nothing is changed."""
    if case.passage.purpose is Purpose.ENROL:
        return _choose(case) if may_set_up(case) else nothing_waits()
    if state().engine.ways(case, Purpose.LOGIN) or not is_owing(case):
        return on_to(url_for("vestibule.login"), "waiting")
    return _cannot_yet(case)


@signed_in
@pressed("vestibule.manage")
def begin(person: Person) -> Response:
    """Lead somebody signed in, who owes a first way, to where it is set up."""
    if not owes(person):
        return unknown()
    parked = new_login.park_owing(
        state(), raw_session(request_ctx), people.visit(), person.subject, person.user
    )
    return parked or to_sign_in(state())


@posted()
@login_waits
def put_off(case: Case, sent: Sent) -> Response:
    """Let somebody in without, as long as they may do without."""
    if sent.is_stale:
        return lost(url_for("vestibule.login"))
    if not is_owing(case):
        return to_second_step(state(), case)
    return _let_in_without(case) if until_of(case) is not None else _too_late()


def _let_in_without(case: Case) -> Response:
    here, parked = state(), admission.admit_without(case)
    if parked is None:
        return nothing_waits()
    return on_to(own_path(parked.wanted, request) or here.settings.home_url)


def _choose(case: Case) -> Response:
    here = state()
    # Whatever there was before goes when the new way is proven: nothing counts against it.
    found = [factor for factor in here.engine.addable([]) if factor.traits.primary]
    until = until_of(case)
    if wants_json(request):
        return said(
            200,
            status="set_up",
            methods=[factor.name for factor in found],
            until=until.isoformat() if until else None,
        )
    return pages.page(
        "first",
        addable=[showing.offer_of(factor, again=False) for factor in found],
        problem=None,
        code_from=None,
        until=day_and_time(until),
        later_url=address("vestibule.put_off"),
        cancel_url=address("vestibule.cancel"),
        support=None,
        case=None,
    )


def _cannot_yet(case: Case) -> Response:
    """Say what somebody needs who has nothing by which to prove that it is them."""
    here, until = state(), until_of(case)
    number, later = case_number(case.passage), _code_from(case)
    text = _(
        "Two-step login is needed here. To set it up, ask the people at %(application)s for a "
        "one-time ticket. When you have it, sign in again.",
        application=here.site,
    )
    if wants_json(request):
        return said(
            403,
            error="ticket_needed",
            detail=text,
            support=here.settings.support,
            case=number,
            until=until.isoformat() if until else None,
            code_from=later.isoformat() if later else None,
        )
    return pages.page(
        "first",
        403,
        addable=[],
        problem=text,
        code_from=day_and_time(later),
        until=day_and_time(until),
        later_url=address("vestibule.put_off"),
        cancel_url=address("vestibule.cancel"),
        support=support(here.settings.support),
        case=number,
    )


def _code_from(case: Case) -> datetime | None:
    """Return from when on a code to the person's address will do, as the login was told."""
    here, parked = state(), parked_on(state(), case)
    known = parked.code_from if parked is not None else None
    return known if known is not None and known > here.engine.now() else None


def _too_late() -> Response:
    if wants_json(request):
        return said(403, error="too_late", location=url_for("vestibule.login"))
    return message(
        _("It can’t be put off any more"),
        _("From now on you sign in here in two steps."),
        status=403,
        label=_("Set it up"),
        url=url_for("vestibule.login"),
    )
