"""From a row in the outbox to a text on its way: what is due, what it says, and when to try again."""

from vestibule.delivery.courier import Courier as Courier

__all__ = ["Courier"]
