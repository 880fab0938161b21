"""Reasons become sentences here, and HTTP statuses: what happened, when to try again, what next."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final

from vestibule.core.verdict import Hint, Reason, Rejected
from vestibule.flask.texts import clock_time
from vestibule.flask.texts import gettext as _

STATUS: Final = {
    Reason.WRONG: 422,
    Reason.MALFORMED: 422,
    Reason.EARLY: 422,
    Reason.REPLAYED: 422,
    Reason.GONE: 410,
    Reason.EXHAUSTED: 429,
    Reason.DELAYED: 429,
    Reason.CLOSED: 429,
    Reason.CAPPED: 429,
    Reason.SPENT: 429,
    Reason.UNCHECKED: 422,
    Reason.UNREACHABLE: 403,
    Reason.NO_CHANNEL: 422,
    Reason.STOPPED: 403,
    Reason.DISABLED: 403,
}
BLOCKING: Final = frozenset({Reason.EXHAUSTED, Reason.CLOSED, Reason.DISABLED, Reason.GONE})
SHOWN_AGAIN: Final = frozenset({Reason.WRONG, Reason.REPLAYED, Reason.MALFORMED, Reason.UNCHECKED})
"""Refusals after which the field holds what was typed: it was compared, so it is worth nothing."""
FEW: Final = 2
"""Remaining tries are named only when there are so few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, for a person."""

    title: str
    text: str
    when: str | None = None
    seconds: int | None = None
    next_label: str | None = None
    next_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a page that asks for a code says besides, and what was typed there before.

    `blocked` says that there is no field now.
    """

    problem: Problem | None = None
    status: int = 200
    blocked: bool = False
    typed: str = ""

    @property
    def error(self) -> str | None:
        """Return what a program is told with the page: that its form was too old, or nothing."""
        return "stale_form" if self.status == HTTPStatus.BAD_REQUEST else None


def lost_form(title: str | None = None) -> Remark:
    """Return what a person is told whose form was too old: its page is shown anew."""
    problem = Problem(
        title=title or _("Please try that once more"),
        text=_("The page was open too long, or in another window. Nothing was lost."),
    )
    return Remark(problem=problem, status=HTTPStatus.BAD_REQUEST)


def problem_of(
    rejected: Rejected, now: datetime, *, start_url: str, of_its_kind: str = ""
) -> Problem:
    """Return what a person is told of a refused answer; a code used before is like any other.

    `of_its_kind` is what is said of a wrong one of this kind, in place of the general sentence.
    """
    if rejected.reason in SHOWN_AGAIN and rejected.tries_left != 0:
        return _not_taken(rejected, of_its_kind)
    if rejected.reason is Reason.EARLY and rejected.retry_at is not None:
        return Problem(
            title=_("This ticket doesn’t work yet"),
            text=_(
                "This ticket works from %(time)s. It stays good: sign in again then, and type it.",
                time=clock_time(rejected.retry_at, now),
            ),
        )
    if rejected.reason is Reason.DELAYED and rejected.retry_at is not None:
        return _later(
            rejected.retry_at,
            now,
            _("Please wait a moment"),
            _(
                "There were several wrong codes. You can try again at %(time)s.",
                time=clock_time(rejected.retry_at, now),
            ),
        )
    if rejected.reason is Reason.CLOSED and rejected.retry_at is not None:
        return _later(
            rejected.retry_at,
            now,
            _("Codes are paused"),
            _(
                "Too many wrong codes were tried for this account, so codes are not taken here "
                "until %(time)s. If you have a recovery code, it still works.",
                time=clock_time(rejected.retry_at, now),
            ),
        )
    return _over(rejected, now, start_url)


def _not_taken(rejected: Rejected, of_its_kind: str) -> Problem:
    """Return what is told of an answer that may be mended in its field."""
    if rejected.reason is Reason.UNCHECKED:
        text = _("Whoever sent it did not answer. Try it once more, or use another way.")
        title = _("That code can’t be checked just now")
        return Problem(title=title, text=_with_tries(text, rejected))
    if rejected.reason is Reason.MALFORMED:
        text = _("Type the code exactly as it is shown. Spaces don’t matter.")
        return Problem(title=_("That doesn’t look like a code"), text=_with_tries(text, rejected))
    return Problem(title=_("That code isn’t right"), text=_wrong_text(rejected, of_its_kind))


def later(retry_at: datetime, now: datetime) -> Problem:
    """Return what a signed-in person is told who has typed too many wrong codes."""
    return _later(
        retry_at,
        now,
        _("Too many wrong codes"),
        _(
            "You can try again at %(time)s. You are still signed in.",
            time=clock_time(retry_at, now),
        ),
    )


def told(reason: Reason) -> str:
    """Return a reason as it is told outside: that a code was right once is nobody's business."""
    return Reason.WRONG.value if reason is Reason.REPLAYED else reason.value


def _wrong_text(rejected: Rejected, of_its_kind: str) -> str:
    if rejected.hint is Hint.CLOCK_OFF and rejected.minutes_off == 1:
        return _(
            "Your phone’s clock is off by about one minute. Let it set its time by itself, then "
            "type the code it shows."
        )
    if rejected.hint is Hint.CLOCK_OFF:
        return _(
            "Your phone’s clock is off by about %(minutes)s minutes. Let it set its time by "
            "itself, then type the code it shows.",
            minutes=rejected.minutes_off,
        )
    if rejected.hint is Hint.PAST_CODE:
        text = _("That code is already over. Type the one your app shows now.")
    else:
        text = of_its_kind or _(
            "Check that it is the newest one for this account. Each code works once."
        )
    return _with_tries(text, rejected)


def _with_tries(text: str, rejected: Rejected) -> str:
    """Return a sentence about a refused answer, with how many more are taken where few are."""
    if rejected.tries_left is not None and 0 < rejected.tries_left <= FEW:
        left = _("You have %(count)s more tries.", count=rejected.tries_left)
        if rejected.tries_left == 1:
            left = _("You have one more try.")
        return f"{text} {left}"
    return text


def _later(retry_at: datetime, now: datetime, title: str, text: str) -> Problem:
    return Problem(
        title=title,
        text=text,
        when=retry_at.isoformat(),
        seconds=max(1, round((retry_at - now).total_seconds())),
    )


def _over(rejected: Rejected, now: datetime, start_url: str) -> Problem:
    if rejected.reason is Reason.DISABLED:
        return Problem(
            title=_("This way is paused"),
            text=_("Too many wrong codes were typed. Use another way, or ask the site for help."),
        )
    if rejected.reason is Reason.GONE:
        return Problem(
            title=_("This sign-in is over"),
            text=_("It took too long, or it was finished somewhere else."),
            next_label=_("Sign in again"),
            next_url=start_url,
        )
    text = _("This sign-in has had all its tries. Start again with your password.")
    if rejected.retry_at is not None:
        again = _("Codes are taken again at %(time)s.", time=clock_time(rejected.retry_at, now))
        text = f"{text} {again}"
    return Problem(
        title=_("Too many wrong codes"),
        text=text,
        when=None if rejected.retry_at is None else rejected.retry_at.isoformat(),
        next_label=_("Start again"),
        next_url=start_url,
    )
