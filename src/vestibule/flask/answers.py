"""What the gate answers in the place of a view: a page for a person, JSON for a program."""

from collections.abc import Sequence
from dataclasses import replace

from flask import jsonify, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Request, Response

from vestibule.core.model import Enrolment, Origin
from vestibule.flask import pages
from vestibule.flask.navigation import address_of, is_navigation, own_path, wants_json
from vestibule.flask.texts import gettext as _
from vestibule.flask.texts import locale


def origin_of(request: Request) -> Origin:
    """Return where a request came from, and in which language it is answered.

    The host may be asked for that; where nothing is to be written, `peer_of` says all there is.
    """
    return replace(peer_of(request), locale=locale())


def peer_of(request: Request) -> Origin:
    """Return where a request came from: the peer itself, or what the host's ProxyFix made of it."""
    return Origin(
        address=request.remote_addr or "", agent=request.headers.get("User-Agent", "")[:400]
    )


def second_step_required(
    request: Request, ways: Sequence[Enrolment], way_back: str | None = None
) -> Response:
    """Send a person on to the second step, or `way_back`; tell a program where the step is."""
    location = url_for("vestibule.login")
    if is_navigation(request):
        return private(redirect(way_back or location, 303))
    return second_step_json(location, ways)


def second_step_json(
    location: str, ways: Sequence[Enrolment], handle: str | None = None
) -> Response:
    """Return the typed 401 that names the way on."""
    body: dict[str, object] = {
        "error": "second_step_required",
        "location": location,
        "methods": [way.factor for way in ways],
    }
    if handle is not None:
        body["handle"] = handle
    response = jsonify(body)
    response.status_code = 401
    return private(response)


def proof_required(request: Request, location: str) -> Response:
    """Send a signed-in person to prove anew that it is them."""
    if is_navigation(request):
        return private(redirect(location, 303))
    response = jsonify({"error": "proof_required", "location": location})
    response.status_code = 401
    return private(response)


def sign_in_again(request: Request, home_url: str) -> Response:
    """Answer a login that does not hold: begin anew."""
    if is_navigation(request):
        return private(redirect(home_url, 303))
    response = jsonify({"error": "sign_in_again", "location": home_url})
    response.status_code = 401
    return private(response)


def set_up_first(request: Request) -> Response:
    """Lead a person to set up a second step where one is required; tell a program so."""
    if is_navigation(request):
        return private(redirect(url_for("vestibule.manage"), 303))
    return set_up_required()


def set_up_required() -> Response:
    """Tell a program that its person must set up a second step first, on a page."""
    location = url_for("vestibule.manage")
    response = jsonify({"error": "second_step_not_set_up", "location": location})
    response.status_code = 403
    return private(response)


def not_signed_in(home_url: str) -> Response:
    """Say that a page is for people who are signed in, where nobody knows a page to do so."""
    return pages.message(
        _("Please sign in first"),
        _("You are not signed in, or no longer."),
        status=401,
        label=_("Go to the start page"),
        url=home_url,
    )


def unavailable(request: Request) -> Response:
    """Answer while the database does not: nothing is open, and nobody is signed out."""
    if wants_json(request) or not is_navigation(request):
        response = jsonify({"error": "unavailable"})
    else:
        page = render_template(
            "vestibule/message.html",
            **pages.frame(),
            title=_("We cannot check your login just now"),
            text=_("Nobody is signed out by this. Please try again in a minute."),
            action_label=_("Try again"),
            action_url=_here(request),
            tone="warn",
        )
        response = make_response(page)
    response.status_code = 503
    response.headers["Retry-After"] = "60"
    return pages.harden(response)


def _here(request: Request) -> str:
    """Return where somebody can try again: the same page, or where the form was lost the first."""
    if request.method == "GET":
        return own_path(address_of(request), request) or pages.state().settings.home_url
    return pages.state().settings.home_url


def private(response: Response) -> Response:
    """Let no cache keep an answer of ours."""
    response.headers["Cache-Control"] = "no-store"
    return response
