"""What the extension keeps for one application: settings, loaders, this process's engine."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.wrappers import Request

from vestibule.bootstrap import Parts, assemble, languages_of, process_id, uncarried
from vestibule.core.engine import Begun, Engine, Login
from vestibule.core.engine.obliging import CHANGED_AT
from vestibule.core.errors import ConfigurationError
from vestibule.core.events import Event
from vestibule.core.factor import Applicant
from vestibule.core.model import Json, Origin
from vestibule.core.ports import Clock, Random, Sender
from vestibule.flask import signals
from vestibule.flask.cookies import Cookies
from vestibule.flask.hosts import FlaskLoginHost, Host, KeyedHost, SubjectFinder
from vestibule.flask.parking import Parked, Serializer, serializer_of
from vestibule.settings import Settings

EXTENSION: Final = "vestibule"
LONGEST_NAME: Final = 60
"""What fits under a code in an app; three such names of any script fit into a QR code."""
ANYBODYS: Final = frozenset({"api", "app", "application", "main", "server", "web", "wsgi"})
"""What a module is called by whoever gave the application no name."""
_STATE: Final = "vestibule_state"

_log = logging.getLogger("vestibule.start")


@dataclass(slots=True)
class Loaders:
    """What the host tells us by functions of its own. Each is handed what the host calls a user:

    Flask-Login's user object, or the value of the login key.
    """

    contact: Callable[[Any], Mapping[str, Any]] | None = None
    policy: Callable[[Any], object] | None = None
    """Whether a user must have a second step, or their roles, which the settings name."""
    password_stamp: Callable[[Any], object] | None = None
    subject: Callable[[Any], str] | None = None
    subject_exists: SubjectFinder | None = None
    """Handed a subject, as text: by the time it is asked for, there may be no user."""
    may_act_as: Callable[[Any, Any], object] | None = None
    """Handed who works for the site, and whom they want to act as."""
    number_check: Callable[[str, str], object] | None = None
    """Handed a number and whose it is, as subject, before a code goes there."""
    locale: Callable[[], str | None] | None = None
    """Asked without a user: which language this request is answered in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What may be lent in the place of the machine's own; None for the real thing.

    Clock and randomness are a test's to lend; the sender a host's too, which has none otherwise.
    """

    clock: Clock | None = None
    random: Random | None = None
    sender: Sender | None = None


class State:
    """One application's door. Nothing is opened until a request needs it."""

    def __init__(self, app: Flask, settings: Settings, loaders: Loaders, world: World) -> None:
        """Keep what was given; the engine is made on first use per process."""
        self.app = app
        self.settings = settings
        self.loaders = loaders
        self.languages = languages_of(settings)
        self.cookies = Cookies(realm=settings.realm, secure=not settings.development)
        app.extensions[_STATE] = self
        self._world = world
        self._instance = Path(app.instance_path)
        self._lock = threading.Lock()
        self._made: tuple[int, Parts] | None = None
        self._inherited: list[tuple[int, Parts] | None] = []
        self.is_looked_at = False
        """Whether an operator's command has loaded the application: it sends nothing."""
        self._host: Host | None = None
        self._has_warned = False

    @property
    def engine(self) -> Engine:
        """This process's engine."""
        return self.parts.engine

    @property
    def parts(self) -> Parts:
        """This process's parts; a fork makes its own, because connections cannot be shared."""
        made = self._made
        if made is not None and made[0] == process_id():
            return made[1]
        with self._lock:
            if self._made is None or self._made[0] != process_id():
                # What a parent process opened is kept and left alone: to close it here would
                # close it there.
                self._inherited.append(self._made)
                self._made = (process_id(), self._assemble())
            return self._made[1]

    @property
    def host(self) -> Host:
        """The kind of host this is; decided at the first request, when everything is there."""
        if self._host is None:
            self._host = self._find_host()
        return self._host

    @property
    def serializer(self) -> Serializer:
        """The serialisation of the host's sessions."""
        return serializer_of(self.app.session_interface)

    @property
    def site(self) -> str:
        """The name people know the application by: as set, else made of the package's own.

        Many packages are called `app`: then the host in VESTIBULE_SITE_URL is the better name.
        """
        if self.settings.issuer:
            return self.settings.issuer
        host = urlsplit(self.settings.site_url or "").hostname
        if host and _is_anybodys(self.app.name):
            return host
        plain = self.app.name.rpartition(".")[2].replace("_", " ").strip()
        return plain[:1].upper() + plain[1:] or self.app.name

    @property
    def is_nameless(self) -> bool:
        """Whether that name is one that many applications bear."""
        named = self.settings.issuer or self.settings.site_url
        return not named and _is_anybodys(self.app.name)

    @property
    def has_sender(self) -> bool:
        """Whether the application gave something that carries codes and notices."""
        return self._world.sender is not None

    def close(self) -> None:
        """Stop the courier and close the database; the next use opens them again."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            if made[1].carrying is not None:
                made[1].carrying.stop()
            made[1].database.close()

    @contextmanager
    def kept_in(self, folder: Path, settings: Settings) -> Iterator[None]:
        """Keep everything in `folder` meanwhile, by other settings, and send nothing out.

        For a command that looks at an application, or shows it, and leaves its store alone.
        """
        before = self.settings, self._instance, self._world
        self.close()
        self.settings, self._instance = settings, folder
        self._world = replace(self._world, sender=None)
        try:
            yield
        finally:
            self.close()
            self.settings, self._instance, self._world = before

    def told_of(self, user: Any) -> Mapping[str, Any] | None:
        """Return what the host tells of where a person is reached, None where it does not say."""
        if self.loaders.contact is None or user is None:
            return None
        return dict(self.loaders.contact(user) or {})

    def contact_of(self, user: Any) -> Json | None:
        """Return where a person can be told of changes, None where the host does not say."""
        told = self.told_of(user)
        if told is None:
            return None
        return {name: value for name, value in told.items() if name != CHANGED_AT}

    def applicant(self, subject: str, user: Any) -> Applicant:
        """Return who enrols, as it will stand in the person's app."""
        contact = self.contact_of(user) or {}
        account = _short(str(contact.get("name") or contact.get("email") or subject))
        return Applicant(subject=subject, account=account, issuer=_short(self.site))

    def login_of(
        self, *, subject: str, identity: str, user: Any, remembered: bool, request: Request
    ) -> Login:
        """Return a login as the engine takes it, with everything the host tells about its user."""
        stamp = self.loaders.password_stamp
        return Login(
            subject=subject,
            identity=identity,
            browsers=self.cookies.browsers(request),
            remembered=remembered,
            password_stamp=str(stamp(user)) if stamp is not None else None,
            contact=self.contact_of(user),
        )

    def public_url(self, path: str) -> str:
        """Return an address of ours as the world knows it, whatever stands before the application.

        `path` begins where the application does. The settings say it, never a request.
        """
        return f"{self.settings.site_url or ''}{path}"

    def warn_of_plain_http(self, request: Request) -> None:
        """Tell the operator once where a browser keeps none of our cookies: nobody would get in."""
        name = request.host.partition(":")[0]
        if self._has_warned or request.is_secure or not self.cookies.secure or name == "localhost":
            return
        self._has_warned = True
        _log.warning(
            "a login waits for its second step, but the request came over plain http, where "
            "browsers keep no cookie of ours, and the second step is never reached. Serve the site "
            "over https; behind a proxy that does, see that ProxyFix tells; on your own machine "
            "use http://localhost or debug mode"
        )

    def begin_login(self, login: Login, parked: Parked, origin: Origin) -> Begun:
        """Let a login wait, with what it put into the session."""
        begun = self.engine.begin_login(replace(login, parked=parked.to_bytes()), origin)
        signals.tell(self.app, signals.login_paused, "a login that waits", subject=login.subject)
        return begun

    def _assemble(self) -> Parts:
        sender = self._world.sender
        if sender is None and self.settings.development:
            # The inbox that plays the phone and the mailbox, where one was given to the app.
            sender = cast("Sender | None", self.app.extensions.get("vestibule_inbox"))
        if sender is None and not self.app.testing and not self.is_looked_at:
            _warn_of_uncarried(self.settings)
        parts = assemble(
            self.settings,
            application=self.site,
            instance=self._instance,
            clock=self._world.clock,
            random=self._world.random,
            sender=sender,
            number_check=self.loaders.number_check,
            after_commit=self._tell,
        )
        world, carried = self._world, self._world.sender or self.settings.routes
        # A test that says what carries has the courier do its rounds by hand, by its own clock.
        by_hand = carried and (self.app.testing or world.clock is not None)
        if parts.carrying is not None and not by_hand and not self.is_looked_at:
            parts.carrying.start()
        return parts

    def _tell(self, event: Event) -> None:
        made = self._made
        if made is not None and made[1].carrying is not None:
            made[1].carrying.wake()
        signals.tell(self.app, signals.event_recorded, event.fact.name, event=event)

    def _find_host(self) -> Host:
        if self.settings.login_keys and hasattr(self.app, "login_manager"):
            raise ConfigurationError(
                "VESTIBULE_LOGIN_KEYS is set, but this application has Flask-Login: with the keys "
                "its remember cookies and request loaders would not be guarded. Remove the setting"
            )
        if self.settings.login_keys:
            told = self.loaders
            return KeyedHost(self.settings.login_keys, told.subject, told.subject_exists)
        if not hasattr(self.app, "login_manager"):
            raise ConfigurationError(
                "Vestibule found no Flask-Login in this application. If your login keeps an id in "
                'the session itself, name the key: VESTIBULE_LOGIN_KEYS = ["user_id"]'
            )
        return FlaskLoginHost(self.app, self.loaders.subject, development=self.settings.development)


def _warn_of_uncarried(settings: Settings) -> None:
    """Say once where codes would go nowhere; production refuses to start so."""
    if names := uncarried(settings):
        _log.warning(
            "nothing carries the codes of %s, so they reach nobody: while you develop, give the "
            "application an inbox (from vestibule.testing import Inbox; Inbox().init_app(app)), "
            "else name who carries them in VESTIBULE_ROUTES",
            ", ".join(names),
        )


def _is_anybodys(name: str) -> bool:
    return name.rpartition(".")[2].lower() in ANYBODYS


def _short(name: str) -> str:
    """Return a name as it can be shown: printable, and cut where it is too long."""
    plain = "".join(c for c in name if c.isprintable()).strip()
    return plain if len(plain) <= LONGEST_NAME else f"{plain[: LONGEST_NAME - 1]}…"


def state_of(app: Flask) -> State:
    """Return the application's state; raise `ConfigurationError` where it has none."""
    found = app.extensions.get(_STATE)
    if not isinstance(found, State):
        raise ConfigurationError("this application has no Vestibule: call Vestibule(app) first")
    return found
