"""Saying "this was not me" by a link in the mail about a new way, which suspends it.

Looking changes nothing, and the link alone does nothing: in this browser the password must have
been right, in a login that waits for its second step or in one that took it. Mail programs follow
links, and others may read the mail.
"""

from collections.abc import Sequence

from flask import redirect, request
from werkzeug.wrappers import Response

from vestibule.core import suspension
from vestibule.core.engine.suspending import Report, ReportStatus
from vestibule.core.links import Errand, Link
from vestibule.core.model import Enrolment, Passage
from vestibule.flask import pages, people, showing, way_back
from vestibule.flask.addresses import address
from vestibule.flask.answers import origin_of, private, sign_in_again
from vestibule.flask.entrance import login_page, start_url, to_sign_in, waiting
from vestibule.flask.navigation import is_navigation, wants_json
from vestibule.flask.pages import message, said, state
from vestibule.flask.texts import day_and_time
from vestibule.flask.texts import gettext as _
from vestibule.flask.views.guards import pressed
from vestibule.flask.views.replies import on_to, over
from vestibule.flask.welcome import turn_away


def show(link: str) -> Response:
    """Say what the link would do, or what it has done. Nothing is changed."""
    found = state().engine.link(Errand.NOT_ME, link)
    told = _report(found)
    if found is None or told is None:
        return over()
    shown_by = _shown_by(found)
    if wants_json(request):
        return _as_json(told, shown_by)
    if told.status is ReportStatus.SUSPENDED:
        return _suspended(told, shown_by)
    if shown_by is None and people.person() is not None:
        return _somebody_else()
    return _ask(told, shown_by)


@pressed()
def report(link: str) -> Response:
    """Suspend what the link names, where the password was right; else lead to where it is given."""
    found = state().engine.link(Errand.NOT_ME, link)
    if found is None or _report(found) is None:
        return over()
    shown_by = _shown_by(found)
    if shown_by is None:
        return _to_password(link)
    state().engine.report(found, shown_by, origin_of(request))
    return _reported(found, shown_by)


def _report(link: Link | None) -> Report | None:
    """Return what a link would do, or has done; None where it does nothing any more."""
    found = None if link is None else state().engine.look_at_report(link)
    return None if found is None or found.status is ReportStatus.OVER else found


def _shown_by(link: Link) -> Passage | None:
    """Return by what this browser has shown the password of the person a link is about."""
    person = people.person()
    if person is not None:
        return person.grant if person.subject == link.subject else None
    case = waiting(state(), state().cookies.token(request))
    return case.passage if case is not None and case.passage.subject == link.subject else None


def _to_password(link: str) -> Response:
    way_back.remember(link)
    here = state()
    if login_page(here) is None and waiting(here, here.cookies.token(request)) is None:
        return to_sign_in(here)  # the host's own way
    start = start_url(here)
    if not is_navigation(request):
        return sign_in_again(request, start)
    return private(redirect(start, 303))


def _reported(link: Link, shown_by: Passage) -> Response:
    """Lead on to what was done; who waits and has no way left, to what can be done about that."""
    here, location = state(), request.path
    if people.person() is not None:
        turn_away(here, people.visit(), shown_by)
        here.host.forget_user()
    elif not here.engine.look_at_report(link).left:
        location = address("vestibule.stuck")
    people.visit().on_response.append(way_back.forget)
    return on_to(location, "suspended")


def _ask(told: Report, shown_by: Passage | None) -> Response:
    return pages.page(
        "report",
        suspends=[_way(e) for e in _suspends(told, shown_by)],
        left=None if shown_by is None else [_way(e) for e in told.left],
        action=request.path,
        cancel_url=state().settings.home_url,
    )


def _suspended(told: Report, shown_by: Passage | None) -> Response:
    text = _(
        "It does not work until %(time)s, and everybody was signed out. Change your password "
        "before then. Once you are signed in by another way, you can remove it for good.",
        time=day_and_time(told.until),
    )
    label, url = _("Sign in"), address("vestibule.manage")
    if shown_by is not None and told.left:
        label, url = _("Go on signing in"), address("vestibule.login")
    elif shown_by is not None:
        label, url = _("What you can do now"), address("vestibule.stuck")
    return message(_("It is suspended"), text, label=label, url=url)


def _somebody_else() -> Response:
    return message(
        _("You are signed in to another account"),
        _("This link is about a different one. Sign out first, then open the link again."),
        status=403,
        label=_("Back to %(application)s", application=state().site),
        url=state().settings.home_url,
    )


def _suspends(told: Report, shown_by: Passage | None) -> Sequence[Enrolment]:
    """Return what is shown of what a link suspends: who has but the link is shown what it names."""
    registry = state().engine.registry
    shown = [e for e in told.suspends if e.factor in registry]
    return shown if shown_by is not None else shown[:1]


def _way(enrolment: Enrolment) -> dict[str, object]:
    factor = showing.factor_of(enrolment)
    # Elsewhere one of the codes is asked for; here it is the whole set.
    is_set = factor is state().engine.registry.recovery_codes
    return {
        "icon": factor.presentation.icon,
        "title": _("Recovery codes") if is_set else showing.title_of(factor),
        "added": day_and_time(suspension.added_at(enrolment)),
    }


def _as_json(told: Report, shown_by: Passage | None) -> Response:
    knows = shown_by is not None
    return said(
        200,
        status=told.status.value,
        suspends=_factors(_suspends(told, shown_by)),
        until=told.until.isoformat() if told.until else None,
        password_given=knows,
        methods=_factors(told.left) if knows else None,
    )


def _factors(enrolments: Sequence[Enrolment]) -> list[str]:
    return [enrolment.factor for enrolment in enrolments]
