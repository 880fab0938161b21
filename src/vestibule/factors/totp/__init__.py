"""Codes from an authenticator app (RFC 6238)."""

from vestibule.factors.totp.factor import Totp as Totp
from vestibule.factors.totp.factor import Totp as factor

__all__ = ["Totp", "factor"]
