"""For whoever can use none of the ways on offer: what is left, and never an empty page."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request
from werkzeug.wrappers import Response

from vestibule.core import policy
from vestibule.core.model import Passage, Purpose
from vestibule.flask import pages, showing
from vestibule.flask.addresses import address
from vestibule.flask.entrance import waiting
from vestibule.flask.navigation import wants_json
from vestibule.flask.pages import said, state
from vestibule.flask.texts import day_and_time
from vestibule.flask.views.replies import nothing_waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Where the host's people are asked: a sentence, or a link with what it says."""

    text: str
    url: str | None = None


def show() -> Response:
    """Say what can still be done about a login that waits. Nothing is changed."""
    here = state()
    case = waiting(here, here.cookies.token(request))
    if case is None:
        return nothing_waits()
    ways, number = here.engine.ways(case, Purpose.LOGIN), case_number(case.passage)
    codes = here.engine.registry.recovery_codes
    if wants_json(request):
        methods = [showing.as_json(way, case, Purpose.LOGIN) for way in ways]
        return said(
            200, status="waiting", methods=methods, support=here.settings.support, case=number
        )
    of_paper = [way for way in ways if codes is not None and way.factor == codes.name]
    others = [way for way in ways if way not in of_paper]
    return pages.page(
        "stuck",
        recovery=[showing.way_of(way, "vestibule.login") for way in of_paper],
        others=[showing.way_of(way, "vestibule.login") for way in others],
        suspended=_suspended(case.passage.subject),
        support=support(here.settings.support),
        case=number,
        cancel_url=address("vestibule.cancel"),
    )


def _suspended(subject: str) -> str | None:
    """Return until when something is suspended that was reported, None where nothing is."""
    engine = state().engine
    found = (e for e in engine.enrolments(subject) if policy.is_suspended(e, engine.now()))
    return day_and_time(max((e.suspended_until for e in found if e.suspended_until), default=None))


def case_number(passage: Passage) -> str:
    """Return what a person reads out to the host's people: it finds the login in the audit trail.

    It is the beginning of the passage's id, which no cookie and no page holds.
    """
    return f"{passage.id[:4]}-{passage.id[4:8]}".upper()


def support(said_by_host: str | None) -> Support | None:
    """Return what VESTIBULE_SUPPORT says: a web address and a mailbox become links."""
    if not said_by_host:
        return None
    if urlsplit(said_by_host).scheme in {"http", "https"} and " " not in said_by_host:
        return Support(text=said_by_host, url=said_by_host)
    if "@" in said_by_host and " " not in said_by_host:
        return Support(text=said_by_host, url=f"mailto:{said_by_host}")
    return Support(text=said_by_host)
