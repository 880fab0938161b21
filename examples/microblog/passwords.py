"""Passwords: how they are kept, compared and replaced. Comparing costs the same for nobody."""

import secrets
import unicodedata
from functools import cache

from flask import Flask, current_app
from sqlalchemy import delete, update
from werkzeug.security import check_password_hash, generate_password_hash

from .models import ApiToken, User, db, new_stamp

SHORTEST = 10
LONGEST = 256


def init_app(app: Flask) -> None:
    """Have nobody's hash ready, so that not even the first unknown name is answered late."""
    _nobodys_hash(app.config["PASSWORD_METHOD"])


def hash_password(password: str) -> str:
    """Return what to keep of a password."""
    return generate_password_hash(_normal(password), current_app.config["PASSWORD_METHOD"])


def authenticate(login: str, password: str) -> User | None:
    """Return whose username or e-mail address and password these are."""
    user = User.by_login(login)
    stored = user.password_hash if user else _nobodys_hash(current_app.config["PASSWORD_METHOD"])
    right = check_password_hash(stored, _normal(password))
    return user if right else None


def is_right(user: User, password: str) -> bool:
    """Say whether this is the user's password."""
    return check_password_hash(user.password_hash, _normal(password))


def replace(user: User, password: str) -> bool:
    """Give the user a new password, which ends every login, token and link made under the old one.

    False, and nothing changed, if somebody else replaced the old one first.
    """
    done = db.session.execute(
        update(User)
        .where(User.id == user.id, User.password_stamp == user.password_stamp)
        .values(password_hash=hash_password(password), password_stamp=new_stamp())
        .returning(User.id)
    ).scalar()
    if done is None:
        db.session.rollback()
        return False
    db.session.execute(delete(ApiToken).where(ApiToken.user_id == user.id))
    db.session.commit()
    return True


def _normal(password: str) -> str:
    # Keyboards differ in how they send an accent; the person typed the same password.
    return unicodedata.normalize("NFC", password)


@cache
def _nobodys_hash(method: str) -> str:
    return generate_password_hash(secrets.token_urlsafe(), method)
