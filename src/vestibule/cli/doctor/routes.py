"""Every route and method, asked twice: before the person has a second step, and after.

The request goes the whole way, through the host's own before_request functions and the gate. At
its end stands a probe in the place of the view: it notes whom the view would have seen. No view is
called, and no middleware around the application, which may hold views of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps
from typing import Any, Final

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from werkzeug.routing import Rule

from vestibule.cli.doctor.addresses import address_of
from vestibule.cli.doctor.person import (
    AGENT,
    Credential,
    Person,
    credentials,
    enrol,
    token_loader,
    user_loader,
)
from vestibule.cli.doctor.site import OURS, Site, View
from vestibule.flask.marks import is_marked

NO_ADDRESS: Final = "no address leads to it alone"
QUIET: Final = {"HEAD", "OPTIONS"}
WORDS: Final = {"accepts_tokens": "takes tokens", "exempt": "exempt"}
"""What a host's marks on its views are called here."""
_MISSING: Final = object()


class Seen(StrEnum):
    """What a view would have seen."""

    SIGNED_IN = "signed in"
    NOBODY = "nobody"
    STOPPED = "stopped"
    """Something before the view answered."""
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request."""

    seen: Seen
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.seen} ({self.detail})" if self.detail else str(self.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route, for methods that are answered alike."""

    rule: str
    endpoint: str
    methods: tuple[str, ...]
    before: Answer
    after: Answer
    words: tuple[str, ...] = ()
    open_by: tuple[str, ...] = ()
    """What opens it although the second step was not taken."""


@dataclass(slots=True)
class _Probe:
    """Stands in the place of every view."""

    seen: Seen = Seen.STOPPED

    def taken(self) -> Seen:
        """Return what was seen since this was last asked."""
        seen, self.seen = self.seen, Seen.STOPPED
        return seen


@dataclass(frozen=True, slots=True)
class _Question:
    rule: Rule
    method: str


@dataclass(slots=True)
class _Asked:
    before: dict[str, Answer] = field(default_factory=dict)
    after: dict[str, Answer] = field(default_factory=dict)


def ask(site: Site, person: Person, *, real: bool) -> list[Route]:
    """Return what each of the host's routes answered. The store at hand must be a throw-away."""
    questions = [_Question(rule, method) for rule, method in _questions(site.app)]
    asked = [_Asked() for _ in questions]
    with _questioned(site, person, real=real) as probe:
        sent = list(credentials(site.state, person))
        for question, answers in zip(questions, asked, strict=True):
            answers.before = {c.name: _ask(site.app, question, c, probe) for c in sent}
        enrol(site.state.engine, person)
        for question, answers in zip(questions, asked, strict=True):
            answers.after = {c.name: _ask(site.app, question, c, probe) for c in sent}
    found = [
        _route(site, question, answers, sent)
        for question, answers in zip(questions, asked, strict=True)
    ]
    return list(_folded(found))


def _questions(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.build_only or rule.websocket or rule.endpoint not in app.view_functions:
            continue
        if rule.endpoint.partition(".")[0] in OURS:
            continue
        for method in sorted(rule.methods or ()):
            if method != "OPTIONS" or not getattr(rule, "provide_automatic_options", False):
                yield rule, method


def _ask(app: Flask, question: _Question, credential: Credential, probe: _Probe) -> Answer:
    address = address_of(app, question.rule, question.method)
    if address is None:
        return Answer(Seen.NOT_ASKED, NO_ADDRESS)
    probe.taken()
    headers = {"User-Agent": AGENT, "Accept": "text/html", **credential.headers}
    try:
        response = app.test_client(use_cookies=False).open(
            address.path,
            method=question.method,
            headers=headers,
            url_scheme="https",
            subdomain=address.subdomain,
        )
    except Exception as error:  # noqa: BLE001 - the host's hooks may raise anything
        return Answer(Seen.NOT_ASKED, f"{type(error).__name__}: {error}".rstrip(": ")[:120])
    response.close()
    seen = probe.taken()
    return Answer(seen, str(response.status_code) if seen is Seen.STOPPED else "")


@contextmanager
def _questioned(site: Site, person: Person, *, real: bool) -> Iterator[_Probe]:
    """Put the probe in the place of every view, and make asking possible; then undo all of it."""
    app, probe = site.app, _Probe()
    config, views, interface = dict(app.config), dict(app.view_functions), app.session_interface
    wsgi_app = vars(app).get("wsgi_app", _MISSING)
    vars(app).pop("wsgi_app", None)
    # An anti-forgery token is had by whoever has the password; errors are to be seen here.
    app.config.update(WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=True, TRUSTED_HOSTS=None)
    if not app.secret_key:
        app.secret_key = site.state.engine.new_token()
    if not isinstance(interface, SecureCookieSessionInterface):
        # Sessions that the host keeps on its side are not to have one of ours among them.
        app.session_interface = SecureCookieSessionInterface()
    for endpoint, view in views.items():
        if endpoint.partition(".")[0] not in OURS:
            app.view_functions[endpoint] = _probing(view, probe, site)
    try:
        with _loading(site.manager, person, real=real):
            yield probe
    finally:
        app.view_functions.update(views)
        app.session_interface = interface
        app.config.clear()
        app.config.update(config)
        if wsgi_app is not _MISSING:
            vars(app)["wsgi_app"] = wsgi_app


def _probing(view: View, probe: _Probe, site: Site) -> View:
    """Return a stand-in for a view: it bears its name and its marks, and does nothing."""

    @wraps(view)
    def stand_in(**values: Any) -> str:
        del values
        somebody = site.state.host.current_user()
        probe.seen = Seen.NOBODY if somebody is None else Seen.SIGNED_IN
        return ""

    vars(stand_in).pop("__wrapped__", None)
    return stand_in


@contextmanager
def _loading(manager: Any, person: Person, *, real: bool) -> Iterator[None]:
    """Have Flask-Login load the person: by the host's own loader where he is real."""
    if manager is None:
        yield
        return
    by_id, by_request = manager._user_callback, manager._request_callback  # noqa: SLF001
    if not real:
        manager._user_callback = user_loader(person)  # noqa: SLF001 - there is no public way
    if by_request is not None:
        manager._request_callback = token_loader(person)  # noqa: SLF001
    try:
        yield
    finally:
        manager._user_callback, manager._request_callback = by_id, by_request  # noqa: SLF001


def _route(site: Site, question: _Question, asked: _Asked, sent: Sequence[Credential]) -> Route:
    rule = question.rule
    view = site.app.view_functions[rule.endpoint]
    tokens = {c.name for c in sent if c.is_token}
    taken = tokens if is_marked(view, "accepts_tokens") else set()
    open_by = tuple(
        name
        for name, answer in asked.after.items()
        if name not in taken and answer.seen is Seen.SIGNED_IN
    )
    return Route(
        rule=f"{rule.host or ''}{rule.rule}",
        endpoint=rule.endpoint,
        methods=(question.method,),
        before=_gravest(asked.before, tokens),
        after=_gravest(asked.after, tokens),
        words=tuple(_words(site, view)),
        open_by=open_by,
    )


def _words(site: Site, view: View) -> Iterator[str]:
    """Return what can be known of a view without calling it."""
    if site.needs_login(view):
        yield "needs a login"
    if site.signs_in(site.reader.read(view)):
        yield "signs people in"
    yield from (word for mark, word in WORDS.items() if is_marked(view, mark))


def _gravest(answers: dict[str, Answer], tokens: set[str]) -> Answer:
    """Return what counts: being signed in before anything else, and tokens apart."""
    order = [Seen.SIGNED_IN, Seen.NOT_ASKED, Seen.NOBODY, Seen.STOPPED]
    counted = [answer for name, answer in answers.items() if name not in tokens]
    return min(counted, key=lambda answer: order.index(answer.seen))


def _folded(routes: Iterable[Route]) -> Iterator[Route]:
    """Return routes with methods that are answered alike in one; HEAD is named where it differs."""
    kept: dict[Any, list[str]] = {}
    for r in routes:
        alike = (r.rule, r.endpoint, r.before, r.after, r.words, r.open_by)
        kept.setdefault(alike, []).extend(r.methods)
    for (rule, endpoint, before, after, words, open_by), methods in kept.items():
        named = tuple(m for m in methods if m not in QUIET) or tuple(methods)
        yield Route(
            rule=rule,
            endpoint=endpoint,
            methods=named,
            before=before,
            after=after,
            words=words,
            open_by=open_by,
        )
