"""Who is here: this request's visit, and the person signed in on it, as the gate found."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from flask import abort, request
from flask.globals import request_ctx

from vestibule.core.errors import VestibuleError
from vestibule.core.factor import Applicant
from vestibule.core.model import Passage
from vestibule.flask import weighing
from vestibule.flask.entrance import to_sign_in
from vestibule.flask.hosts import raw_session, session_as
from vestibule.flask.pages import state
from vestibule.flask.visit import Visit, visit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is signed in on this request, as the gate found; or who sets up a way at the door."""

    subject: str
    identity: str
    grant: Passage | None
    user: object
    waiting: Passage | None = None
    """The login of somebody who is not in yet and may set up a way."""
    parked: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The session of that login, as it will be."""

    @contextmanager
    def in_session(self) -> Iterator[None]:
        """Have the host find in its session what it put there, while it is asked of the person.

        Where a function of the host raises because the account is gone, the session ends, and the
        answer is the one that anybody gets who is not signed in.
        """
        try:
            with nullcontext() if self.waiting is None else session_as(request_ctx, self.parked):
                yield
        except VestibuleError:
            raise
        except Exception:
            session = raw_session(request_ctx)
            if not weighing.ended_with_account(state(), session, visit(), self.user):
                raise
            abort(to_sign_in(state()))

    def applicant(self) -> Applicant:
        """Return the person as whoever enrols, by the name that the host tells."""
        with self.in_session():
            return state().applicant(self.subject, self.user)


def visit() -> Visit:
    """Return this request's visit."""
    found = visit_of(request)
    return found if found is not None else Visit(token=state().cookies.token(request))


def weighed() -> Visit:
    """Return this request's visit once the application has said whom it sees.

    Somebody who comes by a remember cookie is weighed as he is loaded.
    """
    state().host.current_user()
    return visit()


def person() -> Person | None:
    """Return who is signed in, None for nobody, and for somebody the application does not know."""
    user = state().host.current_user()
    here = visit()
    if user is None or here.identity is None or here.subject is None:
        return None
    return Person(subject=here.subject, identity=here.identity, grant=here.grant, user=user)
