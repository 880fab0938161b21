"""What the gate knows of one request. It travels with the request object itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from werkzeug.wrappers import Request, Response

from vestibule.core.model import Passage
from vestibule.flask.parking import Snapshot

_NAME: Final = "_vestibule_visit"


@dataclass(slots=True)
class Visit:
    """One request's passing through the gate.

    `identity` is the login value that was found fit at arrival or made fit since: any other value
    in the session is a login that still has to be dealt with.
    """

    token: str | None = field(repr=False)
    before: Snapshot = field(repr=False, default_factory=dict)
    identity: str | None = None
    subject: str | None = None
    grant: Passage | None = None
    """The live grant this request arrived with or was given."""
    user: Any = None
    is_weighed: bool = False
    """The user behind the login value was looked at, not only the value's spelling."""
    has_left: bool = False
    """The answer is made: what happens now can only change the session."""
    is_stopped: bool = False
    """The store did not answer: nothing may be decided, and the session stays as it is."""
    on_response: list[Callable[[Response], None]] = field(default_factory=list, repr=False)


def visit_of(request: Request) -> Visit | None:
    """Return the request's visit, None where the session was never opened through the gate."""
    found = getattr(request, _NAME, None)
    return found if isinstance(found, Visit) else None


def set_visit(request: Request, visit: Visit) -> None:
    """Begin a visit.

    Not in the WSGI environment: an application that hands its own on to another one in the same
    process would find the other's visit there.
    """
    setattr(request, _NAME, visit)
