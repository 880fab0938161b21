"""A host that keeps its sessions in Redis (Flask-Session), guarded like any other."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from flask import session
from flask_session import Session
from redis import Redis
from tests.contracts.gate_hosts import DOOR, Host, flask_login_host, replayed

pytestmark = pytest.mark.redis


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """A connection to the server."""
    with Redis.from_url(redis_url) as connection:
        yield connection


@pytest.fixture
def prefix(redis: Redis) -> Iterator[str]:
    """What the keys of this test's sessions begin with; they are deleted when it is over."""
    name = f"vestibule-test-{uuid4().hex}:"
    yield name
    for key in redis.scan_iter(f"{name}*"):
        redis.delete(key)


@pytest.fixture
def host(tmp_path: Path, redis: Redis, prefix: str) -> Iterator[Host]:
    """A host whose sessions are in Redis."""

    def add(made: Host) -> None:
        made.app.config.update(SESSION_TYPE="redis", SESSION_REDIS=redis, SESSION_KEY_PREFIX=prefix)
        Session(made.app)

        @made.app.get("/basket")
        def basket() -> str:
            session["basket"] = ["tea"]
            return "BASKET"

    host = flask_login_host(tmp_path, add=add)
    yield host
    host.close()


def test_a_login_waits_and_goes_on_under_another_session_id(host: Host) -> None:
    """While the login waits its session id is new, after the second step new again."""
    phone, browser = host.enrol(), host.browser()
    browser.get("/basket")
    before = browser.cookies()

    assert browser.login().location == DOOR
    waiting = browser.cookies()
    assert not browser.is_in()
    browser.second_step(phone)

    assert browser.is_in()
    assert len({before["session"], waiting["session"], browser.cookies()["session"]}) == 3
    for thief in (*replayed(host, before), *replayed(host, waiting)):
        assert not thief.is_in()


def test_nothing_of_a_waiting_login_is_in_redis(host: Host, redis: Redis, prefix: str) -> None:
    """What the password login put into its session is not among the host's sessions."""
    host.enrol()
    browser = host.browser()
    browser.get("/basket")

    browser.login()

    kept = [bytes(redis.dump(key) or b"") for key in redis.scan_iter(f"{prefix}*")]
    assert kept
    assert not [value for value in kept if b"ada" in value]


def test_a_logout_is_the_end_of_it(host: Host) -> None:
    """After a logout the cookies from before it open nothing."""
    phone, browser = host.enrol(), host.browser()
    browser.login()
    browser.second_step(phone)
    kept = browser.cookies()

    browser.logout()

    assert not browser.is_in()
    assert all(not thief.is_in() for thief in replayed(host, kept))
