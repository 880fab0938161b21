"""The pages people come for: posts, profiles, and who follows whom."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from . import feeds
from .forms import PostForm, ProfileForm
from .logins import me
from .models import Post, User, db
from .pages import show

blueprint = Blueprint("blog", __name__)


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show the timeline, or to somebody unknown what this place is."""
    if not current_user.is_authenticated:
        return render_template("welcome.html", page=feeds.everyone())
    return _timeline(PostForm())


@blueprint.post("/")
@login_required
def publish() -> ResponseReturnValue:
    """Say something."""
    form = PostForm()
    if not form.validate_on_submit():
        return _timeline(form)
    db.session.add(Post(author_id=me().id, body=form.data["body"]))
    db.session.commit()
    return redirect(url_for(".home"))


@blueprint.post("/posts/<int(max=9223372036854775807):post_id>/delete")
@login_required
def delete(post_id: int) -> ResponseReturnValue:
    """Take back what one said."""
    post = db.session.get(Post, post_id)
    if post is None or post.author_id != me().id:
        abort(404)
    db.session.delete(post)
    db.session.commit()
    flash("Your post is deleted.")
    return redirect(url_for(".profile", username=me().username))


@blueprint.get("/explore")
def explore() -> ResponseReturnValue:
    """Show what everybody says."""
    return render_template("explore.html", page=feeds.everyone())


@blueprint.get("/@<username>")
def profile(username: str) -> ResponseReturnValue:
    """Show somebody, and to himself what he can do with his account."""
    user = _user_or_404(username)
    return render_template("profile.html", user=user, page=feeds.said_by(user))


@blueprint.post("/@<username>/follow")
@login_required
def follow(username: str) -> ResponseReturnValue:
    """Follow somebody."""
    user = _user_or_404(username)
    try:
        me().follow(user)
        db.session.commit()
    except IntegrityError:
        # The same button, pressed in two tabs at once.
        db.session.rollback()
    return redirect(url_for(".profile", username=username))


@blueprint.post("/@<username>/unfollow")
@login_required
def unfollow(username: str) -> ResponseReturnValue:
    """Follow somebody no more."""
    me().unfollow(_user_or_404(username))
    db.session.commit()
    return redirect(url_for(".profile", username=username))


@blueprint.route("/account/profile", methods=["GET", "POST"])
@login_required
def edit_profile() -> ResponseReturnValue:
    """Change what one says of oneself."""
    form = ProfileForm(obj=me())
    if form.validate_on_submit():
        me().about = form.data["about"]
        db.session.commit()
        flash("Your profile is saved.")
        return redirect(url_for(".profile", username=me().username))
    return show("edit_profile.html", form)


def _timeline(form: PostForm) -> ResponseReturnValue:
    page, strangers = feeds.timeline(me()), feeds.strangers(me())
    return show("home.html", form, page=page, strangers=strangers)


def _user_or_404(username: str) -> User:
    user: User | None = db.session.scalar(select(User).where(User.username == username))
    if user is None:
        abort(404)
    return user
