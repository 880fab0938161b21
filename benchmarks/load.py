"""The load: one process that keeps a few connections busy with requests made beforehand.

It is light on purpose, because it shares two cores with the server: raw sockets, bytes that are
ready to send, and no more of HTTP than a server of ours answers.
"""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Final

CONNECTIONS: Final = 8
PATIENCE: Final = 60.0
_END: Final = b"\r\n\r\n"
_CONNECT_ANEW: Final = "connect anew"


@dataclass(frozen=True, slots=True)
class Went:
    """How long a batch of requests took, and how each was answered."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    each: tuple[float, ...] = ()
    """The seconds of each request, in no order."""


class Load:
    """The process, and the pipe it is told by what to send."""

    def __init__(self, port: int) -> None:
        """Start it; its connections stay open until `connect_anew` or `stop`."""
        spawn = get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, port), daemon=True)
        self._process.start()
        theirs.close()

    def connect_anew(self) -> None:
        """Open new connections: which worker of a server accepts which is chance, and then stays.

        Where all went to one worker it works alone, until they are opened anew.
        """
        self._pipe.send(_CONNECT_ANEW)

    def send(self, requests: Sequence[bytes]) -> Went:
        """Send the requests, as many at a time as there are connections, and await every answer."""
        self._pipe.send(requests)
        if not self._pipe.poll(PATIENCE):
            raise TimeoutError("the server did not answer in time")
        went = self._pipe.recv()
        assert isinstance(went, Went)
        return went

    def stop(self) -> None:
        """End the process."""
        self._pipe.send(None)
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()


class _Line:
    """One connection, and the answer that is coming in on it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._received = b""
        self._sent_at = 0.0
        self.socket = self._connected()

    def _connected(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def send(self, request: bytes) -> None:
        self._received = b""
        self._sent_at = time.perf_counter()
        self.socket.sendall(request)

    def since(self) -> float:
        """Return the seconds since it was sent."""
        return time.perf_counter() - self._sent_at

    def status(self) -> int | None:
        """Receive what is there; return the status once the whole answer is."""
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError("the server hung up in the middle of an answer")
        self._received += more
        head, end, body = self._received.partition(_END)
        if not end or len(body) < _length(head):
            return None
        return int(head[9:12])


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _serve(pipe: Connection, port: int) -> None:
    lines = _lines(port)
    while (requests := pipe.recv()) is not None:
        if requests == _CONNECT_ANEW:
            for line in lines:
                line.socket.close()
            lines = _lines(port)
        else:
            pipe.send(_carried_out(lines, iter(requests)))


def _lines(port: int) -> list[_Line]:
    return [_Line(port) for _ in range(CONNECTIONS)]


def _carried_out(lines: Sequence[_Line], requests: Iterator[bytes]) -> Went:
    statuses: Counter[int] = Counter()
    each: list[float] = []
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for line, request in zip(lines, requests, strict=False):
            line.send(request)
            selector.register(line.socket, selectors.EVENT_READ, line)
        while selector.get_map():
            for key, _ in selector.select(PATIENCE):
                status = key.data.status()
                if status is None:
                    continue
                statuses[status] += 1
                each.append(key.data.since())
                request = next(requests, b"")
                if request:
                    key.data.send(request)
                else:
                    selector.unregister(key.fileobj)
    return Went(time.perf_counter() - began, statuses, tuple(each))
