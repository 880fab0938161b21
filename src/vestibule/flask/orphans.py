"""Orphans: people who have a second step here, and no account with the application any more.

Only the application knows its accounts. Flask-Login's user_loader tells of them, wherever a user's
id is the subject; for any other host a function of its own does (`subject_exists`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vestibule.core.errors import ConfigurationError
from vestibule.flask.hosts import SubjectFinder
from vestibule.flask.state import State

SHOWN: Final = 5
TELL_US: Final = (
    "Say which accounts there are:\n\n    @vestibule.subject_exists\n    def exists(subject):\n"
    "        return find_user(subject) is not None\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphans:
    """How many there are, of how many who are enrolled, and the first of them in order."""

    count: int
    of: int
    first: Sequence[str]

    @property
    def are_all(self) -> bool:
        """Whether everybody is one: then the loader may want something only a request has."""
        return self.count == self.of > 0


def find(state: State) -> Orphans:
    """Ask the application for everybody who is enrolled; `ConfigurationError` where it cannot say.

    Nobody is taken for an orphan because something failed: who is one may be forgotten next.
    """
    of, count, first = 0, 0, list[str]()
    with state.app.app_context():
        for subject in state.parts.upkeep.subjects(state.settings.realm):
            of += 1
            if not exists(state, subject):
                count += 1
                first.extend([subject] if count <= SHOWN else [])
    return Orphans(count=count, of=of, first=first)


def exists(state: State, subject: str) -> bool:
    """Say whether the application has an account of a subject; needs its context.

    Raises `ConfigurationError` where nothing can tell.
    """
    finds = _finder(state)
    try:
        return bool(finds(subject))
    except Exception as error:
        raise ConfigurationError(
            f"The application could not say whether {subject!r} has an account: it raised "
            f"{type(error).__name__}. {TELL_US}"
        ) from error


def _finder(state: State) -> SubjectFinder:
    finds = state.loaders.subject_exists or state.host.finds_subject()
    if finds is None:
        raise ConfigurationError(
            f"Nothing tells who has an account with the application. {TELL_US}"
        )
    return finds
