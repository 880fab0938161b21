"""What an operator reads where a carrier did not answer."""

import socket
import ssl
import time
from collections.abc import Callable

import pytest
from tests.delivery.test_http import server

from vestibule.core.ports import SendError
from vestibule.delivery.http import HttpxHttp, Request
from vestibule.delivery.unreached import unreached


def closed_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def said_of(url: str) -> str:
    """What is said of an address that gives no answer, in place of its port: PORT."""
    http = HttpxHttp(seconds=0.5)
    with pytest.raises(SendError) as refused:
        http.ask(Request(url=url))
    http.close()
    port = url.rpartition(":")[2].strip("/")
    return str(refused.value).replace(port, "PORT")


def test_nobody_listens() -> None:
    """Of a port that is closed it is said that nobody listens, and where."""
    assert said_of(f"http://127.0.0.1:{closed_port()}/") == "nobody listens at 127.0.0.1:PORT"


def test_no_tls() -> None:
    """Of a server that speaks no TLS it is said that there is none, and where."""
    with server(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")) as url:
        assert said_of(url.replace("http:", "https:")) == "no TLS at 127.0.0.1:PORT"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda _: time.sleep(2), "no answer from 127.0.0.1:PORT in 0.5 s"),
        (lambda connection: connection.close(), "127.0.0.1:PORT broke off"),
        (lambda connection: connection.sendall(b"what?"), "127.0.0.1:PORT broke off"),
    ],
)
def test_no_answer(answer: Callable[[socket.socket], None], said: str) -> None:
    """Of a server that keeps silent it is said for how long; else that it broke off."""
    with server(answer) as url:
        assert said_of(url) == said


def test_no_address() -> None:
    """Of what cannot be asked at all it is said that it cannot."""
    assert said_of("https://carrier.example:port/") == "an address that cannot be asked"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "no such host: a.example"),
        (
            socket.gaierror(socket.EAI_AGAIN, "try again"),
            "the name a.example cannot be looked up just now",
        ),
        (OSError(113, "secret"), "a.example:443 was not reached: No route to host"),
        (TimeoutError("secret"), "no answer from a.example:443 in 3 s"),
        (ConnectionResetError(104, "secret"), "a.example:443 broke off"),
        (ssl.SSLEOFError(8, "secret"), "a.example:443 broke off"),
        (ValueError("secret"), "a.example:443 broke off"),
    ],
)
def test_an_error_is_told_in_words(error: Exception, said: str) -> None:
    """Each error has words that hold nothing of its own text, also where another hides it."""
    hidden = RuntimeError("secret")
    hidden.__cause__ = error

    assert unreached(error, "a.example", 443, seconds=3.04) == said
    assert unreached(hidden, "a.example", 443, seconds=3.04) == said


def test_who_was_cut_off_did_not_answer() -> None:
    """A conversation that we ended because it took too long is one without an answer."""
    told = unreached(ConnectionResetError(), "a.example", 443, seconds=8.1, is_over=True)

    assert told == "no answer from a.example:443 in 8 s"
