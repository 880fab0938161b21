"""What reaches carriers, against servers that behave badly."""

import gzip
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from vestibule.core.ports import SendError
from vestibule.delivery.http import HttpxHttp, Request

SECONDS = 0.5
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers each request as it is told to, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, suppress(OSError):
                        connection.recv(65536)
                        answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def drip(start: bytes) -> Callable[[socket.socket], None]:
    """Send `start`, and then a byte now and then, for long."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.1)

    return answer


def hint(connection: socket.socket) -> None:
    """Say again and again that an answer is to come."""
    for _ in range(100):
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        time.sleep(0.1)


@pytest.mark.row("W16")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(drip(b""), id="status"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX-Long: "), id="headers"),
        pytest.param(drip(OK + b"Content-Length: 1000\r\n\r\n"), id="body"),
        pytest.param(hint, id="hints"),
    ],
)
def test_whoever_drips_is_cut_off(answer: Callable[[socket.socket], None]) -> None:
    """However slowly an answer comes, and in whatever part of it, the time for it ends."""
    http = HttpxHttp(seconds=SECONDS)
    began = time.monotonic()
    with server(answer) as url, pytest.raises(SendError) as refused:
        http.ask(Request(url=url))
    http.close()

    assert not refused.value.permanent
    assert time.monotonic() - began < SECONDS + 2


def say_nothing(connection: socket.socket) -> None:
    """Keep a caller waiting."""
    del connection
    time.sleep(2 * SECONDS)


def hang_up(connection: socket.socket) -> None:
    """Break off once a request is there."""
    connection.shutdown(socket.SHUT_RDWR)


def break_off(connection: socket.socket) -> None:
    """Break off in the middle of an answer."""
    connection.sendall(OK + b"Content-Length: 1000\r\n\r\n{")


def packed(status: bytes) -> Callable[[socket.socket], None]:
    """Answer with a status, and in an encoding nobody asked for."""

    def answer(connection: socket.socket) -> None:
        head = b"\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"
        connection.sendall(b"HTTP/1.1 " + status + head)

    return answer


@pytest.mark.row("ATK-56")
@pytest.mark.parametrize(
    ("answer", "unsure"),
    [
        pytest.param(say_nothing, True, id="silence"),
        pytest.param(hang_up, True, id="a connection that breaks"),
        pytest.param(break_off, True, id="half an answer"),
        pytest.param(packed(b"200 OK"), True, id="a packed yes"),
        pytest.param(packed(b"429 Too Many Requests"), False, id="a packed no"),
    ],
)
def test_who_was_asked_may_have_taken_it(
    answer: Callable[[socket.socket], None], *, unsure: bool
) -> None:
    """Once a request has left, only an answer says that nothing was taken."""
    http = HttpxHttp(seconds=SECONDS)
    with server(answer) as url, pytest.raises(SendError) as refused:
        http.ask(Request(url=url, body=b"{}"))
    http.close()

    assert refused.value.unsure is unsure


@pytest.mark.row("ATK-56")
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://nowhere.invalid/", "no address", "https://[/"]
)
def test_who_was_not_reached_has_taken_nothing(url: str) -> None:
    """A port that takes no connection, and a name that nobody has, have had no request."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    http = HttpxHttp(seconds=5)

    with pytest.raises(SendError) as refused:
        http.ask(Request(url=url.format(port=port)))
    http.close()

    assert not refused.value.unsure


@pytest.mark.row("ATK-56")
def test_who_takes_no_connection_in_time_has_taken_nothing() -> None:
    """A handshake that never ends has had no request, though the time is over."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        http = HttpxHttp(seconds=SECONDS)
        with pytest.raises(SendError) as refused:
            http.ask(Request(url=f"https://127.0.0.1:{listening.getsockname()[1]}/"))
        http.close()

    assert not refused.value.unsure


ASK_BY_PROXY = """
from vestibule.core.ports import SendError
from vestibule.delivery.http import HttpxHttp, Request
try:
    HttpxHttp(seconds=5).ask(Request(url="https://carrier.invalid/"))
except SendError as error:
    print(error.unsure, error)
"""


@pytest.mark.row("ATK-56")
@pytest.mark.parametrize("status", [b"503 Service Unavailable", b"407 Who are you"])
def test_a_proxy_that_lets_nothing_through_is_no_carrier(status: bytes) -> None:
    """Where only the proxy on the way was asked no carrier has taken anything, and it is named."""

    def refuse(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    with server(refuse) as url:
        env = {**os.environ, "HTTPS_PROXY": url, "NO_PROXY": "", "no_proxy": ""}
        command = [sys.executable, "-c", ASK_BY_PROXY]
        told = subprocess.run(command, env=env, capture_output=True, text=True, check=True)

    number = status.split()[0].decode()
    assert told.stdout.strip() == f"False the proxy on the way there answered with {number}"


def test_nothing_is_unpacked() -> None:
    """An answer that is packed, though nobody asked for that, is no answer: it could be a bomb."""
    packed = gzip.compress(gzip.compress(b"0" * 10_000_000))

    def bomb(connection: socket.socket) -> None:
        head = f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
        connection.sendall(OK + head.encode() + packed)

    http = HttpxHttp(seconds=SECONDS)
    with server(bomb) as url, pytest.raises(SendError, match="encoding"):
        http.ask(Request(url=url))
    http.close()


def test_no_cookie_is_kept() -> None:
    """What a carrier would have us say the next time is not said."""
    asked: list[bytes] = []

    def bake(connection: socket.socket) -> None:
        connection.sendall(
            OK + b"Set-Cookie: a=b\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        )

    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(2):
                connection, _ = listening.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    bake(connection)

        threading.Thread(target=serve, daemon=True).start()
        http = HttpxHttp(seconds=5)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        assert [http.ask(Request(url=url)).status for _ in range(2)] == [200, 200]
        http.close()

    assert len(asked) == 2
    assert b"cookie" not in b"".join(asked).lower()


def test_json_without_an_end_is_none() -> None:
    """What nests deeper than anybody reads is no JSON, and no error of ours."""
    from vestibule.delivery.http import Answer

    assert Answer(status=200, body=b"[" * 60_000).json() is None
