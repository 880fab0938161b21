"""The two kinds of host: one with Flask-Login, one that keeps an id in the session itself.

They differ in where a login stands in the session, and in who turns it into a user.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol, cast
from uuid import UUID

from flask import Flask, current_app, g
from flask.sessions import SecureCookieSession, SessionMixin
from werkzeug.wrappers import Response

from vestibule.core.errors import ConfigurationError, UsageError
from vestibule.flask.kept import USER, Kept

SubjectLoader = Callable[[Any], str]
SubjectFinder = Callable[[str], object]
"""Says whether there is an account of a subject; anything that is true or false will do."""
WATCH: Final = "vestibule_watch"
"""Where the gate of an application is found when its users are loaded."""
_LOADED: Final = "_vestibule_loaded"
SEEN: Final = "_login_user"
"""Where in `g` Flask-Login keeps the user of a request."""
_LOGIN_KEYS: Final = ("_user_id", "_fresh", "_id", "_remember", "_remember_seconds")


class Host(Protocol):
    """What the gate must know of the application it guards."""

    @property
    def key(self) -> str:
        """The session key whose value says who is logged in."""
        ...

    @property
    def login_keys(self) -> tuple[str, ...]:
        """All session keys that a login is made of."""
        ...

    @property
    def oddity(self) -> str:
        """What to tell an operator where a login of the host's own making cannot be let in."""
        ...

    def identity(self, value: object) -> str | None:
        """Return a login value as text, None where it is not fit to be one."""
        ...

    def user_of_identity(self, value: object) -> Any:
        """Return what the application would load for a login value, None for nobody."""
        ...

    def subject_of_user(self, user: Any) -> str:
        """Return the subject of what the application calls a user."""
        ...

    def finds_subject(self) -> SubjectFinder | None:
        """Return what says whether there is an account of a subject, None where nothing can."""
        ...

    def when_logged_out(self, do: Callable[[], None]) -> None:
        """Have `do` called when somebody leaves, where the application tells."""
        ...

    def watch(self) -> None:
        """See to it that the gate hears of every user the application loads, as it loads him."""
        ...

    def must_be_loaded(self, identity: str, *, granted: bool) -> bool:
        """Say whether only a loading tells whom a login value means, before anybody asks."""
        ...

    def is_welcome(self, user: Any, subject: str) -> bool:
        """Say whether the application would let this user in at all, whose login was `subject`."""
        ...

    def current_user(self) -> Any:
        """Return the user the application sees now, None for nobody."""
        ...

    def loaded_user(self) -> Any:
        """Return the same, and somebody too who may not sign in just now: a closed account."""
        ...

    def set_user(self) -> Any:
        """Return whom the application sees without having loaded him, None for nobody."""
        ...

    def came_by_token(self, session: SessionMixin) -> bool:
        """Say whether the user that was loaded came with the request and not by the session."""
        ...

    def forget_user(self) -> None:
        """Let the application see nobody for the rest of the request."""
        ...

    def forget_login(self, session: SessionMixin) -> None:
        """Take a login out of the session, and see that no remember cookie brings it back."""
        ...

    def is_remembered(self, session: SessionMixin) -> bool:
        """Say whether remember-me was ticked at the login just made."""
        ...

    def make_passing(self, session: SessionMixin) -> None:
        """Let a login outlive no browser, and count as no password typed just now."""
        ...

    def unremember(self, response: Response) -> None:
        """Take out of an answer what would have the login remembered."""
        ...


def peek(session: SessionMixin, key: str) -> Any:
    """Return a session value without marking the session as accessed (no `Vary` by our doing)."""
    if isinstance(session, dict):
        return dict.get(session, key)
    return session.get(key) if len(session) else None


def identity_text(value: object) -> str | None:
    """Return a login value as text, None where no application would put such a value there."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | UUID):
        return str(value)
    if not isinstance(value, str) or not value or "\x00" in value:
        return None
    # What cannot be written as UTF-8 cannot be asked of a database either.
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        return None
    return value


def is_plain(text: str) -> bool:
    """Say whether text is spelled as an application spells an id: printable, nothing around."""
    return text == text.strip() and text.isprintable()


def is_disguised(text: str) -> bool:
    """Say whether a database could read `text` as a number or a UUID that is spelled otherwise.

    A forged `01`, `1e0` or `0x1` may load the user 1, while looking like somebody without a second
    step.
    """
    return _is_odd_number(text) or _is_odd_uuid(text)


def _is_odd_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) != text
    except ValueError:
        return False


def _is_odd_number(text: str) -> bool:
    for base in (10, 0):
        try:
            return str(int(text, base)) != text
        except ValueError:
            continue
    try:
        number = float(text)
    except ValueError:
        return False
    return number.is_integer() and abs(number) < 2**63


class FlaskLoginHost:
    """A host with Flask-Login."""

    key = "_user_id"
    login_keys = _LOGIN_KEYS
    oddity = (
        "Flask-Login does not load a user for it, its user_loader raised an error (logged before "
        "this), or its id is no plain text"
    )

    def __init__(
        self, app: Flask, subject_loader: SubjectLoader | None, *, development: bool
    ) -> None:
        """Look at `app` whenever asked: its login manager may be made after us."""
        self._app = app
        self._subject_loader = subject_loader
        self._development = development
        self._fit_kinds: set[type] = set()

    def identity(self, value: object) -> str | None:
        """Any spelling will do: whom it loads is asked of the host itself."""
        return identity_text(value)

    @property
    def _manager(self) -> Any:
        return cast("Any", self._app).login_manager

    def user_of_identity(self, value: object) -> Any:
        """Ask the host's own loader, so that every spelling of an id comes to the same user."""
        load = self._manager._user_callback
        user = load(value) if load is not None else None
        if user is not None and isinstance(load, _Loader):
            load.keep(value, user)
        return user

    def subject_of_user(self, user: Any) -> str:
        """Return what `subject_loader` says, else `get_id()` where that is the library's own."""
        user = _user_behind(user)
        if isinstance(user, str | int | UUID):
            raise UsageError(
                "with Flask-Login a user is what your user_loader returns, not an id: "
                "load the account and hand it over"
            )
        if self._subject_loader is not None:
            return _told(self._subject_loader, user)
        if not self._development and type(user) not in self._fit_kinds:
            _refuse_own_get_id(type(user))
            self._fit_kinds.add(type(user))
        return str(user.get_id())

    def finds_subject(self) -> SubjectFinder | None:
        """Return Flask-Login's own loader, where what it is given is the subject."""
        load = self._manager._user_callback
        if load is None or self._subject_loader is not None:
            return None
        return lambda subject: load(subject) is not None

    def when_logged_out(self, do: Callable[[], None]) -> None:
        """Listen to Flask-Login, which tells of every logout, also of nobody's."""
        from flask_login import user_logged_out

        def heard(sender: object, **said: object) -> None:
            del sender, said
            do()

        user_logged_out.connect(heard, self._app, weak=False)

    def watch(self) -> None:
        """Stand beside Flask-Login's loading: sessions, remember cookies and tokens all pass it."""
        watch(self._manager)

    def must_be_loaded(self, identity: str, *, granted: bool) -> bool:
        """Weigh what its text does not tell before something reads the session for itself."""
        if granted:
            return False
        return self._subject_loader is not None or not is_plain(identity) or is_disguised(identity)

    def is_welcome(self, user: Any, subject: str) -> bool:
        """Say what Flask-Login's own login would: is the account active?"""
        del subject
        return bool(getattr(user, "is_active", True))

    def current_user(self) -> Any:
        """Return the user Flask-Login has or loads now."""
        user = self.loaded_user()
        return user if user is not None and user.is_authenticated else None

    def loaded_user(self) -> Any:
        """Return whom Flask-Login has, if only he has a name."""
        if SEEN not in g:
            self._manager._load_user()
        return self.set_user()

    def set_user(self) -> Any:
        """Return who was put where Flask-Login's `current_user` looks."""
        user = g.get(SEEN)
        return None if user is None or user.is_anonymous else user

    def came_by_token(self, session: SessionMixin) -> bool:
        """A remember cookie puts the user into the session; a request loader does not."""
        return peek(session, self.key) is None

    def forget_user(self) -> None:
        """Put the anonymous user in the place of whoever was loaded."""
        self._manager._update_request_context_with_user()

    def forget_login(self, session: SessionMixin) -> None:
        """Have Flask-Login delete its cookie too: the person signs in again, and is asked both."""
        _pop_all(session, self.login_keys)
        session["_remember"] = "clear"

    def is_remembered(self, session: SessionMixin) -> bool:
        """Say whether Flask-Login is about to set its remember cookie."""
        return bool(peek(session, "_remember") == "set")

    def make_passing(self, session: SessionMixin) -> None:
        """Have Flask-Login set no remember cookie, and ask for the password where it wants it."""
        renews = self._app.config.get("REMEMBER_COOKIE_REFRESH_EACH_REQUEST")
        if renews or peek(session, "_remember") == "set":
            session["_remember"] = "clear"
        if peek(session, "_fresh") is not False:
            session["_fresh"] = False

    def unremember(self, response: Response) -> None:
        """Delete a remember cookie in the place of setting one, whoever asked for it, and when."""
        config = self._app.config
        name = config.get("REMEMBER_COOKIE_NAME", "remember_token")
        lines = response.headers.getlist("Set-Cookie")
        kept = [line for line in lines if not line.startswith(f"{name}=")]
        if len(kept) == len(lines):
            return
        response.headers.setlist("Set-Cookie", kept)
        path = config.get("REMEMBER_COOKIE_PATH", "/")
        response.delete_cookie(name, path, config.get("REMEMBER_COOKIE_DOMAIN"))


def _user_behind(user: Any) -> Any:
    """Return the user himself where `current_user` was given, which only stands for him."""
    behind = getattr(user, "_get_current_object", None)
    return user if behind is None else behind()


def _told(loader: SubjectLoader, user: Any) -> str:
    subject: str | None = loader(user)
    if subject is None:
        message = "subject_loader returned None: return what names the user for good, as text"
        raise ConfigurationError(message)
    return str(subject)


def _refuse_own_get_id(kind: type) -> None:
    """Refuse a `get_id` that may change: with a new one a person would have no second step."""
    from flask_login import AnonymousUserMixin, UserMixin

    if getattr(kind, "get_id", None) in {UserMixin.get_id, AnonymousUserMixin.get_id}:
        return
    raise ConfigurationError(
        f"{kind.__name__}.get_id() is your own, and may change with the password. Say what names a "
        "user for good:\n\n    @vestibule.subject_loader\n    def subject(user):\n"
        "        return str(user.id)\n"
    )


def watch(manager: Any) -> None:
    """Have every loading of a user go through the gate of the application it is for.

    One login manager may serve several applications, so the application is asked each time.
    """
    if manager._user_callback is not None and not isinstance(manager._user_callback, _Loader):
        manager._user_callback = _Loader(manager._user_callback)
    if hasattr(manager._load_user, WATCH):
        return
    load = manager._load_user

    def watched() -> None:
        loading = current_app.extensions.get(WATCH)
        if loading is None:
            load()
        else:
            loading(load)

    setattr(watched, WATCH, True)
    manager._load_user = watched


class _Loader:
    """The host's user loader. Whom the gate had it load is not loaded a second time."""

    def __init__(self, load: Callable[[Any], Any]) -> None:
        self.__wrapped__ = load

    def __call__(self, value: Any) -> Any:
        kept = g.pop(_LOADED, None)
        return kept[1] if kept is not None and kept[0] == value else self.__wrapped__(value)

    def keep(self, value: Any, user: Any) -> None:
        """Have the user at hand for the next who asks, once."""
        setattr(g, _LOADED, (value, user))


class KeyedHost:
    """A host that keeps an id in the session and loads its user in its own before_request."""

    def __init__(
        self,
        keys: tuple[str, ...],
        subject_loader: SubjectLoader | None,
        subject_exists: SubjectFinder | None = None,
    ) -> None:
        """The first of `keys` says who is logged in."""
        self._keys = keys
        self._subject_loader = subject_loader
        self._subject_exists = subject_exists

    @property
    def key(self) -> str:
        """The first of VESTIBULE_LOGIN_KEYS."""
        return self._keys[0]

    @property
    def login_keys(self) -> tuple[str, ...]:
        """VESTIBULE_LOGIN_KEYS."""
        return self._keys

    @property
    def oddity(self) -> str:
        """Ids are numbers, UUIDs or plain text; `007` needs a loader that says it is not `7`."""
        return (
            f"session[{self.key!r}] is neither a plain number nor plain text; where your ids look "
            "like 007 or 1e5, register a vestibule.subject_loader that returns them"
        )

    def identity(self, value: object) -> str | None:
        """Refuse a number in disguise, unless a `subject_loader` says whom a value means."""
        text = identity_text(value)
        if text is None or not is_plain(text):
            return None
        if self._subject_loader is None and is_disguised(text):
            return None
        return text

    def user_of_identity(self, value: object) -> Any:
        """The value is all there is to know."""
        return value

    def subject_of_user(self, user: Any) -> str:
        """Return what `subject_loader` says, else the value as text."""
        if self._subject_loader is not None:
            return _told(self._subject_loader, user)
        return str(user)

    def finds_subject(self) -> SubjectFinder | None:
        """Return nothing: this kind of host loads its users where we do not see it."""
        return None

    def when_logged_out(self, do: Callable[[], None]) -> None:
        """Nobody tells here; the gate sees a login value vanish."""

    def watch(self) -> None:
        """Nobody appears here without a value in the session."""

    def must_be_loaded(self, identity: str, *, granted: bool) -> bool:
        """Always: nobody tells when the application loads its user."""
        del identity, granted
        return True

    def is_welcome(self, user: Any, subject: str) -> bool:
        """Say whether there is an account, where the application tells of that.

        By the subject of the login: of an account that is gone another function may raise.
        """
        del user
        finds = self._subject_exists
        return finds is None or bool(finds(subject))

    def current_user(self) -> Any:
        """Return the login value: this kind of host has no user object we could see."""
        return self.loaded_user()

    def loaded_user(self) -> Any:
        """Return the login value."""
        from flask.globals import request_ctx

        return peek(raw_session(request_ctx), self.key)

    def set_user(self) -> Any:
        """Return nobody: whom such a host sees stands in its session."""
        return

    def came_by_token(self, session: SessionMixin) -> bool:
        """Never: nobody appears here without a value in the session."""
        del session
        return False

    def forget_user(self) -> None:
        """Drop what a before_request function may have kept under the usual name."""
        g.pop(USER, None)

    def forget_login(self, session: SessionMixin) -> None:
        """The session's keys are all there is."""
        _pop_all(session, self._keys)

    def is_remembered(self, session: SessionMixin) -> bool:
        """Say whether the session was made to outlive the browser."""
        return bool(peek(session, "_permanent"))

    def make_passing(self, session: SessionMixin) -> None:
        """Have the session end with the browser."""
        if peek(session, "_permanent"):
            session.permanent = False

    def unremember(self, response: Response) -> None:
        """Do nothing: such a host remembers by the session alone."""


def _pop_all(session: SessionMixin, keys: Iterable[str]) -> None:
    for key in keys:
        session.pop(key, None)


def raw_session(context: Any) -> SessionMixin:
    """Return a request context's session without marking it as accessed."""
    found = getattr(context, "_session", None)
    return cast("SessionMixin", context.session if found is None else found)


@contextmanager
def session_as(context: Any, values: Mapping[str, Any]) -> Iterator[None]:
    """Let the host read these values as its session, for as long as it is asked something.

    What it reads is a copy, of which nothing is kept: neither whom it loads meanwhile.
    """
    name = "session" if getattr(context, "_session", None) is None else "_session"
    own = getattr(context, name)
    kept = Kept()
    for key in (_LOADED, SEEN):
        g.pop(key, None)
    shown: Any = SecureCookieSession(values)
    if hasattr(own, "sid"):
        shown.sid = own.sid  # what a loader finds in every server-side session
    setattr(context, name, shown)
    try:
        yield
    finally:
        setattr(context, name, own)
        kept.bring_back()
