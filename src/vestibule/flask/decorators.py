"""What a host says of its views: how recent a proof must be, or that one is needed at all."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import current_app, request

from vestibule.flask import answers, bounds, people
from vestibule.flask.entrance import to_sign_in
from vestibule.flask.freshness import is_fresh, prove_first
from vestibule.flask.pages import state

View = TypeVar("View", bound=Callable[..., Any])


def fresh(view: View, within: timedelta | None) -> View:
    """Return `view` behind a recent proof; a GET resumes, a POST returns to its form."""

    @wraps(view)
    def guarded(*args: Any, **values: Any) -> Any:
        if bounds.is_acting(people.weighed()):
            return bounds.refused()
        if not _has_proven(within):
            return prove_first()
        return current_app.ensure_sync(view)(*args, **values)

    return cast("View", guarded)


def _has_proven(within: timedelta | None) -> bool:
    """Say whether whoever is here need not prove more; a token proves nothing anew."""
    person = people.person()
    if person is not None:
        return is_fresh(person, within)
    here = state()
    user = here.host.current_user()
    return user is None or not here.engine.standing(here.host.subject_of_user(user), None).enrolled


def required(view: View) -> View:
    """Return `view` for those only who took the second step; who has none is led to set one up."""

    @wraps(view)
    def guarded(*args: Any, **values: Any) -> Any:
        person = people.person()
        if person is None:
            return to_sign_in(state())
        if person.grant is None:
            return answers.set_up_first(request)
        return current_app.ensure_sync(view)(*args, **values)

    return cast("View", guarded)
