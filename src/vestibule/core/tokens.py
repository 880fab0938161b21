"""Values that name a row of ours: random, told once, and kept as a hash only."""

import base64
import hashlib
from collections.abc import Callable
from typing import Final

TOKEN_BYTES: Final = 32
ID_BYTES: Final = 16
_LONGEST: Final = 200


def new_token(random: Callable[[int], bytes]) -> str:
    """Return a new token of 256 random bits, fit for a cookie."""
    return base64.urlsafe_b64encode(random(TOKEN_BYTES)).decode().rstrip("=")


def new_id(random: Callable[[int], bytes]) -> str:
    """Return a new row id of 128 random bits."""
    return random(ID_BYTES).hex()


def identity_hash(identity: str) -> bytes:
    """Return the hash under which the host's own login value is kept; it may be of any length."""
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).digest()


def token_hash(token: str | None) -> bytes | None:
    """Return the hash under which a token is kept, None where there is no token.

    A plain hash is enough for 256 random bits (NIST 3.1.2.2 asks 112).
    """
    if not token or len(token) > _LONGEST:
        return None
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
