"""What several pages answer where they are not the ones that are wanted."""

from flask import redirect, request
from werkzeug.wrappers import Response

from vestibule.core.verdict import Reason, Rejected
from vestibule.flask import people
from vestibule.flask.entrance import start_url
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import message, said, state
from vestibule.flask.problems import problem_of


def nothing_waits() -> Response:
    """Answer a door nobody stands at: a stale tab, a finished login, or an old link."""
    if people.person() is not None:
        if wants_json(request):
            return said(200, status="accepted", location=state().settings.home_url)
        return redirect(state().settings.home_url, 303)
    problem = problem_of(
        Rejected(reason=Reason.GONE), state().engine.now(), start_url=start_url(state())
    )
    if wants_json(request):
        return said(410, error=Reason.GONE.value, detail=problem.text, location=start_url(state()))
    return message(
        problem.title, problem.text, status=410, label=problem.next_label, url=problem.next_url
    )
