"""A line to a mail server, cut after a while whatever is going on: it may drip for ever."""

import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from vestibule.delivery.deadline import Deadline

CONNECT_SECONDS: Final = 3.0
"""How long one of a server's addresses may take to take a connection."""
LONGEST_REPLY: Final = 65_536
"""Bytes. A reply may have any number of lines, and all of them are kept until the last."""


class _Bounded:
    """What a server says, of which one reply is no longer than the longest."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left = LONGEST_REPLY

    def readline(self, limit: int) -> bytes:
        """Return a line; `OSError` where the reply has had too many."""
        read = self._file.readline(limit)
        self.left -= len(read)
        if self.left < 0:
            raise OSError("a reply without an end")
        return read

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Line(smtplib.SMTP):
    """Speaks over a connection that is there already."""

    def __init__(self, connection: socket.socket, host: str, name: str) -> None:
        """Greet `host` by our `name`: without one it would be told what this machine is called."""
        self._connection = connection
        self.hands_over = False
        super().__init__(host, local_hostname=name)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del host, port, timeout
        return self._connection

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Hand a letter over; from here on a server may have it, whatever it says or does not."""
        self.hands_over = True
        return super().data(msg)

    def getreply(self) -> tuple[int, bytes]:
        """Return the next reply."""
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        if self.file is not None:
            self.file.left = LONGEST_REPLY
        return super().getreply()


@contextlib.contextmanager
def connected(
    host: str, port: int, *, context: ssl.SSLContext | None, name: str, seconds: float
) -> Iterator[Line]:
    """Give a line that is cut after so many seconds, its making among them.

    A `context` is for a server that speaks TLS from the first byte. Looking up the host's name is
    the machine's, and is not cut.
    """
    until = time.monotonic() + seconds
    plain = _connection(host, port, until)
    # Whoever wraps a socket takes it away: another name for it stays ours, to cut it by.
    handle = plain.dup()
    try:
        with Deadline(max(0.0, until - time.monotonic())) as deadline:
            deadline.hold(handle)
            own = plain if context is None else context.wrap_socket(plain, server_hostname=host)
            # A line closes more than its socket: a file, and what took the socket's place for TLS.
            with contextlib.closing(Line(own, host, name)) as line:
                yield line
    finally:
        handle.close()
        plain.close()


def leave(line: Line) -> None:
    """Say goodbye. What was taken is taken, whatever a server answers to that."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        line.quit()


def _connection(host: str, port: int, until: float) -> socket.socket:
    trouble = OSError("no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        one = socket.socket(family, kind, protocol)
        one.settimeout(min(CONNECT_SECONDS, left))
        try:
            one.connect(address)
        except OSError as error:
            one.close()
            trouble = error
        else:
            one.settimeout(max(0.01, until - time.monotonic()))
            return one
    raise trouble
