"""Randomness that a test can repeat. Never for production: everything it draws can be foretold."""

import hashlib


class FixedRandom:
    """Draws the same bytes in the same order for the same seed."""

    def __init__(self, seed: str = "vestibule") -> None:
        """Begin the sequence of `seed`."""
        self._seed = seed.encode()
        self._drawn = 0

    def bytes(self, count: int) -> bytes:
        """Return the next `count` bytes of the sequence."""
        self._drawn += 1
        label = self._seed + self._drawn.to_bytes(8, "big")
        return hashlib.shake_256(label).digest(count)
