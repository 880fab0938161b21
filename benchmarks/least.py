"""The least that a view can do which takes the second step of a login, and nothing that is ours.

It reads the session and a form, looks a row up, updates one, and hands the session back. It counts
no guesses, writes no trail, locks nothing and keeps nobody out: it is here to tell what a check
costs because Flask and the database are asked at all.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

from flask import Flask, redirect, request, session
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import text
from werkzeug.wrappers import Response

from benchmarks.floor import COUNT, ROWS, made_engine
from benchmarks.host import SECRET

LOOK: Final = text("SELECT number FROM counter WHERE id = :id")
DIGITS: Final = 6
TOKEN: Final = "a token of forty-three characters, as ours is"


def least(url: str) -> Flask:
    """Return an application with that view and nothing else."""
    app = Flask("least")
    app.secret_key = SECRET
    engine = made_engine(url)

    @app.post("/")
    def step() -> Response:
        row, code = session.pop("waiting"), request.form["code"]
        if len(code) != DIGITS or request.form["csrf_token"] != session.pop("token"):
            return redirect("/login", 303)
        with engine.begin() as connection:
            connection.execute(LOOK, {"id": row}).one()
            connection.execute(COUNT, {"id": row})
        session.update(_user_id=str(row), _fresh=True)
        return redirect("/page", 303)

    return app


def waiting(many: int) -> Iterator[tuple[str, bytes]]:
    """Return the cookie of a login that waits, and the form that answers it, so many times."""
    app = Flask("least")
    app.secret_key = SECRET
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    body = urlencode({"csrf_token": TOKEN, "code": "123456"}).encode()
    for number in range(many):
        yield f"session={serializer.dumps({'waiting': number % ROWS, 'token': TOKEN})}", body
