"""An authenticator app in software, as a phone would hold it."""

import base64
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlsplit

from vestibule import oath


class SoftwareAuthenticator:
    """Holds one secret and shows its codes, each a step later than the one before."""

    def __init__(
        self,
        secret: bytes,
        *,
        digits: int = 6,
        period: int = 30,
        algorithm: oath.Algorithm = oath.Algorithm.SHA1,
        label: str = "",
    ) -> None:
        """Hold `secret`."""
        self.secret = secret
        self.digits = digits
        self.period = period
        self.algorithm = algorithm
        self.label = label
        self._shown = -1

    @classmethod
    def scan(cls, uri: str) -> "SoftwareAuthenticator":
        """Return the app after it read an `otpauth:` URI."""
        parts = urlsplit(uri)
        if parts.scheme != "otpauth" or parts.netloc != "totp":
            raise ValueError("not an otpauth://totp/ URI")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        secret = query["secret"]
        return cls(
            base64.b32decode(secret + "=" * (-len(secret) % 8)),
            digits=int(query.get("digits", "6")),
            period=int(query.get("period", "30")),
            algorithm=oath.Algorithm(query.get("algorithm", "SHA1")),
            label=unquote(parts.path.lstrip("/")),
        )

    def code(self, at: datetime, *, steps: int = 0) -> str:
        """Return the code shown at a moment, or `steps` away from it."""
        step = oath.step_at(at.timestamp(), period=self.period) + steps
        return oath.hotp(self.secret, step, digits=self.digits, algorithm=self.algorithm)

    def next_code(self, at: datetime) -> str:
        """Return a code that this has not returned before, one step early or ahead where need be.

        A person would wait for it; a test need not. What `code` returned is not counted: a test
        that logs in more than once takes every code from here. Raises `ValueError` where only
        waiting helps.
        """
        now = oath.step_at(at.timestamp(), period=self.period)
        step = max(now - 1, self._shown + 1)
        if step > now + 1:
            raise ValueError(
                "every code of this minute was used: give Vestibule a FakeClock "
                "(init_app(app, clock=FakeClock())) and move it on"
            )
        self._shown = step
        return self.code(at, steps=step - now)
