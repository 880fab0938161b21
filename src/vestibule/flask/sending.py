"""What is answered to somebody who has a code sent: on its way, not yet, or no more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response

from vestibule.core.engine.progress import Progress
from vestibule.core.engine.sending import Resent
from vestibule.core.model import Enrolment, Purpose
from vestibule.core.ruling import Case
from vestibule.core.verdict import Reason, Rejected
from vestibule.flask import showing
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


def wait_a_little(purpose: Purpose) -> None:
    """Wait for what becomes of the newest code of a step, as long as the settings allow.

    It is counted from when the code was asked for: who looks again later waits no more.
    """
    here = state()
    courier, grace = here.parts.courier, timedelta(seconds=here.settings.send_grace)
    case = here.engine.look(here.cookies.token(request)) if courier and grace else None
    if courier is None or case is None:
        return
    asked = [a.challenge for a in case.asked if a.challenge.purpose is purpose]
    found = [there for one in asked if (there := here.engine.delivery_of(one)) is not None]
    newest = max(found, key=lambda delivery: delivery.since, default=None)
    if newest is not None and newest.progress is Progress.SENDING:
        left = newest.since + grace - here.engine.now()
        from vestibule.delivery.waiting import wait_until_over

        wait_until_over(courier.outbox, newest.message_id, left.total_seconds())


def not_sent(way: Enrolment, case: Case | None, purpose: Purpose) -> Problem | None:
    """Say why a code that should have gone out by itself did not; None where nothing did so."""
    sending = showing.sending_of(way, case, purpose)
    return _problem(sending.refused)[0] if sending and sending.refused else None


def as_json(way: Enrolment, case: Case | None, purpose: Purpose) -> Mapping[str, Any]:
    """Return a way as a program is told of it, with how sending stands where codes are sent."""
    told: dict[str, Any] = {"id": way.id, "factor": way.factor}
    sending = showing.sending_of(way, case, purpose)
    if sending is None:
        return told
    factor, news = showing.factor_of(way), showing.news_of(way, case, purpose)
    return told | {
        "to": factor.describe(way),
        "channels": state().engine.context.channels(factor),
        "sent": sending.is_sent,
        "send_again_at": sending.again_at.isoformat() if sending.again_at else None,
        "refused": _refused(sending.refused) if sending.refused else None,
        "delivery": news.progress.value if news else None,
    }


def _refused(why: Rejected) -> Mapping[str, str | None]:
    detail, when = _problem(why)[0].text, why.retry_at
    retry_at = when.isoformat() if when else None
    return {"error": why.reason.value, "detail": detail, "retry_at": retry_at}


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
    return _no_code(rejected.reason), None


def _no_code(reason: Reason) -> Problem:
    """Return what a person is told where waiting is of no use."""
    if reason is Reason.UNREACHABLE:
        return Problem(
            title=_("No codes are sent to that number"),
            text=_("It is of a country or a kind that gets none here. Use another way."),
        )
    if reason is Reason.NO_CHANNEL:
        return Problem(
            title=_("No codes are sent in that way"),
            text=_("Have one sent in another way."),
        )
    if reason is Reason.STOPPED:
        return Problem(
            title=_("No codes are sent to numbers like this one just now"),
            text=_("The people who run the site know of it. Use another way until then."),
        )
    text = _("Use another way, or start again.")
    return Problem(title=_("No code can be sent there now"), text=text)


def _wait(reason: Reason, at: str) -> Problem:
    if reason in {Reason.CAPPED, Reason.SPENT}:
        few = _("The site sends no more codes like this one just now")
        return Problem(
            title=few if reason is Reason.SPENT else _("Many codes were sent of late"),
            text=_("The next one can be sent at %(time)s. Use another way until then.", time=at),
        )
    text = _("Another one can be sent at %(time)s.", time=at)
    return Problem(title=_("A code was sent a moment ago"), text=text)
