"""How far a code has come that was asked for: what a page asks that has scripts."""

from flask import request
from werkzeug.wrappers import Response

from vestibule.flask import showing
from vestibule.flask.pages import said, state

_PURPOSES = {step: purpose for purpose, step in showing.STEPS.items()}


def show() -> Response:
    """Return how far the newest code of one way has come, to the browser that asked for it."""
    here = state()
    purpose = _PURPOSES.get(request.args.get("step", ""))
    case = here.engine.look(here.cookies.token(request))
    if purpose is None or case is None:
        return said(404, error="not_found")
    method = request.args.get("method", "")
    for asked in case.asked:
        if asked.enrolment.id == method and asked.enrolment.factor in here.engine.registry:
            news = showing.news_of(asked.enrolment, case, purpose)
            if news is not None:
                more = news.url is not None
                return said(200, status=news.progress.value, detail=news.text, more=more)
    return said(404, error="not_found")
