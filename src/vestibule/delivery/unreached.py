"""Why there was no answer, in words: an operator reads them, who knows no exception's name."""

import os
import socket
import ssl
from collections.abc import Iterator
from typing import Final

_NOT_NOW: Final = frozenset({socket.EAI_AGAIN})
_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL"})
"""What OpenSSL calls an answer that is no TLS at all."""
_BROKEN_OFF: Final = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


def unreached(
    error: BaseException, host: str, port: int, *, seconds: float, is_over: bool = False
) -> str:
    """Return why a conversation with a server came to nothing.

    `seconds` is how long it took, `is_over` says that it was cut because it took too long. Nothing
    of what was said in it is told, as that may be secret.
    """
    causes, place = list(_causes(error)), f"{host}:{port}"
    for cause in causes:
        if said := _known(cause, host, place):
            return said
    if is_over or any(isinstance(cause, TimeoutError) for cause in causes):
        return f"no answer from {place} in {seconds:.{0 if seconds >= 1 else 1}f} s"
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno and not isinstance(cause, _BROKEN_OFF):
            return f"{place} was not reached: {os.strerror(cause.errno)}"
    return f"{place} broke off"


def has_no_tls(error: BaseException) -> bool:
    """Say whether a server answered to TLS with something else."""
    return any(_is_no_tls(cause) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give an error and what it came from, which libraries hide in errors of their own."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _known(cause: BaseException, host: str, place: str) -> str:
    """Return what an error is in words, empty where it is none of those that are known."""
    said = ""
    match cause:
        case socket.gaierror() if cause.errno in _NOT_NOW:
            said = f"the name {host} cannot be looked up just now"
        case socket.gaierror():
            said = f"no such host: {host}"
        case ConnectionRefusedError():
            said = f"nobody listens at {place}"
        case ssl.SSLCertVerificationError():
            said = f"the certificate of {place} is not trusted: {cause.verify_message}"
        case ssl.SSLError() if _is_no_tls(cause):
            said = f"no TLS at {place}"
        case ssl.SSLError() if _reason(cause) and not isinstance(cause, _BROKEN_OFF):
            said = f"no agreement on TLS with {place}: {_reason(cause)}"
    return said


def _is_no_tls(cause: BaseException) -> bool:
    return isinstance(cause, ssl.SSLError) and _reason(cause) in _NO_TLS


def _reason(cause: ssl.SSLError) -> str:
    """Return what OpenSSL calls an error, one of its own words, empty where it has none."""
    return getattr(cause, "reason", "") or ""
