"""A code that somebody signed in is asked for: whether it still is, a pause, and a refusal."""

from collections.abc import Callable, Sequence

from flask import request, url_for
from werkzeug.wrappers import Response

from vestibule.core.engine import Outcome
from vestibule.core.model import ChallengeStatus, Purpose
from vestibule.core.ruling import Asked, Case
from vestibule.core.verdict import Reason
from vestibule.flask import pages, showing
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import said, state
from vestibule.flask.problems import (
    BLOCKING,
    SHOWN_AGAIN,
    STATUS,
    Problem,
    Remark,
    later,
    problem_of,
    told,
)

Show = Callable[[Remark], Response]
"""Shows the page that asks, with a remark on it."""


def is_asked(asked: Sequence[Asked], purpose: Purpose) -> bool:
    """Say whether something was asked and is not over: wrong answers are not begun anew early."""
    now = state().engine.now()
    return any(
        a.challenge.purpose is purpose
        and a.challenge.status is ChallengeStatus.OPEN
        and now < a.challenge.expires_at
        for a in asked
    )


def as_it_stands(purpose: Purpose) -> Remark:
    """Return what a page says before anything is typed: nothing, or that the tries were used up."""
    pause = _pause(_case(), purpose)
    return Remark(problem=pause, blocked=pause is not None)


def refused(outcome: Outcome, purpose: Purpose, typed: str, show: Show) -> Response:
    """Answer a code that was not right: why, and until when where the tries were used up."""
    rejected, exhausted = outcome.rejected, outcome.rejected.is_exhausted
    now, manage = state().engine.now(), url_for("vestibule.manage")
    pause = _pause(_case(), purpose) if exhausted else None
    own = showing.wrong_text(typed, outcome.case, purpose)
    problem = pause or problem_of(rejected, now, start_url=manage, of_its_kind=own)
    reason = Reason.EXHAUSTED if exhausted else rejected.reason
    if wants_json(request):
        answer = said(
            STATUS[reason],
            error=told(reason),
            detail=problem.text,
            retry_at=problem.when,
            location=manage,
        )
        return pages.wait_for(answer, problem.seconds)
    remark = Remark(
        problem=problem,
        status=STATUS[reason],
        blocked=reason in BLOCKING,
        typed=typed if rejected.reason in SHOWN_AGAIN else "",
    )
    return pages.wait_for(show(remark), problem.seconds)


def _case() -> Case | None:
    here = state()
    return here.engine.look(here.cookies.token(request))


def _pause(case: Case | None, purpose: Purpose) -> Problem | None:
    """Say at once, before anything is typed in vain, that the tries were used up, and until when.

    What was asked is asked until it is over: only then is something new asked.
    """
    now = state().engine.now()
    asked = [a.challenge for a in (case.asked if case else ()) if a.challenge.purpose is purpose]
    running = [c for c in asked if c.status is ChallengeStatus.OPEN and now < c.expires_at]
    if not any(c.attempts >= c.max_attempts for c in running):
        return None
    return later(max(c.expires_at for c in running), now)
