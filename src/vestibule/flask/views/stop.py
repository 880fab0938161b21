"""A link in the mail about a help desk's reset, which stops it. Looking changes nothing.

It asks for nobody to be signed in: whoever reads the owner's mail may keep what there is, and gets
in nowhere by it.
"""

from datetime import datetime

from flask import request
from werkzeug.wrappers import Response

from vestibule.core import ticket
from vestibule.core.links import Errand, Link
from vestibule.flask import pages
from vestibule.flask.addresses import address
from vestibule.flask.answers import origin_of
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import message, said, state
from vestibule.flask.texts import day_and_time
from vestibule.flask.texts import gettext as _
from vestibule.flask.views.guards import pressed
from vestibule.flask.views.replies import over


def show(link: str) -> Response:
    """Say what would be stopped. Nothing is changed."""
    found = _link(link)
    takes_effect = None if found is None else _takes_effect(found)
    if takes_effect is None:
        return over()
    if wants_json(request):
        return said(200, status="waiting", reset_at=takes_effect.isoformat())
    return pages.page(
        "stop_reset",
        reset_at=day_and_time(takes_effect),
        action=request.path,
        cancel_url=state().settings.home_url,
    )


@pressed()
def stop(link: str) -> Response:
    """Make the very ticket that the link names worthless, unless it was used."""
    found = _link(link)
    if found is None or _takes_effect(found) is None or not _stopped(found):
        return over()
    if wants_json(request):
        return said(200, status="kept", location=address("vestibule.manage"))
    return message(
        _("It is stopped"),
        _("All stays as it is. Change your password now, if somebody else may know it."),
        label=_("Sign in"),
        url=address("vestibule.manage"),
    )


def _stopped(link: Link) -> bool:
    return state().engine.cancel_reset(
        link.subject, by="a link in a mail", origin=origin_of(request), only=link.about
    )


def _link(text: str) -> Link | None:
    return state().engine.link(Errand.CANCEL_RESET, text)


def _takes_effect(link: Link) -> datetime | None:
    """Return from when the ticket opens a login; None where there is nothing to stop any more."""
    engine = state().engine
    found = ticket.pending(engine.enrolments(link.subject), engine.now())
    named = found is not None and found.id == link.about
    return ticket.valid_from(found) if found is not None and named else None
