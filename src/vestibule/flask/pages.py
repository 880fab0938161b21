"""Showing a page of ours, or saying the same in JSON."""

from dataclasses import dataclass
from typing import Any, Final

from flask import current_app, jsonify, make_response, render_template, request
from werkzeug.wrappers import Response

from vestibule.flask import csrf
from vestibule.flask.addresses import address
from vestibule.flask.state import State, state_of
from vestibule.flask.texts import language

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The one field of a page."""

    label: str
    inputmode: str = "text"
    digits: int | None = None
    maxlength: int
    value: str = ""


def state() -> State:
    """Return the state of the application that answers."""
    return state_of(current_app)


def page(template: str, status: int = 200, **context: Any) -> Response:
    """Return a page of ours with everything every page needs."""
    here = state()
    settings = here.settings
    # With a base of the host's, all that the host puts into its own pages; else nothing of it.
    render = render_template if settings.base_template else _rendered
    html = render(
        f"vestibule/{template}.html",
        **frame(),
        base_template=settings.base_template or "vestibule/base.html",
        csrf_field=csrf.hidden_field(),
        **context,
    )
    response = make_response(html, status)
    csrf.keep_browser(response)
    return response


def frame() -> dict[str, Any]:
    """Return what the frame of every page needs: its language, and whose page it is."""
    here, spoken = state(), language()
    return {
        "_": spoken.gettext,
        "lang": spoken.tag,
        "dir": spoken.direction,
        "application": here.site,
        "home_url": here.settings.home_url,
    }


def _rendered(template: str, **context: Any) -> str:
    return current_app.jinja_env.get_template(template).render(context, url_for=address)


def said(status_code: int, /, **body: Any) -> Response:
    """Return the same in JSON."""
    response = jsonify({key: value for key, value in body.items() if value is not None})
    response.status_code = status_code
    return response


def wait_for(response: Response, seconds: int | None) -> Response:
    """Say in an answer's head, too, how long to wait before the next try."""
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def message(
    title: str,
    text: str,
    *,
    status: int = 200,
    label: str | None = None,
    url: str | None = None,
    tone: str = "calm",
) -> Response:
    """Return a page that says one thing and offers one thing to do next."""
    return page(
        "message",
        status,
        title=title,
        text=text,
        action_label=label,
        action_url=url,
        tone=tone,
    )


def harden(response: Response) -> Response:
    """Put the headers of every page of ours on an answer; the host's own base brings its policy."""
    present = {name.lower() for name, _ in response.headers}
    for name, value in HEADERS.items():
        if name.lower() not in present:
            response.headers.add(name, value)
    if state().settings.base_template is None:
        response.headers["Content-Security-Policy"] = POLICY
    else:
        response.headers.setdefault("Content-Security-Policy", "frame-ancestors 'none'")
    if request.endpoint == "vestibule.static":
        response.headers["Cache-Control"] = "public, max-age=3600"
    elif "Location" not in response.headers:
        response.headers["Content-Language"] = language().tag
        if "vary" in present:
            response.vary.add("Accept-Language")
        else:
            response.headers.add("Vary", "Accept-Language")
    return response
