"""The two examples, as a test crawls them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from examples.microblog import create_app as create_microblog
from examples.microblog.models import Post, User, db
from examples.microblog.passwords import hash_password
from examples.plain_session import create_app as create_notebook
from flask_login.utils import encode_cookie
from itsdangerous import URLSafeSerializer
from sqlalchemy import text
from tests.contracts.gate_hosts import signed
from tests.hosts.example import KEY, PASSWORD, Cookies, Example

from vestibule.flask.state import state_of


class Microblog(Example):
    def rows(self) -> list[Any]:
        with self.app.app_context():
            tables = ("users", "posts", "follows", "api_tokens")
            return [
                tuple(row)
                for table in tables
                for row in db.session.execute(text(f"SELECT * FROM {table}"))  # noqa: S608
            ]

    def forged(self) -> Cookies:
        with self.app.test_request_context():
            stamp = db.session.get_one(User, 1).password_stamp
            sealer = URLSafeSerializer(
                KEY,
                salt="microblog.remember",
                signer_kwargs={"digest_method": "sha256", "key_derivation": "hmac"},
            )
            return {
                "microblog_session": signed(
                    self.app, {"_user_id": "1", "_fresh": True, "password_stamp": stamp}
                ),
                "remember_token": encode_cookie("1"),
                "remember_seal": str(sealer.dumps([1, stamp, 4_000_000_000])),
            }


class Notebook(Example):
    def rows(self) -> list[Any]:
        connection = sqlite3.connect(self.app.config["DATABASE"])
        try:
            return [
                row
                for table in ("user", "note")
                for row in connection.execute(f"SELECT * FROM {table}")  # noqa: S608
            ]
        finally:
            connection.close()

    def forged(self) -> Cookies:
        return {"jotter_session": signed(self.app, {"user_id": 1})}


@contextmanager
def microblog(folder: Path) -> Iterator[Example]:
    """Porchlight, with a post of maren's."""
    app = create_microblog(
        {
            "TESTING": True,
            "SECRET_KEY": KEY,
            "INSTANCE_PATH": folder,
            "SQLALCHEMY_DATABASE_URI": "sqlite://",
            "PASSWORD_METHOD": "scrypt:256:8:1",
            "CLOCK": lambda: datetime(2030, 1, 2, tzinfo=UTC),
        }
    )
    app.extensions["mail"] = lambda **mail: mail
    with app.app_context():
        db.create_all()
        for name in ("maren", "ines"):
            email, password = f"{name}@mail.example", hash_password(PASSWORD)
            db.session.add(User(username=name, email=email, password_hash=password))
        db.session.add(Post(author_id=1, body="from maren"))
        db.session.commit()
    values = {
        "token": "an-old-link",
        "post_id": "1",
        "username": "ines",
        "filename": "porchlight.css",
        "factor": "totp",
        "link": "an-old-link",
        "provider": "smtp",
    }
    yield Microblog(app, "microblog_session", values)
    state_of(app).close()
    with app.app_context():
        db.engine.dispose()


@contextmanager
def notebook(folder: Path) -> Iterator[Example]:
    """Jotter, with a note of maren's."""
    app = create_notebook(
        {
            "TESTING": True,
            "SECRET_KEY": KEY,
            "INSTANCE_PATH": folder,
            "DATABASE": folder / "jotter.sqlite3",
            "PASSWORD_METHOD": "scrypt:256:8:1",
        }
    )
    made = Notebook(
        app,
        "jotter_session",
        {
            "note_id": "1",
            "filename": "jotter.css",
            "factor": "totp",
            "link": "none",
            "provider": "smtp",
            "token": "none",
        },
    )
    client = app.test_client()
    token = made.token(client)
    for name in ("maren", "ines"):
        fields = {"username": name, "password": PASSWORD, "csrf_token": token}
        client.post("/register", data=fields)
    made.sign_in(client)
    fields = {"title": "mine", "body": "secret", "csrf_token": made.token(client)}
    client.post("/new", data=fields)
    assert len(made.rows()) == 3
    yield made
    state_of(app).close()
