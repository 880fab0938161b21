"""Links that go out by mail: signed, made for one purpose, and good for minutes."""

import hashlib
from datetime import timedelta
from typing import Any

from flask import current_app, url_for
from itsdangerous import BadSignature, URLSafeSerializer

from . import clock


def make(endpoint: str, lifetime: timedelta, content: list[Any]) -> str:
    """Return a link to this view that carries `content` and stops working after `lifetime`."""
    until = int((clock.now() + lifetime).timestamp())
    token = _signer(endpoint).dumps([until, *content])
    return str(current_app.config["SITE_URL"]).rstrip("/") + url_for(endpoint, token=token)


def read(endpoint: str, token: str) -> list[Any] | None:
    """Return what the link to this view carries, or None when it was not made here or is too old.

    Whether it was used before is for the view to know.
    """
    try:
        until, *content = _signer(endpoint).loads(token)
    except BadSignature:
        return None
    return content if clock.now().timestamp() < until else None


def _signer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        current_app.secret_key or "",
        salt=f"microblog.links.{purpose}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
