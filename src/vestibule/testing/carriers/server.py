"""The stand-in's HTTP server: on this machine, for this machine."""

import socket
import struct
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Final

from vestibule.testing.carriers.asked import Asked, Reply
from vestibule.testing.carriers.front import Gone, has_hung_up
from vestibule.testing.inbox_page import FORWARDING, HEADERS, LOCAL_HOST

LOOPBACK: Final = "127.0.0.1"
MOST: Final = 1024 * 1024
"""As long a body is read."""
DRIP: Final = 0.5
"""Seconds between two bytes."""

Answer = Callable[[Asked, Gone], Reply]
"""Answers one request; may be called from several threads."""


class Server(ThreadingHTTPServer):
    """Serves until it is closed. What still waits then is not waited for."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, port: int, answer: Answer, ended: Event) -> None:
        """Listen at once; `ended` cuts short whatever takes its time."""
        self.answer = answer
        self.ended = ended
        super().__init__((LOOPBACK, port), _Handler)
        self._thread = Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def start(self) -> None:
        """Serve from a thread of its own."""
        self._thread.start()

    def end(self) -> None:
        """Serve no more."""
        self.ended.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a caller that has hung up; show everything else."""
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60

    def handle_one_request(self) -> None:
        """Answer one request, and end what may not go on."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if not self.parse_request():
            return
        reply = self._refused() or self.server.answer(self._asked(), self._is_gone)
        self._write(reply)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- its name there
        """Say nothing: the addresses of some requests are secret."""

    def _refused(self) -> Reply | None:
        """Return the answer to a caller that is not plainly on this machine, or sends too much."""
        names = {name.lower() for name in self.headers}
        forwarded = any(name in FORWARDING or name.startswith("x-forwarded") for name in names)
        hosts = self.headers.get_all("Host", [])
        is_here = len(hosts) == 1 and LOCAL_HOST.fullmatch(hosts[0])
        # A page of somebody else's, open in this machine's browser, is not to steer anything.
        is_own = self.headers.get("Origin") in {None, f"http://{hosts[0]}" if hosts else None}
        # No program of today says HTTP/1.0, but a proxy may that adds no header of its own.
        is_direct = self.request_version == self.protocol_version and not forwarded
        if not (is_direct and is_here and is_own):
            self.close_connection = True
            return Reply(status=404)
        length = self.headers.get("Content-Length", "0")
        if "transfer-encoding" in names or not length.isdecimal() or int(length) > MOST:
            self.close_connection = True
            return Reply(status=413)
        return None

    def _asked(self) -> Asked:
        path, _, query = self.path.partition("?")
        return Asked(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length", "0"))),
        )

    def _is_gone(self) -> bool:
        return has_hung_up(self.connection)

    def _write(self, reply: Reply) -> None:
        if reply.manner == "cut":
            self.close_connection = True
            _reset(self.connection)
            return
        self.send_response(reply.status)
        headers = {**HEADERS, "Content-Type": reply.type, **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        if reply.status != 204:  # noqa: PLR2004 -- there is no body
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.manner == "drip":
            self._drip(reply.body)
        elif self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def _drip(self, body: bytes) -> None:
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.ended.wait(DRIP) or self._is_gone():
                self.close_connection = True
                return


def _reset(connection: socket.socket) -> None:
    """End a connection as a machine does that has just gone down."""
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
