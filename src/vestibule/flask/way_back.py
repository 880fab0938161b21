"""The way back to a page of ours that wants the password first, kept in a cookie meanwhile.

The host's login page knows nothing of it: however it leads on after the password, whoever came by
a link in a mail is led back to what the link is about, if it is about the same person.
"""

from flask import request, url_for
from werkzeug.wrappers import Request, Response

from vestibule.core.links import Errand
from vestibule.flask import people
from vestibule.flask.pages import state
from vestibule.flask.state import State


def remember(link: str) -> None:
    """Come back to the page of this link once the password was given."""
    cookies = state().cookies
    people.visit().on_response.append(lambda out: cookies.set_link(out, link))


def recall(state: State, request: Request, subject: str) -> str | None:
    """Return the page that a login of `subject` is led back to, None where there is none."""
    kept = request.cookies.get(state.cookies.link)
    link = state.engine.link(Errand.NOT_ME, kept) if kept else None
    if kept is None or link is None or link.subject != subject:
        return None
    return url_for("vestibule.not_me", link=kept)


def forget(response: Response) -> None:
    """Forget the way back: it was taken."""
    cookies = state().cookies
    if request.cookies.get(cookies.link) is not None:
        cookies.drop(response, cookies.link)
