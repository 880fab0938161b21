"""Recovery codes: a saved set, each good for one login (NIST SP 800-63B-4 3.1.2 and 4.2.1.1)."""

from vestibule.factors.recovery_codes.factor import RecoveryCodes as RecoveryCodes
from vestibule.factors.recovery_codes.factor import RecoveryCodes as factor

__all__ = ["RecoveryCodes", "factor"]
