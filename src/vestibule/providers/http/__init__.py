"""Text messages by any carrier that takes one request for each; and by some that are known."""

from vestibule.providers.http.infobip import Infobip as Infobip
from vestibule.providers.http.provider import HttpCarrier as HttpCarrier
from vestibule.providers.http.telnyx import Telnyx as Telnyx
from vestibule.providers.http.vonage import Vonage as Vonage

__all__ = ["HttpCarrier", "Infobip", "Telnyx", "Vonage"]
