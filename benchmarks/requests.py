"""What the gate adds to a request of somebody signed in, against one indexed SELECT."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from benchmarks import crowd, databases, host, sites
from benchmarks.databases import Place
from benchmarks.figures import Figure, at_most
from vestibule.bootstrap import Parts
from vestibule.store import tables

SUBJECT: Final = "1"
BASE: Final = "https://localhost"
CALLS: Final = 300
ROUNDS: Final = 15


def figures() -> Iterator[Figure]:
    """Ask for one page, in turns: of Flask, of Flask-Login, and of the same behind the gate."""
    for database in databases.names():
        with databases.empty(database) as place:
            yield from _on(place)


def _on(place: Place) -> Iterator[Figure]:
    site = sites.made(place)
    parts = site.opened()
    crowd.enrol(parts, [SUBJECT])
    plain = _asking(host.plain())
    login = _asking(host.with_login(), _log_in)
    select = _asking(_selecting(host.with_login(), parts), _log_in)
    gate = _asking(host.guarded(site), lambda client: _log_in_twice(client, parts))
    calls = plain, login, select, gate
    rounds = [[_seconds(call) for call in calls] for _ in range(ROUNDS)]
    seen = [statistics.median(column) / CALLS * 1e6 for column in zip(*rounds, strict=True)]
    yield Figure(
        f"the gate on a request, {place.name}",
        statistics.median(
            (gated - without) / (selected - without) for _, without, selected, gated in rounds
        ),
        "SELECT",
        at_most(1.5),
        "Flask {:.0f}, Flask-Login {:.0f}, with a SELECT {:.0f}, behind the gate {:.0f} µs".format(
            *seen
        ),
    )
    parts.database.close()


def _asking(
    app: Flask, log_in: Callable[[FlaskClient], None] | None = None
) -> Callable[[], object]:
    """Return what asks for the page as a server does, with the cookies a browser would send."""
    client = app.test_client()
    if log_in is not None:
        log_in(client)
    with client.get("/page", base_url=BASE) as answer:
        asked = cast("TestResponse", answer).request.environ
    environ = {name: value for name, value in asked.items() if not name.startswith("werkzeug.")}
    statuses: list[str] = []

    def start(status: str, headers: object, error: object = None) -> Callable[[bytes], object]:
        del headers, error
        statuses[:] = [status]
        return len

    def ask() -> None:
        for part in cast("Any", app)(dict(environ), start):
            del part
        if statuses != ["200 OK"]:
            raise AssertionError("the page did not open")

    return ask


def _log_in(client: FlaskClient) -> None:
    client.post("/login", data={"user": SUBJECT}, base_url=BASE)


def _log_in_twice(client: FlaskClient, parts: Parts) -> None:
    _log_in(client)
    answer = {"code": crowd.right_code(parts)}
    client.post("/two-step/login", json=answer, base_url=BASE)


def _selecting(app: Flask, parts: Parts) -> Flask:
    """Have an application look up one indexed row before each view, through our own engine.

    Measured as the gate is, in a request: by itself and over and over a SELECT takes half as long,
    because then nothing else is in the processor's caches.
    """
    enrolment = tables.enrolment
    query = select(enrolment.c.id, enrolment.c.status).where(
        enrolment.c.realm == "default", enrolment.c.subject == SUBJECT
    )

    @app.before_request
    def look_up() -> None:
        with parts.database.read() as connection:
            connection.execute(query).all()

    return app


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    return time.perf_counter() - began
