"""One-time tickets of a help desk. Always there, offered to nobody who was given none."""

from vestibule.factors.ticket.factor import Ticket as Ticket
from vestibule.factors.ticket.factor import Ticket as factor

__all__ = ["Ticket", "factor"]
