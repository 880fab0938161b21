"""For whoever can use none of the ways on offer: what is left, and never an empty page."""

from flask import request
from werkzeug.wrappers import Response

from vestibule.core import policy
from vestibule.core.model import Purpose
from vestibule.core.ruling import Case
from vestibule.flask import pages, showing
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
    if wants_json(request):
        methods = [showing.as_json(way, case, Purpose.LOGIN) for way in ways]
        return said(
            200, status="waiting", methods=methods, support=here.settings.support, case=number
        )
    of_paper = [way for way in ways if codes is not None and way.factor == codes.name]
    others = [way for way in ways if way not in of_paper]
    return pages.page(
        "stuck",
        recovery=[showing.way_of(way, "vestibule.login") for way in of_paper],
        others=[showing.way_of(way, "vestibule.login") for way in others],
        suspended=_suspended(case.passage.subject),
        support=support(here.settings.support),
        case=number,
        cancel_url=address("vestibule.cancel"),
    )


def _suspended(subject: str) -> str | None:
    """Return until when something is suspended that was reported, None where nothing is."""
    engine = state().engine
    untils = (policy.suspended_until(e, engine.now()) for e in engine.enrolments(subject))
    return day_and_time(max(filter(None, untils), default=None))
