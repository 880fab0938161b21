"""An end to a conversation with a carrier, whatever its other side does.

A time limit of a library's is for each read: who sends a byte now and then keeps a connection for
ever. Here the connection is cut when the time is up, in whatever it is.
"""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

_BEGUN: Final = "connection.connect_tcp.started"
_OPENED: Final = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})
"""Of what httpcore tells (its extension `trace`), that there is a connection, or a safer one."""


class Deadline:
    """Cuts one connection after so many seconds; `is_over` says that it did."""

    def __init__(self, seconds: float) -> None:
        """Begin to count when it is entered."""
        self.is_over = False
        self.place: tuple[str, int] | None = None
        """The host and the port that were asked last, a proxy's where there is one."""
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Begin."""
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; nothing is cut any more."""
        self._timer.cancel()

    def note(self, event: str, told: dict[str, Any]) -> None:
        """Learn which connection it is, as httpcore tells it."""
        if event == _BEGUN:
            self.place = told["host"], told["port"]
        if event in _OPENED:
            self.hold(told["return_value"].get_extra_info("socket"))

    def hold(self, connection: socket.socket | None) -> None:
        """Cut this connection when the time is up, or at once if it is; in the place of another."""
        with self._lock:
            self._socket = connection
        if self.is_over:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            self.is_over = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
