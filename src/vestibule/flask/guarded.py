"""The host's session interface with two looks of ours: as a session opens and as it is saved."""

from typing import Any, Protocol, cast

from flask import Flask
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.wrappers import Request, Response


class Watcher(Protocol):
    """Who looks."""

    def arrive(self, session: SessionMixin, request: Request) -> None:
        """Look at a session that was just opened."""
        ...

    def may_save(self, session: SessionMixin) -> bool:
        """Look at a session that is about to be saved, and say whether it may be."""
        ...


class GuardedInterface:
    """Wraps a session interface, and is it in everything but the two looks."""

    __slots__ = ("_inner", "_watcher")

    def __init__(self, inner: SessionInterface, watcher: Watcher) -> None:
        """Wrap `inner`, whatever it is."""
        object.__setattr__(self, "_inner", inner)
        object.__setattr__(self, "_watcher", watcher)

    def __getattr__(self, name: str) -> Any:
        """Be `inner`."""
        return getattr(self._inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Be `inner` in this too."""
        setattr(self._inner, name, value)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """Whoever asks whether this is a certain interface is told what `inner` is."""
        return type(self._inner)

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        """Open the host's session, and look at what came in it."""
        session = self._inner.open_session(app, request)
        if session is not None:
            self._watcher.arrive(session, request)
        return cast("SessionMixin | None", session)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save the host's session, unless it must stay as it is in the browser.

        A host that saves it by itself hands over what it has: Flask's proxy, or the session.
        """
        session = getattr(session, "_get_current_object", lambda: session)()
        if self._watcher.may_save(session):
            self._inner.save_session(app, session, response)
