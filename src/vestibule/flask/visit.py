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
    value: Any = None
    """The login value itself, as it stands in the session: most looks find it unchanged."""
    identity: str | None = None
    subject: str | None = None
    grant: Passage | None = None
    """The live grant this request arrived with or was given."""
    user: Any = None
    """Whom the application was let see."""
    is_weighed: bool = False
    """The user behind the login value was looked at, not only the value's spelling."""
    must_act: bool = False
    """A login made now is let in as one of somebody who acts, or not at all (`acting_as`)."""
    actor: str | None = None
    """Who acts, where the request came so: their own login alone is one like any other."""
    has_left: bool = False
    """The answer is made: what happens now can only change the session."""
    is_stopped: bool = False
    """The store did not answer: nothing may be decided, and the session stays as it is."""
    on_response: list[Callable[[Response], None]] = field(default_factory=list, repr=False)

    def knows(
        self, value: object, identity: str | None, subject: str, grant: Passage | None
    ) -> None:
        """Take a login value as fit, with what it was found to mean."""
        self.value, self.identity, self.subject, self.grant = value, identity, subject, grant

    def forget(self) -> None:
        """Know nobody any more: what stands in the session from now on is new."""
        self.value = self.identity = self.subject = self.grant = self.user = None
        self.is_weighed = False


def visit_of(request: Request) -> Visit | None:
    """Return the request's visit, None where the session was never opened through the gate."""
    found: Visit | None = getattr(request, _NAME, None)
    return found


def set_visit(request: Request, visit: Visit) -> None:
    """Begin a visit.

    Not in the WSGI environment: an application that hands its own on to another one in the same
    process would find the other's visit there.
    """
    setattr(request, _NAME, visit)
