"""Workers on other machines, told by a real broker what is due."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from tests.core.site import LETTERS, Person, Site
from tests.delivery.makers import courier_of
from tests.delivery.test_courier import ask_for_code, waiting

from vestibule.delivery.queue import Publisher, celery_of
from vestibule.system import SystemClock
from vestibule.testing.carriers import Carriers

PATIENCE = 40.0


@pytest.fixture(params=["redis_url", "rabbitmq_url"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """A broker of each kind."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def carriers() -> Iterator[Carriers]:
    """Carriers of mail."""
    with Carriers() as made:
        yield made


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A site on the real clock, in a realm, and so a queue, of its own."""
    config = {
        "VESTIBULE_FACTORS": f"totp,recovery_codes,{LETTERS}",
        "VESTIBULE_REALM": f"test-{uuid4().hex}",
    }
    opened = Site.open(database_url, tmp_path, config=config, clock=SystemClock())
    yield opened
    opened.close()


@contextmanager
def worker(site: Site, carriers: Carriers, broker_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own."""
    settings = {
        "VESTIBULE_DEVELOPMENT": "1",
        "VESTIBULE_DATABASE_URL": site.url,
        "VESTIBULE_KEY_FILE": str(site.folder / "vestibule-development.keys"),
        "VESTIBULE_ROUTES": "email=smtp",
        "VESTIBULE_BROKER_URL": broker_url,
        "FLASK_SKIP_DOTENV": "1",
        **{name: str(site.config[name]) for name in ("VESTIBULE_FACTORS", "VESTIBULE_REALM")},
        **{name: str(value) for name, value in carriers.settings("smtp").items()},
    }
    command = [sys.executable, "-c", "from vestibule.cli import main; main()", "worker"]
    log = site.folder / "worker.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, cwd=site.folder, env={**os.environ, **settings}, stdout=said, stderr=said
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    text = log.read_text("utf-8")
    assert "Traceback" not in text, text


def publisher(site: Site, broker_url: str) -> Publisher:
    """What a web process tells workers by."""
    realm = site.parts.settings.realm
    outbox = courier_of(site).outbox
    return Publisher(outbox=outbox, clock=site.clock, broker_url=broker_url, realm=realm)


def until(happened: Callable[[], object]) -> float:
    """Wait for something; return the seconds it took."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() < began + PATIENCE, "it did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - began


def lettered(site: Site, name: str = "ada") -> Person:
    """Somebody to whom letters are sent."""
    person = site.enrol(name)
    person.add_letters(f"{name}@site.test")
    person.deliver()
    return person


def statuses(site: Site) -> list[str]:
    """What is said of each message that carries a code."""
    return [str(row["status"]) for row in waiting(site)]


def free_port() -> int:
    """A port at which nothing answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_worker_sends_what_it_is_told_of(site: Site, carriers: Carriers, broker_url: str) -> None:
    """A message is published after the commit, and a worker sends it, once."""
    ada = lettered(site)
    told = publisher(site, broker_url)
    with worker(site, carriers, broker_url):
        ask_for_code(ada)
        assert told.publish_due() == 1
        until(lambda: statuses(site)[-1] == "sent")
        ask_for_code(ada)
        told.publish_due()
        until(lambda: statuses(site)[-1] == "sent")
    told.stop()

    assert sorted(carriers.tally("to").values()) == [2]


def test_what_nobody_told_of_is_swept_up(site: Site, carriers: Carriers, broker_url: str) -> None:
    """A message that was never published, as after a crash, is sent some seconds later."""
    ada = lettered(site)
    ask_for_code(ada)
    with worker(site, carriers, broker_url):
        until(lambda: statuses(site)[-1] == "sent")

    assert list(carriers.tally("to").values()) == [1]


def test_two_workers_send_nothing_twice(site: Site, carriers: Carriers, broker_url: str) -> None:
    """Many messages, each published twice and swept besides, are sent once each."""
    people = [lettered(site, name) for name in ("ada", "ben", "cyd", "dora")]
    told = publisher(site, broker_url)
    again = publisher(site, broker_url)
    for person in people * 5:
        ask_for_code(person)
    with worker(site, carriers, broker_url), worker(site, carriers, broker_url):
        told.publish_due()
        again.publish_due()
        until(lambda: set(statuses(site)) == {"sent"})
    told.stop()
    again.stop()

    assert sum(carriers.tally("to").values()) == 20
    assert max(carriers.tally("to", "text").values()) == 1


@pytest.mark.row("W16")
def test_a_dead_broker_delays_nothing_and_loses_nothing(site: Site, carriers: Carriers) -> None:
    """Where no broker answers, no request waits for it, and workers send all the same."""
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    ada = lettered(site)
    told = publisher(site, nowhere)
    told.start()
    with worker(site, carriers, nowhere):
        began = time.monotonic()
        ask_for_code(ada)
        told.wake()
        assert time.monotonic() - began < 1
        until(lambda: statuses(site)[-1] == "sent")
    told.stop()


def test_what_is_queued_names_a_message_and_nothing_else(site: Site, redis_url: str) -> None:
    """A copy of the broker holds no code, no address and no name."""
    ada = lettered(site)
    ask_for_code(ada)
    told = publisher(site, redis_url)
    told.publish_due()
    told.stop()
    celery = celery_of(redis_url, site.parts.settings.realm)
    with celery.connection_for_read() as connection:
        queue = connection.SimpleQueue(f"vestibule.{site.parts.settings.realm}")
        payload = queue.get(timeout=5)
        payload.ack()
        queue.close()
    celery.close()

    (message,) = [row for row in waiting(site) if row["status"] == "queued"]
    assert payload.payload[0] == [message["id"]]
    assert "ada" not in str(payload.body) + str(payload.headers)
