"""Where the inbox keeps its messages: in memory, or in a file that several processes share."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Literal, Protocol

Channel = Literal["sms", "call", "whatsapp", "email", "push"]

KEPT: Final = 200  # the last messages; older ones are forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxMessage:
    """One message, as it reached its person."""

    id: int
    at: str  # ISO 8601, UTC
    channel: Channel
    to: str
    subject: str | None
    text: str


class Storage(Protocol):
    """Keeps the last messages, oldest first."""

    def add(self, make: Callable[[int], InboxMessage]) -> None:
        """Keep the message that `make` returns for the next free id."""
        ...

    def read(self) -> list[InboxMessage]:
        """Return what is kept."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...


class InMemory:
    """Keeps messages as long as the process lives; safe for several threads."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = Lock()
        self._messages: list[InboxMessage] = []

    def add(self, make: Callable[[int], InboxMessage]) -> None:
        with self._lock:
            message = make(_next_id(self._messages))
            self._messages = [*self._messages, message][-KEPT:]

    def read(self) -> list[InboxMessage]:
        return list(self._messages)

    def clear(self) -> None:
        with self._lock:
            self._messages = []


class InFile:
    """Keeps messages as lines of JSON; safe for several threads and processes.

    A line is added at the end, and the file is replaced as a whole when it holds too many: a crash
    leaves at most one broken line, which is then passed over.
    """

    def __init__(self, path: Path) -> None:
        """Use the file at `path`, made with the first message, readable by its owner alone."""
        self._path = path
        self._lock_path = path.with_name(f"{path.name}.lock")

    def add(self, make: Callable[[int], InboxMessage]) -> None:
        with self._locked():
            kept = self._parsed()
            message = make(_next_id(kept))
            if len(kept) < KEPT:
                # Begins a line of its own, even after one that a crash has broken off.
                _write(self._path, os.O_APPEND, f"\n{_line(message)}\n")
                return
            lines = map(_line, [*kept, message][-KEPT:])
            renewed = self._path.with_name(f"{self._path.name}.new")
            _write(renewed, os.O_TRUNC, "".join(f"{line}\n" for line in lines))
            renewed.replace(self._path)

    def read(self) -> list[InboxMessage]:
        with self._locked():
            return self._parsed()

    def clear(self) -> None:
        with self._locked():
            self._path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock, which is a file of its own: the messages' file may be replaced."""
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        # Opened anew each time, so that the lock also holds between the threads of a process.
        with self._lock_path.open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _parsed(self) -> list[InboxMessage]:
        if not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf-8", errors="replace").split("\n")
        return [message for message in map(_message, lines) if message is not None]


def _next_id(messages: list[InboxMessage]) -> int:
    return messages[-1].id + 1 if messages else 1


def _line(message: InboxMessage) -> str:
    return json.dumps(asdict(message))


def _message(line: str) -> InboxMessage | None:
    """Return the message of one line; None for a blank or broken one."""
    try:
        return InboxMessage(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _write(path: Path, how: int, text: str) -> None:
    """Write `text` in one piece; a new file is for its owner's eyes."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
