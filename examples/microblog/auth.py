"""The ways in and out: login, sign-up, a forgotten password, a new password."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from . import links, mail, passwords
from .forms import AddressForm, ChangePasswordForm, LoginForm, NewPasswordForm, SignUpForm
from .logins import keep_signed_in, me, sign_in, sign_out
from .models import User, db
from .pages import show
from .redirects import local_path

RESET_LIFETIME = timedelta(minutes=10)
SIGN_UP_LIFETIME = timedelta(hours=1)

blueprint = Blueprint("auth", __name__)


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Sign in with a username or an e-mail address, and go where one wanted to go."""
    wanted = local_path(request.args.get("next")) or url_for("blog.home")
    if request.method == "GET" and current_user.is_authenticated:
        return redirect(wanted)
    form = LoginForm()
    if form.validate_on_submit():
        user = passwords.authenticate(form.data["login"], form.data["password"])
        if user is not None:
            response = redirect(wanted)
            sign_in(user, response, remember=form.data["remember"])
            return response
        form.password.errors = ["This name and this password do not belong together."]
    return show("login.html", form)


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """Sign out of this browser."""
    response = redirect(url_for("blog.home"))
    sign_out(response)
    return response


@blueprint.route("/sign-up", methods=["GET", "POST"])
def sign_up() -> ResponseReturnValue:
    """Ask for an address and send a link there; the page never tells who has an account."""
    form = AddressForm()
    if form.validate_on_submit():
        _invite(form.data["email"])
        return redirect(url_for(".sent"))
    return show("sign_up.html", form)


@blueprint.route("/sign-up/<token>", methods=["GET", "POST"])
def finish_sign_up(token: str) -> ResponseReturnValue:
    """Make the account of somebody who reads mail at the address the link was sent to."""
    content = links.read("auth.finish_sign_up", token)
    if content is None or User.by_login(content[0]) is not None:
        return _link_is_dead("auth.sign_up")
    form = SignUpForm()
    if form.validate_on_submit():
        user = _add_user(form.data["username"], content[0], form.data["password"])
        if user is not None:
            response = redirect(url_for("blog.home"))
            sign_in(user, response)
            return response
        form.username.errors = ["Somebody else has this name."]
    return show("finish_sign_up.html", form, email=content[0])


@blueprint.route("/reset", methods=["GET", "POST"])
def ask_for_reset() -> ResponseReturnValue:
    """Ask for an address and send a link there; the page never tells who has an account."""
    form = AddressForm()
    if form.validate_on_submit():
        _send_reset(form.data["email"])
        return redirect(url_for(".sent"))
    return show("ask_for_reset.html", form)


@blueprint.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> ResponseReturnValue:
    """Set a new password. Nobody is signed in by it, and everybody who was no longer is."""
    content = links.read("auth.reset", token)
    user = _user_with_stamp(*content) if content else None
    if user is None:
        return _link_is_dead("auth.ask_for_reset")
    form = NewPasswordForm()
    if form.validate_on_submit():
        if not passwords.replace(user, form.data["password"]):
            return _link_is_dead("auth.ask_for_reset")
        _tell_of_new_password(user)
        flash("Your password is changed. Sign in with the new one.")
        return redirect(url_for(".login"))
    return show("reset.html", form, user=user)


@blueprint.get("/sent")
def sent() -> ResponseReturnValue:
    """Say that a link is on its way, to whoever asked for one."""
    return render_template("sent.html")


@blueprint.route("/account/password", methods=["GET", "POST"])
@login_required
def change_password() -> ResponseReturnValue:
    """Set a new password, knowing the old. This browser stays signed in, every other does not."""
    user = me()
    form = ChangePasswordForm()
    if form.validate_on_submit():
        if passwords.is_right(user, form.data["current"]) and passwords.replace(
            user, form.data["password"]
        ):
            _tell_of_new_password(user)
            flash("Your password is changed. Other browsers and programs are signed out.")
            response = redirect(url_for("blog.profile", username=user.username))
            keep_signed_in(user, response)
            return response
        form.current.errors = ["This is not your current password."]
    return show("change_password.html", form)


def _invite(email: str) -> None:
    if User.by_login(email) is None:
        link = links.make("auth.finish_sign_up", SIGN_UP_LIFETIME, [email])
        text = f"Welcome. Choose your name and your password here, within an hour:\n\n{link}\n"
    else:
        text = (
            "Somebody, perhaps you, wanted to sign up with this address. You already have an"
            " account: sign in with your address, or ask for a new password if you forgot yours.\n"
        )
    mail.send(email, "Your Porchlight account", text)


def _add_user(username: str, email: str, password: str) -> User | None:
    """Return the new user, or None if another has taken the name or the address."""
    user = User(username=username, email=email, password_hash=passwords.hash_password(password))
    db.session.add(user)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return None
    return user


def _send_reset(email: str) -> None:
    user = User.by_login(email)
    if user is None:
        return
    # The stamp changes with the password, which makes the link a thing of one use.
    link = links.make("auth.reset", RESET_LIFETIME, [user.id, user.password_stamp])
    mail.send(
        user.email,
        "Set a new password",
        f"Hello {user.username},\n\nyou can set a new password here, within ten minutes and once:"
        f"\n\n{link}\n\nIf you did not ask for this, leave it be: nothing has changed.\n",
    )


def _user_with_stamp(user_id: int, stamp: str) -> User | None:
    return db.session.scalar(select(User).where(User.id == user_id, User.password_stamp == stamp))


def _tell_of_new_password(user: User) -> None:
    mail.send(
        user.email,
        "Your password was changed",
        f"Hello {user.username},\n\nyour password was changed just now. If that was not you, ask"
        " for a new one at once: “Forgot your password?” on the login page.\n",
    )


def _link_is_dead(again: str) -> ResponseReturnValue:
    return render_template("dead_link.html", again=url_for(again)), 410
