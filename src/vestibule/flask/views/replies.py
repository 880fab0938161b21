"""What several views answer: on to another page, nothing there, or once more."""

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.core.verdict import Reason, Rejected
from vestibule.flask import people
from vestibule.flask.entrance import start_url
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import message, said, state
from vestibule.flask.problems import problem_of
from vestibule.flask.texts import gettext as _


def nothing_waits() -> Response:
    """Answer a door nobody stands at: a stale tab, a finished login, or an old link."""
    if people.person() is not None:
        return on_to(state().settings.home_url, "signed_in")
    problem = problem_of(
        Rejected(reason=Reason.GONE), state().engine.now(), start_url=start_url(state())
    )
    if wants_json(request):
        return said(410, error=Reason.GONE.value, detail=problem.text, location=start_url(state()))
    return message(
        problem.title, problem.text, status=410, label=problem.next_label, url=problem.next_url
    )


def on_to(location: str, status: str = "accepted") -> Response:
    """Lead on to another page; a program is told so, and the `status` of what it did."""
    if wants_json(request):
        return said(200, status=status, location=location)
    return redirect(location, 303)


def done(note: str, way: str | None = None, *, page: str = "vestibule.manage") -> Response:
    """Go back to the list, which says what was done; `way` names the factor that was added."""
    if wants_json(request):
        return said(200, status=note, location=url_for(page))
    return redirect(url_for(page, done=note, way=way), 303)


def lost(back: str) -> Response:
    """Say that a form was too old, and lead back to it; nothing was changed."""
    if wants_json(request):
        return said(400, error="stale_form", location=back)
    return message(
        _("Please try that once more"),
        _("The page was open too long, or in another window. Nothing was changed."),
        status=400,
        label=_("Back to the page"),
        url=back,
    )


def unknown(label: str | None = None, url: str | None = None) -> Response:
    """Answer for a way that is not there: another person's, removed, or never was.

    `label` and `url` name the list it is not in, where that is not the list of ways.
    """
    if wants_json(request):
        return said(404, error="not_found")
    return message(
        _("That is not here"),
        _("It may have been removed already."),
        status=404,
        label=label or _("Two-step login"),
        url=url or url_for("vestibule.manage"),
    )


def over() -> Response:
    """Answer a link that does nothing: it is none of ours, too old, or has done its work."""
    text = _("It is too old, or what it was about is settled already. Nothing was changed.")
    if wants_json(request):
        return said(410, error="link_over", detail=text, location=state().settings.home_url)
    return message(
        _("This link does nothing any more"),
        text,
        status=410,
        label=_("Two-step login"),
        url=url_for("vestibule.manage"),
    )
