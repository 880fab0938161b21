"""Where a person is signed in: this browser and the others, which can be signed out from here."""

from typing import Final

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.core.session import Session
from vestibule.flask import agents, pages, showing
from vestibule.flask.answers import origin_of, set_up_first
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import said, state
from vestibule.flask.people import Person
from vestibule.flask.texts import day_and_time
from vestibule.flask.texts import gettext as _
from vestibule.flask.views.guards import freshly_proven_or_back_to, pressed, signed_in
from vestibule.flask.views.replies import done, unknown
from vestibule.flask.welcome import passage_fits_password

PAGE: Final = "vestibule.sessions"
SCREEN: Final = "M4.5 5.5h15v10h-15zM9 19.5h6M12 15.5v4"
PHONE: Final = "M8 3.5h8v17H8zM11 17.5h2"
"""Drawings of what a browser runs on."""


@signed_in
def show(person: Person) -> Response:
    """Show every browser in which both steps were taken, this one first."""
    here, grant = state(), person.grant
    if grant is None:
        return set_up_first(request) if wants_json(request) else redirect(_ways(), 303)
    found = here.engine.sessions(
        person.subject,
        first=grant.id,
        is_good=lambda passage: passage_fits_password(here, person.user, passage),
    )
    if wants_json(request):
        told = [_as_json(session, grant.id) for session in found.told]
        return said(200, sessions=told, more=found.more)
    return pages.page(
        "sessions",
        sessions=[_row(session, grant.id) for session in found.told],
        more=found.more,
        end_others_url=url_for("vestibule.end_others"),
        notice=_notice(),
        back_url=_ways(),
    )


@freshly_proven_or_back_to(PAGE, done="proven")
@pressed(PAGE)
def end(person: Person, session_id: str) -> Response:
    """Sign another browser of the person's out."""
    grant = person.grant
    if grant is None or not state().engine.end_session(session_id, grant, origin_of(request)):
        return unknown(_("Where you are signed in"), url_for(PAGE))
    return done("ended", page=PAGE)


@freshly_proven_or_back_to(PAGE, done="proven")
@pressed(PAGE)
def end_others(person: Person) -> Response:
    """Sign the person out everywhere but here."""
    if person.grant is None:
        return unknown()
    state().engine.end_others(person.grant, origin_of(request))
    return done("ended_others", page=PAGE)


def _row(session: Session, this: str) -> dict[str, object]:
    """Return what the page says of a browser, and where it is signed out."""
    registry = state().engine.registry
    is_own = session.factor in registry and not session.acting_by
    return {
        "name": _name(session.agent),
        "icon": PHONE if agents.system_of(session.agent) in agents.IN_HAND else SCREEN,
        "this": session.id == this,
        "signed_in": day_and_time(session.signed_in_at),
        "last_used": day_and_time(session.last_used_at),
        "remembered": session.remembered,
        "acting": bool(session.acting_by),
        "by": showing.title_of(registry[session.factor]) if is_own else None,
        "end_url": url_for("vestibule.end_session", session_id=session.id),
    }


def _as_json(session: Session, this: str) -> dict[str, object]:
    """Return what a program is told of a browser: no more than the page says."""
    return {
        "id": session.id,
        "current": session.id == this,
        "browser": agents.browser_of(session.agent),
        "system": agents.system_of(session.agent),
        "signed_in_at": session.signed_in_at.isoformat(),
        "last_used_at": session.last_used_at.isoformat(),
        "remembered": session.remembered,
        "factor": session.factor or None,
        "acting": bool(session.acting_by),
    }


def _name(agent: str) -> str:
    """Return a browser in plain words."""
    browser, system = agents.browser_of(agent), agents.system_of(agent)
    if system == agents.MAC_OR_IPAD:
        system = _("Mac or iPad")
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    if system:
        return _("A browser on %(system)s", system=system)
    return browser or _("A browser")


def _notice() -> str | None:
    notices = {
        "ended": _("That browser is signed out."),
        "ended_others": _("You are signed out everywhere else."),
        "proven": _("Thank you. Now choose once more what to sign out."),
    }
    return notices.get(request.args.get("done", ""))


def _ways() -> str:
    return url_for("vestibule.manage")
