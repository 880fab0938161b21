"""For whoever can use none of the ways on offer: what is left, and never an empty page."""

from collections.abc import Sequence
from datetime import datetime

from flask import request
from werkzeug.wrappers import Response

from vestibule.core import policy
from vestibule.core.model import Enrolment, Purpose
from vestibule.core.ruling import Case
from vestibule.flask import pages, sending, showing
from vestibule.flask.addresses import address
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import said, state
from vestibule.flask.support import case_number, support
from vestibule.flask.texts import day_and_time
from vestibule.flask.views.guards import login_waits


@login_waits
def show(case: Case) -> Response:
    """Say what can still be done about a login that waits. Nothing is changed."""
    here = state()
    ways, number = here.engine.ways(case, Purpose.LOGIN), case_number(case.passage)
    codes = here.engine.registry.recovery_codes
    enrolments = here.engine.enrolments(case.passage.subject)
    early = _early(enrolments)
    if wants_json(request):
        methods = [sending.as_json(way, case, Purpose.LOGIN) for way in ways]
        return said(
            200,
            status="waiting",
            methods=methods,
            support=here.settings.support,
            case=number,
            reset_at=early.isoformat() if early else None,
        )
    of_paper = [way for way in ways if codes is not None and way.factor == codes.name]
    others = [way for way in ways if way not in of_paper]
    return pages.page(
        "stuck",
        recovery=[showing.way_of(way, "vestibule.login") for way in of_paper],
        others=[showing.way_of(way, "vestibule.login") for way in others],
        suspended=_suspended(enrolments),
        ticket_from=day_and_time(early),
        support=support(here.settings.support),
        case=number,
        cancel_url=address("vestibule.cancel"),
    )


def _early(enrolments: Sequence[Enrolment]) -> datetime | None:
    """Return when a help desk's ticket takes effect that does not yet: then it is one of the ways.

    Whoever has the password alone learns no more by it than they will by the ticket being asked
    for; the owner asks for no second one, which would make the first worthless.
    """
    engine = state().engine
    takes_effect = engine.pending_reset(enrolments)
    return takes_effect if takes_effect is not None and engine.now() < takes_effect else None


def _suspended(enrolments: Sequence[Enrolment]) -> str | None:
    """Return until when something is suspended that was reported, None where nothing is."""
    now = state().engine.now()
    untils = (policy.suspended_until(one, now) for one in enrolments)
    return day_and_time(max(filter(None, untils), default=None))
