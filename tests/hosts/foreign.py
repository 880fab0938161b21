"""Two applications that nobody wrote for this purpose, with the second step put on them."""

import sqlite3
from abc import abstractmethod
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_login import encode_cookie
from sqlalchemy import text
from tests.contracts.gate_hosts import signed
from tests.hosts import club, tutorial
from tests.hosts.doors import opened
from tests.hosts.example import KEY, PASSWORD, Cookies, Example
from tests.security.crawl import PAGE
from werkzeug.security import generate_password_hash

from vestibule.flask.state import state_of

CHEAP = "scrypt:256:8:1"


class Foreign(Example):
    """One of the two."""

    private: str
    """An address for whoever is signed in."""
    profile: str
    """The page with the link to where the second step is managed."""

    def is_in(self, client: FlaskClient) -> bool:
        """Whether the private page opens."""
        return client.get(self.private, headers=PAGE).status_code == 200

    @abstractmethod
    def identity(self) -> str:
        """What maren's session holds."""

    @abstractmethod
    def change_password(self, client: FlaskClient, new: str) -> None:
        """Take a new password as maren, who is signed in."""


class Club(Foreign):
    private = profile = "/profile"

    def rows(self) -> list[Any]:
        return [
            row
            for table in ("user", "role", "roles_users")
            for row in self._select(f"SELECT * FROM {table}")  # noqa: S608
        ]

    def identity(self) -> str:
        return str(self._select("SELECT fs_uniquifier FROM user WHERE id = 1")[0][0])

    def forged(self) -> Cookies:
        agent = self.app.test_client().environ_base["HTTP_USER_AGENT"]
        manager: Any = self.app.login_manager  # type: ignore[attr-defined]
        identity = self.identity()
        with self.app.test_request_context(headers={"User-Agent": agent}):
            mark = manager._session_identifier_generator()  # noqa: SLF001 - there is no public way
            values = {"_user_id": identity, "_fresh": True, "_id": mark}
            return {
                "session": signed(self.app, values),
                "remember_token": encode_cookie(identity),
            }

    def change_password(self, client: FlaskClient, new: str) -> None:
        fields = {"password": PASSWORD, "new_password": new}
        assert client.post("/change", data=fields, headers=PAGE).status_code in {302, 303}
        self.account["password"] = new

    def _select(self, statement: str) -> list[Any]:
        with self.app.app_context():
            found = self.app.extensions["sqlalchemy"].session.execute(text(statement))
            return [tuple(row) for row in found]


class Tutorial(Foreign):
    private, profile = "/create", "/"
    login_path, logout_path, logout_method = "/auth/login", "/auth/logout", "GET"

    def rows(self) -> list[Any]:
        return [*self._run("SELECT * FROM user"), *self._run("SELECT * FROM post")]

    def identity(self) -> str:
        return "1"

    def forged(self) -> Cookies:
        return {"session": signed(self.app, {"user_id": 1})}

    def change_password(self, client: FlaskClient, new: str) -> None:
        del client  # the tutorial has no page for it
        self._run("UPDATE user SET password = ? WHERE id = 1", generate_password_hash(new, CHEAP))
        self.account["password"] = new

    def _run(self, statement: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.app.config["DATABASE"])) as connection, connection:
            return connection.execute(statement, values).fetchall()


def settings(folder: Path) -> dict[str, Any]:
    """What either is configured with in a test."""
    return {
        "TESTING": True,
        "SECRET_KEY": KEY,
        "PASSWORD_METHOD": CHEAP,
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'club.db'}",
        "DATABASE": str(folder / "blog.db"),
    }


@contextmanager
def made_club(module: Any, folder: Path, **config: Any) -> Iterator[Flask]:
    """The club of a module, with maren, who is a steward, and ines."""
    app = module.create_app(settings(folder) | config, str(folder))
    with app.app_context():
        module.db.create_all()
        module.add_user("maren@mail.example", PASSWORD, "steward")
        module.add_user("ines@mail.example", PASSWORD)
    yield app
    with app.app_context():
        module.db.engine.dispose()


@contextmanager
def made_tutorial(module: Any, folder: Path, **config: Any) -> Iterator[Flask]:
    """The blog of a module, with maren, who has written, and ines."""
    app = module.create_app(settings(folder) | config, str(folder))
    with app.app_context():
        module.init_db()
        module.add_user("maren", PASSWORD)
        module.add_user("ines", PASSWORD)
        module.get_db().execute("INSERT INTO post (title, body, author_id) VALUES ('a', 'b', 1)")
        module.get_db().commit()
    yield app


@contextmanager
def club_with_door(
    folder: Path, *, without: Collection[str] = (), **config: Any
) -> Iterator[Foreign]:
    """The club with the second step, but for lines of some kinds."""
    with opened(club, folder, without) as module, made_club(module, folder, **config) as app:
        account = {"email": "maren@mail.example", "password": PASSWORD}
        values = {
            "member_id": "2",
            "filename": "none",
            "factor": "totp",
            "link": "none",
            "provider": "smtp",
            "token": "none",
        }
        yield Club(app, "session", values, account=account)
        state_of(app).close()


@contextmanager
def tutorial_with_door(folder: Path, **config: Any) -> Iterator[Foreign]:
    """The tutorial's blog with the second step."""
    with opened(tutorial, folder) as module, made_tutorial(module, folder, **config) as app:
        yield Tutorial(
            app,
            "session",
            {
                "post_id": "1",
                "filename": "none",
                "factor": "totp",
                "link": "none",
                "provider": "smtp",
                "token": "none",
            },
        )
        state_of(app).close()
