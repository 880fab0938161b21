"""One-time passwords by RFC 4226 (HOTP) and RFC 6238 (TOTP), and the URI that carries a secret.

Pure: a secret and a number go in, digits come out. What was used before is not remembered here.
"""

import base64
import hmac
from enum import StrEnum
from urllib.parse import quote


class Algorithm(StrEnum):
    """The hash functions RFC 6238 section 1.2 allows."""

    SHA1 = "SHA1"
    SHA256 = "SHA256"
    SHA512 = "SHA512"


def hotp(
    secret: bytes, counter: int, *, digits: int = 6, algorithm: Algorithm = Algorithm.SHA1
) -> str:
    """Return the one-time password for `counter`, with its leading zeros (RFC 4226 section 5.3).

    >>> hotp(b"12345678901234567890", 0)
    '755224'
    """
    digest = hmac.digest(secret, counter.to_bytes(8, "big"), algorithm.lower())
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_at(unix_time: float, *, period: int = 30) -> int:
    """Return the number of the time step that `unix_time` (seconds) falls in (RFC 6238 4.2)."""
    return int(unix_time // period)


def matching_step(
    secret: bytes,
    answer: str,
    steps: range,
    *,
    digits: int = 6,
    algorithm: Algorithm = Algorithm.SHA1,
) -> int | None:
    """Return the newest of `steps` whose password is `answer`, or None.

    Every step is compared, in constant time, whichever matches: how long it takes tells nothing.
    """
    found = None
    expected = answer.encode()
    for step in steps:
        code = hotp(secret, step, digits=digits, algorithm=algorithm)
        if hmac.compare_digest(code.encode(), expected):
            found = step
    return found


def base32(secret: bytes) -> str:
    """Return `secret` as the unpadded base32 text that authenticator apps read."""
    return base64.b32encode(secret).decode().rstrip("=")


def provisioning_uri(
    secret: bytes,
    *,
    issuer: str,
    account: str,
    digits: int = 6,
    period: int = 30,
    algorithm: Algorithm = Algorithm.SHA1,
) -> str:
    """Return the `otpauth://` URI of a time-based secret, as a QR code carries it.

    The issuer stands twice, as the label's prefix and as a parameter, because apps differ in
    which they read. A colon parts the two in the label, so none may stand inside either; control
    characters are dropped.
    """
    label = f"{quote(_plain(issuer), safe='')}:{quote(_plain(account), safe='')}"
    parameters = {
        "secret": base32(secret),
        "issuer": quote(_plain(issuer), safe=""),
        "algorithm": algorithm.value,
        "digits": str(digits),
        "period": str(period),
    }
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"otpauth://totp/{label}?{query}"


def _plain(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).replace(":", " ").strip()
