"""The wire that Twilio invented and others speak: its requests, its scripts and its signatures.

Whoever carries messages over it is a provider of its own, and says only what is its own.
"""

from vestibule.delivery.laml.account import Account as Account
from vestibule.delivery.laml.account import check_number as check_number
from vestibule.delivery.laml.account import no_calls as no_calls
from vestibule.delivery.laml.receipts import key_pressed as key_pressed
from vestibule.delivery.laml.receipts import receipt_of as receipt_of
from vestibule.delivery.laml.scripts import TYPE as TYPE
from vestibule.delivery.laml.scripts import asking as asking
from vestibule.delivery.laml.scripts import telling as telling
from vestibule.delivery.laml.signature import is_signed as is_signed

__all__ = [
    "TYPE",
    "Account",
    "asking",
    "check_number",
    "is_signed",
    "key_pressed",
    "no_calls",
    "receipt_of",
    "telling",
]
