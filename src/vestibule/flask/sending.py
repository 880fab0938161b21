"""What is answered to somebody who has a code sent: on its way, not yet, or no more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import redirect, request
from werkzeug.wrappers import Response

from vestibule.core.engine.sending import Resent
from vestibule.core.verdict import Reason, Rejected
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import said, state, wait_for
from vestibule.flask.problems import STATUS, Problem, Remark
from vestibule.flask.texts import clock_time
from vestibule.flask.texts import gettext as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """To which way a code shall be sent, and over which of its channels, None for its first."""

    method: str
    channel: str | None


def wish(fields: Mapping[str, str]) -> Wish:
    """Return what was wished for: a program says it in JSON, a form in its address."""
    return Wish(
        method=_written(fields.get("method") or request.args.get("method", "")),
        channel=fields.get("channel") or request.args.get("channel"),
    )


def _written(text: str) -> str:
    """Return text that an address can hold: JSON can name halves of characters."""
    return text.encode("utf-8", "replace").decode()


def answer(resent: Resent, page: str, show: Callable[[Remark], Response]) -> Response:
    """Lead to `page` once a code is on its way; else `show` there why not."""
    rejected = resent.verdict
    if not isinstance(rejected, Rejected):
        if wants_json(request):
            return said(200, status="sent", location=page)
        return redirect(page, 303)
    status = STATUS[rejected.reason]
    problem, seconds = _problem(rejected)
    if wants_json(request):
        when = rejected.retry_at.isoformat() if rejected.retry_at else None
        error = rejected.reason.value
        response = said(status, error=error, detail=problem.text, retry_at=when, location=page)
    else:
        response = show(Remark(problem=problem, status=status))
    return wait_for(response, seconds)


def _problem(rejected: Rejected) -> tuple[Problem, int | None]:
    """Return what a person is told, and the seconds to wait where waiting helps.

    The problem itself has no pause: the code that was sent before can be typed meanwhile.
    """
    now = state().engine.now()
    if rejected.retry_at is not None:
        at = clock_time(rejected.retry_at, now)
        seconds = max(1, round((rejected.retry_at - now).total_seconds()))
        return _wait(rejected.reason, at), seconds
    if rejected.reason is Reason.DELAYED:
        text = _("Type the newest one you have, use another way, or start again.")
        return Problem(title=_("No more codes can be sent this time"), text=text), None
    text = _("Use another way, or start again.")
    return Problem(title=_("No code can be sent there now"), text=text), None


def _wait(reason: Reason, at: str) -> Problem:
    if reason is Reason.CAPPED:
        return Problem(
            title=_("Many codes were sent of late"),
            text=_("The next one can be sent at %(time)s. Use another way until then.", time=at),
        )
    text = _("Another one can be sent at %(time)s.", time=at)
    return Problem(title=_("A code was sent a moment ago"), text=text)
