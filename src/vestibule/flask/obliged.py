"""Who must have a second step, by the settings and by what the host says of a user."""

from collections.abc import Callable, Collection
from typing import Any, Final

from werkzeug.wrappers import Request

from vestibule.core.engine import Owed
from vestibule.core.errors import ConfigurationError
from vestibule.flask.answers import origin_of
from vestibule.flask.state import State

EVERYONE: Final = "everyone"
NOBODY: Final = "nobody"
Policy = Callable[[Any], object]
"""What the host tells: whether a user must have a second step, or the user's roles."""


def is_obliged(state: State, user: Any) -> bool:
    """Say whether a user must have a second step.

    `policy_loader` answers yes or no, or with the roles of the user, of which VESTIBULE_REQUIRED
    names those that must. `everyone` and `nobody` ask no loader.
    """
    return obliges(state.settings.required, state.loaders.policy, user)


def obliges(named: Collection[str], policy: Policy | None, user: Any) -> bool:
    """Say whether those names, and what the loader says of a user, oblige that user."""
    required = set(named)
    if EVERYONE in required:
        return True
    return may_oblige(required, policy) and _meant(required, policy, user)


def may_oblige(named: Collection[str], policy: Policy | None) -> bool:
    """Say whether there may be anybody who must have a second step."""
    return EVERYONE in named or (NOBODY not in named and (policy is not None or bool(named)))


def _meant(required: set[str], policy: Policy | None, user: Any) -> bool:
    if policy is None:
        raise ConfigurationError(
            "VESTIBULE_REQUIRED names roles, and nothing tells the roles of a user: register a "
            "function with @vestibule.policy_loader that returns them, or, if none was meant, set "
            "VESTIBULE_REQUIRED to 'everyone' or 'nobody'"
        )
    said = policy(user)
    if isinstance(said, bool):
        return said
    if isinstance(said, str) or not isinstance(said, Collection):
        raise ConfigurationError(
            "policy_loader returns True, False, or a list of the names of a user's roles, not "
            f"{type(said).__name__}"
        )
    if not required:
        raise ConfigurationError(
            "policy_loader returns roles: name those that must have a second step in "
            "VESTIBULE_REQUIRED"
        )
    if not all(isinstance(role, str) for role in said):
        raise ConfigurationError(
            "policy_loader returns roles by their names, as text: of a row or an enum give the name"
        )
    # An enum that is text bears its value only so; what it prints is its own name.
    return not required.isdisjoint(str.__str__(role) for role in said)


def owed_by(state: State, subject: str, user: Any, request: Request) -> Owed:
    """Return what an obliged user owes who is not enrolled; whoever is new to this is noted."""
    contact = state.told_of(user) or {}
    return state.engine.owed(subject, contact, origin_of(request))


def is_due(state: State, subject: str, user: Any, request: Request) -> bool:
    """Say whether the password of somebody who is not enrolled is enough no more."""
    if not is_obliged(state, user):
        return False
    # Asked at every request: only who is met for the first time is noted, and told.
    engine = state.engine
    until = engine.grace_until(subject) or owed_by(state, subject, user, request).until
    return engine.now() >= until
