"""What a host keeps of a user for one request, in `g` or on the request: put back as it was.

Whoever is loaded and then refused must not stay where a view looks for him.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from flask import g, request

USER: Final = "user"
"""Where in `g` most hosts without Flask-Login keep theirs."""


class Kept:
    """All that is kept at one moment."""

    __slots__ = ("_of_app", "_of_request")

    def __init__(self) -> None:
        """Look at what is there now; a signed-in request pays for no more than that."""
        self._of_app = dict(vars(g))
        self._of_request = dict(vars(request))

    def bring_back(self, but: Iterable[str] = ()) -> None:
        """Make both what they were, leaving the names in `g` that are given.

        What was opened since stays in `g`, such as a connection: the host closes it at the end.
        """
        spared = frozenset(but)
        for name in set(g) - self._of_app.keys() - spared:
            if name == USER or not callable(getattr(g.get(name), "close", None)):
                g.pop(name)
        for name, value in self._of_app.items():
            if name not in spared:
                setattr(g, name, value)
        for name in _own(vars(request)).keys() - self._of_request.keys():
            delattr(request, name)
        for name, value in _own(self._of_request).items():
            setattr(request, name, value)


def _own(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is plainly an attribute of the request: what it has read of itself stays read."""
    kind = type(cast("Any", request)._get_current_object())  # noqa: SLF001 - no other way
    return {
        name: value
        for name, value in attributes.items()
        if not (name.startswith("_") or hasattr(getattr(kind, name, None), "__get__"))
    }
