"""Codes by text message or call, to a number its owner proved to have."""

from vestibule.factors.phone.factor import Phone as Phone
from vestibule.factors.phone.factor import Phone as factor

__all__ = ["Phone", "factor"]
