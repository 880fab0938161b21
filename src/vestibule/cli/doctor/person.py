"""Whom the doctor plays: somebody with the password alone, and what his browser would bring.

Without `--user` nobody real is asked for: a stand-in is what the host's loader would return.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import click
from flask import Flask, Request

from vestibule.core.engine import Engine, Login
from vestibule.core.factor import Applicant
from vestibule.core.model import Purpose
from vestibule.flask.hosts import Host
from vestibule.flask.state import State

NUMBER: Final = 2_147_483_646
"""An id that no application has given away, and every database can look up."""
AGENT: Final = "vestibule-doctor"
HEADER: Final = "Vestibule-Doctor"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who has the password."""

    identity: Any
    """What the host's login would put into the session."""
    subject: str
    user: Any


@dataclass(frozen=True, kw_only=True)
class Credential:
    """What is sent in the place of a second step."""

    name: str
    headers: dict[str, str]
    is_token: bool = False


def person_of(app: Flask, host: Host, wanted: str | None) -> Person:
    """Return the person of that id, as the host itself loads it, or a stand-in."""
    manager: Any = getattr(app, "login_manager", None)
    if manager is None:
        identity: Any = NUMBER if wanted is None else _as_stored(wanted)
        user: Any = identity
    else:
        identity = wanted or str(NUMBER)
        user = _stand_in() if wanted is None else None
    with app.test_request_context():
        if user is None:
            user = manager._user_callback(identity)  # noqa: SLF001 - there is no public way
        if user is None:
            raise click.UsageError(
                f"The application knows nobody with the id {wanted}. It is what a session holds of "
                "a user: what get_id() returns. Or its user_loader wants more of the session than "
                "the id, such as a stamp of the password: then leave --user out."
            )
        return Person(identity=identity, subject=host.subject_of_user(user), user=user)


def enrol(engine: Engine, person: Person) -> None:
    """Give the person a second step in the throw-away store."""
    from vestibule.testing import SoftwareAuthenticator

    draft = engine.begin_enrolment(
        engine.registry["totp"],
        Applicant(subject=person.subject, account="doctor", issuer="doctor"),
        Login(subject=person.subject, identity=str(person.identity)),
        None,
    )
    if draft is None:
        raise AssertionError("a new store knows nobody")
    code = SoftwareAuthenticator(draft.enrolment.secret).code(engine.now())
    if engine.verify(draft.token, Purpose.ENROL, code).granted is None:
        raise AssertionError("a right code was refused")


def credentials(state: State, person: Person) -> Iterator[Credential]:
    """Return everything a browser or a program of that person could bring.

    A host's tokens cannot be forged: whoever brings one is played by the doctor's own header.
    """
    app = state.app
    manager = getattr(app, "login_manager", None)
    if manager is None:
        values = dict.fromkeys(state.settings.login_keys, person.identity)
        yield Credential(name="session", headers=_cookie(_session_name(app), _signed(app, values)))
        return
    from flask_login import encode_cookie

    with app.test_request_context(headers={"User-Agent": AGENT}):
        session_id = manager._session_identifier_generator()  # noqa: SLF001 - there is no public way
        remembered = encode_cookie(str(person.identity))
    values = {"_user_id": person.identity, "_fresh": True, "_id": session_id}
    yield Credential(name="session", headers=_cookie(_session_name(app), _signed(app, values)))
    name = app.config.get("REMEMBER_COOKIE_NAME", "remember_token")
    yield Credential(name="remember cookie", headers=_cookie(name, remembered))
    if manager._request_callback is not None:  # noqa: SLF001 - there is no public way
        yield Credential(name="token", headers={HEADER: "token"}, is_token=True)


def user_loader(person: Person) -> Callable[[Any], Any]:
    """Return a loader that knows this person and nobody else."""
    return lambda value: person.user if str(value) == str(person.identity) else None


def token_loader(person: Person) -> Callable[[Request], Any]:
    """Return a request loader that takes the doctor's header for the person's token."""
    return lambda incoming: person.user if HEADER in incoming.headers else None


def _stand_in() -> Any:
    from flask_login import UserMixin

    class StandIn(UserMixin):  # type: ignore[misc]
        """A user that has whatever is asked of it."""

        id = str(NUMBER)

        def __getattr__(self, name: str) -> str:
            """Answer a host's hook that asks for a name, a role or a token."""
            if name.startswith("_"):
                raise AttributeError(name)
            return self.id

    return StandIn()


def _as_stored(typed: str) -> int | str:
    return int(typed) if typed.isdecimal() else typed


def _session_name(app: Flask) -> str:
    return str(app.config["SESSION_COOKIE_NAME"])


def _cookie(name: str, value: str) -> dict[str, str]:
    return {"Cookie": f"{name}={value}"}


def _signed(app: Flask, values: dict[str, Any]) -> str:
    # Asked only where there is such an interface, and a key.
    serializer = cast("Any", app.session_interface).get_signing_serializer(app)
    return str(serializer.dumps(values))
