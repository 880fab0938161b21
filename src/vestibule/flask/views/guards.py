"""What stands before our views: what was sent, who is here, and which login waits.

Each runs the view, and hands it what it has found, or answers in its place.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import request, url_for
from werkzeug.wrappers import Response

from vestibule.core.ruling import Case
from vestibule.flask import people, submission
from vestibule.flask.entrance import to_sign_in, waiting
from vestibule.flask.freshness import is_fresh, send_to_fresh_proof
from vestibule.flask.navigation import address_of
from vestibule.flask.pages import state
from vestibule.flask.people import Person
from vestibule.flask.submission import Sent
from vestibule.flask.views.replies import lost, nothing_waits

P = ParamSpec("P")
View = Callable[P, Response]


def posted(*names: str, by_program: str = "") -> Callable[[View[Concatenate[Sent, P]]], View[P]]:
    """Let the view run with the fields called `names`, unless nobody of ours has sent them.

    A form that was too old comes to the view all the same, which shows its page again. A field
    called `by_program` comes in JSON only.
    """

    def guard(view: View[Concatenate[Sent, P]]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **values: P.kwargs) -> Response:
            sent = submission.read(*names, by_program=by_program)
            if sent.refusal is not None:
                return sent.refusal
            return view(sent, *args, **values)

        return guarded

    return guard


def pressed(back: str = "") -> Callable[[View[P]], View[P]]:
    """Let the view run for a button of ours, pressed on a page that was not too old.

    Else lead to the page of the view called `back`, or to the one of the same address.
    """

    def guard(view: View[P]) -> View[P]:
        @posted()
        @wraps(view)
        def guarded(sent: Sent, /, *args: P.args, **values: P.kwargs) -> Response:
            if sent.is_stale:
                return lost(url_for(back) if back else request.path)
            return view(*args, **values)

        return guarded

    return guard


def login_waits(view: View[Concatenate[Case, P]]) -> View[P]:
    """Let the view run with the login that waits in this browser."""

    @wraps(view)
    def guarded(*args: P.args, **values: P.kwargs) -> Response:
        case = waiting(state(), state().cookies.token(request))
        return nothing_waits() if case is None else view(case, *args, **values)

    return guarded


def signed_in(view: View[Concatenate[Person, P]]) -> View[P]:
    """Let the view run for somebody the gate let in, and hand it the person."""

    @wraps(view)
    def guarded(*args: P.args, **values: P.kwargs) -> Response:
        person = people.person()
        return to_sign_in(state()) if person is None else view(person, *args, **values)

    return guarded


def freshly_proven(view: View[Concatenate[Person, P]]) -> View[P]:
    """Let the view run only after a proof by an existing way, made a short time ago.

    What was to be shown is shown after it; what was pressed goes back to the list of ways.
    """
    return freshly_proven_or_back_to("vestibule.manage")(view)


def freshly_proven_or_back_to(
    name: str, done: str | None = None
) -> Callable[[View[Concatenate[Person, P]]], View[P]]:
    """Do as `freshly_proven`; what was pressed goes back to the page of the view called `name`.

    Its notice called `done` says there that it can be pressed again.
    """

    def guard(view: View[Concatenate[Person, P]]) -> View[P]:
        @wraps(view)
        def guarded(person: Person, /, *args: P.args, **values: P.kwargs) -> Response:
            if not is_fresh(person):
                resumes = request.method in {"GET", "HEAD"}
                return send_to_fresh_proof(
                    address_of(request) if resumes else url_for(name, done=done)
                )
            return view(person, *args, **values)

        return signed_in(guarded)

    return guard
