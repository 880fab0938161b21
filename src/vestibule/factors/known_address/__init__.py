"""Codes to an address the site has known for long, for whoever must set up a first way."""

from vestibule.factors.known_address.factor import KnownAddress as KnownAddress
from vestibule.factors.known_address.factor import KnownAddress as factor

__all__ = ["KnownAddress", "factor"]
