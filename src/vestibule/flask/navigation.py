"""Reading a request: is a person navigating, does it come from our own pages, where may it go?"""

from typing import Final
from urllib.parse import urlsplit

from werkzeug.wrappers import Request

LONGEST_PATH: Final = 2000


def is_navigation(request: Request) -> bool:
    """Say whether a browser asks for a page to show, rather than a program for an answer.

    `Sec-Fetch-Mode` tells. Where a client does not send it, a page is wanted only if `Accept`
    names `text/html` itself and the body is not JSON.
    """
    mode = request.headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return mode == "navigate"
    return accepts_html(request) and not request.is_json


def accepts_html(request: Request) -> bool:
    """Say whether `Accept` names `text/html` itself; `*/*` is what programs send."""
    return any(kind.lower() == "text/html" for kind in request.accept_mimetypes.values())


def wants_json(request: Request) -> bool:
    """Say whether one of our own pages should answer in JSON."""
    if request.is_json:
        return True
    accepted = {kind.lower() for kind in request.accept_mimetypes.values()}
    return "application/json" in accepted and "text/html" not in accepted


def is_same_origin_json(request: Request) -> bool:
    """Say whether a JSON request may change something.

    A page of another site cannot send `application/json` without being asked first, and browsers
    say where a request comes from; a program that is no browser sends neither header.
    """
    if not request.is_json:
        return False
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    return origin is None or _authority(origin) == request.host.lower()


def is_cross_site(request: Request) -> bool:
    """Say whether the browser itself tells that another site made this request."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    # Our own pages tell no referrer, and some browsers then say "null": the hidden field decides.
    return origin not in {None, "null"} and _authority(str(origin)) != request.host.lower()


def address_of(request: Request) -> str:
    """Return a request's own address below the site, its query too, wherever it is mounted."""
    return request.script_root + request.full_path.rstrip("?")


def own_path(location: str | None, request: Request) -> str | None:
    """Return a redirect's target as a path of this site, None where it leads anywhere else.

    What browsers repair, we refuse: backslashes, control characters, a second slash.
    """
    if not location or len(location) > LONGEST_PATH:
        return None
    if any(c <= " " or c in "\\\x7f" for c in location):
        return None
    try:
        parts = urlsplit(location)
    except ValueError:
        return None
    if parts.scheme or parts.netloc:
        same = parts.scheme in {"http", "https"} and parts.netloc.lower() == request.host.lower()
        if not same:
            return None
    path = parts.path or "/"
    if not path.startswith("/") or path.startswith("//"):
        return None
    return path + (f"?{parts.query}" if parts.query else "")


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
