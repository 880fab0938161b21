"""Encryption at rest: AES-256-GCM under versioned keys, each use of a key derived apart (HKDF).

A sealed value carries the version of its key and is bound to the place it was made for: moved to
another row it does not open. Keys come from a file or a setting; this module never makes one.
"""

import base64
import binascii
import hmac
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
_HEADER = struct.Struct(">BH")
_FORMAT = 1


class SealError(Exception):
    """A sealed value did not open: wrong key, wrong place, or altered bytes."""


class UnknownKeyError(SealError):
    """A sealed value names a key version that is not in the key ring."""


@dataclass(slots=True)
class KeyRing:
    """The keys by version; the highest seals, all open.

    `reload` is asked for newer keys before sealing and whenever a version is unknown, so that a
    rotation reaches a running process. It returns None when nothing has changed. What it returns
    is added: a version once known keeps its key, because values are sealed under it.
    """

    keys: Mapping[int, bytes] = field(repr=False)
    reload: Callable[[], Mapping[int, bytes] | None] = lambda: None
    _derived: dict[tuple[int, str], bytes] = field(default_factory=dict, repr=False)

    def newest(self) -> int:
        """Return the version that seals now."""
        self._refresh()
        return max(self.keys)

    def derive(self, version: int, use: str) -> bytes:
        """Return the 32-byte key of `version` for one `use` and no other (RFC 5869).

        Raises `UnknownKeyError` when the ring does not hold that version.
        """
        known = self._derived.get((version, use))
        if known is not None:
            return known
        if version not in self.keys:
            self._refresh()
        if version not in self.keys:
            message = f"key version {version} is not in the key file: restore the file that has it"
            raise UnknownKeyError(message)
        key = HKDF(SHA256(), KEY_BYTES, None, f"vestibule/{use}".encode()).derive(
            self.keys[version]
        )
        self._derived[version, use] = key
        return key

    def _refresh(self) -> None:
        newer = self.reload()
        if newer is not None:
            self.keys = {**newer, **self.keys}


@dataclass(frozen=True, slots=True)
class SecretBox:
    """Seals bytes for one place and opens them there only."""

    ring: KeyRing
    random: Callable[[int], bytes]

    def seal(self, plain: bytes, *, place: str) -> bytes:
        """Return `plain` encrypted under the newest key, bound to `place`."""
        version = self.ring.newest()
        header = _HEADER.pack(_FORMAT, version)
        nonce = self.random(NONCE_BYTES)
        cipher = AESGCM(self.ring.derive(version, "seal"))
        return header + nonce + cipher.encrypt(nonce, plain, header + place.encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Return what was sealed for `place`; raise `SealError` for anything else."""
        version = self.version(sealed)
        header, rest = sealed[: _HEADER.size], sealed[_HEADER.size :]
        cipher = AESGCM(self.ring.derive(version, "seal"))
        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], header + place.encode())
        except (InvalidTag, ValueError) as error:
            message = f"a sealed value for {place} does not open"
            raise SealError(message) from error

    def version(self, sealed: bytes) -> int:
        """Return the key version that `sealed` names."""
        if len(sealed) < _HEADER.size + NONCE_BYTES or sealed[0] != _FORMAT:
            message = "not a sealed value"
            raise SealError(message)
        return int(_HEADER.unpack_from(sealed)[1])

    def stamp(self, value: str, *, use: str) -> bytes:
        """Return a keyed fingerprint of `value`; `matches` says later whether a value is equal.

        It names its key's version, so that a rotation does not change what is already stored.
        """
        version = self.ring.newest()
        return _HEADER.pack(_FORMAT, version) + self._fingerprint(value, version, use)

    def matches(self, stamp: bytes, value: str, *, use: str) -> bool:
        """Say whether `stamp` was made of `value` for the same `use`."""
        try:
            version = self.version(stamp)
            expected = self._fingerprint(value, version, use)
        except SealError:
            return False
        return hmac.compare_digest(stamp[_HEADER.size :], expected)

    def _fingerprint(self, value: str, version: int, use: str) -> bytes:
        return hmac.digest(self.ring.derive(version, use), value.encode(), "sha256")


def decode_key(text: str) -> bytes:
    """Return the 32 bytes that `text` (base64url) stands for; raise `ValueError` otherwise."""
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        message = "a key is 32 bytes in base64url"
        raise ValueError(message) from error
    # Random bytes are all ASCII once in four thousand million keys; a placeholder mostly is.
    if len(key) != KEY_BYTES or len(set(key)) < KEY_BYTES // 4 or key.isascii():
        message = "a key is 32 random bytes in base64url; this one is too short or not random"
        raise ValueError(message)
    return key


def encode_key(key: bytes) -> str:
    """Return `key` as the base64url text that `decode_key` reads."""
    return base64.urlsafe_b64encode(key).decode().rstrip("=")
