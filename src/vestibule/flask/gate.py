"""The gate: five places on a request's way. It filters what arrives and moves what is made.

1. *Arrive*, as the session is opened: a login without a live grant is dropped.
2. *Enter*, before everything that is called before a view, and again whenever Flask-Login loads a
   user: one who comes by another way is weighed, and seen or not at all.
3. *Before the view*: a login made since is parked, and the view does not run.
4. *Leave*, before every after_request: a login made in this request is parked; one that vanished
   ends its grant.
5. *Net*, as the session is saved: what still holds an ungranted login is emptied.
"""

import logging
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import urlsplit

from flask import Flask, request
from flask.globals import request_ctx
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.wrappers import Request, Response

from vestibule.core.engine import Login
from vestibule.core.errors import DeploymentError, StoreUnavailableError
from vestibule.core.model import Passage, PassageKind, Purpose
from vestibule.core.tokens import identity_hash
from vestibule.flask import answers, entrance, parking
from vestibule.flask.hosts import WATCH, Host, peek, raw_session
from vestibule.flask.navigation import address_of, is_navigation, own_path
from vestibule.flask.parking import Parked
from vestibule.flask.state import State
from vestibule.flask.visit import Visit, set_visit, visit_of
from vestibule.flask.welcome import has_same_password

CLOSING: Final = (StoreUnavailableError, DeploymentError)
"""What keeps out everybody who needs a second step: a store that is down, or the wrong one."""

_log = logging.getLogger("vestibule.gate")


class GuardedInterface(SessionInterface):
    """The host's session interface with our two looks: as a session opens and as it is saved."""

    def __init__(self, inner: SessionInterface, gate: "Gate") -> None:
        """Wrap `inner`, whatever it is."""
        self.__dict__.update(inner=inner, gate=gate)

    def __getattribute__(self, name: str) -> Any:
        """Be `inner` in everything but what the gate does."""
        if name in {"open_session", "save_session", "inner", "gate", "__dict__", "__class__"}:
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "inner"), name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Be `inner` in this too."""
        setattr(self.inner, name, value)

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        """Open the host's session, and look at what came in it."""
        session = self.inner.open_session(app, request)
        if session is not None:
            self.gate.arrive(session, request)
        return cast("SessionMixin | None", session)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save the host's session, unless it must stay as it is in the browser."""
        if self.gate.may_save(session):
            self.inner.save_session(app, session, response)


class Gate:
    """Guards one application."""

    def __init__(self, app: Flask, state: State) -> None:
        """Guard `app`; nothing is changed until `attach`."""
        self._app = app
        self._state = state
        self._is_settled = False

    def attach(self) -> None:
        """Take the five places."""
        app = cast("Any", self._app)
        app.session_interface = GuardedInterface(app.session_interface, self)
        preprocess, dispatch, process = (
            app.preprocess_request,
            app.dispatch_request,
            app.process_response,
        )
        app.preprocess_request = lambda *context: self.enter() or preprocess(*context)
        app.dispatch_request = lambda *context: self.before_view() or dispatch(*context)
        # Newer Flask hands a context before the response: the response is always the last.
        app.process_response = lambda *given: self._out(process(*given[:-1], self.leave(given[-1])))
        app.extensions[WATCH] = self.loading
        for kind in CLOSING:
            app.register_error_handler(kind, self._refused)

    # 1

    def arrive(self, session: SessionMixin, request: Request) -> None:
        """Drop a login that has no live grant, for a subject that needs one."""
        self._settle()
        visit = Visit(token=self._state.cookies.token(request))
        set_visit(request, visit)
        value = peek(session, self._host.key) if len(session) else None
        if value is not None:
            try:
                self._weigh(session, value, visit)
            except CLOSING as error:
                self._stop(session, visit, error)
        visit.before = parking.snapshot(session, self._serializer)

    def _weigh(self, session: SessionMixin, value: object, visit: Visit) -> None:
        identity = self._host.identity(value)
        if identity is None or not self._is_fit(identity, visit):
            session.clear()

    def _is_fit(self, identity: str, visit: Visit) -> bool:
        """Weigh a login value by its text, and take it for this visit's if it is fit."""
        engine = self._state.engine
        standing = engine.standing(identity, visit.token)
        if _is_for(standing.passage, identity, engine):
            passage = cast("Passage", standing.passage)
            visit.identity, visit.subject, visit.grant = identity, passage.subject, passage
            engine.keep_alive(passage)
            return True
        if standing.enrolled:
            return False
        visit.identity, visit.subject = identity, identity
        return True

    # 2

    def enter(self) -> Response | None:
        """Weigh whom a login value means, where no loading of a user can be watched for it."""
        self._wrap_again()
        visit = self._visit()
        if visit.is_stopped:
            return self._unavailable()
        try:
            if not self._host.is_watched:
                self._weigh_known(raw_session(request_ctx), visit)
        except CLOSING as error:
            self._stop(raw_session(request_ctx), visit, error)
            return self._unavailable()
        return None

    def loading(self, load: Callable[[], None]) -> None:
        """Have Flask-Login load a user, from wherever it will, and weigh who came.

        A login made in this very request is left to the places 3 and 4.
        """
        self._wrap_again()
        visit, session = self._visit(), raw_session(request_ctx)
        if visit.is_stopped:
            self._host.forget_user()
            return
        before = peek(session, self._host.key)
        is_new = self._is_new(session, visit)
        load()
        if is_new and peek(session, self._host.key) == before:
            return
        try:
            self._weigh_loaded(session, visit)
        except CLOSING as error:
            self._stop(session, visit, error)
            if not visit.has_left:
                raise

    def _weigh_loaded(self, session: SessionMixin, visit: Visit) -> None:
        user = self._host.loaded_user()
        if user is None:
            self._weigh_nobody(session, visit)
            return
        by_token = self._host.came_by_token(session)
        identity = self._host.identity(peek(session, self._host.key))
        if identity is not None and identity == visit.identity:
            self._weigh_user(session, visit, user)
            return
        if by_token and self._is_marked("accepts_tokens"):
            return
        self._end_if_gone(session, visit)
        subject = self._host.subject_of_user(user)
        grant, enrolled = self._grant_for(subject, identity or subject, user, visit)
        if enrolled and grant is None:
            self._forget_login(session, by_token=by_token)
            return
        visit.subject, visit.user, visit.grant = subject, user, grant
        if not by_token:
            visit.identity, visit.is_weighed = identity, True
            visit.before = parking.snapshot(session, self._serializer)

    def _weigh_nobody(self, session: SessionMixin, visit: Visit) -> None:
        """Weigh what a remember cookie left in the session although it loads nobody."""
        if not self._is_new(session, visit):
            return
        self._end_if_gone(session, visit)
        identity = self._host.identity(peek(session, self._host.key))
        if identity is None or not self._is_fit(identity, visit):
            self._forget_login(session, by_token=False)
        visit.before = parking.snapshot(session, self._serializer)

    def _grant_for(
        self, subject: str, identity: str, user: Any, visit: Visit
    ) -> tuple[Passage | None, bool]:
        """Return this browser's grant for a login, if it has one, and whether one is needed."""
        engine = self._state.engine
        standing = engine.standing(subject, visit.token)
        passage = standing.passage
        live = engine.is_live(passage, subject, identity)
        if passage is None or not live or not has_same_password(self._state, user, passage):
            return None, standing.enrolled
        return passage, standing.enrolled

    def _forget_login(self, session: SessionMixin, *, by_token: bool) -> None:
        self._host.forget_user()
        if by_token:
            return
        for key in self._host.login_keys:
            session.pop(key, None)
        # Flask-Login deletes its cookie: the person signs in again, and is asked both.
        session["_remember"] = "clear"

    def _load(self, session: SessionMixin) -> Any:
        """Have the host load its user, without its own memory of it.

        A loader may need what only the view prepares: then there is nobody yet, and whoever comes
        later is weighed as he is loaded.
        """
        value = peek(session, self._host.key)
        try:
            return None if value is None else self._host.user_of_identity(value)
        except Exception:  # noqa: BLE001 - the host's loader may raise anything
            return None

    def _weigh_known(self, session: SessionMixin, visit: Visit) -> bool:
        """Weigh whom the login value of a session loads, once; say if it may stay."""
        if visit.identity is None or visit.is_weighed:
            return True
        if visit.grant is not None and self._state.loaders.password_stamp is None:
            return True
        user = self._load(session)
        return user is None or self._weigh_user(session, visit, user)

    def _weigh_user(self, session: SessionMixin, visit: Visit, user: Any) -> bool:
        """Weigh the user behind a login value that was let in by its spelling; say if it may stay.

        Several spellings may load one user, and a password may have changed since the grant.
        """
        subject = self._host.subject_of_user(user)
        if visit.is_weighed and subject == visit.subject:
            return True
        if visit.grant is None:
            stays = subject == visit.subject or not self._is_enrolled(subject)
        else:
            stays = subject == visit.subject and has_same_password(self._state, user, visit.grant)
        if stays:
            visit.is_weighed, visit.user, visit.subject = True, user, subject
            return True
        if visit.grant is not None:
            origin = answers.origin_of(request)
            self._state.engine.cancel(visit.grant, "password changed", origin)
        session.clear()
        self._host.forget_user()
        visit.identity = visit.subject = visit.grant = visit.user = None
        return False

    def _is_enrolled(self, subject: str) -> bool:
        return self._state.engine.standing(subject, None).enrolled

    def _settle(self) -> None:
        """Find our way about the host, once everything is there.

        Its CSRF protection is kept off our pages: they have theirs.
        """
        if self._is_settled:
            return
        protection = self._app.extensions.get("csrf")
        if protection is not None:
            protection.exempt(self._app.blueprints["vestibule"])
        self._host.when_logged_out(self._drop_waiting)
        self._host.watch()
        self._is_settled = True

    def _drop_waiting(self) -> None:
        """End a login that waits in this browser: its person said that they are leaving."""
        visit = visit_of(request)
        if visit is None or visit.token is None or visit.grant is not None:
            return
        waiting = self._state.engine.standing(None, visit.token).passage
        if waiting is not None:
            self._state.engine.cancel(waiting, "logout", answers.origin_of(request))
            visit.on_response.append(self._drop_token)

    def _wrap_again(self) -> None:
        """Take the first place again where another extension replaced the session interface."""
        interface = self._app.session_interface
        if type(interface) is GuardedInterface:
            if visit_of(request) is None:
                self.arrive(raw_session(request_ctx), request)
            return
        self._app.session_interface = GuardedInterface(interface, self)
        self.arrive(raw_session(request_ctx), request)

    # 3

    def before_view(self) -> Response | None:
        """Park a login that something before the view has made; the view does not run."""
        visit = self._visit()
        if visit.is_stopped:
            return self._unavailable()
        session = raw_session(request_ctx)
        try:
            if not self._is_new(session, visit):
                return self._look_again(session, visit)
            if self._waits_already(session, visit):
                return self._wait_on(session, visit)
            return self._let_in_or_park(session, visit, None)
        except CLOSING as error:
            self._stop(session, visit, error)
            return self._unavailable()

    def _look_again(self, session: SessionMixin, visit: Visit) -> Response | None:
        """Weigh whom nothing before the view has asked for: a view may read the session itself."""
        if self._weigh_known(session, visit):
            return None
        return answers.sign_in_again(request, self._state.settings.home_url)

    def _waits_already(self, session: SessionMixin, visit: Visit) -> bool:
        """Say whether the login just made is the one that waits: some hosts make it each time."""
        identity = self._host.identity(peek(session, self._host.key))
        if identity is None or visit.token is None:
            return False
        engine = self._state.engine
        passage = engine.standing(None, visit.token).passage
        return (
            passage is not None
            and passage.kind is PassageKind.BROWSER
            and passage.purpose is Purpose.LOGIN
            and passage.is_pending(engine.house.now())
            and passage.identity_hash == identity_hash(identity)
        )

    def _wait_on(self, session: SessionMixin, visit: Visit) -> Response | None:
        """Drop a login that waits already, and lead to the second step: our own pages are seen."""
        parking.take_out(session, visit.before, self._host.key, self._serializer)
        self._host.forget_user()
        if request.blueprint == "vestibule":
            return None
        return answers.second_step_required(request, ())

    # 4

    def leave(self, response: Response) -> Response:
        """Park a login the view has made; end the grant of a login that is no more."""
        visit = self._visit()
        session = raw_session(request_ctx)
        try:
            if not visit.is_stopped:
                response = self._left(session, visit, response)
        except CLOSING as error:
            self._stop(session, visit, error)
        if visit.is_stopped:
            response.close()
            response = self._unavailable()
        visit.has_left = True
        return response

    def _left(self, session: SessionMixin, visit: Visit, response: Response) -> Response:
        self._end_if_gone(session, visit)
        if not self._is_new(session, visit):
            return self._led_on(visit, response)
        # What the view left to be done to its answer belongs to the login it made.
        response = self._finished(response)
        parked = self._let_in_or_park(session, visit, response)
        if parked is None:
            return response
        response.close()
        return parked

    def _finished(self, response: Response) -> Response:
        waiting = request_ctx._after_request_functions  # noqa: SLF001 - no other way
        while waiting:
            response = self._app.ensure_sync(waiting.pop(0))(response)
        return response

    def _led_on(self, visit: Visit, response: Response) -> Response:
        """Lead who waits back to the second step where the host would ask the password again."""
        location = response.headers.get("Location")
        if visit.identity is not None or not visit.token or location is None:
            return response
        if request.method != "GET" or not is_navigation(request) or self._is_marked("exempt"):
            return response
        target = urlsplit(own_path(location, request) or "").path
        parked = entrance.parked_on(self._state, entrance.waiting(self._state, visit.token))
        if parked is None or target not in {parked.entrance, entrance.login_page(self._state)}:
            return response
        response.close()
        return answers.second_step_required(request, ())

    def _end_if_gone(self, session: SessionMixin, visit: Visit) -> None:
        if visit.identity is None:
            return
        now = self._host.identity(peek(session, self._host.key))
        if now == visit.identity:
            return
        if visit.grant is not None:
            self._state.engine.cancel(visit.grant, "logout", answers.origin_of(request))
            visit.on_response.append(self._drop_token)
        visit.identity = visit.subject = visit.grant = visit.user = None

    def _out(self, response: Response) -> Response:
        visit = visit_of(request)
        if visit is not None:
            for change in visit.on_response:
                change(response)
        return response

    # 5

    def may_save(self, session: SessionMixin) -> bool:
        """Empty a session with a login nobody weighed; say whether to save it at all."""
        visit = visit_of(request) if request_ctx else None
        if visit is not None:
            self._end_late(session, visit)
            if visit.is_stopped:
                return False
        value = peek(session, self._host.key) if len(session) else None
        if value is None or (visit is not None and not self._is_new(session, visit)):
            return True
        if not self._needs_no_grant(session, value):
            session.clear()
        return True

    def _end_late(self, session: SessionMixin, visit: Visit) -> None:
        """End the grant of a login that vanished after the view."""
        try:
            self._end_if_gone(session, visit)
        except CLOSING as error:
            self._stop(session, visit, error)

    def _needs_no_grant(self, session: SessionMixin, value: object) -> bool:
        identity = self._host.identity(value)
        if identity is None:
            return False
        try:
            user = self._load(session)
            subject = identity if user is None else self._host.subject_of_user(user)
            return not self._is_enrolled(identity) and not self._is_enrolled(subject)
        except CLOSING:
            return False

    # Parking

    def _is_new(self, session: SessionMixin, visit: Visit) -> bool:
        value = peek(session, self._host.key) if len(session) else None
        if value is None:
            return False
        identity = self._host.identity(value)
        return identity is None or identity != visit.identity

    def _let_in_or_park(
        self, session: SessionMixin, visit: Visit, response: Response | None
    ) -> Response | None:
        """Let a new login in where its subject needs no grant or has one; else park it."""
        value = peek(session, self._host.key)
        identity = self._host.identity(value)
        user = self._host.loaded_user() or self._load(session)
        if identity is None or user is None:
            _log.error("a login was dropped: %s", self._host.oddity)
            session.clear()
            return answers.sign_in_again(request, self._state.settings.home_url)
        subject = self._host.subject_of_user(user)
        standing = self._state.engine.standing(subject, visit.token)
        live = self._state.engine.is_live(standing.passage, subject, identity)
        if live and standing.passage is not None:
            live = has_same_password(self._state, user, standing.passage)
        if standing.passage is not None and not live:
            # Whoever began another login here, or was somebody else, is so no longer.
            self._state.engine.cancel(standing.passage, "another login", answers.origin_of(request))
            if not standing.enrolled:
                visit.on_response.append(self._drop_token)
        if not standing.enrolled or live:
            visit.identity, visit.subject, visit.user = identity, subject, user
            visit.grant = standing.passage if live else None
            return None
        return self._park(session, visit, self._login(session, subject, identity, user), response)

    def _login(self, session: SessionMixin, subject: str, identity: str, user: Any) -> Login:
        return self._state.login_of(
            subject=subject,
            identity=identity,
            user=user,
            remembered=self._host.is_remembered(session),
            request=request,
        )

    def _park(
        self, session: SessionMixin, visit: Visit, login: Login, response: Response | None
    ) -> Response:
        values = parking.take_out(session, visit.before, self._host.key, self._serializer)
        parked = Parked(
            values=values,
            cookies=response.headers.getlist("Set-Cookie") if response else (),
            wanted=self._wanted(response),
            entrance=own_path(request.script_root + request.path, request),
        )
        begun = self._state.begin_login(login, parked, answers.origin_of(request))
        parking.renew_id(self._app.session_interface, session)
        self._host.forget_user()
        visit.identity = visit.subject = visit.grant = visit.user = None
        visit.token = begun.token
        visit.on_response.append(lambda out: self._state.cookies.set_token(out, begun.token, None))
        return answers.second_step_required(request, begun.ways)

    def _wanted(self, response: Response | None) -> str | None:
        """Return where the login was going, as a path of this site."""
        if response is not None:
            return own_path(response.headers.get("Location"), request)
        return own_path(address_of(request), request) if request.method == "GET" else None

    # Pieces

    @property
    def _host(self) -> Host:
        return self._state.host

    @property
    def _serializer(self) -> parking.Serializer:
        return parking.serializer_of(self._app.session_interface)

    def _visit(self) -> Visit:
        visit = visit_of(request)
        if visit is None:
            # A null session, or one opened by an interface that replaced ours this very moment.
            visit = Visit(token=self._state.cookies.token(request))
            set_visit(request, visit)
        return visit

    def _is_marked(self, mark: str) -> bool:
        view = self._app.view_functions.get(request.endpoint or "")
        return is_marked(view, mark)

    def _drop_token(self, response: Response) -> None:
        self._state.cookies.drop(response, self._state.cookies.passage)

    def _stop(self, session: SessionMixin, visit: Visit, error: Exception) -> None:
        """Refuse the request, and leave what the browser holds as it is: nobody is signed out."""
        _log.error("no request can be let in: %s", error)
        visit.is_stopped = True
        if len(session):
            session.clear()
        self._host.forget_user()

    def _unavailable(self) -> Response:
        return answers.unavailable(request)

    def _refused(self, error: Exception) -> Response:
        """Answer for a view that asked us something the store could not tell."""
        _log.error("a page could not be answered: %s", error)
        return self._unavailable()


def is_marked(view: Callable[..., Any] | None, mark: str) -> bool:
    """Say whether a view function bears one of our decorators."""
    if view is None:
        return False
    kind = getattr(view, "view_class", None)
    return bool(getattr(view, f"_vestibule_{mark}", False)) or bool(
        getattr(kind, f"_vestibule_{mark}", False)
    )


def _is_for(passage: Passage | None, identity: str, engine: Any) -> bool:
    """Say whether a passage is a live grant made for this very login value.

    Whose it is follows from it: a grant is bound to realm, subject and login value at once.
    """
    return (
        passage is not None
        and passage.kind is PassageKind.BROWSER
        and passage.realm == engine.house.realm
        and passage.is_granted(engine.house.now())
        and passage.identity_hash == identity_hash(identity)
    )
