"""An application really served: a threaded server on a free port of this machine."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from threading import Thread
from typing import Any

from examples.microblog import serve
from examples.microblog.models import User, db
from examples.microblog.passwords import hash_password
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from tests.docs.blocks import blocks_of
from tests.docs.reader import Reader
from tests.whole import whole
from werkzeug.serving import make_server

from examples import plain_session
from vestibule.flask.state import state_of
from vestibule.store import tables
from vestibule.testing import Inbox

PASSWORD = "leek and potato soup"
PAGE = {"Accept": "text/html"}
COOKIES = ("microblog_session", "vestibule-default", "vestibule-default-browser")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running site, and the application behind it."""

    url: str
    port: int
    app: Flask
    folder: Path


@contextmanager
def microblog(folder: Path, port: int = 0) -> Iterator[Served]:
    """Serve Porchlight as `make run` does, with all it keeps in `folder`."""
    with _serving(folder, serve.prepare, port) as served:
        yield served
        with served.app.app_context():
            db.engine.dispose()


@contextmanager
def notebook(folder: Path, **config: Any) -> Iterator[Served]:
    """Serve Jotter, the host without Flask-Login."""

    def prepare(folder: Path, port: int) -> Flask:
        return _notebook(folder, port, config)

    with _serving(folder, prepare, 0) as served:
        yield served


@contextmanager
def documented(folder: Path, page: Path) -> Iterator[Served]:
    """Serve the application that a page of the documents has its reader make."""

    def prepare(folder: Path, port: int) -> Flask:
        reader = Reader(folder)
        for block in blocks_of(page):
            reader.follow(block)
        settings = {
            "SECRET_KEY": f"a key for tests and for port {port}",
            "VESTIBULE_DATABASE_URL": f"sqlite:///{folder / 'served.db'}",
            "VESTIBULE_DEVELOPMENT": True,
        }
        return reader.application(settings)

    with _serving(folder, prepare, 0) as served:
        yield served


@contextmanager
def _serving(
    folder: Path, prepare: Callable[[Path, int], Flask], wanted_port: int
) -> Iterator[Served]:
    with serve.listen(wanted_port) as listener:
        port = listener.getsockname()[1]
        app = prepare(folder, port)
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # requests are watched elsewhere
        app.config["PASSWORD_METHOD"] = "scrypt:256:8:1"  # passwords are not what is tested
        server = make_server(
            serve.HOST,
            port,
            whole(app),
            threaded=True,
            fd=listener.fileno(),
        )
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Served(url=f"http://localhost:{port}", port=port, app=app, folder=folder)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            state_of(app).close()


def _notebook(folder: Path, port: int, config: Mapping[str, Any]) -> Flask:
    app = plain_session.create_app(
        {
            "INSTANCE_PATH": folder,
            "SECRET_KEY": f"a key for tests and for port {port}",
            "SESSION_COOKIE_SECURE": False,
            "VESTIBULE_DEVELOPMENT": True,
            **config,
        }
    )
    Inbox(folder / "inbox.json").init_app(app)
    return app


def add_user(served: Served, name: str) -> None:
    """Have somebody at Porchlight who signed up some time ago."""
    with served.app.app_context():
        password_hash = hash_password(PASSWORD)
        user = User(username=name, email=f"{name}@mail.example", password_hash=password_hash)
        db.session.add(user)
        db.session.commit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What somebody has after turning two-step login on: an app, codes, and a browser's cookies."""

    uri: str
    codes: list[str]
    cookies: dict[str, str]


def join(served: Served, name: str, spend: Callable[[str], str]) -> Membership:
    """Turn two-step login on for a user, by requests alone; `spend` tells the app's first code."""
    client = served.app.test_client()

    def send(page: str, path: str, **fields: str) -> None:
        token = _found(r'name="csrf_token"[^>]* value="([^"]+)"', _page(client, served, page))[0]
        fields |= {"csrf_token": token}
        answer = client.post(path, base_url=served.url, data=fields, headers=PAGE)
        assert answer.status_code in {302, 303}, answer.text

    send("/login", "/login", login=name, password=PASSWORD)
    send("/two-step/", "/two-step/add/totp")
    uri = unescape(_found(r'"(otpauth:[^"]+)"', _page(client, served, "/two-step/setup"))[0])
    send("/two-step/setup", "/two-step/setup", code=spend(uri))
    codes = _found(r"<li>([0-9A-Z-]{23})</li>", _page(client, served, "/two-step/recovery-codes"))
    send("/two-step/recovery-codes", "/two-step/recovery-codes/keep", kept="yes")
    kept = [client.get_cookie(name, domain="localhost") for name in COOKIES]
    return Membership(uri=uri, codes=codes, cookies={c.key: c.value for c in kept if c})


def _page(client: FlaskClient, served: Served, path: str) -> str:
    return client.get(path, base_url=served.url, headers=PAGE).text


def _found(pattern: str, page: str) -> list[str]:
    found = re.findall(pattern, page)
    assert found, page
    return found


def proven_long_ago(served: Served) -> None:
    """Let an hour pass since anybody proved who he is."""
    with state_of(served.app).parts.database.write() as connection:
        table = tables.passage
        hour = 3600 * 1_000_000
        connection.execute(update(table).values(proven_at=table.c.proven_at - hour))
