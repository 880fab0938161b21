"""HTTP to carriers: one request, one answer, no redirect, and never longer than a few seconds.

Providers say what to ask; whoever sends for them is handed in, so that a test needs no network.
The real one is `httpx` (`pip install httpx`), which is imported when it is needed.
"""

import base64
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlencode

from vestibule.core.ports import SendError
from vestibule.delivery.deadline import Deadline
from vestibule.delivery.refusal import is_refusal
from vestibule.delivery.unlogged import unlogged
from vestibule.delivery.unreached import unreached

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS: Final = 3.0
"""How long a carrier may take to take a connection."""
TOTAL_SECONDS: Final = 8.0
"""How long one request may take in all, however slowly its answer drips in."""
LONGEST_ANSWER: Final = 64 * 1024
_ASKED: Final = "http11.send_request_headers.started"
"""Of what httpcore tells (its extension `trace`), that from here on a carrier may have been asked.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a carrier is asked. Neither its body nor its headers are ever shown: both are secret."""

    method: str = "POST"
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a carrier said. Its body may quote what was sent: it is never shown as it is."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_success(self) -> bool:
        """Say whether it was any 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 -- the class of statuses

    def json(self) -> Any:
        """Return the body read as JSON, None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Http(Protocol):
    """Whoever sends a request and brings the answer."""

    def ask(self, request: Request) -> Answer:
        """Return the answer, whatever its status; raise `SendError` where none came in time.

        It is `unsure` where the request may have reached the carrier.
        """
        ...

    def close(self) -> None:
        """Close what is open; the next request opens it again."""
        ...


def form(
    url: str, fields: Mapping[str, str] | Sequence[tuple[str, str]], **headers: str
) -> Request:
    """Return a request with `fields` as a form. A header's underscores become hyphens."""
    return Request(
        url=url,
        headers={"Content-Type": "application/x-www-form-urlencoded", **_headers(headers)},
        body=urlencode(fields).encode(),
    )


def json_body(url: str, data: object, **headers: str) -> Request:
    """Return a request with `data` as JSON. A header's underscores become hyphens."""
    return Request(
        url=url,
        headers={"Content-Type": "application/json", **_headers(headers)},
        body=json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(),
    )


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header by name and password (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _headers(named: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in named.items()}


@dataclass(slots=True)
class _Watched:
    """One request as it is under way."""

    deadline: Deadline
    was_asked: bool = False
    """Whether anything of it may have left."""

    def note(self, event: str, told: dict[str, Any]) -> None:
        """Learn how far it is, as httpcore tells it."""
        self.was_asked = self.was_asked or (event == _ASKED and not _is_to_proxy(told))
        self.deadline.note(event, told)


def _is_to_proxy(told: dict[str, Any]) -> bool:
    """Say whether it is only a proxy that is asked, to let a request through to a carrier."""
    return bool(told["request"].method == b"CONNECT")


class HttpxHttp:
    """Sends by `httpx`, each request over a connection of its own; for several threads."""

    def __init__(self, *, seconds: float = TOTAL_SECONDS) -> None:
        """Wait at most so long for an answer. Nothing is imported or opened yet."""
        self._seconds = seconds
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def ask(self, request: Request) -> Answer:
        """Return the answer, whatever its status; raise `SendError` where none came in time."""
        import httpx

        deadline, began = Deadline(self._seconds), time.monotonic()
        watched = _Watched(deadline)
        try:
            with unlogged(), deadline:
                return self._asked(self._opened(), request, watched)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            is_over = deadline.is_over or isinstance(error, httpx.TimeoutException)
            said = _said_of(error, deadline, is_over=is_over, seconds=time.monotonic() - began)
            raise SendError(said, unsure=watched.was_asked) from error

    def close(self) -> None:
        """Close what is open; the next request opens it again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _asked(self, client: "httpx.Client", request: Request, watched: _Watched) -> Answer:
        body = bytearray()
        with client.stream(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=request.body,
            extensions={"trace": watched.note},
        ) as response:
            unsure = not is_refusal(response.status_code)
            # Nothing is unpacked: a few bytes could be made to hold a gigabyte.
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise SendError("answered in an encoding it was not asked for", unsure=unsure)
            for part in response.iter_raw():
                body += part
                if len(body) > LONGEST_ANSWER:
                    raise SendError("answered with more than it should", unsure=unsure)
            named = {name.lower(): value for name, value in response.headers.items()}
            return Answer(status=response.status_code, body=bytes(body), headers=named)

    def _opened(self) -> "httpx.Client":
        import httpx

        with self._lock:
            if self._client is None:
                connect = min(CONNECT_SECONDS, self._seconds)
                self._client = httpx.Client(
                    timeout=httpx.Timeout(self._seconds, connect=connect),
                    limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
                    follow_redirects=False,
                    headers={
                        "User-Agent": "vestibule",
                        "Accept": "application/json",
                        "Accept-Encoding": "identity",
                    },
                )
            # What one answer would have us say in the next request is nobody's business.
            self._client.cookies.clear()
            return self._client


def _said_of(error: Exception, deadline: Deadline, *, is_over: bool, seconds: float) -> str:
    """Return why there was no answer."""
    if deadline.place is None:
        return "an address that cannot be asked"
    if (refusal := str(error)[:3]).isdecimal() and type(error).__name__ == "ProxyError":
        return f"the proxy on the way there answered with {refusal}"
    host, port = deadline.place
    return unreached(error, host, port, seconds=seconds, is_over=is_over)


def is_installed() -> bool:
    """Say whether what reaches carriers is there."""
    return find_spec("httpx") is not None
