"""Codes by mail. Off unless enabled: whoever reads the mailbox passes both doors with it."""

from vestibule.factors.email.factor import Email as Email
from vestibule.factors.email.factor import Email as factor

__all__ = ["Email", "factor"]
