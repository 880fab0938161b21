"""The gate: five places on a request's way. It filters what arrives and moves what is made.

1. *Arrive*, as the session is opened: a login without a live grant is dropped.
2. *Enter*, before everything that is called before a view, `request_started` too, and again
   whenever Flask-Login loads a user: one who comes by another way is weighed, and seen or not at
   all.
3. *Before the view*: a login made since is parked, and the view does not run.
4. *Leave*, before every after_request: a login made in this request is parked; one that vanished
   ends its grant.
5. *Net*, as the session is saved: what still holds an ungranted login is emptied.

What is looked at in these places is told in `weighing`, what becomes of a new login in `new_login`.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, cast

from flask import Flask, request
from flask.globals import request_ctx
from flask.sessions import SessionMixin
from werkzeug.wrappers import Request, Response

from vestibule.core.errors import DeploymentError, StoreUnavailableError
from vestibule.flask import answers, bounds, new_login, weighing
from vestibule.flask.guarded import GuardedInterface
from vestibule.flask.hosts import SEEN, WATCH, peek, raw_session
from vestibule.flask.kept import Kept
from vestibule.flask.state import State
from vestibule.flask.visit import Visit, set_visit, visit_of

CLOSING: Final = (StoreUnavailableError, DeploymentError)
"""What keeps out everybody who needs a second step: a store that is down, or the wrong one."""

_log = logging.getLogger("vestibule.gate")


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
        handle, preprocess, dispatch, process = (
            app.full_dispatch_request,
            app.preprocess_request,
            app.dispatch_request,
            app.process_response,
        )
        app.full_dispatch_request = lambda *context: self.handle(handle, *context)
        app.preprocess_request = lambda *context: self.enter() or preprocess(*context)
        app.dispatch_request = lambda *context: self.before_view() or dispatch(*context)
        app.process_response = lambda *given: self.leave(process, *given)
        app.extensions[WATCH] = self.loading
        for kind in CLOSING:
            app.register_error_handler(kind, self._refused)

    # 1

    def arrive(self, session: SessionMixin, request: Request) -> None:
        """Drop a login that has no live grant, for a subject that needs one."""
        if not self._is_settled:
            self._settle()
        visit = Visit(token=self._state.cookies.token(request))
        set_visit(request, visit)
        try:
            weighing.weigh_arrival(self._state, session, visit)
            bounds.weigh(self._state, session, visit)
        except CLOSING as error:
            self._stop(session, visit, error)
        weighing.look_again(self._state, session, visit)

    # 2

    def handle(self, handle: Callable[..., Response], *context: Any) -> Response:
        """Weigh before `request_started` is sent; what comes of it is answered as we enter.

        So is an error of the application's own: Flask looks for its handler only from there.
        """
        with suppress(Exception):
            self.enter()
        return handle(*context)

    def enter(self) -> Response | None:
        """Weigh whom a login value means, where no loading of a user can be watched for it."""
        visit, session = self._here()
        if visit.is_stopped:
            return self._unavailable()
        if visit.identity is None or not self._state.host.must_be_loaded(
            visit.identity, granted=visit.grant is not None
        ):
            return None
        try:
            weighing.weigh_known(self._state, session, visit)
        except CLOSING as error:
            self._stop(session, visit, error)
            return self._unavailable()
        return None

    def loading(self, load: Callable[[], None]) -> None:
        """Have Flask-Login load a user, from wherever it will, and weigh who came.

        A login made in this very request is left to the places 3 and 4.
        """
        visit, session = self._here()
        if visit.is_stopped:
            self._state.host.forget_user()
            return
        key, kept = self._state.host.key, Kept()
        new = weighing.is_new(self._state, session, visit)
        before = peek(session, key)
        load()
        if new and peek(session, key) == before:
            return
        came = self._state.host.set_user() is not None
        try:
            weighing.weigh_loaded(self._state, session, visit)
        except CLOSING as error:
            self._stop(session, visit, error)
            if not visit.has_left:
                raise
        except Exception:
            # A function of the host failed, and what answers for that must see nobody either.
            self._state.host.forget_user()
            new_login.forget(self._state, session, visit)
            raise
        finally:
            if came and self._state.host.set_user() is None:
                kept.bring_back(but=(SEEN,))

    # 3

    def before_view(self) -> Response | None:
        """Park a login that something before the view has made; the view does not run."""
        visit, session = self._here()
        if visit.is_stopped:
            return self._unavailable()
        try:
            return self._let_through(session, visit)
        except CLOSING as error:
            self._stop(session, visit, error)
            return self._unavailable()
        except Exception:
            new_login.forget(self._state, session, visit)
            raise

    def _let_through(self, session: SessionMixin, visit: Visit) -> Response | None:
        state = self._state
        if weighing.is_new(state, session, visit):
            if new_login.waits_already(state, session, visit):
                return new_login.wait_on(state, session, visit)
            return new_login.let_in_or_park(state, session, visit, None)
        # A view may read the session itself, and nothing before it may have asked for the user.
        if not weighing.weigh_known(state, session, visit):
            return answers.sign_in_again(request, state.settings.home_url)
        weighing.weigh_set_user(state, session, visit)
        return None

    # 4

    def leave(self, process: Callable[..., Response], *given: Any) -> Response:
        """Park a login the view has made; end the grant of a login that is no more.

        Newer Flask hands a context before the response: the response is always the last.
        """
        visit, session = self._here()
        response: Response = given[-1]
        try:
            if not visit.is_stopped:
                response = self._left(session, visit, response)
        except CLOSING as error:
            self._stop(session, visit, error)
        except Exception:
            new_login.forget(self._state, session, visit)
            raise
        if visit.is_stopped:
            response.close()
            response = self._unavailable()
        visit.has_left = True
        response = process(*given[:-1], response)
        for change in visit.on_response:
            change(response)
        if visit.must_act or bounds.is_acting(visit):
            self._state.host.unremember(response)
        return response

    def _left(self, session: SessionMixin, visit: Visit, response: Response) -> Response:
        weighing.end_if_gone(self._state, session, visit)
        bounds.bind(self._state, session, visit)
        if not weighing.is_new(self._state, session, visit):
            if weighing.weigh_set_user(self._state, session, visit):
                return new_login.led_on(self._state, session, visit, response)
            response.close()
            return answers.sign_in_again(request, self._state.settings.home_url)
        response = new_login.finished(self._state, response)
        parked = new_login.let_in_or_park(self._state, session, visit, response)
        if parked is None:
            return response
        response.close()
        return parked

    # 5

    def may_save(self, session: SessionMixin) -> bool:
        """Empty a session with a login nobody weighed; say whether to save it at all."""
        visit = visit_of(request) if request_ctx else None
        if visit is not None:
            self._end_late(session, visit)
            if visit.is_stopped:
                return False
            bounds.bind(self._state, session, visit)
        value = peek(session, self._state.host.key)
        if value is None:
            return True
        if visit is not None and not weighing.is_new(self._state, session, visit):
            return True
        must_act = visit is not None and visit.must_act
        if must_act or not weighing.stays_unweighed(self._state, session, value):
            session.clear()
        return True

    def _end_late(self, session: SessionMixin, visit: Visit) -> None:
        """End the grant of a login that vanished after the view."""
        try:
            weighing.end_if_gone(self._state, session, visit)
        except CLOSING as error:
            self._stop(session, visit, error)

    # Pieces

    def _settle(self) -> None:
        """Find our way about the host, once everything is there.

        Its CSRF protection is kept off our pages: they have theirs.
        """
        protection = self._app.extensions.get("csrf")
        if protection is not None:
            protection.exempt(self._app.blueprints["vestibule"])
        self._state.host.when_logged_out(self._drop_waiting)
        self._state.host.watch()
        self._is_settled = True

    def _drop_waiting(self) -> None:
        """End a login that waits in this browser: its person said that they are leaving."""
        visit = visit_of(request)
        if visit is None or visit.token is None or visit.grant is not None:
            return
        waiting = self._state.engine.standing(None, visit.token).passage
        if waiting is not None:
            self._state.engine.end(waiting, "logout", answers.peer_of(request))
            visit.on_response.append(self._state.cookies.drop_token)

    def _here(self) -> tuple[Visit, SessionMixin]:
        """Return what is known of this request, and its session.

        The first place is taken again where another extension replaced the session interface, and
        a session that was opened past us is looked at now.
        """
        context = cast("Any", request_ctx)._get_current_object()  # noqa: SLF001 - asked once
        session = raw_session(context)
        interface: Any = self._app.session_interface
        if type(interface) is not GuardedInterface:
            cast("Any", self._app).session_interface = GuardedInterface(interface, self)
        visit = visit_of(context.request)
        if visit is None:
            self.arrive(session, context.request)
            visit = cast("Visit", visit_of(context.request))
        return visit, session

    def _stop(self, session: SessionMixin, visit: Visit, error: Exception) -> None:
        """Refuse the request, and leave what the browser holds as it is: nobody is signed out."""
        _log.error("no request can be let in: %s", error)
        visit.is_stopped = True
        if len(session):
            session.clear()
        self._state.host.forget_user()

    def _unavailable(self) -> Response:
        return answers.unavailable(request)

    def _refused(self, error: Exception) -> Response:
        """Answer for a view that asked us something the store could not tell."""
        _log.error("a page could not be answered: %s", error)
        return self._unavailable()
