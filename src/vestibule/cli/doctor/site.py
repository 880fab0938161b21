"""The application that is examined, as it was before the doctor touched anything."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from flask import Flask

from vestibule.cli.doctor.code import Facts, Reader
from vestibule.flask.state import Loaders, State
from vestibule.settings import Settings

OURS = ("vestibule", "vestibule_testing")
"""The blueprints that are not the host's."""
REQUIRED: Final = re.compile(
    r"(login|auth|token|user|fresh|roles?|permissions?)\w*_(required|accepted)|"
    r"require_\w*(login|auth)"
)
"""What a decorator is called whose view only people see who are signed in."""
View = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Site:
    """One application and all that the checks look at."""

    app: Flask
    state: State
    settings: Settings
    """As the application has them, not the throw-away ones."""
    loaders: Loaders
    reader: Reader
    has_own_door: bool
    is_production: bool
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The process's, and what a file `.env` adds to it."""
    mounts: str = field(default="", repr=False)
    """What `/proc/mounts` says, nothing where there is no such file."""

    @classmethod
    def of(cls, state: State, **said: Any) -> "Site":
        """Return the site of a door."""
        return cls(
            app=state.app,
            state=state,
            settings=state.settings,
            loaders=replace(state.loaders),
            reader=Reader(state.app),
            **said,
        )

    @property
    def manager(self) -> Any:
        """Flask-Login's login manager, None where there is none."""
        return getattr(self.app, "login_manager", None)

    @property
    def login_keys(self) -> tuple[str, ...]:
        """The session keys whose change the gate takes for a login."""
        return ("_user_id",) if self.manager is not None else self.settings.login_keys

    def views(self) -> Iterator[tuple[str, View]]:
        """Return the host's own views, by endpoint."""
        for endpoint, view in sorted(self.app.view_functions.items()):
            if endpoint.partition(".")[0] not in OURS and endpoint != "static":
                yield endpoint, view

    def facts(self) -> Iterator[tuple[str, Facts]]:
        """Return what each of the host's views refers to."""
        for endpoint, view in self.views():
            yield endpoint, self.reader.read(view)

    def signs_in(self, facts: Facts) -> bool:
        """Say whether a view logs people in as the gate knows it."""
        return facts.means(_login_user()) or bool(facts.writes & set(self.login_keys))

    def needs_login(self, view: View) -> bool:
        """Say whether a view is wrapped in what lets only signed-in people through."""
        return any(REQUIRED.search(name) for name in self.reader.wrappers(view))

    def where(self, endpoint: str) -> str:
        """Return a view's endpoint and where its code stands."""
        return f"{endpoint} ({self.reader.place(self.app.view_functions[endpoint])})"


def _login_user() -> Any:
    try:
        from flask_login import login_user
    except ImportError:
        return None
    return login_user
