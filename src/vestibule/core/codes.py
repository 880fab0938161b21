"""Codes we send are never stored: they are derived when they are sent and again when judged.

A copied database or queue holds no live code, because the key is in neither.
"""

import hmac
from dataclasses import dataclass

from vestibule.core.model import Challenge
from vestibule.secretbox import KeyRing

SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """Derives the live code of a challenge.

    `epoch` belongs to the installation and grows after a restore, which kills every code made
    before it.
    """

    ring: KeyRing
    epoch: int

    def code_for(self, challenge: Challenge, digits: int) -> str:
        """Return the one live code of `challenge`, with its leading zeros.

        HMAC-SHA-256 over everything the code must be bound to; the first 128 bits modulo 10^d
        leave a bias below 2^-100.
        """
        key = self.ring.derive(challenge.key_version, "code")
        bound_to = "\x1f".join(
            [
                challenge.realm,
                challenge.id,
                challenge.purpose,
                str(challenge.generation),
                challenge.salt.hex(),
                str(self.epoch),
            ]
        )
        digest = hmac.digest(key, bound_to.encode(), "sha256")
        return str(int.from_bytes(digest[:16], "big") % 10**digits).zfill(digits)
