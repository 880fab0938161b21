"""Who is signed in. A login lasts no longer than the password it was made with.

Flask-Login keeps the user's id in the session and, if wanted, in a remember cookie. Neither knows
when the password was changed, so both are given the password's stamp: the session as one more
value, the remember cookie as a sealed cookie beside it.
"""

import hashlib
from typing import cast

from flask import Flask, current_app, flash, g, redirect, request, session, url_for
from flask_login import LoginManager, current_user, login_user, logout_user
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug import Request
from werkzeug.wrappers import Response as BaseResponse

from . import clock
from .models import ApiToken, User, db

STAMP = "password_stamp"
SEAL = "remember_seal"

login_manager = LoginManager()


def init_app(app: Flask) -> None:
    """Let Flask-Login find the user of a request."""
    login_manager.init_app(app)


def me() -> User:
    """Return who is signed in; for views that only signed-in people reach."""
    # The user himself: what stands for him in `current_user` is no row that can be stored.
    return cast("User", current_user._get_current_object())  # noqa: SLF001 -- no other way


def sign_in(user: User, response: BaseResponse, *, remember: bool = False) -> None:
    """Sign the user in with a session of his own; nothing of whoever sat here before is left."""
    session.clear()
    login_user(user, remember=remember)
    session[STAMP] = user.password_stamp
    if remember:
        _seal(response, user)


def keep_signed_in(user: User, response: BaseResponse) -> None:
    """Let this browser's login outlive the password its own user has just replaced."""
    session[STAMP] = user.password_stamp
    if SEAL in request.cookies:
        _seal(response, user)


def sign_out(response: BaseResponse) -> None:
    """End this browser's login, the remembered one too."""
    session.clear()
    logout_user()
    response.delete_cookie(SEAL)


@login_manager.user_loader
def load_user(user_id: str) -> User | None:
    """Return the user of a session or remember cookie, if the password is still the same."""
    user = db.session.get(User, int(user_id)) if user_id.isdecimal() else None
    if user is None:
        return None
    if STAMP not in session and _is_sealed_for(user):
        session[STAMP] = user.password_stamp
    return user if session.get(STAMP) == user.password_stamp else None


@login_manager.request_loader
def load_user_of_token(incoming: Request) -> User | None:
    """Return whose bearer token a request to the API carries. No other page takes tokens."""
    sent = incoming.authorization
    if request.blueprint != "api" or sent is None or sent.type != "bearer" or not sent.token:
        return None
    token = ApiToken.live(sent.token)
    if token is None:
        return None
    g.api_token = token
    return token.user


@login_manager.unauthorized_handler
def ask_to_sign_in() -> BaseResponse:
    """Send somebody unknown to the login page, and afterwards to the page he wanted."""
    flash("Sign in to go on.")
    # A form cannot be sent again after the detour; the home page is then the better end of it.
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("auth.login", next=wanted))


def _seal(response: BaseResponse, user: User) -> None:
    lifetime = current_app.config["REMEMBER_COOKIE_DURATION"]
    until = int((clock.now() + lifetime).timestamp())
    response.set_cookie(
        SEAL,
        _sealer().dumps([user.id, user.password_stamp, until]),
        max_age=lifetime,
        secure=current_app.config["REMEMBER_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )


def _is_sealed_for(user: User) -> bool:
    try:
        user_id, stamp, until = _sealer().loads(request.cookies.get(SEAL, ""))
    except BadSignature:
        return False
    sealed_for = (user_id, stamp) == (user.id, user.password_stamp)
    return sealed_for and clock.now().timestamp() < until


def _sealer() -> URLSafeSerializer:
    return URLSafeSerializer(
        current_app.secret_key or "",
        salt="microblog.remember",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
