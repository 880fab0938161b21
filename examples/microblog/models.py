"""The tables. `db.create_all()` makes those that are missing; serve.py calls it at each start."""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Self

from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Table,
    delete,
    func,
    select,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from . import clock


class UtcDateTime(TypeDecorator[datetime]):
    """A time that comes back with its zone, also from SQLite, which keeps none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """The root of the mapped classes. They extend it and not `db.Model`, which has no types."""


db = SQLAlchemy(model_class=Base)

follows = Table(
    "follows",
    Base.metadata,
    Column("follower_id", ForeignKey("users.id"), primary_key=True),
    Column("followed_id", ForeignKey("users.id"), primary_key=True, index=True),
)


def new_stamp() -> str:
    """Return a mark no password had before."""
    return secrets.token_urlsafe(12)


class User(UserMixin, Base):  # type: ignore[misc]  # Flask-Login has no types
    """Somebody with an account. Name and address are kept in lower case, so each is there once."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    about: Mapped[str] = mapped_column(default="")
    password_hash: Mapped[str]
    #: Changes with the password. Logins and links carry it, and are worthless once it is old.
    password_stamp: Mapped[str] = mapped_column(default=new_stamp)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @classmethod
    def by_login(cls, login: str) -> Self | None:
        """Return who signs in with this username or e-mail address."""
        column = cls.email if "@" in login else cls.username
        return db.session.scalar(select(cls).where(column == login.strip().lower()))

    def follow(self, other: "User") -> None:
        """Make the other's posts part of this one's timeline; doing it twice changes nothing."""
        if other.id != self.id and not self.is_following(other):
            db.session.execute(follows.insert().values(follower_id=self.id, followed_id=other.id))

    def unfollow(self, other: "User") -> None:
        """Take the other's posts out of this one's timeline."""
        db.session.execute(
            follows.delete().where(
                follows.c.follower_id == self.id, follows.c.followed_id == other.id
            )
        )

    def is_following(self, other: "User") -> bool:
        """Say whether the other's posts are part of this one's timeline."""
        pair = (follows.c.follower_id == self.id, follows.c.followed_id == other.id)
        return db.session.scalar(select(follows.c.follower_id).where(*pair)) is not None

    @property
    def following_count(self) -> int:
        """How many people this one follows."""
        return _count(follows.c.follower_id == self.id)

    @property
    def follower_count(self) -> int:
        """How many people follow this one."""
        return _count(follows.c.followed_id == self.id)


class Post(Base):
    """Something somebody said, in at most LONGEST characters."""

    __tablename__ = "posts"

    LONGEST = 280

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    author: Mapped[User] = relationship()


class ApiToken(Base):
    """A program's way in. The token itself is shown once and kept only as its hash."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship()

    @classmethod
    def issue(cls, user: User, expires_at: datetime) -> str:
        """Return a new token for the user; those of his that have run out are cleared away."""
        token = secrets.token_urlsafe(32)
        stale = delete(cls).where(cls.user_id == user.id, cls.expires_at <= clock.now())
        db.session.execute(stale)
        db.session.add(cls(user_id=user.id, digest=_digest(token), expires_at=expires_at))
        return token

    @classmethod
    def live(cls, token: str) -> Self | None:
        """Return what is known of this token, unless it was never issued or has run out."""
        known = select(cls).where(cls.digest == _digest(token), cls.expires_at > clock.now())
        return db.session.scalar(known)


def _count(which: ColumnElement[bool]) -> int:
    return db.session.execute(select(func.count()).select_from(follows).where(which)).scalar_one()


def _digest(token: str) -> str:
    # The token is 256 random bits, so a plain hash gives nothing away.
    return hashlib.sha256(token.encode()).hexdigest()
