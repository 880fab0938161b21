"""The JSON API for programs. A bearer token opens it; a browser's cookie never does."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Blueprint, current_app, g, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from vestibule.flask import Vestibule

from . import clock, feeds
from .forms import tidy
from .logins import me
from .models import ApiToken, Post, db
from .passwords import authenticate

P = ParamSpec("P")

blueprint = Blueprint("api", __name__, url_prefix="/api")


def token_required(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let in only whom a bearer token made known, not whom a session did."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        # Flask-Login loads the user, and with him his token, when current_user is asked.
        if current_user.is_authenticated and "api_token" in g:
            return view(*args, **kwargs)
        return _refuse("Bearer")

    return guarded


@blueprint.post("/tokens")
def issue_token() -> ResponseReturnValue:
    """Give a token for a username and password, sent by HTTP Basic authentication."""
    sent = request.authorization
    basic = sent is not None and sent.type == "basic"
    user = authenticate(sent.username or "", sent.password or "") if sent and basic else None
    if user is None:
        return _refuse("Basic")
    if door := Vestibule.challenge(user):
        return door
    expires_at = clock.now() + current_app.config["API_TOKEN_LIFETIME"]
    token = ApiToken.issue(user, expires_at)
    db.session.commit()
    return jsonify(token=token, expires_at=expires_at.isoformat()), 201


@blueprint.delete("/tokens")
@Vestibule.accepts_tokens
@token_required
def revoke_token() -> ResponseReturnValue:
    """Make the token the request carries worthless."""
    db.session.delete(g.api_token)
    db.session.commit()
    return "", 204


@blueprint.get("/me")
@Vestibule.accepts_tokens
@token_required
def show_me() -> ResponseReturnValue:
    """Say whose token this is."""
    user = me()
    return jsonify(
        username=user.username,
        email=user.email,
        about=user.about,
        following=user.following_count,
        followers=user.follower_count,
    )


@blueprint.get("/posts")
@Vestibule.accepts_tokens
@token_required
def list_posts() -> ResponseReturnValue:
    """List the timeline, newest first."""
    page = feeds.timeline(me())
    older = page.older and url_for(".list_posts", before=page.older)
    return jsonify(posts=[_as_json(post) for post in page.posts], older=older)


@blueprint.post("/posts")
@Vestibule.accepts_tokens
@token_required
def add_post() -> ResponseReturnValue:
    """Say something."""
    sent = request.get_json()
    body = sent.get("body") if isinstance(sent, dict) else None
    text = tidy(body) if isinstance(body, str) else ""
    if not 0 < len(text) <= Post.LONGEST:
        return jsonify(error="unacceptable_body", longest=Post.LONGEST), 422
    post = Post(author=me(), body=text)
    db.session.add(post)
    db.session.commit()
    return jsonify(_as_json(post)), 201


def _as_json(post: Post) -> dict[str, object]:
    return {
        "id": post.id,
        "author": post.author.username,
        "body": post.body,
        "created_at": post.created_at.isoformat(),
    }


def _refuse(scheme: str) -> ResponseReturnValue:
    challenge = {"WWW-Authenticate": f'{scheme} realm="Porchlight API"'}
    return jsonify(error="unauthorized"), 401, challenge
