"""The settings: safe defaults, what production insists on, and the secret development makes."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

SHORTEST_KEY = 32


def configure(app: Flask, given: Mapping[str, Any]) -> None:
    """Settle every setting: the defaults, then MICROBLOG_… of the environment, then `given`."""
    app.config.from_mapping(_defaults(app))
    app.config.from_prefixed_env("MICROBLOG")
    app.config.update(given)
    if app.config["DEVELOPMENT"]:
        # A browser keeps no Secure cookie that came over plain http.
        for name in ("SESSION_COOKIE_SECURE", "REMEMBER_COOKIE_SECURE"):
            app.config[name] = given.get(name, False)
    if app.config["DEVELOPMENT"] or app.testing:
        app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or _own_key(app)
    else:
        _insist(app)


def kept_secret(path: Path, *, size: int = 32) -> str:
    """Return the secret this file holds; the first time one is made, for its owner to read only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return path.read_text("utf-8").strip()
    secret = secrets.token_urlsafe(size)
    path.write_text(secret + "\n", "utf-8")
    return secret


def _defaults(app: Flask) -> dict[str, Any]:
    return {
        "DEVELOPMENT": app.debug,
        "SECRET_KEY": None,
        # Links in mails begin with this and never with a Host header, which anyone can send.
        "SITE_URL": "http://localhost:5000",
        "SQLALCHEMY_DATABASE_URI": "sqlite:///microblog.db",
        "SESSION_COOKIE_NAME": "microblog_session",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": True,
        "REMEMBER_COOKIE_DURATION": timedelta(days=30),
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": True,
        "MAX_CONTENT_LENGTH": 64 * 1024,
        # A form stays good as long as the session it was made in.
        "WTF_CSRF_TIME_LIMIT": None,
        "PASSWORD_METHOD": "scrypt:32768:8:1",
        "API_TOKEN_LIFETIME": timedelta(days=30),
        "CLOCK": lambda: datetime.now(UTC),
    }


def _own_key(app: Flask) -> str:
    """Return a key nobody else has: kept between starts in development, forgotten by tests."""
    if app.testing:
        return secrets.token_urlsafe()
    return kept_secret(Path(app.instance_path, "secret_key"))


def _insist(app: Flask) -> None:
    if len(app.config["SECRET_KEY"] or "") < SHORTEST_KEY:
        raise RuntimeError(
            f"Set MICROBLOG_SECRET_KEY to a secret of {SHORTEST_KEY} characters or more; it signs"
            " the cookies. python -c 'import secrets; print(secrets.token_urlsafe())' makes one."
        )
    if not app.config["SITE_URL"].startswith("https://"):
        raise RuntimeError("Set MICROBLOG_SITE_URL to the https address people reach this site at.")
