"""Whether somebody proved recently enough who they are, and where they prove it anew."""

from datetime import timedelta

from flask import request, url_for
from werkzeug.wrappers import Response

from vestibule.core import policy
from vestibule.flask.answers import proof_required
from vestibule.flask.navigation import address_of
from vestibule.flask.pages import state
from vestibule.flask.people import Person
from vestibule.flask.wanted import form_path, remember


def is_fresh(person: Person, within: timedelta | None = None) -> bool:
    """Say whether a person proved recently enough who they are; without a second step there is
    nothing to prove.
    """
    here = state()
    engine = here.engine
    if person.grant is None:
        return not here.engine.standing(person.subject, None).enrolled
    return policy.is_fresh(person.grant, engine.now(), within or engine.profile.fresh_for)


def send_to_fresh_proof(back_to: str) -> Response:
    """Send a person to give a fresh proof, and remember, sealed, where to go on."""
    remember(back_to)
    return proof_required(request, url_for("vestibule.confirm"))


def prove_first() -> Response:
    """Answer a request for which a proof is too old: a GET resumes, a POST returns to its form."""
    resumes = request.method in {"GET", "HEAD"}
    return send_to_fresh_proof(address_of(request) if resumes else form_path())
