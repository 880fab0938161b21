"""The host's session interface with two looks of ours: as a session opens and as it is saved."""

from typing import Any, Final, Protocol, cast

from flask import Flask
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.wrappers import Request, Response

_OURS: Final = frozenset(
    {"open_session", "save_session", "inner", "watcher", "__dict__", "__class__"}
)


class Watcher(Protocol):
    """Who looks."""

    def arrive(self, session: SessionMixin, request: Request) -> None:
        """Look at a session that was just opened."""
        ...

    def may_save(self, session: SessionMixin) -> bool:
        """Look at a session that is about to be saved, and say whether it may be."""
        ...


class GuardedInterface(SessionInterface):
    """Wraps a session interface, whatever it is."""

    def __init__(self, inner: SessionInterface, watcher: Watcher) -> None:
        """Wrap `inner`."""
        self.__dict__.update(inner=inner, watcher=watcher)

    def __getattribute__(self, name: str) -> Any:
        """Be `inner` in everything but the two looks."""
        if name in _OURS:
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "inner"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Be `inner` in this too."""
        setattr(self.inner, name, value)

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        """Open the host's session, and look at what came in it."""
        session = self.inner.open_session(app, request)
        if session is not None:
            self.watcher.arrive(session, request)
        return cast("SessionMixin | None", session)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save the host's session, unless it must stay as it is in the browser."""
        if self.watcher.may_save(session):
            self.inner.save_session(app, session, response)
