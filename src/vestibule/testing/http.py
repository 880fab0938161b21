"""A carrier that is reached over HTTP and is none: it keeps what it was asked, and says a line."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from vestibule.core.ports import SendError
from vestibule.delivery.http import Answer, Request


class FakeHttp:
    """Gives every request the next of its answers, and the last one for ever.

    An answer is a status, with what is said as JSON where something is; or a `SendError`.
    """

    def __init__(self, *answers: tuple[int, Any] | int | SendError) -> None:
        """Answer so; where nothing is told, with 200 and an empty object."""
        self._answers: Sequence[tuple[int, Any] | int | SendError] = answers or ((200, {}),)
        self.requests: list[Request] = []
        """All that was asked, oldest first."""

    def ask(self, request: Request) -> Answer:
        """Keep a request, and answer it."""
        self.requests.append(request)
        answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
        if isinstance(answer, SendError):
            raise answer
        status, said = (answer, None) if isinstance(answer, int) else answer
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        return Answer(status=status, body=b"" if said is None else body)

    def close(self) -> None:
        """Close nothing."""

    @property
    def request(self) -> Request:
        """The newest of the requests."""
        return self.requests[-1]

    @property
    def form(self) -> Mapping[str, str]:
        """The newest request's form; `ValueError` where a name is in it twice."""
        fields = parse_qs(self.request.body.decode(), keep_blank_values=True, strict_parsing=True)
        if any(len(values) > 1 for values in fields.values()):
            raise ValueError("a field is there twice")
        return {name: values[0] for name, values in fields.items()}

    @property
    def json(self) -> Any:
        """The newest request's body, read as JSON."""
        return json.loads(self.request.body)
