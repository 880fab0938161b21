"""The extension: two lines in an application that already has a password login."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, current_app, has_request_context, request, url_for
from werkzeug.wrappers import Response

from vestibule.bootstrap import (
    asks_for_development,
    check_carried,
    check_countries,
    check_factors,
    check_production,
    check_reach_and_prices,
    check_store,
    environment_of,
    read_settings,
)
from vestibule.core.engine.resetting import Reset
from vestibule.core.errors import UsageError
from vestibule.core.model import Origin, PassageKind, Proof
from vestibule.core.ports import Clock, Random, Sender
from vestibule.flask import acting, answers, bounds, decorators, marks, obliged, people
from vestibule.flask.blueprint import make_blueprint
from vestibule.flask.gate import Gate
from vestibule.flask.state import EXTENSION, Loaders, State, World, state_of
from vestibule.flask.visit import visit_of
from vestibule.settings import Settings

Loader = TypeVar("Loader", bound=Callable[..., Any])
View = TypeVar("View", bound=Callable[..., Any])
PROOF_HEADER = "Vestibule-Proof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a template wants to know of a person's second step."""

    enabled: bool
    methods: tuple[str, ...]
    recovery_codes: int
    url: str
    required: bool = False
    """Whether this user must have one, by VESTIBULE_REQUIRED and `policy_loader`."""
    only_way: bool = False
    """Nothing but one way lets the person in: ask them to add another, or recovery codes."""
    acting_by: str | None = None
    """The subject of whoever works for the site and is here as this user; None for the user."""


class Vestibule:
    """Puts a second door behind the login an application already has.

    ```python
    vestibule = Vestibule(app)          # or Vestibule() and init_app(app)
    ```

    Configure the application before this is made. In production (neither debug, testing, nor
    `VESTIBULE_DEVELOPMENT`) a `DeploymentError` says what is missing and which command mends it.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        sender: Sender | None = None,
    ) -> None:
        """Guard `app`, or wait for `init_app`.

        `sender` carries codes and notices; the other keyword arguments are for tests.
        """
        self._loaders = Loaders()
        self._world = World(clock=clock, random=random, sender=sender)
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        sender: Sender | None = None,
    ) -> None:
        """Guard `app`. Runs no migration, starts no thread, and leaves no connection open.

        In production it looks once into the database, whether it is the one the keys belong to.
        The keyword arguments go before those the extension was made with: `sender` carries codes
        and notices, in production from a thread that the first request starts; the others are for
        tests.
        """
        if EXTENSION in app.extensions:
            raise UsageError("this application has a Vestibule already: call init_app once")
        environment = environment_of(Path(app.root_path))
        mode = _mode(app, environment)
        settings = _placed(read_settings({**app.config, **mode}, environment), app)
        check_factors(settings)
        check_reach_and_prices(settings)
        world = World(
            clock=clock or self._world.clock,
            random=random or self._world.random,
            sender=sender or self._world.sender,
        )
        if not settings.development:
            check_countries(settings)
            if world.sender is None:
                check_carried(settings)
            check_production(settings, _host_files(app))
            check_store(settings)
        state = State(app, settings, self._loaders, world)
        app.extensions[EXTENSION] = self
        app.register_blueprint(make_blueprint(settings.url_prefix))
        Gate(app, state).attach()

    # What the host tells us

    def contact_loader(self, loader: Loader) -> Loader:
        """Register how a user can be told of changes: `{"name": …, "email": …}`, and `locale`.

        `email_changed_at`, a moment or None for never, says since when the address is theirs.
        """
        self._loaders.contact = loader
        return loader

    def policy_loader(self, loader: Loader) -> Loader:
        """Register who must have a second step: True, False, or the roles of a user.

        VESTIBULE_REQUIRED names the roles that must; see docs/required.md.
        """
        self._loaders.policy = loader
        return loader

    def password_stamp(self, loader: Loader) -> Loader:
        """Register what changes with the password (its hash): a change ends every session."""
        self._loaders.password_stamp = loader
        return loader

    def subject_loader(self, loader: Loader) -> Loader:
        """Register what names a user for good, where `get_id()` gives something that changes."""
        self._loaders.subject = loader
        return loader

    def subject_exists(self, finder: Loader) -> Loader:
        """Register what says whether a subject has an account, for `flask vestibule status`.

        Without Flask-Login it is asked too before a login is let in after the second step, and
        where another of your functions fails for somebody who is signed in: with no account the
        session ends.
        """
        self._loaders.subject_exists = finder
        return finder

    def may_act_as(self, says: Loader) -> Loader:
        """Register who may act as whom: called with the one who works for the site and the user."""
        self._loaders.may_act_as = says
        return says

    def number_check(self, may_send: Loader) -> Loader:
        """Register a look at a number before a code goes there: `may_send(number, subject)`.

        For what a carrier knows of a number that has moved to another card. It is called outside of
        requests, has five seconds, and where it does not say yes no code is sent.
        """
        self._loaders.number_check = may_send
        return may_send

    def locale_loader(self, loader: Loader) -> Loader:
        """Register what names the language of a request: `de`, `pt_BR`; None for the browser's."""
        self._loaders.locale = loader
        return loader

    # What a view may say

    @staticmethod
    def fresh(view: View | None = None, *, minutes: float | None = None) -> Any:
        """Ask for a proof made within `minutes` (the profile's number by default)."""
        within = None if minutes is None else timedelta(minutes=minutes)
        if view is not None:
            return decorators.fresh(view, within)
        return lambda found: decorators.fresh(found, within)

    @staticmethod
    def required(view: View) -> View:
        """Refuse whoever did not take the second step, also who has none."""
        return decorators.required(view)

    @staticmethod
    def exempt(view: View) -> View:
        """Let the view answer while a login waits; the user is still nobody to it."""
        return marks.mark(view, "exempt")

    @staticmethod
    def accepts_tokens(view: View) -> View:
        """Let a request loader bring its user to this view: its tokens were given after a grant."""
        return marks.mark(view, "accepts_tokens")

    @staticmethod
    def challenge(user: Any) -> Response | None:
        """Return the answer that asks a program for the second step, None where it has taken it.

        For a view that hands out tokens, after it checked the password:

        ```python
        if door := vestibule.challenge(user): return door
        ```
        """
        state = state_of(current_app)
        origin = answers.origin_of(request)
        subject = state.host.subject_of_user(user)
        grant = people.weighed().grant
        if grant is not None and grant.is_acting:
            return bounds.refused()  # a token would outlive it
        if grant is not None and grant.subject == subject:
            return None
        if not state.engine.standing(subject, None).enrolled:
            if not obliged.is_due(state, subject, user, request):
                return None
            return answers.set_up_required()
        if state.engine.redeem(request.headers.get(PROOF_HEADER), subject, origin):
            return None
        login = state.login_of(
            subject=subject, identity=subject, user=user, remembered=False, request=request
        )
        begun = state.engine.begin_login(replace(login, kind=PassageKind.PROGRAM), origin)
        location = url_for("vestibule.login")
        return answers.second_step_json(location, begun.ways, begun.token)

    @staticmethod
    def acting_as(user: Any, *, reason: str, tell: bool = False) -> AbstractContextManager[None]:
        """Let somebody who works for the site use it as `user`, for an hour at most.

        For a view of your help desk's; the login has to be made within it:

        ```python
        with vestibule.acting_as(user, reason="ticket 4711"):
            login_user(user)
        ```

        Whoever is signed in needs a second step, a proof of it made just now, and the word of
        `may_act_as`; anybody else is answered in the place of the view. Their own session ends.
        The new one can do all the user can but what wants a fresh proof, or changes how the user
        logs in. The audit trail says of both who, whom and why; `tell` writes to the user too.
        Raises `UsageError` where no `may_act_as` is registered or somebody else is signed in.
        """
        return acting.acting_as(user, reason=reason, tells=tell)

    @staticmethod
    def forget(user: Any, *, by: str = "the application") -> bool:
        """Delete everything of a user whose account is deleted; say whether there was anything.

        Call it once the account is gone: from now on a password alone would sign in. The audit
        trail keeps its rows under the subject, and one more that says `by` whom it was forgotten.
        """
        if user is None or getattr(user, "is_anonymous", False):
            raise UsageError("forget(user) was given nobody: take the user before you sign him out")
        state = state_of(current_app)
        origin = answers.origin_of(request) if has_request_context() else Origin()
        return state.engine.forget(state.host.subject_of_user(user), origin, by=by)

    @staticmethod
    def sign_out(user: Any, *, by: str, reason: str) -> int:
        """End every session and waiting login of a user; return how many there were.

        For a page of your help desk's. What a program holds of the second step ends as well, and no
        browser of theirs is known any more. Whoever has no second step has no session here: only
        the application's own, which this does not end. `by` and `reason` stand in the audit trail.
        """
        state = state_of(current_app)
        origin = answers.origin_of(request) if has_request_context() else Origin()
        subject = state.host.subject_of_user(user)
        return state.engine.sign_out(subject, origin, by=by, reason=reason)

    @staticmethod
    def reset(user: Any, *, by: str, reason: str, at_once: bool = False) -> Reset | None:
        """Give a user who has lost every way a ticket; None where there is no second step.

        For a page of your help desk's, behind a fresh proof of whoever works there. The ticket goes
        to the person by a way that is not the account's own: in person, or by post. It takes effect
        after VESTIBULE_RESET_DELAY; `at_once`, all that was set up ends this moment. Who must have
        a second step and has none yet is given one that takes effect now.
        """
        state = state_of(current_app)
        subject = state.host.subject_of_user(user)
        owes = obliged.is_obliged(state, user)
        return state.engine.reset(subject, by=by, reason=reason, at_once=at_once, obliged=owes)

    @staticmethod
    def cancel_reset(user: Any, *, by: str) -> bool:
        """Make a user's ticket worthless; False where there is none, or nothing else besides it."""
        state = state_of(current_app)
        return state.engine.cancel_reset(state.host.subject_of_user(user), by=by)

    # What a template or a view may ask

    @staticmethod
    def status(user: Any) -> Status:
        """Return how a user's second step stands, and where it is managed."""
        state = state_of(current_app)
        subject = state.host.subject_of_user(user)
        enrolments = state.engine.enrolments(subject)
        primary = state.engine.registry.primary_names()
        methods = tuple(e.factor for e in enrolments if e.factor in primary)
        codes = state.engine.recovery_codes(enrolments) if methods else None
        return Status(
            enabled=bool(methods),
            methods=methods,
            recovery_codes=codes.remaining if codes else 0,
            url=url_for("vestibule.manage"),
            required=obliged.is_obliged(state, user),
            only_way=state.engine.has_one_way(enrolments),
            acting_by=_acting_by(subject),
        )

    @property
    def proof(self) -> Proof | None:
        """What was proven last on this session, and when; None without a second step.

        Where somebody acts as the user, it is that person's own: its `by` is their subject.
        """
        grant = people.weighed().grant
        return grant.proofs[-1] if grant is not None and grant.proofs else None


def _acting_by(subject: str) -> str | None:
    """Return the subject of whoever is here as `subject`, None for themselves and anybody else."""
    visit = visit_of(request) if has_request_context() else None
    grant = visit.grant if visit is not None else None
    is_theirs = grant is not None and grant.is_acting and grant.subject == subject
    return grant.proofs[-1].by if grant is not None and is_theirs else None


def _mode(app: Flask, environment: Mapping[str, str]) -> dict[str, object]:
    """Return whether this is development, as the application is at this moment."""
    asked = asks_for_development(app.config, environment)
    return {"VESTIBULE_DEVELOPMENT": asked or app.debug or app.testing}


def _placed(settings: Settings, app: Flask) -> Settings:
    """Return the settings with the folder of catalogues where Flask keeps an application's files.

    Beside its module, as its templates are.
    """
    if settings.locale_folder is None:
        return settings
    return replace(settings, locale_folder=str(Path(app.root_path) / settings.locale_folder))


def _host_files(app: Flask) -> list[Path]:
    """Return the SQLite files the host says it uses, under the names hosts commonly give them."""
    found = []
    urls = [app.config.get("SQLALCHEMY_DATABASE_URI"), app.config.get("DATABASE_URL")]
    urls += list((app.config.get("SQLALCHEMY_BINDS") or {}).values())
    for named in urls:
        # Flask-SQLAlchemy also takes a mapping of the engine's options, and URL objects.
        url = named.get("url") if isinstance(named, Mapping) else named
        dialect, separator, rest = str(url).partition(":///")
        if separator and dialect.partition("+")[0] == "sqlite":
            path = Path(rest.split("?")[0])
            found.append(path if path.is_absolute() else Path(app.instance_path) / path)
    plain = app.config.get("DATABASE")
    if isinstance(plain, str | Path):
        found.append(Path(plain))
    return found
