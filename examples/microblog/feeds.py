"""Lists of posts, newest first, a page at a time."""

from dataclasses import dataclass

from flask import request
from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import joinedload

from .models import Post, User, db, follows

PAGE = 20


@dataclass(frozen=True, slots=True)
class Page:
    """Some posts, and the `before` of those that come after them, if any do."""

    posts: list[Post]
    older: int | None


def timeline(user: User) -> Page:
    """Return what the user and the people he follows said."""
    followed = select(follows.c.followed_id).where(follows.c.follower_id == user.id)
    return _page(or_(Post.author_id == user.id, Post.author_id.in_(followed)))


def everyone() -> Page:
    """Return what anybody said."""
    return _page(true())


def said_by(user: User) -> Page:
    """Return what the user said."""
    return _page(Post.author_id == user.id)


def strangers(user: User, limit: int = 3) -> list[User]:
    """Return people the user does not follow, the most followed first."""
    followed = select(follows.c.followed_id).where(follows.c.follower_id == user.id)
    followers = func.count(follows.c.follower_id)
    return list(
        db.session.scalars(
            select(User)
            .outerjoin(follows, follows.c.followed_id == User.id)
            .where(User.id != user.id, User.id.not_in(followed))
            .group_by(User.id)
            .order_by(followers.desc(), User.id)
            .limit(limit)
        )
    )


def _page(which: ColumnElement[bool]) -> Page:
    before = request.args.get("before", type=int)
    if before is not None:
        # Larger numbers than a database can hold mean the same as the largest.
        which = which & (Post.id < max(0, min(before, 2**63 - 1)))
    newest = select(Post).where(which).order_by(Post.id.desc()).limit(PAGE + 1)
    posts = list(db.session.scalars(newest.options(joinedload(Post.author))))
    return Page(posts[:PAGE], posts[PAGE - 1].id if len(posts) > PAGE else None)
