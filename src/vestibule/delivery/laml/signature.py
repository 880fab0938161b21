"""Whether a request is the carrier's: HMAC over the address it called and what it sent.

A form's fields stand behind the address, each name in order with each of its values. Of any other
body its SHA-256 stands in the address, or (SignalWire) the body itself behind it.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

from vestibule.delivery.provider import Callback

_PORTS: Final = {"https": 443, "http": 80}
_FORM: Final = "application/x-www-form-urlencoded"


def is_signed(callback: Callback, key: str, *, headers: Sequence[str]) -> bool:
    """Say whether whoever has `key` signed a request, in the first of `headers` that is there.

    Nobody has an empty key. A comparison takes as long whatever is right of the signature (C9).
    """
    signature = next((found for name in headers if (found := callback.headers.get(name))), "")
    if not key or not signature:
        return False
    given = signature.encode()
    return any(
        hmac.compare_digest(made, given)
        for url in _spelled(callback.url)
        for made in _signatures(key.encode(), url, callback)
    )


def signature_of(key: str, url: str, fields: Mapping[str, Sequence[str]]) -> str:
    """Return the signature of a form that is sent to an address."""
    sent = "".join(
        f"{name}{value}" for name in sorted(fields) for value in sorted(set(fields[name]))
    )
    return base64.b64encode(_hmac(key.encode(), f"{url}{sent}".encode())).decode()


def _signatures(key: bytes, url: str, callback: Callback) -> Iterator[bytes]:
    if callback.fields or not callback.body or _is_form(callback):
        yield signature_of(key.decode(), url, callback.fields).encode()
        return
    yield _hmac(key, url.encode() + callback.body).hex().encode()
    told = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
    if hmac.compare_digest(told.encode(), hashlib.sha256(callback.body).hexdigest().encode()):
        yield base64.b64encode(_hmac(key, url.encode()))


def _is_form(callback: Callback) -> bool:
    return callback.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM


def _spelled(url: str) -> Iterator[str]:
    """Return an address as it is, and with or without the port that its scheme has anyway."""
    yield url
    parts = urlsplit(url)
    default = _PORTS.get(parts.scheme)
    if default is None:
        return
    try:
        port = parts.port
    except ValueError:
        return
    if port is None:
        yield parts._replace(netloc=f"{parts.netloc}:{default}").geturl()
    elif port == default:
        yield parts._replace(netloc=parts.netloc.removesuffix(f":{default}")).geturl()


def _hmac(key: bytes, data: bytes) -> bytes:
    # SHA-1 is the carriers' choice; as the hash of an HMAC it is not broken.
    return hmac.new(key, data, hashlib.sha1).digest()
