"""What a host says of its views: how recent a proof must be, or that one is needed at all."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import current_app, redirect, request, url_for

from vestibule.flask import session
from vestibule.flask.answers import sign_in_again
from vestibule.flask.pages import state
from vestibule.flask.views.confirm import is_fresh, send_to_confirm
from vestibule.flask.wanted import form_path

View = TypeVar("View", bound=Callable[..., Any])


def fresh(view: View, within: timedelta | None) -> View:
    """Return `view` behind a recent proof; a GET resumes, a POST returns to its form."""

    @wraps(view)
    def guarded(*args: Any, **values: Any) -> Any:
        person = session.person()
        if person is not None and not is_fresh(person, within):
            resumes = request.method in {"GET", "HEAD"}
            return send_to_confirm(request.full_path.rstrip("?") if resumes else form_path())
        return current_app.ensure_sync(view)(*args, **values)

    return cast("View", guarded)


def required(view: View) -> View:
    """Return `view` for those only who took the second step; who has none is led to set one up."""

    @wraps(view)
    def guarded(*args: Any, **values: Any) -> Any:
        person = session.person()
        if person is None:
            return sign_in_again(request, state().settings.home_url)
        if person.grant is None:
            return redirect(url_for("vestibule.manage"), 303)
        return current_app.ensure_sync(view)(*args, **values)

    return cast("View", guarded)


def marked(view: View, mark: str) -> View:
    """Return `view` itself, bearing a mark the gate looks for."""
    setattr(view, f"_vestibule_{mark}", True)
    return view
